#include "probes/kinds/certificates.h"

#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using Place = ChainLink::Place;
using What = TlsFlaw::What;

class JudgeTls : public testing::Test {
 protected:
  [[nodiscard]] TlsVerdict judged() const { return judge_tls(wanted, seen, address, 12ms, now); }
  void expect(Health health, const std::string& evidence) const {
    EXPECT_EQ(judged().health, health);
    EXPECT_EQ(judged().evidence, evidence.empty() ? "" : evidence + " (seen after 12 ms)");
  }

  std::string address = "10.0.0.7:443 (pay.acme.example)";
  Instant now = *parse_rfc3339("2026-11-23T05:00:00Z");
  TlsWanted wanted{.name = "pay.acme.example", .degraded_below = 21 * 24h, .failing_below = 3 * 24h};
  TlsSeen seen{.version = 13,
               .chain = {{Place::own, "CN=pay.acme.example", now - 24h, now + 60 * 24h},
                         {Place::intermediate, "CN=Acme CA 2", now - 24h, now + 600 * 24h},
                         {Place::root, "CN=Acme Root", now - 24h, now + 6000 * 24h}},
               .names = {"pay.acme.example"}};
};

TEST_F(JudgeTls, has_nothing_to_say_of_a_sound_chain) { expect(Health::ok, ""); }

TEST_F(JudgeTls, tells_when_the_servers_own_certificate_runs_out) {
  seen.chain[0].expires = now + 6 * 24h + 5h;
  expect(Health::degraded,
         "certificate CN=pay.acme.example of 10.0.0.7:443 (pay.acme.example) expires in 6 days, on 2026-11-29");
  seen.chain[0].expires = now + 30h;
  expect(Health::failing,
         "certificate CN=pay.acme.example of 10.0.0.7:443 (pay.acme.example) expires in 30 hours, on 2026-11-24");
}

TEST_F(JudgeTls, is_exact_about_its_limits) {
  seen.chain[0].expires = now + 21 * 24h;
  EXPECT_EQ(judged().health, Health::ok);
  seen.chain[0].expires -= 1ms;
  EXPECT_EQ(judged().health, Health::degraded);
  seen.chain[0].expires = now + 3 * 24h;
  EXPECT_EQ(judged().health, Health::degraded);
  seen.chain[0].expires -= 1ms;
  EXPECT_EQ(judged().health, Health::failing);
}

TEST_F(JudgeTls, looks_at_every_certificate_and_names_its_place) {
  seen.chain[1].expires = now + 10 * 24h;
  expect(Health::degraded,
         "intermediate certificate CN=Acme CA 2 of 10.0.0.7:443 (pay.acme.example) expires in 10 days, on 2026-12-03");
  seen.chain[2].expires = now + 30min;
  expect(Health::failing,
         "root certificate CN=Acme Root of 10.0.0.7:443 (pay.acme.example) expires in 30 minutes, on 2026-11-23");
}

TEST_F(JudgeTls, tells_since_when_a_certificate_is_over) {
  seen.chain[0].expires = now - 3 * 24h;
  seen.flaws = {{What::other, 0, "CN=pay.acme.example", "CN=Acme CA 2", "too weak"},
                {What::expired, 0, "CN=pay.acme.example", "CN=Acme CA 2", "certificate has expired"}};
  const std::string evidence =
      "certificate CN=pay.acme.example of 10.0.0.7:443 (pay.acme.example) expired 3 days ago, on 2026-11-20";
  expect(Health::failing, evidence);
  wanted.verify = false;
  expect(Health::failing, evidence);
  wanted.failing_below = wanted.degraded_below = std::nullopt;
  expect(Health::ok, "");
}

TEST_F(JudgeTls, tells_from_when_a_certificate_is_valid) {
  seen.chain[0].begins = now + 24h;
  seen.flaws = {{What::not_yet_valid, 0, "CN=pay.acme.example", "CN=Acme CA 2", "not yet"}};
  expect(Health::failing,
         "certificate CN=pay.acme.example of 10.0.0.7:443 (pay.acme.example) is not valid before 2026-11-24");
}

TEST_F(JudgeTls, tells_whom_a_certificate_is_for) {
  seen.flaws = {{What::wrong_name, 0, "CN=shop", "CN=Acme CA 2", "hostname mismatch"}};
  seen.names = {"a.example", "b.example", "c.example", "d.example", "e.example"};
  expect(Health::failing,
         "certificate CN=shop of 10.0.0.7:443 (pay.acme.example) is for a.example, b.example, c.example and 2 more, "
         "not for pay.acme.example");
  seen.more_names = 1995;
  expect(Health::failing,
         "certificate CN=shop of 10.0.0.7:443 (pay.acme.example) is for a.example, b.example, c.example and 1997 more, "
         "not for pay.acme.example");
  seen.names.clear();
  expect(Health::failing,
         "certificate CN=shop of 10.0.0.7:443 (pay.acme.example) is for no host at all, not for "
         "pay.acme.example");
}

TEST_F(JudgeTls, says_that_a_common_name_does_not_count) {
  seen.flaws = {{What::wrong_name, 0, "CN=Pay.acme.example", "CN=Acme CA 2", "hostname mismatch"}};
  seen.names = {"10.0.0.7"};
  expect(Health::failing,
         "certificate CN=Pay.acme.example of 10.0.0.7:443 (pay.acme.example) is for 10.0.0.7, not for "
         "pay.acme.example: its CN does not count");
}

TEST_F(JudgeTls, tells_which_issuer_is_missing_and_what_else_was_refused) {
  seen.flaws = {{What::no_issuer, 0, "CN=pay.acme.example", "CN=Acme CA 2", "unable to get local issuer certificate"},
                {What::other, 0, "CN=pay.acme.example", "CN=Acme CA 2", "unable to verify the first certificate"}};
  expect(Health::failing,
         "certificate CN=pay.acme.example of 10.0.0.7:443 (pay.acme.example) was refused: its issuer CN=Acme CA 2 is "
         "neither trusted nor among the certificates sent");
  seen.flaws = {{What::other, 2, "CN=Acme Root", "CN=Acme Root", "self-signed certificate in certificate chain"}};
  expect(Health::failing,
         "root certificate CN=Acme Root of 10.0.0.7:443 (pay.acme.example) was refused: self-signed certificate in "
         "certificate chain");
}

TEST_F(JudgeTls, wants_the_version_that_was_asked_for) {
  seen.version = 12;
  expect(Health::ok, "");
  wanted.minimum = 13;
  expect(Health::failing, "10.0.0.7:443 (pay.acme.example) speaks TLS 1.2 and no newer, expected at least TLS 1.3");
  seen.version = 10;
  expect(Health::failing, "10.0.0.7:443 (pay.acme.example) speaks TLS 1.0 and no newer, expected at least TLS 1.3");
}

TEST_F(JudgeTls, says_nothing_before_a_handshake) {
  seen = {};
  wanted.minimum = 13;
  expect(Health::ok, "");
}

}  // namespace
}  // namespace candor::probes
