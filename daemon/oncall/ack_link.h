#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/time.h"

namespace candor::oncall {

/// How long after its decision a page can be acked by its link.
inline constexpr Duration ack_link_lasts = std::chrono::hours{12};

/// Lets whoever holds the link ack one incident's page in the name of one contact, until it expires. Acking twice does
/// nothing more, so a replay is harmless; a later outbreak of the incident has links of its own.
struct AckLink {
  std::string incident;
  std::string contact;
  Instant expires{};
  std::uint32_t outbreak = 0;  ///< of the incident, from 1; 0 in links from before they were counted
};

/// The link's last path segment: what it says and an HMAC over it, in URL-safe characters.
[[nodiscard]] std::string make_ack_token(const Secret& key, const AckLink& link);

/// Why a link lets nobody ack.
enum class AckFault : std::uint8_t {
  not_ours,  ///< malformed or altered
  expired,
};

[[nodiscard]] std::expected<AckLink, AckFault> read_ack_token(const Secret& key, std::string_view token, Instant now);

}  // namespace candor::oncall
