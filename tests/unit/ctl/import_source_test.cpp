#include "daemon/ctl/import_source.h"

#include <fmt/format.h>

#include "daemon/ctl/import_words.h"
#include "tests/unit/ctl/importing.h"

namespace candor::ctl {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SourceTest : public testing::Test {
 protected:
  Source yaml(const std::string& text) const {
    Result<Source> read = load_yaml(folder.write("a.yaml", text));
    EXPECT_TRUE(read) << read.error().message;
    return *std::move(read);
  }
  std::string yaml_error(const std::string& text) const {
    const Result<Source> read = load_yaml(folder.write("a.yaml", text));
    return read ? "none" : read.error().message;
  }
  static std::vector<std::string> texts(Source& source) {
    std::vector<std::string> all;
    for (Leftover& left : source.leftovers()) {
      left.file = "a";
      all.push_back(left.text());
    }
    return all;
  }

  Folder folder;
};

TEST_F(SourceTest, tells_what_was_not_read_once_and_as_a_whole) {
  Source source = yaml("one: 1\ntwo:\n  three: [a, b]\n  four: x\nfive: {six: 6, seven: 7}\nempty: {}\nnull:\n");
  EXPECT_EQ(source.read_text("one"), "1");
  EXPECT_EQ(source.find("two")->read_text("four"), "x");
  EXPECT_THAT(texts(source), ElementsAre("a:3: two.three", "a:5: five"));
  EXPECT_THAT(texts(source), IsEmpty());
}

TEST_F(SourceTest, tells_what_was_dropped_although_it_was_read) {
  Source source = yaml("one: 1\ntwo: [a, b]\n");
  EXPECT_EQ(source.read_text("one"), "1");
  source.drop("one", "it is no use");
  source.drop("one", "another reason");
  source.drop("absent", "it is not there");
  EXPECT_THAT(source.read_texts("two"), ElementsAre("a", "b"));
  EXPECT_THAT(texts(source), ElementsAre("a:1: one: it is no use"));
}

TEST_F(SourceTest, reads_no_value_of_another_kind) {
  Source source = yaml("list: [a, {b: c}]\nmap: {d: e}\nword: true\n");
  EXPECT_EQ(source.read_text("list"), std::nullopt);
  EXPECT_EQ(source.read_text("map"), std::nullopt);
  EXPECT_EQ(source.read_flag("word"), true);
  EXPECT_THAT(source.read_texts("list"), ElementsAre("a"));
  EXPECT_THAT(texts(source), ElementsAre("a:1: list[1]", "a:2: map"));
}

TEST_F(SourceTest, follows_aliases_and_merge_keys) {
  Source source = yaml("base: &base\n  a: 1\n  b: 2\none:\n  <<: *base\n  b: 3\ntwo:\n  <<: [{c: 4}, *base]\n");
  EXPECT_EQ(source.find("one")->read_text("a"), "1");
  EXPECT_EQ(source.find("one")->read_text("b"), "3") << "what stands there goes before what is merged in";
  EXPECT_EQ(source.find("two")->read_text("c"), "4");
  EXPECT_EQ(source.find("two")->read_text("b"), "2");
}

TEST_F(SourceTest, tells_of_keys_that_stand_there_twice) {
  Source source = yaml("a: 1\nb: {c: 2, c: 3}\na: 4\n");
  EXPECT_EQ(source.read_text("a"), "1") << "the first one counts";
  EXPECT_EQ(source.find("b")->read_text("c"), "2");
  EXPECT_THAT(texts(source),
              ElementsAre("a:2: b.c: this key stands there twice", "a:3: a: this key stands there twice"));
  Source merged = yaml("base: &base {a: 1}\nother: &other {b: 2}\none:\n  <<: *base\n  <<: *other\n");
  EXPECT_EQ(merged.find("one")->read_text("b"), "2") << "each merge key counts";
}

TEST_F(SourceTest, tells_of_all_documents_of_a_file_but_the_first) {
  Source source = yaml("---\na: 1\n---\nb: 2\n---\n---\nc: 3\n");
  EXPECT_EQ(source.read_text("a"), "1");
  EXPECT_THAT(texts(source), ElementsAre("a:4: another document: of a file, only the first one is read",
                                         "a:7: another document: of a file, only the first one is read"));
}

TEST_F(SourceTest, takes_the_last_of_keys_that_stand_there_twice_in_json) {
  Result<Source> source = load_json(folder.write("a.json", R"({"a": 1, "b": {"a": "x"}, "a": 2})"));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->read_text("a"), "2");
  EXPECT_EQ(source->find("b")->read_text("a"), "x");
  EXPECT_THAT(texts(*source), ElementsAre("a: a: this key stands there twice"));
}

TEST_F(SourceTest, is_bounded_whatever_aliases_say) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  EXPECT_THAT(yaml_error(bomb), HasSubstr("more than 200000 values"));
  EXPECT_THAT(yaml_error("a: &a\n  - *a\n"), HasSubstr("more than 100 values inside each other"));
  EXPECT_THAT(yaml_error("a: &a\n  <<: *a\n  b: *a\n"), HasSubstr("more than 200000 values"));
  std::string merges = "m0: &m0 {x: 1}\n";
  for (int i = 1; i < 20; ++i) merges += fmt::format("m{0}: &m{0}\n  <<: [*m{1}, *m{1}, *m{1}, *m{1}]\n", i, i - 1);
  EXPECT_THAT(yaml_error(merges), HasSubstr("more than 200000 values"));
}

TEST_F(SourceTest, tells_why_a_file_cannot_be_read) {
  EXPECT_THAT(yaml_error("secret: [abc"), HasSubstr("a.yaml:1: not YAML: "));
  EXPECT_EQ(yaml_error("secret: [abc").find("abc"), std::string::npos);
  EXPECT_FALSE(load_yaml((folder.path() / "absent").string()));
  EXPECT_FALSE(load_yaml(folder.path().string()));
  EXPECT_FALSE(load_json(folder.write("a.json", "{\"a\": ")));
  EXPECT_FALSE(load_json(folder.write("a.json", "{} {}")));
  EXPECT_FALSE(load_json(folder.write("a.json", "")));
  EXPECT_FALSE(load_json(folder.write("a.json", std::string(5000, '['))));
}

TEST_F(SourceTest, reads_json_as_well) {
  Result<Source> source = load_json(folder.write("a.json", R"({"a": 1, "b": 1.5, "c": true, "d": null, "e": ["x"]})"));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->read_text("a"), "1");
  EXPECT_EQ(source->read_text("b"), "1.5");
  EXPECT_EQ(source->read_flag("c"), true);
  EXPECT_THAT(texts(*source), ElementsAre("a: e"));
}

TEST(ImportWords, reads_durations_as_go_writes_them) {
  EXPECT_EQ(read_go_duration("1m30s"), 90s);
  EXPECT_EQ(read_go_duration("1.5s"), 1500ms);
  EXPECT_EQ(read_go_duration("250ms"), 250ms);
  EXPECT_EQ(read_go_duration("10us"), 1ms) << "rounded up";
  EXPECT_EQ(read_go_duration("1d2h"), 26h);
  EXPECT_EQ(read_go_duration("0"), 0ms);
  for (const char* wrong : {"", "5", "s", "-1s", "1x", "1m 3s", "1e9s", "99999999999y"}) {
    EXPECT_EQ(read_go_duration(wrong), std::nullopt) << wrong;
  }
}

TEST(ImportWords, writes_texts_that_toml_reads_back) {
  const std::string text = "a\"b\\c\nd\te\r\x01\x7F é";
  Problems problems;
  const auto document = Document::parse("key = " + toml_text(text), "a", problems);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().text("key"), text);
}

TEST(ImportWords, knows_resolvers_and_addresses) {
  EXPECT_EQ(resolver_of("10.0.0.53"), "10.0.0.53");
  EXPECT_EQ(resolver_of("10.0.0.53", "54"), "10.0.0.53:54");
  EXPECT_EQ(resolver_of("fd00::53", "54"), "[fd00::53]:54");
  EXPECT_EQ(resolver_of("[fd00::53]:54"), "[fd00::53]:54");
  EXPECT_EQ(resolver_of("dns.example:53"), std::nullopt);
  EXPECT_TRUE(is_host_and_port("[::1]:25"));
  EXPECT_FALSE(is_host_and_port("[nonsense]:25"));
  EXPECT_FALSE(is_host_and_port("a:0"));
  EXPECT_FALSE(is_host_and_port("a:65536"));
  EXPECT_FALSE(is_host_and_port("a b:25"));
}

class DraftTest : public test::Importing {};

TEST_F(DraftTest, gives_names_that_are_valid_and_one_of_a_kind) {
  Draft draft{"x"};
  for (const char* name : {"Shöp: 1", "Shöp: 1", "", "Shöp: 1-2"}) {
    DraftProbe probe{.name = name, .kind = "http", .title = name[0] == '\0' ? "none" : name};
    probe.set("url", "\"http://127.0.0.1/\"");
    draft.add(std::move(probe));
  }
  written = draft.text();
  EXPECT_THAT(problems(), IsEmpty()) << written;
  EXPECT_THAT(written, HasSubstr("\nname = \"Sh-p-1\"\n"));
  EXPECT_THAT(written, HasSubstr("\nname = \"Sh-p-1-2\"\n"));
  EXPECT_THAT(written, HasSubstr("\nname = \"probe\"\n"));
}

TEST_F(DraftTest, names_thousands_that_are_called_the_same) {
  Draft draft{"x"};
  for (int i = 0; i < 3000; ++i) {
    DraftProbe probe{.name = "a", .kind = "http", .unfit = {"it is one of many"}};
    draft.add(std::move(probe));
  }
  EXPECT_THAT(draft.text(), HasSubstr("name = \"a-3000\"\n"));
}

TEST_F(DraftTest, lets_nothing_out_of_a_comment) {
  Draft draft{"made of a\n[[rule]]"};
  draft.add_not_imported({{"a\n[page]", "x\r\ny = 1", 1, "why\nz = 2"}});
  DraftProbe probe{.name = "a", .kind = "http", .changed = {"b\nc = 1"}, .unfit = {"d\ne = 1"}};
  probe.set("url", toml_text("http://127.0.0.1/\n"));
  draft.add(std::move(probe));
  written = draft.text();
  EXPECT_THAT(problems(), IsEmpty()) << written;
  EXPECT_EQ(draft.probes(), 0U);
}

TEST_F(DraftTest, keeps_within_candors_bounds) {
  DraftProbe probe{.name = "a", .kind = "http"};
  probe.set("url", toml_text("http://127.0.0.1/"));
  probe.set_times(48h, 1h);
  probe.set_label("kind", "x");
  probe.set_label("9", "x");
  probe.set_label("team", "x");
  probe.set_label("team", "y");
  EXPECT_EQ(probe.changed.size(), 5U);
  Draft draft{"x"};
  draft.add(std::move(probe));
  written = draft.text();
  EXPECT_THAT(problems(), IsEmpty()) << written;
}

}  // namespace
}  // namespace candor::ctl
