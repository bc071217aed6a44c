#include "base/text.h"

#include <gmock/gmock.h>

namespace candor {
namespace {

TEST(Text, turns_whatever_could_forge_a_line_into_blanks) {
  EXPECT_EQ(one_line("a\nb\r\nc\td\x1b[31m\x7f"), "a b  c d [31m ");
  EXPECT_EQ(one_line(std::string_view{"a\0b", 3}), "a b");
  EXPECT_EQ(one_line("größe 🙂"), "größe 🙂");
  EXPECT_EQ(one_line("a\u009b31m\u0085b\xC2"), "a 31m b\xC2");
  EXPECT_EQ(one_line("a\u202eb\u202a\u2066c\u2069\u200e\u200f\u061cd"), "a b  c    d");
  EXPECT_EQ(one_line("a\u2028b\u2029c"), "a b c");
  EXPECT_EQ(one_line("\u200b\u2026\u2065\u206a\u061b\xE2\x80"), "\u200b\u2026\u2065\u206a\u061b\xE2\x80");
}

TEST(Text, trims_only_the_blanks_that_are_named) {
  EXPECT_EQ(trimmed(" \ta b\t "), "a b");
  EXPECT_EQ(trimmed("\na\n"), "\na\n");
  EXPECT_EQ(trimmed("\na\n", "\n"), "a");
  EXPECT_EQ(trimmed(" \t"), "");
}

TEST(Text, lowers_letters_of_ascii_and_no_other_byte) {
  EXPECT_EQ(lower_case("X-Request-ID [@Z`z{] Ä"), "x-request-id [@z`z{] Ä");
  EXPECT_TRUE(equal_ignoring_case("Content-Type", "content-TYPE"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
}

TEST(Text, knows_what_breaks_a_line_from_what_only_looks_unusual) {
  EXPECT_TRUE(holds_controls("a\nb"));
  EXPECT_TRUE(holds_controls("a\x7f"));
  EXPECT_FALSE(holds_controls("größe 🙂"));
}

}  // namespace
}  // namespace candor
