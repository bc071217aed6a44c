#include "base/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/refused_key.h"
#include "tests/unit/folder.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using namespace std::chrono_literals;

/// A document and what was found wrong with it so far.
struct Read {
  explicit Read(std::string_view toml) : document(Document::parse(toml, "shop.toml", problems)) {}

  [[nodiscard]] Table root() const { return document.value().root(); }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const Problem& problem : problems.list()) all.push_back(problem.text());
    return all;
  }

  Problems problems;
  std::optional<Document> document;
};

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Reader, refuses_a_key_of_more_parts_than_any_table_has) {
  for (const char* before : {"", "[", "[[", "x = { "}) {
    const Read read{before + repeated("a.", 100'000) + "a = 1"};
    EXPECT_FALSE(read.document);
    EXPECT_THAT(read.texts(), ElementsAre(HasSubstr(": a key has more than 16 parts (its parts are what the dots")));
  }
}

TEST(Reader, takes_what_is_as_deep_as_it_may_be) {
  const std::string part = repeated("a.", 15) + "a";
  const Read deep{"[" + part + "]\n" + repeated(part + " = { ", 200) + "a = 1" + repeated(" }", 200)};
  EXPECT_THAT(deep.texts(), IsEmpty());
  const Read deeper{repeated(part + " = { ", 300) + "a = 1" + repeated(" }", 300)};
  EXPECT_THAT(deeper.texts(), ElementsAre(HasSubstr("exceeded maximum nested value depth")));
}

TEST(Reader, answers_what_stands_there) {
  const Read read{R"(
text = "hello"
yes = true
number = 7
wait = "1m30s"
list = ["a", "b"]
one = "a"
day = 2026-09-01
share = "50%"
[headers]
accept = "text/html"
"x-a.b" = "c"
)"};
  const Table root = read.root();
  EXPECT_EQ(root.text("text"), "hello");
  EXPECT_EQ(root.required_text("text"), "hello");
  EXPECT_EQ(root.boolean("yes"), true);
  EXPECT_EQ(root.integer("number", 0, 10), 7);
  EXPECT_EQ(root.duration("wait"), 90s);
  EXPECT_THAT(root.texts("list").value(), ElementsAre("a", "b"));
  EXPECT_THAT(root.texts("one").value(), ElementsAre("a"));
  EXPECT_EQ(root.date("day"), "2026-09-01");
  EXPECT_EQ(std::get<std::string>(root.integer_or_text("share").value()), "50%");
  EXPECT_EQ(std::get<std::int64_t>(root.integer_or_text("number").value()), 7);
  EXPECT_THAT(root.texts_by_name("headers"), ElementsAre(Pair("accept", "text/html"), Pair("x-a.b", "c")));
  EXPECT_THAT(root.keys(),
              testing::UnorderedElementsAre("text", "yes", "number", "wait", "list", "one", "day", "share", "headers"));
  read.document->refuse_unknown();
  EXPECT_THAT(read.texts(), IsEmpty());
}

TEST(Reader, answers_nothing_for_what_is_absent) {
  const Read read{""};
  const Table root = read.root();
  EXPECT_FALSE(root.has("x"));
  EXPECT_FALSE(root.text("x"));
  EXPECT_FALSE(root.boolean("x"));
  EXPECT_FALSE(root.integer("x", 0, 1));
  EXPECT_FALSE(root.number("x"));
  EXPECT_FALSE(root.duration("x"));
  EXPECT_FALSE(root.texts("x"));
  EXPECT_FALSE(root.date("x"));
  EXPECT_FALSE(root.integer_or_text("x"));
  EXPECT_FALSE(root.secret("x"));
  EXPECT_FALSE(root.table("x"));
  EXPECT_THAT(root.tables("x"), IsEmpty());
  EXPECT_THAT(root.texts_by_name("x"), IsEmpty());
  EXPECT_FALSE(root.choice<int>("x", {{"a", 1}}));
  EXPECT_THAT(read.texts(), IsEmpty());
}

TEST(Reader, says_what_is_there_instead_of_what_was_asked_for) {
  const Read read{R"(text = 1
yes = "true"
number = "7"
fraction = 1.5
wait = 30
list = 5
items = ["a", 2]
day = "2026-09-01"
table = [1]
tables = { a = 1 }
mixed = [{ a = 1 }, 2]
names = { a = 1 }
share = true
secret = 7
)"};
  const Table root = read.root();
  EXPECT_FALSE(root.text("text"));
  EXPECT_FALSE(root.boolean("yes"));
  EXPECT_FALSE(root.integer("number", 0, 10));
  EXPECT_FALSE(root.integer("fraction", 0, 10));
  EXPECT_FALSE(root.duration("wait"));
  EXPECT_FALSE(root.texts("list"));
  EXPECT_THAT(root.texts("items").value(), ElementsAre("a"));
  EXPECT_FALSE(root.date("day"));
  EXPECT_FALSE(root.table("table"));
  EXPECT_THAT(root.tables("tables"), IsEmpty());
  EXPECT_THAT(root.tables("mixed"), SizeIs(1));
  EXPECT_THAT(root.texts_by_name("names"), IsEmpty());
  EXPECT_FALSE(root.integer_or_text("share"));
  EXPECT_FALSE(root.secret("secret"));
  EXPECT_THAT(
      read.texts(),
      ElementsAre(
          "shop.toml:1:8: text is a whole number, not a text (put it in quotation marks)",
          "shop.toml:2:7: yes is a text, not true or false (without quotation marks)",
          "shop.toml:3:10: number is a text, not a whole number (0 to 10, without quotation marks)",
          "shop.toml:4:12: fraction is a number with a point, not a whole number (0 to 10, without quotation marks)",
          "shop.toml:5:8: wait is a whole number, not a duration (such as \"30s\")",
          "shop.toml:6:8: list is a whole number, not a list of texts (such as list = [\"…\", \"…\"])",
          "shop.toml:7:15: an item of items is a whole number, not a text (put it in quotation marks)",
          "shop.toml:8:7: day is a text, not a date (such as 2026-09-01, without quotation marks)",
          "shop.toml:9:9: table is a list, not a table (write [table], or table = { … })",
          "shop.toml:10:10: tables is a table, not a list of tables (write [[tables]])",
          "shop.toml:11:21: an item of mixed is a whole number, not a table (write { … })",
          "shop.toml:12:15: a is a whole number, not a text (put it in quotation marks)",
          "shop.toml:13:9: share is true or false, not a whole number or a text (such as 2 or \"50%\")",
          "shop.toml:14:10: secret is a whole number, not a secret (a text, { env = \"NAME\" }, { file = \"PATH\" } "
          "or { credential = \"NAME\" })"));
}

TEST(Reader, takes_scalars_of_any_kind) {
  using Scalar = std::variant<bool, std::int64_t, double, std::string>;
  const Read read{"a = 'x'\nb = 7\nc = 0.5\nd = true\ne = [1]\nf = nan\ng = 2026-09-01\n"};
  const Table root = read.root();
  EXPECT_EQ(root.scalar("a"), Scalar{"x"});
  EXPECT_EQ(root.scalar("b"), Scalar{std::int64_t{7}});
  EXPECT_EQ(root.scalar("c"), Scalar{0.5});
  EXPECT_EQ(root.scalar("d"), Scalar{true});
  for (const char* const key : {"e", "f", "g", "absent"}) EXPECT_FALSE(root.scalar(key)) << key;
  EXPECT_THAT(read.texts(), ElementsAre("shop.toml:5:5: e is a list, not a text, a number, true or false",
                                        "shop.toml:6:5: f = nan is not a finite number",
                                        "shop.toml:7:5: g is a date, not a text, a number, true or false"));
}

TEST(Reader, takes_numbers_with_a_point_or_without) {
  const Read read{"whole = -7\npoint = 0.25\nbeyond = inf\nnone = nan\ntext = \"1\"\n"};
  const Table root = read.root();
  EXPECT_EQ(root.number("whole"), -7.0);
  EXPECT_EQ(root.number("point"), 0.25);
  EXPECT_FALSE(root.number("beyond"));
  EXPECT_FALSE(root.number("none"));
  EXPECT_FALSE(root.number("text"));
  EXPECT_THAT(read.texts(),
              ElementsAre("shop.toml:3:10: beyond = inf is not a finite number",
                          "shop.toml:4:8: none = nan is not a finite number",
                          "shop.toml:5:8: text is a text, not a number (such as 5 or 0.5, without quotation "
                          "marks)"));
}

TEST(Reader, holds_numbers_and_durations_to_their_range) {
  const Read read{"low = 0\nhigh = 11\nshort = \"1s\"\nlong = \"2h\"\nodd = \"5 minutes\"\nleast = 1\nmost = 10\n"};
  const Table root = read.root();
  EXPECT_FALSE(root.integer("low", 1, 10));
  EXPECT_FALSE(root.integer("high", 1, 10));
  EXPECT_FALSE(root.duration("short", 2s, 1h));
  EXPECT_FALSE(root.duration("long", 2s, 1h));
  EXPECT_FALSE(root.duration("odd", 2s, 1h));
  EXPECT_EQ(root.integer("least", 1, 10), 1);
  EXPECT_EQ(root.integer("most", 1, 10), 10);
  EXPECT_EQ(root.duration("short", 1s, 1s), 1s);
  EXPECT_THAT(read.texts(),
              ElementsAre("shop.toml:1:7: low = 0 is out of range (1 to 10)",
                          "shop.toml:2:8: high = 11 is out of range (1 to 10)",
                          "shop.toml:3:9: short = \"1s\" is too short (at least 2s)",
                          "shop.toml:4:8: long = \"2h\" is too long (at most 1h)",
                          testing::StartsWith("shop.toml:5:7: odd: \"5 minutes\" is not a duration; write")));
}

TEST(Reader, wants_required_texts_to_be_there_and_not_empty) {
  const Read read{"[[rule]]\nname = \"\"\n"};
  const Table rule = read.root().tables("rule").at(0);
  EXPECT_EQ(rule.required_text("name"), "");
  EXPECT_EQ(rule.required_text("component"), "");
  EXPECT_THAT(read.texts(), ElementsAre("shop.toml:1:1: component is missing (write component = \"…\")",
                                        "shop.toml:2:8: name is empty (write name = \"…\")"));
}

TEST(Reader, suggests_the_word_that_was_meant) {
  const Read read{"a = \"majr\"\nb = \"nonsense\"\nc = \"minor\"\n"};
  const std::vector<std::pair<std::string_view, int>> impacts{{"minor", 1}, {"major", 2}, {"critical", 3}};
  EXPECT_FALSE(read.root().choice("a", impacts));
  EXPECT_FALSE(read.root().choice("b", impacts));
  EXPECT_EQ(read.root().choice("c", impacts), 1);
  EXPECT_THAT(read.texts(),
              ElementsAre("shop.toml:1:5: \"majr\" is not a value of a (did you mean \"major\"?)",
                          "shop.toml:2:5: \"nonsense\" is not a value of b (one of minor, major, critical)"));
}

TEST(Reader, refuses_keys_that_nobody_asked_for) {
  const Read read{R"(tpyo = 1
[page]
nmae = "x"
[[probe]]
name = "a"
evry = "10s"
[unread.deep]
x = 1
)"};
  const Table root = read.root();
  static_cast<void>(root.table("page")->text("name"));
  for (const Table& probe : root.tables("probe")) {
    static_cast<void>(probe.text("name"));
    static_cast<void>(probe.duration("every"));
  }
  read.document->refuse_unknown();
  EXPECT_THAT(read.texts(), ElementsAre("shop.toml:1:1: unknown key \"tpyo\" (known here: page, probe)",
                                        "shop.toml:3:1: unknown key \"nmae\" (did you mean \"name\"?)",
                                        "shop.toml:6:1: unknown key \"evry\" (did you mean \"every\"?)",
                                        HasSubstr("unknown key \"unread\"")));
}

TEST(Reader, says_where_a_list_of_tables_is_written) {
  const Read read{"[auth]\ntokens = \"x\"\n[[contact]]\nmethod = 1\n"};
  EXPECT_THAT(read.root().table("auth")->tables("tokens"), IsEmpty());
  EXPECT_THAT(read.root().tables("contact").at(0).tables("method"), IsEmpty());
  EXPECT_THAT(read.texts(),
              ElementsAre("shop.toml:2:10: tokens is a text, not a list of tables (write [[auth.tokens]])",
                          "shop.toml:4:10: method is a whole number, not a list of tables (write [[contact.method]])"));
}

TEST(Reader, names_no_key_that_it_refuses) {
  const Read read{"slo = 1\nslow = 2\n[rule]\nslo = 3\n"};
  const Table root = read.root();
  EXPECT_FALSE(root.has("page"));
  EXPECT_FALSE(refuse_if_present(root, "schedule", "schedule is not there yet", "take it out"));
  EXPECT_TRUE(refuse_if_present(root, "slo", "slo is not there yet", "take it out"));
  static_cast<void>(root.table("rule")->has("when"));
  read.document->refuse_unknown();
  EXPECT_THAT(read.texts(), ElementsAre("shop.toml:1:7: slo is not there yet (take it out)",
                                        "shop.toml:2:1: unknown key \"slow\" (known here: page, rule)",
                                        "shop.toml:4:1: unknown key \"slo\" (known here: when)"));
  EXPECT_THAT(read.document->known_keys().at(""), ElementsAre("page", "rule"));
}

TEST(Reader, knows_a_key_that_any_of_several_rooms_asked_for) {
  const Read read{"[[rule]]\nname = \"r\"\nimpact = \"major\"\n"};
  const Table one_room = read.root().tables("rule").at(0);
  const Table other_room = read.root().tables("rule").at(0);
  static_cast<void>(one_room.text("name"));
  static_cast<void>(other_room.text("impact"));
  read.document->refuse_unknown();
  EXPECT_THAT(read.texts(), IsEmpty());
}

TEST(Reader, tells_positions_of_tables_and_values) {
  const Read read{"\n[page]\n  name = \"x\"\n[[probe]]\n"};
  const Table page = read.root().table("page").value();
  EXPECT_EQ(page.position().line, 2U);
  EXPECT_EQ(page.position("name").file, "shop.toml");
  EXPECT_EQ(page.position("name").line, 3U);
  EXPECT_EQ(page.position("name").column, 10U);
  EXPECT_EQ(page.position("absent").line, 2U) << "where the table begins";
  EXPECT_EQ(read.root().tables("probe").at(0).position().line, 4U);
}

TEST(Reader, records_what_a_room_finds_wrong_itself) {
  const Read read{"[page]\nurl = \"ftp://x\"\n"};
  const Table page = read.root().table("page").value();
  page.refuse("url", "this is no web address", "https://…");
  page.refuse("name", "a page needs a name");
  EXPECT_THAT(read.texts(),
              ElementsAre("shop.toml:1:1: a page needs a name", "shop.toml:2:7: this is no web address (https://…)"));
}

TEST(Reader, lets_tables_outlive_their_document) {
  Problems problems;
  std::optional<Table> page;
  {
    const std::optional<Document> document = Document::parse("[page]\nname = \"x\"\n", "a.toml", problems);
    page = document->root().table("page");
  }
  EXPECT_EQ(page->text("name"), "x");
}

TEST(Document, says_where_a_file_is_not_toml) {
  const Read read{"a = 1\nb = = 2\n"};
  EXPECT_FALSE(read.document);
  EXPECT_THAT(read.texts(),
              ElementsAre(testing::AllOf(testing::StartsWith("shop.toml:2:5: "), HasSubstr("(this is not TOML)"))));
  EXPECT_THAT(Read{"a = 1\na = 2\n"}.texts(), SizeIs(1)) << "a key twice";
}

TEST(Document, survives_nesting_without_end) {
  const Read read{"a = " + std::string(100'000, '[')};
  EXPECT_FALSE(read.document);
  EXPECT_THAT(read.texts(), SizeIs(1));
}

TEST(Document, is_loaded_from_a_file) {
  const Folder folder;
  const std::string file = folder.write("candor.toml", "name = \"x\"\n");
  Problems problems;
  const std::optional<Document> document = Document::load(file, problems);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().text("name"), "x");
  EXPECT_EQ(document->root().position("name").file, file);
}

TEST(Document, says_why_a_file_cannot_be_read) {
  Problems problems;
  const Folder folder;
  EXPECT_FALSE(Document::load("/nonexistent/candor.toml", problems));
  EXPECT_FALSE(Document::load(folder.path().string(), problems));
  ASSERT_THAT(problems.list(), SizeIs(2));
  EXPECT_EQ(problems.list()[0].text(),
            "/nonexistent/candor.toml:1:1: cannot read this file: No such file or directory (check its path, "
            "and that it is a file that candord may read)");
  EXPECT_THAT(problems.list()[1].text(), HasSubstr("cannot read this file: is a directory"));
}

TEST(Problems, come_in_the_order_of_files_and_lines_each_once) {
  Problems problems;
  EXPECT_TRUE(problems.empty());
  problems.add({"b.toml", 1, 1}, "third");
  problems.add({"a.toml", 10, 1}, "second");
  problems.add({"a.toml", 9, 7}, "first", "hint");
  problems.add({"a.toml", 10, 1}, "second");
  EXPECT_FALSE(problems.empty());
  std::vector<std::string> texts;
  for (const Problem& problem : problems.list()) texts.push_back(problem.text());
  EXPECT_THAT(texts, ElementsAre("a.toml:9:7: first (hint)", "a.toml:10:1: second", "b.toml:1:1: third"));
}

TEST(Nearest, finds_what_a_typo_meant_and_nothing_else) {
  const std::vector<std::string> known{"every", "timeout", "component", "name"};
  EXPECT_EQ(nearest("evrey", known), "every");
  EXPECT_EQ(nearest("fiel", {"fire", "file"}), "file");
  EXPECT_EQ(nearest("timout", known), "timeout");
  EXPECT_EQ(nearest("compnent", known), "component");
  EXPECT_EQ(nearest("nme", known), "name");
  EXPECT_FALSE(nearest("holding", known));
  EXPECT_FALSE(nearest("x", {}));
}

TEST(Nearest, is_not_sought_for_what_is_too_long_for_a_typo) {
  EXPECT_EQ(nearest(std::string(100, 'a'), {std::string(99, 'a')}), std::string(99, 'a'));
  EXPECT_FALSE(nearest(std::string(101, 'a'), {std::string(100, 'a')}));
  EXPECT_FALSE(nearest("every", {std::string(1'000'000, 'e')}));
}

TEST(Nearest, is_the_same_whatever_was_near_before) {
  EXPECT_EQ(nearest("checkuot", {"checkout-http", "checkouts", "check", "checkout"}), "checkout");
  EXPECT_EQ(nearest("abcd", {"bcda", "abdc", "abcde"}), "abdc") << "the first of two that are as near";
}

TEST(Reader, tells_a_problem_in_one_line_that_a_terminal_can_show) {
  const Problem problem{{"shop.toml", 1, 2}, "unknown key \"a\x1b[2J\nb\"", "\u009bc"};
  EXPECT_EQ(problem.text(), "shop.toml:1:2: unknown key \"a [2J b\" ( c)");
}

}  // namespace
}  // namespace candor
