#include "probes/kinds/echo.h"

#include <cstddef>
#include <cstring>

namespace candor::probes {
namespace {

// Type, code, checksum, identifier, sequence number; then what is echoed.
constexpr std::size_t sequence_at = 6;
constexpr std::size_t mark_at = 8;
constexpr std::size_t least_size = mark_at + sizeof(std::uint64_t);

}  // namespace

EchoRequest make_echo_request(bool ipv6, std::uint16_t sequence, std::uint64_t mark) {
  EchoRequest packet{};
  packet[0] = ipv6 ? '\x80' : '\x08';
  packet[sequence_at] = static_cast<char>(sequence >> 8U);
  packet[sequence_at + 1] = static_cast<char>(sequence & 0xFFU);
  std::memcpy(&packet.at(mark_at), &mark, sizeof mark);
  return packet;
}

std::optional<Echo> read_echo_reply(bool ipv6, std::string_view packet) {
  if (packet.size() < least_size || packet[0] != (ipv6 ? '\x81' : '\x00') || packet[1] != 0) return std::nullopt;
  Echo echo;
  std::memcpy(&echo.mark, packet.data() + mark_at, sizeof echo.mark);
  const auto high = static_cast<unsigned char>(packet[sequence_at]);
  const auto low = static_cast<unsigned char>(packet[sequence_at + 1]);
  echo.sequence = static_cast<std::uint16_t>(high << 8U | low);
  return echo;
}

}  // namespace candor::probes
