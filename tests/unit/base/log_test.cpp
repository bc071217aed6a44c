#include "base/log.h"

#include <gmock/gmock.h>

namespace candor::log {
namespace {

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
