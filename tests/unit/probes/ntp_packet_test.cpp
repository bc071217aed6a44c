#include "probes/kinds/ntp_packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

/// As chronyd sends them: in sync at stratum 3, and what the arguments say.
std::string packet(char first, char stratum, const std::string& reference = "\x0A\0\0\x07"s) {
  return std::string{first, stratum} + "\6\xE8"s  // poll, precision
         + "\0\0\x80\0"s                          // root delay: 0.5 s
         + "\0\1\x40\0"s                          // root dispersion: 1.25 s
         + reference + std::string(8, '\5')       // reference time
         + "MARKMARK" + "\xEE\0\0\1\x80\0\0\0"s + "\xEE\0\0\1\xC0\0\0\0"s;
}

TEST(NtpTime, counts_from_1900_and_begins_anew_in_2036) {
  EXPECT_EQ(ntp_time(0ns), 2'208'988'800ULL << 32U);
  EXPECT_EQ(ntp_time(500ms), (2'208'988'800ULL << 32U) + (1ULL << 31U));
  EXPECT_EQ(ntp_time(-500ms), (2'208'988'799ULL << 32U) + (1ULL << 31U));
  EXPECT_EQ(ntp_time(2'085'978'496s), 0U) << "7 February 2036, 06:28:16 UTC";
}

TEST(NtpBetween, tells_both_directions_and_over_the_end_of_an_era) {
  const NtpTime before = ntp_time(2'085'978'495s);
  const NtpTime after = ntp_time(2'085'978'497s + 250ms);
  EXPECT_LT(after, before);
  EXPECT_EQ(ntp_between(before, after), 2250ms);
  EXPECT_EQ(ntp_between(after, before), -2250ms);
  EXPECT_EQ(ntp_between(after, after), 0ns);
  EXPECT_EQ(ntp_between(ntp_time(0ns), ntp_time(1'000'000'000s)), 1'000'000'000s);
}

TEST(NtpQuestion, says_a_mark_and_nothing_of_this_machine) {
  const std::string question = make_ntp_question(0x0102030405060708);
  EXPECT_EQ(question, "\x23"s + std::string(39, '\0') + "\1\2\3\4\5\6\7\x08");
}

TEST(NtpAnswer, is_read_whole) {
  const Result<NtpAnswer> answer = read_ntp_answer(packet('\x24', 3) + "a key and a digest");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->unsynchronized);
  EXPECT_EQ(answer->stratum, 3);
  EXPECT_EQ(answer->code, "") << "there is none but where the stratum is 0";
  EXPECT_EQ(answer->root_delay, 500ms);
  EXPECT_EQ(answer->root_dispersion, 1250ms);
  EXPECT_EQ(answer->origin, 0x4D41524B4D41524BULL);
  EXPECT_EQ(ntp_between(answer->received, answer->sent), 250ms);
}

TEST(NtpAnswer, tells_that_a_server_has_no_time) {
  EXPECT_TRUE(read_ntp_answer(packet('\xE4', 3))->unsynchronized);
  EXPECT_FALSE(read_ntp_answer(packet('\x64', 3))->unsynchronized) << "a leap second comes";
  EXPECT_EQ(read_ntp_answer(packet('\xE4', 0, "RATE"))->code, "RATE");
  EXPECT_EQ(read_ntp_answer(packet('\xE4', 0, "AB\0\0"s))->code, "AB");
  EXPECT_EQ(read_ntp_answer(packet('\xE4', 0, "\0\0\0\0"s))->code, "");
  EXPECT_EQ(read_ntp_answer(packet('\xE4', 0, "A\x1B[2"))->code, "") << "it would act on terminals";
  EXPECT_EQ(read_ntp_answer(packet('\xE4', 0, "\xFF\xFE\xC3("))->code, "");
  EXPECT_EQ(read_ntp_answer(packet('\x24', '\xFF'))->stratum, 255);
}

TEST(NtpAnswer, is_no_other_packet) {
  const std::string good = packet('\x24', 3);
  for (std::size_t size = 0; size < 48; ++size) EXPECT_FALSE(read_ntp_answer(good.substr(0, size))) << size;
  EXPECT_TRUE(read_ntp_answer(good.substr(0, 48)));
  EXPECT_TRUE(read_ntp_answer(packet('\x1C', 3))) << "version 3";
  EXPECT_FALSE(read_ntp_answer(packet('\x04', 3))) << "version 0";
  EXPECT_FALSE(read_ntp_answer(packet('\x2C', 3))) << "version 5";
  EXPECT_FALSE(read_ntp_answer(packet('\x23', 3))) << "a question";
  EXPECT_FALSE(read_ntp_answer(packet('\x26', 3))) << "control";
}

NtpAnswer answer(Nanoseconds received, Nanoseconds sent) {
  return {.received = ntp_time(received), .sent = ntp_time(sent)};
}

/// The wire's parts of a second are no whole nanoseconds.
void expect_near(Nanoseconds is, Nanoseconds wanted) {
  EXPECT_LE(std::chrono::abs(is - wanted), 2ns) << is.count() << " " << wanted.count();
}

TEST(CompareClocks, finds_how_far_and_how_long) {
  const auto same = compare_clocks(answer(1000s + 10ms, 1000s + 15ms), 1000s, 1000s + 25ms);
  expect_near(same.offset, 0ns);
  expect_near(same.delay, 20ms);
  const auto ahead = compare_clocks(answer(1003s + 10ms, 1003s + 10ms), 1000s, 1000s + 20ms);
  expect_near(ahead.offset, 3s);
  expect_near(ahead.delay, 20ms);
  const auto behind = compare_clocks(answer(997s + 10ms, 997s + 10ms), 1000s, 1000s + 20ms);
  expect_near(behind.offset, -3s);
  const auto far = compare_clocks(answer(1'800'000'000s, 1'800'000'000s), 0s, 0s);
  expect_near(far.offset, 1'800'000'000s);
}

TEST(CompareClocks, finds_no_negative_delay) {
  EXPECT_EQ(compare_clocks(answer(1000s, 1002s), 1000s, 1001s).delay, 0ns);
}

TEST(CompareClocks, finds_clocks_half_an_era_apart_far_apart) {
  constexpr Nanoseconds half = 2'147'483'648s;
  const auto at = [](Nanoseconds off) { return compare_clocks(answer(1000s + off, 1000s + off), 1000s, 1000s + 20ms); };
  for (const Nanoseconds off : {half - 1s, half - 10ms, half, half + 10ms, half + 1s}) {
    EXPECT_GE(std::chrono::abs(at(off).offset), half - 2s) << off.count();
    expect_near(at(off).delay, 20ms);
  }
}

TEST(CompareClocks, holds_at_the_end_of_an_era) {
  const Nanoseconds end = 2'085'978'496s;
  const auto clocks = compare_clocks(answer(end + 1s, end + 1s), end - 1s, end - 1s + 20ms);
  expect_near(clocks.offset, 1990ms);
  expect_near(clocks.delay, 20ms);
}

}  // namespace
}  // namespace candor::probes
