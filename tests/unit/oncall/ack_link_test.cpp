#include "daemon/oncall/ack_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/signature.h"

namespace candor::oncall {
namespace {

using namespace std::chrono_literals;

const Secret key{"0123456789abcdef0123456789abcdef"};
constexpr Instant now = from_ms(1'700'000'000'000);
const AckLink link{"k3x9a1b2c4d5", "ana", now + 1h};
using enum AckFault;

std::optional<AckFault> error_of(std::string_view token, Instant at = now, const Secret& with = key) {
  const std::expected<AckLink, AckFault> read = read_ack_token(with, token, at);
  EXPECT_FALSE(read) << token;
  return read ? std::nullopt : std::optional{read.error()};
}

/// A token that is signed as ours are, whatever it says.
std::string signed_token(const std::string& said) {
  const std::string payload = encode_base64url(said);
  const Digest digest = sign(key, "candor ack link:" + payload);
  return payload + "." + encode_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

TEST(AckLink, says_what_was_put_into_it) {
  for (const std::string contact : {"ana", "Ana Müller", "a.b:c\nd", ""}) {
    const auto read = read_ack_token(key, make_ack_token(key, {"k3x9a1b2c4d5", contact, now + 1h}), now);
    ASSERT_TRUE(read) << contact;
    EXPECT_EQ(read->incident, "k3x9a1b2c4d5");
    EXPECT_EQ(read->contact, contact);
    EXPECT_EQ(read->expires, now + 1h);
    EXPECT_EQ(read->outbreak, 0U);
  }
  EXPECT_EQ(read_ack_token(key, make_ack_token(key, {"k3x9a1b2c4d5", "ana", now + 1h, 3}), now)->outbreak, 3U);
}

TEST(AckLink, is_safe_in_a_url) {
  const std::string token = make_ack_token(key, {"k3x9a1b2c4d5", "Ana Müller/?&#", now});
  EXPECT_THAT(token, testing::MatchesRegex("[-_.A-Za-z0-9]+"));
}

TEST(AckLink, is_the_same_for_the_same_input) { EXPECT_EQ(make_ack_token(key, link), make_ack_token(key, link)); }

TEST(AckLink, tells_incident_and_contact_apart) {
  EXPECT_NE(make_ack_token(key, {"ab", "c", now}), make_ack_token(key, {"a", "bc", now}));
}

TEST(AckLink, tells_outbreaks_apart) {
  AckLink later = link;
  for (const std::uint32_t outbreak : {1U, 2U, 0xFFFF'FFFFU}) {
    const std::string before = make_ack_token(key, later);
    later.outbreak = outbreak;
    EXPECT_NE(make_ack_token(key, later), before);
  }
}

TEST(AckLink, works_until_it_expires) {
  const std::string token = make_ack_token(key, link);
  EXPECT_TRUE(read_ack_token(key, token, link.expires - 1ms));
  EXPECT_EQ(error_of(token, link.expires), expired);
  EXPECT_EQ(error_of(token, link.expires + 48h), expired);
}

TEST(AckLink, is_not_ours_once_any_character_is_changed) {
  const std::string token = make_ack_token(key, link);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string altered = token;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(error_of(altered), not_ours) << "character " << i;
    EXPECT_EQ(error_of(token.substr(0, i)), not_ours) << "cut at " << i;
  }
  EXPECT_EQ(error_of(token + "A"), not_ours);
  EXPECT_EQ(error_of(token + "."), not_ours);
  EXPECT_EQ(error_of(token + "="), not_ours);
}

TEST(AckLink, does_not_say_that_a_forged_link_expired) {
  std::string token = make_ack_token(key, {"k3x9a1b2c4d5", "ana", now - 1h});
  token.back() = token.back() == 'A' ? 'E' : 'A';
  EXPECT_EQ(error_of(token), not_ours);
}

TEST(AckLink, needs_the_key_it_was_made_with) {
  EXPECT_EQ(error_of(make_ack_token(Secret{"another"}, link)), not_ours);
  EXPECT_EQ(error_of(make_ack_token(Secret{""}, link), now, Secret{""}), not_ours) << "no key, no links";
}

TEST(AckLink, does_not_take_a_signature_made_for_something_else) {
  const std::string payload = encode_base64url("1\n99999999999999\n3\nabcana");
  const Digest digest = sign(key, payload);
  EXPECT_EQ(error_of(payload + "." + encode_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()})),
            not_ours);
}

TEST(AckLink, refuses_what_is_signed_but_says_nothing_it_knows) {
  EXPECT_TRUE(read_ack_token(key, signed_token("1\n99999999999999\n3\nabcana"), now));
  EXPECT_TRUE(read_ack_token(key, signed_token("2\n7\n99999999999999\n3\nabcana"), now));
  for (const std::string said :
       {"", "1", "1\n", "3\n99999999999999\n3\nabcana", "2\n0\n99999999999999\n3\nabcana",
        "2\n-1\n99999999999999\n3\nabcana", "2\n4294967296\n99999999999999\n3\nabcana", "2\n99999999999999\n3\nabcana",
        "1\n99999999999999\n7\nabcana", "1\n99999999999999\n-1\nabcana", "1\nsoon\n3\nabcana",
        "1\n99999999999999\n\nabcana", "1\n99999999999999999999\n3\nabcana", "1\n 99999999999999\n3\nabcana"}) {
    EXPECT_EQ(error_of(signed_token(said)), not_ours) << said;
  }
}

TEST(AckLink, refuses_malformed_and_endless_text) {
  for (const std::string_view token : {"", ".", "..", "a", "a.b", "a.b.c", "…", " "})
    EXPECT_EQ(error_of(token), not_ours) << token;
  EXPECT_EQ(error_of(std::string(10'000'000, 'A')), not_ours);
  EXPECT_EQ(error_of(signed_token("1\n99999999999999\n3\nabc" + std::string(1000, 'x'))), not_ours)
      << "longer than any name";
}

}  // namespace
}  // namespace candor::oncall
