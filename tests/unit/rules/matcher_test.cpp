#include "rules/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

Matchers parsed(std::string_view text) {
  Result<Matchers> matchers = parse_matchers(text);
  EXPECT_TRUE(matchers) << text << ": " << (matchers ? "" : matchers.error().message);
  return matchers ? *std::move(matchers) : Matchers{};
}

std::vector<std::string> texts(std::string_view text) {
  std::vector<std::string> all;
  for (const Matcher& matcher : parsed(text).all) all.push_back(matcher.text());
  return all;
}

std::string error_of(std::string_view text) {
  const Result<Matchers> matchers = parse_matchers(text);
  EXPECT_FALSE(matchers) << text;
  return matchers ? "" : matchers.error().message;
}

bool matches(std::string_view text, const Labels& labels) { return parsed(text).matches(labels); }

TEST(Matcher, compares_with_each_operator) {
  const Labels checkout{{"component", "checkout"}};
  EXPECT_TRUE(matches(R"(component="checkout")", checkout));
  EXPECT_FALSE(matches(R"(component="basket")", checkout));
  EXPECT_FALSE(matches(R"(component!="checkout")", checkout));
  EXPECT_TRUE(matches(R"(component!="basket")", checkout));
  EXPECT_TRUE(matches(R"(component=~"check.*|basket")", checkout));
  EXPECT_FALSE(matches(R"(component=~"bas.*")", checkout));
  EXPECT_FALSE(matches(R"(component!~"check.*")", checkout));
  EXPECT_TRUE(matches(R"(component!~"bas.*")", checkout));
}

TEST(Matcher, matches_a_regular_expression_against_the_whole_value) {
  EXPECT_FALSE(matches(R"(component=~"check")", {{"component", "checkout"}}));
  EXPECT_FALSE(matches(R"(component=~"out")", {{"component", "checkout"}}));
  EXPECT_FALSE(matches(R"(component=~"a|checkou")", {{"component", "checkout"}}));
  EXPECT_TRUE(matches(R"(component!~"check")", {{"component", "checkout"}}));
}

TEST(Matcher, treats_an_absent_label_as_empty) {
  EXPECT_TRUE(matches(R"(team="")", {{"component", "checkout"}}));
  EXPECT_FALSE(matches(R"(team!="")", {{"component", "checkout"}}));
  EXPECT_TRUE(matches(R"(team=~".*")", {}));
  EXPECT_FALSE(matches(R"(team=~".+")", {}));
  EXPECT_TRUE(matches(R"(team!="payments")", {}));
}

TEST(Matcher, holds_only_when_every_matcher_does) {
  const Labels labels{{"a", "1"}, {"b", "2"}};
  EXPECT_TRUE(matches(R"(a="1",b="2")", labels));
  EXPECT_FALSE(matches(R"(a="1",b="3")", labels));
  EXPECT_TRUE(matches("", labels));
  EXPECT_TRUE(matches("{}", labels));
}

TEST(Matcher, takes_braces_spaces_and_one_comma_at_the_end) {
  const auto expected = ElementsAre(R"(a="1")", R"(b=~"2|3")");
  EXPECT_THAT(texts(R"({a="1",b=~"2|3"})"), expected);
  EXPECT_THAT(texts(R"( { a = "1" , b =~ "2|3" , } )"), expected);
  EXPECT_THAT(texts(R"(a=1,b=~"2|3",)"), expected);
  EXPECT_THAT(texts("a=\"1\",\n  b=~\"2|3\""), expected);
}

TEST(Matcher, reads_a_comma_and_braces_inside_quotation_marks_as_text) {
  EXPECT_THAT(texts(R"(a="x,y",b="{z}")"), ElementsAre(R"(a="x,y")", R"(b="{z}")"));
}

TEST(Matcher, reads_names_beyond_the_classic_ones_as_utf8) {
  const Matchers matchers = parsed("\"service.name\"=\"kasse\",größe=groß,🙂!=x");
  ASSERT_THAT(matchers.all, SizeIs(3));
  EXPECT_EQ(matchers.all[0].name(), "service.name");
  EXPECT_EQ(matchers.all[1].name(), "größe");
  EXPECT_EQ(matchers.all[1].value(), "groß");
  EXPECT_EQ(matchers.all[2].name(), "🙂");
  EXPECT_THAT(matchers.warnings, IsEmpty());
}

TEST(Matcher, reads_go_escapes) {
  const Matchers matchers = parsed(R"("a.b"="\"\\\n\t\x41\u00e9\U0001F642\101")");
  ASSERT_THAT(matchers.all, SizeIs(1));
  EXPECT_EQ(matchers.all[0].value(), "\"\\\n\tAé🙂A");
  EXPECT_THAT(matchers.warnings, IsEmpty());
}

TEST(Matcher, agrees_silently_where_both_syntaxes_read_the_same) {
  for (const std::string_view text : {R"(a="b")", R"(a="say \"hi\"")", R"(a=~"\\d+")", R"(a="x\ny")", "a=b"}) {
    EXPECT_THAT(parsed(text).warnings, IsEmpty()) << text;
  }
}

TEST(Matcher, falls_back_to_the_classic_syntax_with_a_warning) {
  struct Case {
    std::string_view text;
    std::string_view value;
    std::string_view suggestion;
  };
  for (const Case& one :
       {Case{"a=", "", R"(write a="" for both)"}, Case{R"(a=~"\d+")", R"(\d+)", R"(a=~"\\d+")"},
        Case{"a=x=y", "x=y", R"(a="x=y")"}, Case{"a=two words", "two words", R"(a="two words")"},
        Case{"a=\"one\ntwo\"", "one\ntwo", R"(a="one\ntwo")"}, Case{R"(a=b\)", R"(b\)", R"(a="b\\")"}}) {
    const Matchers matchers = parsed(one.text);
    ASSERT_THAT(matchers.all, SizeIs(1)) << one.text;
    EXPECT_EQ(matchers.all[0].value(), one.value);
    EXPECT_THAT(matchers.warnings, ElementsAre(HasSubstr(one.suggestion))) << one.text;
  }
}

TEST(Matcher, does_not_let_a_backslash_hide_a_comma_in_the_classic_syntax) {
  EXPECT_THAT(texts(R"(a=x\,b=y)"), ElementsAre(R"(a="x\\")", R"(b="y")"));
}

TEST(Matcher, takes_the_classic_meaning_where_the_syntaxes_differ_and_warns) {
  const Matchers matchers = parsed(R"(a="\u0041")");
  ASSERT_THAT(matchers.all, SizeIs(1));
  EXPECT_EQ(matchers.all[0].value(), R"(\u0041)");
  ASSERT_THAT(matchers.warnings, SizeIs(1));
  EXPECT_THAT(matchers.warnings[0], HasSubstr(R"(write a="\\u0041" to keep it)"));
  EXPECT_THAT(matchers.warnings[0], HasSubstr(R"(or a="A" for the other)"));
}

TEST(Matcher, writes_bytes_so_that_they_are_read_again_as_the_same) {
  for (const std::string value : {"\xff", "caf\xe9", "\xe2\x82", "a\x01z", "tab\there", "\x7f", "\\xff", "\xc2\x85"}) {
    for (const std::string name : {"a", "b c", "\xff", "a\x01"}) {
      const Matcher written = Matcher::make(name, Matcher::Op::equal, value).value();
      const Matchers read = parsed(written.text());
      EXPECT_THAT(read.all, ElementsAre(written)) << written.text();
      EXPECT_THAT(read.warnings, IsEmpty()) << written.text();
    }
  }
  EXPECT_EQ(Matcher::make("a", Matcher::Op::equal, "\xff\x01é").value().text(), R"("a"="\xff\x01é")");
}

TEST(Matcher, reads_its_own_text_back) {
  for (const std::string_view value :
       {"", "plain", "with \"marks\"", "back\\slash", "a\nb\tc", "größe 🙂", "{},=~"}) {
    const Result<Matcher> written = Matcher::make("a label", Matcher::Op::not_equal, std::string{value});
    ASSERT_TRUE(written);
    const Matchers read = parsed(written->text());
    ASSERT_THAT(read.all, SizeIs(1)) << written->text();
    EXPECT_EQ(read.all[0], *written) << written->text();
    EXPECT_THAT(read.warnings, IsEmpty());
  }
}

TEST(Matcher, names_the_character_at_which_an_error_is) {
  EXPECT_EQ(error_of("checkout-http"), "at character 14: expected an operator (=, !=, =~ or !~), but the text ends");
  EXPECT_EQ(error_of("größe=\"é\" ü"), "at character 11: expected a comma between matchers, found 'ü'");
}

TEST(Matcher, refuses_what_neither_syntax_reads) {
  EXPECT_THAT(error_of("=b"), StartsWith("at character 1: expected a label name, found '='"));
  EXPECT_THAT(error_of(R"(a="b)"), StartsWith("at character 3: this quotation mark is never closed"));
  EXPECT_THAT(error_of(R"({a="b")"), StartsWith("at character 1: this brace is never closed"));
  EXPECT_THAT(error_of(R"(a="b"})"), StartsWith("at character 6: this brace was never opened"));
  EXPECT_THAT(error_of(R"(a="b" c="d")"), StartsWith("at character 7: expected a comma between matchers, found 'c'"));
  EXPECT_THAT(error_of(R"(a="b",,c="d")"), StartsWith("at character 7: expected a label name, found ','"));
  EXPECT_THAT(error_of(","), StartsWith("at character 1: expected a label name"));
  EXPECT_THAT(error_of(R"({a="b"} x)"), StartsWith("at character 9: expected nothing more"));
  EXPECT_THAT(error_of(R"(""="b")"), StartsWith("at character 1: a label name cannot be empty"));
  EXPECT_THAT(error_of(R"("a.b"="\q")"), StartsWith("at character 8: this backslash begins no known escape"));
  EXPECT_THAT(error_of(R"("a.b"="\ud800")"), HasSubstr("no known escape"));
  EXPECT_THAT(error_of(R"("a.b"="\x4")"), HasSubstr("no known escape"));
  EXPECT_THAT(error_of("größe é"), StartsWith("at character 7: expected an operator (=, !=, =~ or !~), found 'é'"));
  EXPECT_THAT(error_of("{"), StartsWith("at character 1: this brace is never closed"));
  EXPECT_THAT(error_of("}"), StartsWith("at character 1: this brace was never opened"));
}

TEST(Matcher, refuses_a_broken_regular_expression_and_says_why) {
  EXPECT_THAT(error_of(R"(x="y",a=~"(b")"), testing::AllOf(StartsWith("at character 10: "), HasSubstr("missing )")));
  EXPECT_THAT(error_of(R"x(a=~"(?=b)")x"), HasSubstr("not a regular expression of RE2's syntax"));
}

TEST(Matcher, refuses_a_regular_expression_that_would_take_too_much_memory) {
  EXPECT_THAT(error_of(R"x(a=~"((x{1000}){1000})")x"), HasSubstr("not a regular expression"));
  EXPECT_THAT(error_of(R"(a=~"(\\pL{500}){2}")"), HasSubstr("too large"));
}

TEST(Matcher, refuses_text_that_is_not_utf8) {
  EXPECT_EQ(error_of("ab=\"\xff\""), "at character 5: this is not UTF-8");
  EXPECT_THAT(error_of("a=\"\xc0\xaf\""), HasSubstr("not UTF-8"));
  EXPECT_THAT(error_of("a=\"\xed\xa0\x80\""), HasSubstr("not UTF-8"));
  EXPECT_THAT(error_of("a=\"\xf4\x90\x80\x80\""), HasSubstr("not UTF-8"));
  EXPECT_THAT(error_of("a=\"\xe2\x82"), HasSubstr("not UTF-8"));
}

TEST(Matcher, refuses_more_text_than_a_person_writes) {
  const std::string long_value(std::size_t{16} * 1024, 'x');
  EXPECT_THAT(error_of("a=\"" + long_value + "\""), HasSubstr("at most 16384"));
  EXPECT_TRUE(parse_matchers("a=\"" + long_value.substr(100) + "\""));
}

TEST(Matcher, ends_whatever_it_is_given) {
  // Each text of up to five of these characters is read or refused; what is read, reads back the same.
  constexpr std::string_view letters = "a=~!\"\\,{} ";
  std::size_t read = 0;
  std::vector<std::string> texts{""};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string text = texts[i];
    if (const Result<Matchers> matchers = parse_matchers(text)) {
      ++read;
      std::string again;
      for (const Matcher& matcher : matchers->all) again += matcher.text() + ",";
      const Result<Matchers> reread = parse_matchers(again);
      ASSERT_TRUE(reread) << text << " → " << again;
      ASSERT_EQ(reread->all, matchers->all) << text << " → " << again;
      ASSERT_THAT(reread->warnings, IsEmpty()) << text << " → " << again;
    } else {
      ASSERT_FALSE(matchers.error().message.empty());
    }
    if (text.size() < 5) {
      for (const char c : letters) texts.push_back(text + c);
    }
  }
  EXPECT_GT(read, 100U);
}

}  // namespace
}  // namespace candor::rules
