#include "probes/kinds/ntp_packet.h"

#include <algorithm>

#include <fmt/format.h>

namespace candor::probes {
namespace {

constexpr Nanoseconds half_era = std::chrono::seconds{std::int64_t{1} << 31U};

using std::chrono::microseconds;

constexpr std::size_t header_size = 48;
constexpr std::uint64_t from_1900_to_1970 = 2'208'988'800;
constexpr unsigned server_mode = 4;
constexpr std::int64_t second = 1'000'000'000;

/// Of a packet that is long enough.
std::uint64_t number_at(std::string_view packet, std::size_t at, std::size_t bytes) {
  std::uint64_t number = 0;
  for (const char byte : packet.substr(at, bytes)) number = number << 8U | static_cast<unsigned char>(byte);
  return number;
}

/// Seconds with 16 bits behind the point.
microseconds short_time(std::uint64_t wire) { return microseconds{static_cast<std::int64_t>(wire * 1'000'000 >> 16U)}; }

/// A kiss code (RFC 5905, section 7.4).
std::string read_code(std::string_view packet) {
  std::string code{packet.substr(12, 4)};
  code.erase(std::min(code.find('\0'), code.size()));
  const bool plain = std::ranges::all_of(code, [](char c) { return c > 0x20 && c < 0x7F; });
  return plain ? code : std::string{};
}

}  // namespace

NtpTime ntp_time(Nanoseconds since_1970) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_1970);
  const auto rest = static_cast<std::uint64_t>((since_1970 - seconds).count());
  const std::uint64_t whole = static_cast<std::uint64_t>(seconds.count()) + from_1900_to_1970;
  return whole << 32U | (rest << 32U) / static_cast<std::uint64_t>(second);
}

Nanoseconds ntp_between(NtpTime earlier, NtpTime later) {
  const auto between = static_cast<std::int64_t>(later - earlier);
  const auto rest = static_cast<std::uint64_t>(between) & 0xFFFF'FFFFU;
  return Nanoseconds{(between >> 32) * second + static_cast<std::int64_t>(rest * second >> 32U)};
}

std::string make_ntp_question(NtpTime mark) {
  std::string packet(header_size, '\0');
  packet[0] = 0x23;  // version 4, a client
  for (std::size_t i = 0; i < 8; ++i) packet[40 + i] = static_cast<char>(mark >> (56 - 8 * i) & 0xFFU);
  return packet;
}

Result<NtpAnswer> read_ntp_answer(std::string_view packet) {
  if (packet.size() < header_size) return failure("it is too short");
  const std::uint64_t first = number_at(packet, 0, 1);
  const std::uint64_t version = first >> 3U & 7U;
  if (version < 1 || version > 4) return failure(fmt::format("it is of version {}", version));
  if ((first & 7U) != server_mode) return failure(fmt::format("it is of mode {}, which is no server's", first & 7U));
  NtpAnswer answer;
  answer.unsynchronized = first >> 6U == 3;
  answer.stratum = static_cast<int>(number_at(packet, 1, 1));
  if (answer.stratum == 0) answer.code = read_code(packet);
  answer.root_delay = short_time(number_at(packet, 4, 4));
  answer.root_dispersion = short_time(number_at(packet, 8, 4));
  answer.origin = number_at(packet, 24, 8);
  answer.received = number_at(packet, 32, 8);
  answer.sent = number_at(packet, 40, 8);
  return answer;
}

NtpComparison compare_clocks(const NtpAnswer& answer, Nanoseconds went, Nanoseconds came) {
  const Nanoseconds there = ntp_between(ntp_time(went), answer.received);
  const Nanoseconds inside = ntp_between(answer.received, answer.sent);
  const Nanoseconds around = came - went;
  // RFC 5905, section 8, takes the mean of this and of the way back; of two 68 years off one may be ahead, one behind.
  const Nanoseconds offset = there + (inside - around) / 2;
  // Stamps that contradict each other may say more than two clocks can differ by.
  return {.offset = std::clamp(offset, -half_era, half_era), .delay = std::max(Nanoseconds{0}, around - inside)};
}

}  // namespace candor::probes
