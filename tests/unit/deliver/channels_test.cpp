#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/deliver/channels/channel.h"
#include "daemon/deliver/destination.h"

namespace candor::deliver {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Reads one `[method]` table; answers the problems, unknown keys with them.
struct Reading {
  bool made = false;
  std::vector<std::string> problems;
};

Reading read(const std::string& method) {
  Problems problems;
  Reading reading;
  const auto document = Document::parse("[method]\n" + method, "test.toml", problems);
  if (document) {
    reading.made = static_cast<bool>(read_channel(*document->root().table("method")).make);
    document->refuse_unknown();
  }
  for (const Problem& problem : problems.list()) reading.problems.push_back(problem.text());
  return reading;
}

TEST(Channels, read_a_webhook) {
  const Reading reading = read(R"(
kind = "webhook"
url = "https://hooks.example/T000/secret"
timeout = "3s"
headers = { Authorization = "Bearer x", "X-Team" = { env = "HOME" } })");
  EXPECT_THAT(reading.problems, IsEmpty());
  EXPECT_TRUE(reading.made);
}

TEST(Channels, name_the_supported_kinds_where_one_is_not) {
  const Reading reading = read("kind = \"slack\"\nurl = \"https://hooks.slack.example/x\"\nchannel = \"#ops\"");
  EXPECT_FALSE(reading.made);
  EXPECT_THAT(
      reading.problems,
      ElementsAre(
          "test.toml:2:8: contact method kind \"slack\" is not supported by this version (supported: webhook)"));
}

TEST(Channels, want_a_kind) {
  EXPECT_THAT(read("url = \"https://x.example\"").problems, ElementsAre(HasSubstr("kind")));
}

TEST(Channels, refuse_a_webhook_without_an_address) {
  EXPECT_THAT(read("kind = \"webhook\"").problems, ElementsAre(HasSubstr("url is missing")));
}

TEST(Channels, refuse_an_address_that_is_not_http_without_repeating_it) {
  for (const auto& [url, why] : {std::pair{"ftp://hooks.example/hunter2", "url is not an http or https URL"},
                                 {"hooks.example/hunter2", "url is not an absolute URL"},
                                 {"https://", "url names no host"},
                                 {"https:///hunter2", "url names no host"},
                                 {"https://hooks.example/hunter2\\nX: y", "url is not a URL"},
                                 {"https://hooks.example/hunter2 x", "url is not a URL"}}) {
    EXPECT_THAT(read("kind = \"webhook\"\nurl = \"" + std::string(url) + "\"").problems,
                ElementsAre(AllOf(HasSubstr(why), Not(HasSubstr("hunter2")))))
        << url;
  }
}

TEST(Channels, refuse_a_host_that_is_not_in_ascii) {
  EXPECT_THAT(read("kind = \"webhook\"\nurl = \"https://b\xC3\xBC"
                   "cher.example/hunter2\"")
                  .problems,
              ElementsAre(AllOf(HasSubstr("url has a host that is not in ASCII"), Not(HasSubstr("hunter2")))));
}

TEST(Channels, refuse_a_secret_that_cannot_be_had) {
  EXPECT_THAT(read("kind = \"webhook\"\nurl = { env = \"CANDOR_TEST_NO_SUCH\" }").problems,
              ElementsAre(HasSubstr("CANDOR_TEST_NO_SUCH")));
}

TEST(Channels, refuse_headers_that_would_break_the_request) {
  const auto problem_of = [](const std::string& headers) {
    return read("kind = \"webhook\"\nurl = \"https://x.example\"\nheaders = " + headers).problems;
  };
  for (const char* headers :
       {R"({ "hunter2: x" = "z" })", R"({ "hunter2 x" = 1 })", R"({ "hunter2:" = { env = "X" } })"}) {
    EXPECT_THAT(problem_of(headers),
                ElementsAre(AllOf(HasSubstr(":4:"), HasSubstr("not a header's name"), Not(HasSubstr("hunter2")))))
        << headers;
  }
  EXPECT_THAT(problem_of(R"({ A = "hunter2\r\nB: c" })"),
              ElementsAre(AllOf(HasSubstr("line break"), Not(HasSubstr("hunter2")))));
  EXPECT_THAT(problem_of(R"({ A = "hunter2\u001b[0m", B = "hunter2\u007f" })"),
              testing::Each(AllOf(HasSubstr("control character"), Not(HasSubstr("hunter2")))));
  EXPECT_EQ(problem_of(R"({ A = "\u001b", B = "\u007f" })").size(), 2U);
  EXPECT_THAT(problem_of(R"({ X-Team = "a", x-team = "b" })"), ElementsAre(HasSubstr("stands here twice")));
  EXPECT_THAT(problem_of(R"({ "idempotency-KEY" = "z" })"), ElementsAre(HasSubstr("candord's own")));
  EXPECT_THAT(problem_of(R"({ A = 5 })"), ElementsAre(HasSubstr("not a secret")));
  EXPECT_THAT(problem_of(R"("Authorization: x")"), ElementsAre(HasSubstr("headers")));
}

TEST(Channels, refuse_unknown_keys_and_senseless_timeouts) {
  EXPECT_THAT(read("kind = \"webhook\"\nurl = \"https://x.example\"\ntimout = \"1s\"").problems,
              ElementsAre(HasSubstr("timeout")));
  EXPECT_THAT(read("kind = \"webhook\"\nurl = \"https://x.example\"\ntimeout = \"0s\"").problems,
              ElementsAre(HasSubstr("timeout")));
}

TEST(Channels, tell_equal_settings_from_others_without_showing_them) {
  const auto fingerprint = [](const std::string& method) {
    Problems problems;
    const auto document = Document::parse("kind = \"webhook\"\n" + method, "test.toml", problems);
    return read_channel(document->root()).fingerprint;
  };
  const std::string url = "url = \"https://hooks.example/hunter2\"\n";
  const std::string same = fingerprint(url);
  EXPECT_EQ(fingerprint(url + "timeout = \"10s\"\nheaders = {}"), same);
  EXPECT_THAT(same, Not(HasSubstr("hunter2")));
  for (const std::string& other : {std::string{"url = \"https://hooks.example/hunter3\""}, url + "timeout = \"9s\"",
                                   url + "headers = { X-Team = \"a\" }", url + "headers = { X-Team = \"b\" }"}) {
    EXPECT_NE(fingerprint(other), same) << other;
  }
  EXPECT_NE(fingerprint(url + "headers = { X-Team = \"a\" }"), fingerprint(url + "headers = { X-Team = \"b\" }"));
}

TEST(Destination, names_the_contact_whatever_its_name_holds) {
  EXPECT_EQ(without_method("contact:ana/1"), "contact:ana");
  EXPECT_EQ(incident::contact_of("contact:ana/12"), "ana");
  EXPECT_EQ(incident::contact_of("contact:team/ops:eu/3"), "team/ops:eu");
}

}  // namespace
}  // namespace candor::deliver
