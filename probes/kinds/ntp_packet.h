#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// Packets of the Network Time Protocol (RFC 5905, section 7.3), as far as a client needs them (RFC 4330). Pure.

namespace candor::probes {

using Nanoseconds = std::chrono::nanoseconds;

/// An instant on the wire: seconds since 1900 and their 2^-32nd parts, over again every 136 years.
using NtpTime = std::uint64_t;

/// `since_1970` on the wire.
[[nodiscard]] NtpTime ntp_time(Nanoseconds since_1970);

/// How much later `later` is than `earlier`; right for those less than 68 years apart, also over the end of an era.
[[nodiscard]] Nanoseconds ntp_between(NtpTime earlier, NtpTime later);

/// What a server says.
struct NtpAnswer {
  bool unsynchronized = false;  ///< it says so itself (leap indicator 3)
  int stratum = 0;              ///< 1: it has a clock of its own; 0 and 16 and more: it has no time
  std::string code;             ///< where the stratum is 0, why: up to four characters of ASCII, such as "RATE"
  std::chrono::microseconds root_delay{};
  std::chrono::microseconds root_dispersion{};
  NtpTime origin = 0;    ///< what the question said as its time
  NtpTime received = 0;  ///< when the question came, by the server's clock
  NtpTime sent = 0;      ///< when the answer went, by the server's clock
};

/// The question of a client. `mark` stands where its time may stand, and comes back: at random, nobody who does not see
/// the question can answer it, and it does not tell the time of this machine.
[[nodiscard]] std::string make_ntp_question(NtpTime mark);

/// Errors, a few words: what is no answer of a server.
[[nodiscard]] Result<NtpAnswer> read_ntp_answer(std::string_view packet);

/// What an exchange says of two clocks.
struct NtpComparison {
  Nanoseconds offset{};  ///< how far the server's clock is ahead of ours, right to half of `delay`
  Nanoseconds delay{};   ///< to the server and back, without the time that it took itself; at least 0
};

/// Of an answer to a question that went and came at these instants of our clock, since 1970.
[[nodiscard]] NtpComparison compare_clocks(const NtpAnswer& answer, Nanoseconds went, Nanoseconds came);

}  // namespace candor::probes
