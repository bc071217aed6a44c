#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace candor::probes {

/// An echo request as ping sends it, 64 bytes with its header.
using EchoRequest = std::array<char, 64>;

/// ICMP's (RFC 792) or ICMPv6's (RFC 4443, section 4.1). Identifier and checksum are left to the kernel, which sets
/// them for a ping socket. Pure.
[[nodiscard]] EchoRequest make_echo_request(bool ipv6, std::uint16_t sequence, std::uint64_t mark);

/// What a reply gives back of its request.
struct Echo {
  std::uint64_t mark = 0;
  std::uint16_t sequence = 0;

  bool operator==(const Echo&) const = default;
};

/// Nothing for all but a reply. Pure; any bytes will do.
[[nodiscard]] std::optional<Echo> read_echo_reply(bool ipv6, std::string_view packet);

}  // namespace candor::probes
