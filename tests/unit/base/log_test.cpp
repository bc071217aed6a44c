#include "base/log.h"

#include <gmock/gmock.h>

namespace candor::log {
namespace {

TEST(Log, turns_whatever_could_forge_a_line_into_spaces) {
  EXPECT_EQ(one_line("a\nb\r\nc\td\x1b[31m\x7f"), "a b  c d [31m ");
  EXPECT_EQ(one_line(std::string_view{"a\0b", 3}), "a b");
  EXPECT_EQ(one_line("größe 🙂"), "größe 🙂");
  EXPECT_EQ(one_line("a\u009b31m\u0085b\xC2"), "a 31m b\xC2");
  EXPECT_EQ(one_line("a\u202eb\u202a\u2066c\u2069\u200e\u200f\u061cd"), "a b  c    d");
  EXPECT_EQ(one_line("\u200b\u2026\u2065\u206a\u061b\xE2\x80"), "\u200b\u2026\u2065\u206a\u061b\xE2\x80");
}

TEST(Log, writes_an_event_its_fields_and_a_sentence_on_one_line) {
  testing::internal::CaptureStderr();
  start(Level::info, Sink::stderr_text);
  info("incident_opened", {{"incident", "abc"}, {"rule", "checkout down"}, {"empty", ""}}, "forged\nline");
  debug("not_shown", {});
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(written.ends_with(" incident_opened incident=abc rule=\"checkout down\" empty=\"\": forged line\n"))
      << written;
  EXPECT_EQ(written.find("not_shown"), std::string::npos);
}

TEST(Log, writes_all_lines_by_a_thread_of_their_own_before_it_ends) {
  testing::internal::CaptureStderr();
  start(Level::info, Sink::stderr_text);
  info("before", {});
  {
    const Thread thread;
    info("meanwhile", {{"a", "b"}});
    flush();
    info("at_the_end", {});
  }
  info("behind", {});
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, testing::MatchesRegex("[^\n]+ info before\n[^\n]+ info meanwhile a=b\n"
                                             "[^\n]+ info at_the_end\n"));
}

}  // namespace
}  // namespace candor::log
