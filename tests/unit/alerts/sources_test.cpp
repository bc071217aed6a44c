#include "daemon/alerts/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/alerts/push_senders.h"
#include "daemon/incident/unseen.h"

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Read {
  std::vector<SourceConfig> sources;
  std::vector<std::string> problems;
};

Read read(std::string_view toml) {
  Problems problems;
  Read result;
  const std::optional<Document> document = Document::parse(toml, "t.toml", problems);
  if (document) {
    for (const Table& table : document->root().tables("prometheus")) result.sources.push_back(read_prometheus(table));
    for (const Table& table : document->root().tables("alertmanager"))
      result.sources.push_back(read_alertmanager(table));
    document->refuse_unknown();
  }
  for (const Problem& problem : problems.list()) result.problems.push_back(problem.text());
  return result;
}

TEST(Sources, are_named_by_kind_and_name) {
  const Read result = read(R"(
[[prometheus]]
name = "main"
url = "http://127.0.0.1:9090/"
[[alertmanager]]
name = "am"
url = "https://am.example/prefix"
every = "200ms"
timeout = "1s"
bearer = "a-secret"
)");
  EXPECT_THAT(result.problems, IsEmpty());
  ASSERT_EQ(result.sources.size(), 2U);
  EXPECT_EQ(result.sources[0].kind, SourceConfig::Kind::prometheus);
  EXPECT_EQ(result.sources[0].name, "prometheus:main");
  EXPECT_EQ(result.sources[0].url, "http://127.0.0.1:9090");
  EXPECT_EQ(result.sources[0].every, 5s);
  EXPECT_EQ(result.sources[0].timeout, 5s);
  EXPECT_TRUE(result.sources[0].bearer.empty());
  EXPECT_EQ(result.sources[1].kind, SourceConfig::Kind::alertmanager);
  EXPECT_EQ(result.sources[1].name, "alertmanager:am");
  EXPECT_EQ(result.sources[1].url, "https://am.example/prefix");
  EXPECT_EQ(result.sources[1].every, 200ms);
  EXPECT_EQ(result.sources[1].timeout, 1s);
  EXPECT_EQ(result.sources[1].bearer, Secret{"a-secret"});
}

TEST(Sources, are_asked_whatever_their_name_and_who_pushes_is_not) {
  const Read result = read(R"(
[[prometheus]]
name = "push"
url = "http://127.0.0.1:9090"
[[alertmanager]]
name = "push"
url = "http://127.0.0.1:9093"
)");
  EXPECT_THAT(result.problems, IsEmpty());
  ASSERT_EQ(result.sources.size(), 2U);
  for (const SourceConfig& source : result.sources) EXPECT_TRUE(incident::is_asked(source.name)) << source.name;
  EXPECT_FALSE(incident::is_asked(push_sender("prom:9090")));
  EXPECT_FALSE(incident::is_asked(push_sender(""))) << "of those without a host, and of those too many";
}

TEST(Sources, that_are_wrong_say_where_and_what) {
  const Read result = read(R"([[prometheus]]
name = "ma in"
url = "ftp://127.0.0.1"
every = "100ms"
evry = "1s"
)");
  EXPECT_THAT(result.problems,
              ElementsAre(AllOf(HasSubstr("t.toml:2:"), HasSubstr("\"ma in\" is not a name")), HasSubstr("t.toml:3:"),
                          HasSubstr("t.toml:4:"), AllOf(HasSubstr("t.toml:5:"), HasSubstr("every"))));
}

TEST(Sources, refuse_a_bearer_of_two_lines) {
  EXPECT_THAT(
      read("[[prometheus]]\nname = \"a\"\nurl = \"http://127.0.0.1:9090\"\nbearer = \"planted\\nx\"\n").problems,
      ElementsAre(
          AllOf(HasSubstr("t.toml:4:"), HasSubstr("bearer holds a line break"), testing::Not(HasSubstr("planted")))));
}

TEST(Sources, need_a_name_and_an_url) {
  EXPECT_THAT(read("[[prometheus]]\n").problems, ElementsAre(HasSubstr("name"), HasSubstr("url")));
}

TEST(Sources, are_addressed_without_the_apis_path_and_a_query) {
  EXPECT_THAT(read("[[prometheus]]\nname = \"a\"\nurl = \"http://h:9090/api/v1/alerts\"\n").problems,
              ElementsAre(HasSubstr("path is added by candord")));
  EXPECT_THAT(read("[[prometheus]]\nname = \"a\"\nurl = \"http://h:9090/?token=hidden\"\n").problems,
              ElementsAre(AllOf(HasSubstr("no query"), Not(HasSubstr("hidden")))));
}

}  // namespace
}  // namespace candor::alerts
