// Ack links, which anybody may alter: only a token that we made is taken, and it says what we put into it.
// The input's first line is given as a token as it is; the rest becomes a link of ours: a line with its expiry, one
// with the incident, the contact; and what to do to the token: the line's end is a place and a byte.
#include <charconv>
#include <string>

#include "daemon/oncall/ack_link.h"
#include "tests/fuzz/check.h"

namespace candor::oncall {
namespace {

using fuzz::require;

const Secret key{"a key of thirty-two bytes, or so"};
const Secret other_key{"a key of thirty-two bytes, or sO"};
const Instant now = from_ms(1'795'000'000'000);

bool same(const AckLink& a, const AckLink& b) {
  return a.incident == b.incident && a.contact == b.contact && a.expires == b.expires && a.outbreak == b.outbreak;
}

/// Tokens are signed over one text for one link, so one that is taken is the one that we would make.
void check_stranger(std::string_view token) {
  const auto link = read_ack_token(key, token, now);
  if (link) {
    require(make_ack_token(key, *link) == token, "a token that is taken is one that we made");
    require(link->expires > now, "an expired link is refused");
  }
  require(!read_ack_token(other_key, token, now), "another key's token is refused");
  require(!read_ack_token(Secret{}, token, now), "without a key every token is refused");
}

void check_ours(const AckLink& link, std::size_t place, char bits) {
  std::string token = make_ack_token(key, link);
  require(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string::npos,
      "a token fits into a path segment");
  const auto back = read_ack_token(key, token, now);
  require(back.has_value() == (link.expires > now && token.size() <= 1024), "a token is taken until it expires");
  require(!back || same(*back, link), "a token says what was put into it");
  require(!read_ack_token(other_key, token, now), "another key's token is refused");
  if (bits == 0) return;
  char& altered = token[place % token.size()];
  altered = static_cast<char>(altered ^ bits);
  require(!read_ack_token(key, token, from_ms(0)), "an altered token is refused");
}

void check(std::string_view text) {
  check_stranger(fuzz::take_line(text));
  const std::string_view expiry = fuzz::take_line(text);
  std::int64_t expires = 0;
  (void)std::from_chars(expiry.data(), expiry.data() + expiry.size(), expires);
  const std::string_view incident = fuzz::take_line(text);
  const std::size_t place = expiry.empty() ? 0 : static_cast<unsigned char>(expiry.back()) * incident.size();
  const auto outbreak = static_cast<std::uint32_t>(incident.size());
  check_ours({std::string{incident}, std::string{text}, from_ms(expires), outbreak}, place,
             text.empty() ? '\0' : text.front());
}

}  // namespace
}  // namespace candor::oncall

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  candor::oncall::check(candor::fuzz::text_of(data, size));
  return 0;
}
