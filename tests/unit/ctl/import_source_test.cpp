#include "daemon/ctl/import_source.h"

#include <fmt/format.h>

#include "daemon/ctl/import_secrets.h"
#include "daemon/ctl/import_words.h"
#include "tests/unit/ctl/importing.h"

namespace candor::ctl {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

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
  Source json(const std::string& text) const {
    Result<Source> read = load_json(folder.write("a.json", text));
    EXPECT_TRUE(read) << read.error().message;
    return *std::move(read);
  }
  std::string json_error(const std::string& text) const {
    const Result<Source> read = load_json(folder.write("a.json", text));
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
  Source none = yaml("one:\n  <<: 5\n  b: 3\n");
  EXPECT_EQ(none.find("one")->read_text("b"), "3");
  EXPECT_THAT(texts(none), ElementsAre("a:2: one.<<: only maps are merged in"));
}

TEST_F(SourceTest, tells_of_keys_that_stand_there_twice) {
  Source source = yaml("a: 1\nb: {c: 2, c: 3}\na: 4\n");
  EXPECT_EQ(source.read_text("a"), "1") << "the first one counts";
  EXPECT_EQ(source.find("b")->read_text("c"), "2");
  EXPECT_THAT(texts(source), ElementsAre("a:2: b.c: this key stands there twice; the first one counts",
                                         "a:3: a: this key stands there twice; the first one counts"));
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
  Source source = json(R"({"a": 1, "b": {"a": "x"}, "a": 2})");
  EXPECT_EQ(source.read_text("a"), "2");
  EXPECT_EQ(source.find("b")->read_text("a"), "x");
  EXPECT_THAT(texts(source), ElementsAre("a:1: a: this key stands there twice; the last one counts"));
  for (const char* text : {R"({"a": [], "a": [1]})", R"({"a": null, "a": [1]})", R"({"a": {}, "a": [1]})"}) {
    Source empty = json(text);
    EXPECT_THAT(empty.find("a")->items(), testing::SizeIs(1)) << text;
    empty.find("a")->read();
    EXPECT_THAT(texts(empty), ElementsAre("a:1: a: this key stands there twice; the last one counts")) << text;
  }
}

TEST_F(SourceTest, knows_the_lines_of_json) {
  Source source = json(
      "{\n  \"a\": {\n    \"b\": [\n      1,\r\n      {\"c\": null, \"d\": 2}\n    ],\n    \"e\": 3 },\n"
      "  \"f\":\n4}\n\n");
  Source& list = *source.find("a")->find("b");
  list.items()[0].read();
  list.items()[1].drop("it is no use");
  EXPECT_THAT(texts(source), ElementsAre("a:5: a.b[1]: it is no use", "a:7: a.e", "a:9: f"));
  EXPECT_THAT(json_error("{\"a\": 1,\n\"secret\": abc}"), HasSubstr("a.json:2: not JSON: "));
  EXPECT_EQ(json_error("{\"a\": 1,\n\"secret\": abc}").find("abc"), std::string::npos);
  EXPECT_THAT(json_error("{}\n\n{}"), HasSubstr("a.json:3: not JSON: "));
}

TEST_F(SourceTest, refuses_bytes_that_are_not_utf8_and_says_where) {
  const std::string hint = "the byte 0xE9 is not UTF-8: save the file as UTF-8";
  EXPECT_THAT(yaml_error("a: 1\nb: \"\u00e9\xe9\"\n"), HasSubstr("a.yaml:2:6: " + hint)) << "columns are characters";
  EXPECT_THAT(json_error("{\n\"a\": \"\xe9\"}"), HasSubstr("a.json:2:7: " + hint));
  EXPECT_THAT(json_error("{\"a\": 1} \xe9"), HasSubstr("a.json:1:10: " + hint));
}

TEST_F(SourceTest, reads_a_file_that_begins_with_a_byte_order_mark) {
  EXPECT_EQ(yaml("\xef\xbb\xbf"
                 "a: 1\n")
                .read_text("a"),
            "1");
  EXPECT_EQ(json("\xef\xbb\xbf{\"a\": 1}").read_text("a"), "1");
  EXPECT_THAT(yaml_error("\xef\xbb\xbf"
                         "a: \xe9\n"),
              HasSubstr("a.yaml:1:4: "));
}

TEST_F(SourceTest, reads_json_in_a_text) {
  Source source = json(R"({"a":
    "{\"b\": 1, \"b\": 2, \"c\": [3]}", "d": "no json", "e": 5})");
  EXPECT_TRUE(unfold_json(*source.find("a")));
  EXPECT_FALSE(unfold_json(*source.find("d")));
  EXPECT_EQ(source.find("a")->read_text("b"), "2");
  EXPECT_THAT(texts(source), ElementsAre("a:2: a.b: this key stands there twice; the last one counts", "a:2: a.c",
                                         "a:2: d", "a:2: e"));
}

TEST_F(SourceTest, tells_of_what_is_empty_only_where_there_is_a_reason) {
  Source source = yaml("list: [{}, null]\nmap: {}\nnone:\n");
  source.drop("map", "an empty member says nothing");
  source.drop("none", "nor does this one");
  for (Source& item : source.find("list")->items()) item.drop("it is no probe");
  EXPECT_THAT(texts(source), ElementsAre("a:1: list[0]: it is no probe", "a:1: list[1]: it is no probe"));
}

TEST_F(SourceTest, tells_of_flags_that_are_neither_true_nor_false) {
  Source source = yaml("a: ture\nb: No\nc: y\nd: ''\n");
  EXPECT_EQ(source.read_flag("a"), false);
  EXPECT_EQ(source.read_flag("b"), false);
  EXPECT_EQ(source.read_flag("c"), true);
  EXPECT_EQ(source.read_flag("d"), false);
  EXPECT_THAT(texts(source), ElementsAre("a:1: a: it is neither true nor false; false is taken"));
}

TEST_F(SourceTest, tells_no_secret_of_a_key) {
  Source source = yaml("one: {'https://u:hush@a.example': {b: 1, 'c?token=hush': 2}}\n");
  EXPECT_EQ(source.find("one")->find("https://u:hush@a.example")->read_text("b"), "1");
  EXPECT_THAT(texts(source), ElementsAre("a:1: one.https://a.example.c"));
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
  Source source = json(R"({"a": 1, "b": 1.5, "c": true, "d": null, "e": ["x"]})");
  EXPECT_EQ(source.read_text("a"), "1");
  EXPECT_EQ(source.read_text("b"), "1.5");
  EXPECT_EQ(source.read_flag("c"), true);
  EXPECT_THAT(texts(source), ElementsAre("a:1: e"));
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

TEST(ImportWords, leaves_credentials_out_of_what_is_shown) {
  for (const auto& [text, shown] : std::vector<std::pair<std::string, std::string>>{
           {"https://ana:hush@a.example/x", "https://a.example/x"},
           {"https://hush@a.example/x", "https://a.example/x"},
           {"https:/ana:hush@a.example", "https:/a.example"},
           {"https:///ana:hush@a.example", "https:///a.example"},
           {"https:ana:hush@a.example", "a.example"},
           {"//ana:hush@a.example/x", "//a.example/x"},
           {"https://a.example/https://ana:hush@b.example", "https://a.example/https://b.example"},
           {"https://a.example/ana:hush@x", "https://a.example/x"},
           {"ana:/hush@a.example", "ana:/a.example"},
           {"ana:hush@a.example", "a.example"},
           {"https://ana:hu/sh@a.example/x", "https://a.example/x"},
           {"https://ana:hu?sh@a.example/x", "https://a.example/x"},
           {"https://ana:hu sh@a.example/x", "https://a.example/x"},
           {"https://ana:hu@sh@a.example/x", "https://a.example/x"},
           {"shop at https://ana:hush@a.example and ana:hush@b.example", "shop at https://b.example"},
           {"shop at ana:hush@b.example and https://a.example", "shop at b.example and https://a.example"},
           {"https://a.example/x?token=hush#hush", "https://a.example/x"},
           {"shop: checkout", "shop: checkout"},
           {"ana@a.example", "ana@a.example"},
           {"https://a.example/@scope/x", "https://a.example/@scope/x"},
           {"is it up?", "is it up?"},
           {"is it up?!", "is it up?!"},
           {"shop #1", "shop #1"},
           {"api.example.com/x?token=hush", "api.example.com/x"},
           {"api.example.com?hush", "api.example.com"},
           {"/x?token=hush and b.example/y?hush", "/x and b.example/y"},
           {"a.example/x#token=hush", "a.example/x"},
           {"a.example/x?next=https://b.example/y?token=hush", "a.example/x"},
           {"ana:hu?sh@a.example", "a.example"},
           {"a.example/x?mail=ana@b.example&token=hush", "a.example/x"},
           {"a.example:8443/x?mail=ana@hush", ""},
           {"https://a.example:8443/x?mail=ana@hush", "https://"}}) {
    EXPECT_EQ(without_secrets(text), shown) << text;
  }
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

TEST_F(DraftTest, needs_the_variables_of_settings_and_no_others) {
  DraftProbe probe{.name = "a", .kind = "tcp"};
  probe.set("address", toml_text("a.example:25"));
  probe.set("dialogue", R"([{ expect = "{ env = " }, { send = " }" }])");
  probe.set_label("env", "prod");
  Draft draft{"x"};
  draft.add(std::move(probe));
  EXPECT_THAT(draft.text(), Not(HasSubstr("It needs variables")));
  DraftProbe other{.name = "b", .kind = "http"};
  other.set("url", R"({ env = "URL" })");
  other.set("headers", R"({ "Accept" = { env = "ACCEPT" } })");
  other.set_label("env", "prod");
  draft.add(std::move(other));
  EXPECT_THAT(draft.text(), HasSubstr("It needs variables of the environment, also to be checked: ACCEPT, URL.\n"));
}

TEST_F(DraftTest, labels_nothing_with_a_secret) {
  DraftProbe probe{.name = "a", .kind = "http"};
  probe.set_label("runbook", "https://ana:hush@a.example/x");
  probe.set_label("https://ana:hush@a.example", "x");
  EXPECT_THAT(probe.labels, ElementsAre(std::pair<std::string, std::string>{"runbook", "https://a.example/x"}));
  EXPECT_THAT(probe.changed, ElementsAre("of its label runbook, what may be a secret was left out",
                                         "the label \"https://a.example\" was left out: its name cannot be used"));
}

}  // namespace
}  // namespace candor::ctl
