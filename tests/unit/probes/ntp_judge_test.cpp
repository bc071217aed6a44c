#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/kinds/ntp.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;
using testing::IsEmpty;

NtpConfig config() { return {.target = {.host = "time.internal", .port = 123}, .timeout = 2s}; }

/// An answer after 20 ms of a server whose clock is so far ahead of ours.
NtpSeen seen(Nanoseconds offset = 0s, int stratum = 3) {
  const Nanoseconds now = 1'800'000'000s;
  NtpSeen all{.peer = "10.0.0.7:123", .asked = 1, .went = now, .came = now + 20ms};
  all.answer = NtpAnswer{.stratum = stratum,
                         .root_delay = 500ms,
                         .root_dispersion = 1250ms,
                         .received = ntp_time(now + offset + 10ms),
                         .sent = ntp_time(now + offset + 10ms)};
  all.phases.first_byte = 20ms;
  all.phases.total = 21ms;
  return all;
}

const std::string question = "ask 10.0.0.7:123 (time.internal) for the time: ";

void expect_failing(const Outcome& outcome, const std::string& words) {
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, question + words);
  EXPECT_EQ(outcome.symptom, "failing time synchronization");
}

TEST(NtpJudge, finds_a_server_that_has_the_time_ok) {
  const Outcome outcome = judge(config(), seen(-3s));
  EXPECT_EQ(outcome.health, Health::ok) << "no limit says otherwise";
  EXPECT_EQ(outcome.evidence + outcome.symptom, "");
  ASSERT_EQ(outcome.readings.size(), 5U);
  const std::vector<std::pair<std::string, double>> wanted{
      {"stratum", 3}, {"offset", -3}, {"delay", 0.02}, {"root_delay", 0.5}, {"root_dispersion", 1.25}};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(outcome.readings[i].name, wanted[i].first);
    EXPECT_NEAR(outcome.readings[i].value, wanted[i].second, 1e-8);
    EXPECT_EQ(outcome.readings[i].unit, i == 0 ? "" : "s");
  }
  EXPECT_EQ(outcome.phases.first_byte, 20ms);
}

TEST(NtpJudge, says_whose_clock_is_ahead_of_whose) {
  NtpConfig strict = config();
  strict.offset_degraded_above = 100ms;
  strict.offset_failing_above = 1s;
  EXPECT_EQ(judge(strict, seen(99ms)).health, Health::ok);
  EXPECT_EQ(judge(strict, seen(-99ms)).health, Health::ok);
  const Outcome some = judge(strict, seen(500ms));
  EXPECT_EQ(some.health, Health::degraded);
  EXPECT_THAT(some.evidence, HasSubstr("its clock is 500 ms ahead of this machine's, more than 100 ms "));
  EXPECT_EQ(some.symptom, "clocks that differ");
  const Outcome much = judge(strict, seen(-3s));
  EXPECT_EQ(much.health, Health::failing);
  EXPECT_EQ(much.evidence,
            question +
                "its clock is 3 s behind this machine's, more than 1 s (stratum 3, there and back 20 ms); "
                "either of them may be the wrong one");
  EXPECT_EQ(much.symptom, "clocks that differ");
  EXPECT_EQ(much.readings.size(), 5U);
  EXPECT_THAT(judge(strict, seen(90'061s)).evidence, HasSubstr("its clock is 1d1h1m1s ahead of"));
}

TEST(NtpJudge, says_an_offset_as_its_reading_has_it_and_never_as_its_limit) {
  NtpConfig strict = config();
  strict.offset_failing_above = 10s;
  const auto words = [&strict](Nanoseconds offset) {
    const std::string evidence = judge(strict, seen(offset)).evidence;
    const std::size_t begin = evidence.find("is ") + 3;
    return evidence.substr(begin, evidence.find(" this machine's") - begin);
  };
  EXPECT_EQ(words(10'000'020'944ns), "10.000021 s ahead of");
  EXPECT_EQ(words(-10'001'100us), "10.001 s behind");
  EXPECT_EQ(words(12'345'678us), "12.346 s ahead of");
  strict.offset_failing_above = 100ms;
  EXPECT_EQ(words(100'020us), "100.02 ms ahead of");
  EXPECT_EQ(words(101'800us), "102 ms ahead of");
  EXPECT_EQ(words(999'700us), "1 s ahead of");
  strict.offset_failing_above = 5min;
  EXPECT_EQ(words(300'200ms), "300.2 s ahead of");
  EXPECT_EQ(words(301'200ms), "5m1s ahead of");
}

TEST(NtpJudge, holds_to_one_limit_where_there_is_one) {
  NtpConfig one = config();
  one.offset_failing_above = 1s;
  EXPECT_EQ(judge(one, seen(999ms)).health, Health::ok);
  EXPECT_EQ(judge(one, seen(1001ms)).health, Health::failing);
  one = config();
  one.offset_degraded_above = 1s;
  EXPECT_EQ(judge(one, seen(1h)).health, Health::degraded);
}

TEST(NtpJudge, finds_a_server_without_time_failing) {
  NtpSeen told = seen();
  told.answer->unsynchronized = true;
  expect_failing(judge(config(), told),
                 "answered after 20 ms, but it is not synchronized (stratum 3, leap indicator 3)");
  expect_failing(judge(config(), seen(0s, 16)), "answered after 20 ms, but it is not synchronized (stratum 16)");
  const Outcome without = judge(config(), told);
  ASSERT_EQ(without.readings.size(), 1U) << "its time is none that is held beside ours";
  EXPECT_EQ(without.readings[0].value, 3);
  told = seen();
  told.answer->sent = 0;
  expect_failing(judge(config(), told), "answered after 20 ms, but it answers without a time");
}

TEST(NtpJudge, takes_no_offset_from_times_that_contradict_each_other) {
  NtpSeen told = seen();
  const NtpTime received = told.answer->received;
  const std::string words = "answered after 20 ms, but it answers with times that contradict each other: it ";
  const auto expect = [&](Nanoseconds sent, const std::string& more) {
    told.answer->sent = received + static_cast<NtpTime>(ntp_time(sent) - ntp_time(0s));
    const Outcome outcome = judge(config(), told);
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_EQ(outcome.evidence, question + words + more);
    EXPECT_EQ(outcome.symptom, "unexpected answers");
    EXPECT_EQ(outcome.readings.size(), 1U) << "the stratum";
  };
  expect(-5s, "sent 5 s before it received");
  expect(3s, "sent 3 s after it received");
  for (const Nanoseconds near : {Nanoseconds{-900us}, Nanoseconds{20ms}}) {
    told.answer->sent = received + static_cast<NtpTime>(ntp_time(near) - ntp_time(0s));
    EXPECT_EQ(judge(config(), told).health, Health::ok) << "clocks have steps";
  }
}

TEST(NtpJudge, names_what_a_server_says_of_itself) {
  for (const auto& [code, words] : std::vector<std::pair<std::string, std::string>>{
           {"DENY", "it refuses to serve this machine (DENY)"},
           {"RSTR", "it refuses to serve this machine (RSTR)"},
           {"RATE", "it is asked more often than it wants (RATE)"},
           {"INIT", "it has not found the time yet since it was started (INIT)"},
           {"STEP", "its clock was set, and it has not found the time again yet (STEP)"},
           {"XYZ", "it is not synchronized (\"XYZ\")"},
           {"", "it is not synchronized"}}) {
    NtpSeen told = seen(0s, 0);
    told.answer->code = code;
    told.answer->unsynchronized = true;
    expect_failing(judge(config(), told), "answered after 20 ms, but " + words);
  }
}

TEST(NtpJudge, holds_the_stratum_to_its_limit) {
  NtpConfig strict = config();
  strict.stratum_at_most = 2;
  EXPECT_EQ(judge(strict, seen(0s, 2)).health, Health::ok);
  expect_failing(judge(strict, seen(0s, 3)),
                 "answered after 20 ms, but it is 3 steps from a reference clock (its stratum), more than 2");
}

TEST(NtpJudge, tells_of_silence_and_of_others_who_speak) {
  NtpSeen silent = seen();
  silent.answer.reset();
  expect_failing(judge(config(), silent), "no answer within 2 s");
  silent.asked = 3;
  silent.strays = 7;
  expect_failing(judge(config(), silent),
                 "no answer within 2 s, asked 3 times; packets that came and were no answer to it: 7");
  silent.error = "Connection refused";
  expect_failing(judge(config(), silent), "Connection refused (after 21 ms)");
  EXPECT_THAT(judge(config(), silent).readings, IsEmpty());
}

TEST(NtpJudge, tells_of_names_that_lead_nowhere) {
  net::Failure no_name{.stage = net::Failure::Stage::name_lookup, .reason = "Domain name not found"};
  const Outcome none = judge(config(), {.no_address = no_name, .phases = {.total = 12ms}});
  EXPECT_EQ(none.health, Health::failing);
  EXPECT_EQ(none.evidence, "look up time.internal: Domain name not found (after 12 ms)");
  no_name.ours = true;
  const Outcome unknown = judge(config(), {.no_address = no_name});
  EXPECT_EQ(unknown.health, Health::unknown);
  EXPECT_EQ(unknown.evidence, "cannot look up time.internal: Domain name not found");
  EXPECT_EQ(unknown.symptom, "");
  no_name = {.stage = net::Failure::Stage::name_lookup, .timed_out = true};
  EXPECT_EQ(judge(config(), {.no_address = no_name}).evidence, "look up time.internal timed out after 2 s");
}

TEST(NtpJudge, does_not_blame_the_server_for_this_machine) {
  NtpSeen told = seen();
  told.answer.reset();
  told.impossible = "Too many open files; raise LimitNOFILE";
  const Outcome outcome = judge(config(), told);
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence, question + "this machine could not: Too many open files; raise LimitNOFILE");
}

}  // namespace
}  // namespace candor::probes
