#include "daemon/oncall/ack_link.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/signature.h"

namespace candor::oncall {
namespace {

/// Room for the longest names that a configuration takes, and a bound on what a stranger may make us look at.
constexpr std::size_t most_token_bytes = 1024;
constexpr std::string_view version = "2";
constexpr std::string_view without_outbreak = "1";  // the version before

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Says what is signed, so that a signature made with the same key for another purpose is none here.
std::string signature_of(const Secret& key, std::string_view payload) {
  return encode_base64url(bytes_of(sign(key, fmt::format("candor ack link:{}", payload))));
}

/// Takes a line off the front of `text`.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::int64_t> take_number(std::string_view& text) {
  const std::optional<std::string_view> line = take_line(text);
  if (!line) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), number);
  if (error != std::errc{} || end != line->data() + line->size()) return std::nullopt;
  return number;
}

}  // namespace

std::string make_ack_token(const Secret& key, const AckLink& link) {
  const std::string head =
      link.outbreak > 0 ? fmt::format("{}\n{}", version, link.outbreak) : std::string{without_outbreak};
  // The incident behind its length, so that no two links share a text.
  const std::string said =
      fmt::format("{}\n{}\n{}\n{}{}", head, to_ms(link.expires), link.incident.size(), link.incident, link.contact);
  const std::string payload = encode_base64url(said);
  return payload + "." + signature_of(key, payload);
}

std::expected<AckLink, AckFault> read_ack_token(const Secret& key, std::string_view token, Instant now) {
  const auto refuse = [] { return std::unexpected(AckFault::not_ours); };
  if (key.empty() || token.size() > most_token_bytes) return refuse();
  const std::size_t dot = token.find('.');
  if (dot == std::string_view::npos) return refuse();
  const std::string_view payload = token.substr(0, dot);
  if (!equal_in_constant_time(token.substr(dot + 1), signature_of(key, payload))) return refuse();

  // From here on the token is ours; what cannot be read was written by another version.
  const std::optional<std::string> said = decode_base64url(payload);
  if (!said) return refuse();
  std::string_view rest = *said;
  const std::optional<std::string_view> written_by = take_line(rest);
  if (written_by != version && written_by != without_outbreak) return refuse();
  const std::optional<std::int64_t> outbreak = written_by == version ? take_number(rest) : 0;
  if (!outbreak || !std::in_range<std::uint32_t>(*outbreak)) return refuse();
  if (written_by == version && *outbreak == 0) return refuse();
  const std::optional<std::int64_t> expires_ms = take_number(rest);
  const std::optional<std::int64_t> incident_bytes = take_number(rest);
  if (!expires_ms || !incident_bytes || *incident_bytes < 0) return refuse();
  const auto split = static_cast<std::size_t>(*incident_bytes);
  if (split > rest.size()) return refuse();
  AckLink link{std::string{rest.substr(0, split)}, std::string{rest.substr(split)}, from_ms(*expires_ms),
               static_cast<std::uint32_t>(*outbreak)};
  if (now >= link.expires) return std::unexpected(AckFault::expired);
  return link;
}

}  // namespace candor::oncall
