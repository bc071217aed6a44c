#include <cerrno>
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/kinds/exec.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using What = ExecSeen::What;

ExecConfig config() { return {.start = {.command = {"/opt/check", "-H", "db.internal"}}, .timeout = 5s}; }

Outcome judged(ProgramEnd end, const ExecConfig& with = config()) {
  return judge(with, {.end = std::move(end), .took = 12ms});
}

TEST(ExecJudge, takes_exit_statuses_by_the_plugins_contract) {
  const Outcome ok = judged({.status = 0, .out = "DISK OK | /=1MB"});
  EXPECT_EQ(ok.health, Health::ok);
  EXPECT_EQ(ok.evidence, "");
  EXPECT_THAT(ok.readings, SizeIs(1));
  EXPECT_EQ(ok.phases.total, 12ms);
  const Outcome warning = judged({.status = 1, .out = "DISK WARNING - 9% | /=1MB\nlong"});
  EXPECT_EQ(warning.health, Health::degraded);
  EXPECT_EQ(warning.evidence, "/opt/check says WARNING after 12 ms: \"DISK WARNING - 9%\"");
  EXPECT_EQ(warning.symptom, "warnings from checks");
  const Outcome critical = judged({.status = 2, .out = "DISK CRITICAL - 1%"});
  EXPECT_EQ(critical.health, Health::failing);
  EXPECT_EQ(critical.evidence, "/opt/check says CRITICAL after 12 ms: \"DISK CRITICAL - 1%\"");
  EXPECT_EQ(critical.symptom, "failing checks");
  const Outcome unknown = judged({.status = 3, .out = "no such disk"});
  EXPECT_EQ(unknown.health, Health::unknown);
  EXPECT_EQ(unknown.evidence, "/opt/check says UNKNOWN after 12 ms: \"no such disk\"");
}

TEST(ExecJudge, cannot_tell_from_any_other_end) {
  const Outcome odd = judged({.status = 127, .out = "OK | a=1"});
  EXPECT_EQ(odd.health, Health::unknown);
  EXPECT_EQ(odd.evidence, "/opt/check ended with exit status 127 after 12 ms, which is no plugin's (0 to 3): \"OK\"");
  EXPECT_THAT(odd.readings, IsEmpty());
  const Outcome dead = judged({.signalled = true, .status = SIGSEGV});
  EXPECT_EQ(dead.health, Health::unknown);
  EXPECT_EQ(dead.evidence, "/opt/check died of signal 11 (Segmentation fault) after 12 ms, without a word");
  const Outcome lost = judged({.signalled = true, .status = 0});
  EXPECT_EQ(lost.health, Health::unknown) << "where nobody knows how it ended";
  const Outcome flood = judged({.signalled = true, .flooded = true, .status = SIGKILL, .out = "OK"});
  EXPECT_EQ(flood.health, Health::unknown);
  EXPECT_THAT(flood.evidence, HasSubstr("it wrote more than 1 MB"));
}

TEST(ExecJudge, uses_standard_error_where_standard_output_is_empty) {
  EXPECT_THAT(judged({.status = 3, .err = "ping: socket: denied\nmore"}).evidence,
              HasSubstr(": \"ping: socket: denied\" on standard error"));
  EXPECT_THAT(judged({.status = 2, .out = "down", .err = "noise"}).evidence, Not(HasSubstr("noise")));
  EXPECT_THAT(judged({.status = 2}).evidence, HasSubstr("says CRITICAL after 12 ms, without a word"));
}

TEST(ExecJudge, makes_harmless_what_a_program_says) {
  const Outcome outcome = judged({.status = 2, .out = std::string("a\0b\x1B[31m\xFF", 9) + std::string(5000, 'x')});
  EXPECT_THAT(outcome.evidence, HasSubstr("\"a b [31m\xEF\xBF\xBDxxx"));
  EXPECT_LE(outcome.evidence.size(), 400U);
}

TEST(ExecJudge, shows_no_argument_and_no_secret_of_the_environment) {
  ExecConfig with = config();
  with.hidden.add("planted-secret");
  with.hidden.add("up");
  const Outcome outcome = judged({.status = 2, .out = "login planted-secret: up denied | 'planted-secret'=1"}, with);
  EXPECT_EQ(outcome.evidence, "/opt/check says CRITICAL after 12 ms: \"login ***: up denied\"");
  EXPECT_EQ(outcome.readings.front().name, "***");
  EXPECT_THAT(judged({.status = 2, .err = "planted-secret"}, with).evidence, HasSubstr("\"***\" on standard error"));
  with.hidden.add("line1secret\nline2secret");
  EXPECT_THAT(judged({.status = 2, .out = R"(bad key 'line1secret\nline2secret')"}, with).evidence,
              EndsWith(R"("bad key '***'")"));
}

TEST(ExecJudge, tells_of_what_did_not_end_in_time) {
  const Outcome late = judge(config(), {.what = What::timed_out, .took = 5s});
  EXPECT_EQ(late.health, Health::failing);
  EXPECT_EQ(late.evidence, "/opt/check did not end within 5 s and was killed");
  EXPECT_EQ(late.symptom, "checks without an answer");
  const Outcome told = judge(config(), {.what = What::timed_out, .end = {.out = "asking db\nagain"}, .took = 5s});
  EXPECT_EQ(told.evidence, "/opt/check did not end within 5 s and was killed: \"asking db\"");
  const Outcome warned = judge(config(), {.what = What::timed_out, .end = {.err = "no route"}, .took = 5s});
  EXPECT_EQ(warned.evidence, "/opt/check did not end within 5 s and was killed: \"no route\" on standard error");
  const Outcome stuck = judge(config(), {.what = What::stuck, .took = 5s});
  EXPECT_EQ(stuck.health, Health::failing);
  EXPECT_EQ(stuck.evidence,
            "/opt/check was killed in an earlier run and has not ended for another 5 s: it waits for a disk or a file "
            "server");
}

TEST(ExecJudge, says_how_to_repair_what_cannot_be_started) {
  const Outcome outcome = judge(config(), {.what = What::not_started, .error = ENOENT, .repair = "install it"});
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence, "/opt/check cannot be started: No such file or directory; install it");
}

}  // namespace
}  // namespace candor::probes
