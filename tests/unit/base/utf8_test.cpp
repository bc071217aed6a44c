#include "base/utf8.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(Utf8, accepts_what_the_standard_accepts) {
  for (const std::string_view good :
       {"", "plain", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x94\xA5", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(find_invalid_utf8(good), std::string_view::npos) << good;
    EXPECT_EQ(to_utf8(good), good);
  }
}

TEST(Utf8, finds_the_first_byte_that_is_wrong) {
  EXPECT_EQ(find_invalid_utf8("a\xFF"), 1U);
  EXPECT_EQ(find_invalid_utf8("\xC0\xAF"), 0U) << "overlong";
  EXPECT_EQ(find_invalid_utf8("ab\xED\xA0\x80"), 2U) << "a surrogate";
  EXPECT_EQ(find_invalid_utf8("\xF4\x90\x80\x80"), 0U) << "beyond U+10FFFF";
  EXPECT_EQ(find_invalid_utf8("x\xE2\x82"), 1U) << "cut off";
}

TEST(Utf8, replaces_each_wrong_byte_and_keeps_the_rest) {
  EXPECT_EQ(to_utf8("a\xFF\xFE z"), "a\xEF\xBF\xBD\xEF\xBF\xBD z");
  EXPECT_EQ(to_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8, mends_json_as_go_reads_it) {
  const auto mended = [](std::string_view text) { return mend_json(text).value_or("as it was"); };
  EXPECT_EQ(mended("{\"caf\xE9\":\"\xC0\xAF\"}"), "{\"caf\uFFFD\":\"\uFFFD\uFFFD\"}");
  EXPECT_EQ(mended(R"("\ud83d\udd25")"), "as it was") << "a pair";
  EXPECT_EQ(mended(R"("\ud83d")"), R"("\ufffd")");
  EXPECT_EQ(mended(R"("\uDD25 \ud83d\n")"), R"("\ufffd \ufffd\n")");
  EXPECT_EQ(mended(R"("\ud83d\ud83d\udd25")"), R"("\ufffd\ud83d\udd25")");
  EXPECT_EQ(mended(R"("\ud83d\u0041")"), R"("\ufffd\u0041")");
  EXPECT_EQ(mended(R"("\\ud83d \\")"), "as it was") << "no escape";
  EXPECT_EQ(mended("\"\\\xE9\""), "\"\\\uFFFD\"");
  for (const char* const cut : {"\"\\", "\"\\u", "\"\\ud8", R"("\uzzzz")"}) EXPECT_EQ(mended(cut), "as it was") << cut;
  EXPECT_EQ(mended("\"\\ud83d\\u"), "\"\\ufffd\\u");
}

TEST(Utf8, mends_no_json_that_is_no_text_at_all) {
  EXPECT_TRUE(mend_json(std::string(1'000'000, '\xFF')));
  EXPECT_FALSE(mend_json(std::string(1'000'001, '\xFF')));
}

TEST(Utf8, knows_what_nobody_sees) {
  for (const std::string_view nothing : {"", " \t\n", "\u202e", "\u00a0\u3000", "\u200b\u2060\ufeff", "\u0085"}) {
    EXPECT_TRUE(shows_nothing(nothing)) << nothing;
  }
  for (const std::string_view something : {"a", "\u202eü", " 0", "\xFF"}) {
    EXPECT_FALSE(shows_nothing(something)) << something;
  }
}

TEST(Utf8, knows_whatever_ends_a_line) {
  for (const std::string_view two : {"a\nb", "a\r", "\va", "a\fb", "a\u0085b", "a\u2028b", "a\u2029"}) {
    EXPECT_TRUE(breaks_line(two)) << two;
  }
  for (const std::string_view one : {"", "a b", "\u2027\u202a\u2030", "\xE2\x80", "größe\t"}) {
    EXPECT_FALSE(breaks_line(one)) << one;
  }
}

TEST(Utf8, cuts_between_characters) {
  EXPECT_EQ(cut_utf8("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(cut_utf8("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
  EXPECT_EQ(shorten_utf8("abcdef", 3), "abc…");
  EXPECT_EQ(shorten_utf8("abc", 3), "abc");
}

}  // namespace
}  // namespace candor
