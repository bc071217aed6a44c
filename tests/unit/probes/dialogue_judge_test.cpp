#include <cerrno>

#include <gtest/gtest.h>

#include "probes/kinds/dialogue.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using Stage = net::Failure::Stage;
using What = DialogueStep::What;

class JudgeDialogue : public testing::Test {
 protected:
  JudgeDialogue() {
    seen.peer = "10.0.0.7:25";
    seen.phases.total = 12ms;
  }
  void expect(Health health, const std::string& evidence, const std::string& symptom) const {
    const Outcome outcome = judge(config, seen, now);
    EXPECT_EQ(outcome.health, health);
    EXPECT_EQ(outcome.evidence, evidence);
    EXPECT_EQ(outcome.symptom, symptom);
  }

  Instant now = *parse_rfc3339("2026-11-23T05:00:00Z");
  DialogueConfig config{.target = {"mail.acme.example", 25},
                        .timeout = 3s,
                        .degraded_above = 800ms,
                        .steps = {{.what = What::expect, .wanted = "\"^220 \""}, {.what = What::send}},
                        .wanted = {.name = "mail.acme.example"}};
  DialogueSeen seen{.step = 2};
};

TEST(InQuotes, makes_lines_of_utf8_of_any_bytes) {
  EXPECT_EQ(in_quotes("a\x9f\x9b"
                      "b\xff"),
            "\"a\uFFFD\uFFFDb\uFFFD\"");
  EXPECT_EQ(in_quotes("caf\u00e9\r\n\u009b"), "\"caf\u00e9   \"");
}

TEST_F(JudgeDialogue, finds_one_that_was_held_ok) { expect(Health::ok, "", ""); }

TEST_F(JudgeDialogue, tells_how_far_a_connection_came) {
  seen.step = 0;
  seen.failure = {.stage = Stage::connect, .reason = "Connection refused"};
  expect(Health::failing, "connect to 10.0.0.7:25 (mail.acme.example): Connection refused (after 12 ms)",
         "failing connections");
  seen.failure = {.stage = Stage::connect, .timed_out = true};
  expect(Health::failing, "connect to 10.0.0.7:25 (mail.acme.example) timed out after 3 s", "failing connections");
  seen.failure = {.stage = Stage::tls, .reason = "wrong version number"};
  config.steps.front().what = What::secure;
  expect(Health::failing, "TLS handshake with 10.0.0.7:25 (mail.acme.example): wrong version number (after 12 ms)",
         "failing connections");
  seen.peer.clear();
  seen.failure = {.stage = Stage::name_lookup, .reason = "Domain name not found"};
  expect(Health::failing, "look up mail.acme.example: Domain name not found (after 12 ms)", "failing connections");
}

TEST_F(JudgeDialogue, tells_what_was_expected_and_what_came) {
  seen.step = 0;
  seen.said = "554 no\r\n";
  seen.failure = {.stage = Stage::answer, .timed_out = true};
  expect(Health::failing, "expected \"^220 \" from 10.0.0.7:25 (mail.acme.example) within 3 s, got \"554 no\"",
         "unexpected answers");
  seen.failure = {.stage = Stage::answer, .reason = "the connection was closed"};
  expect(Health::failing,
         "expected \"^220 \" from 10.0.0.7:25 (mail.acme.example), got \"554 no\", and after 12 ms: the connection was "
         "closed",
         "unexpected answers");
  seen.failure.reset();
  seen.refused = true;
  expect(Health::failing, "expected \"^220 \" from 10.0.0.7:25 (mail.acme.example), got \"554 no\" after 12 ms",
         "unexpected answers");
}

TEST_F(JudgeDialogue, tells_of_silence) {
  seen.step = 0;
  seen.failure = {.stage = Stage::request, .timed_out = true};
  expect(Health::failing, "expected \"^220 \" from 10.0.0.7:25 (mail.acme.example) within 3 s, got nothing",
         "requests without an answer");
}

TEST_F(JudgeDialogue, tells_when_it_heard_no_longer) {
  seen.step = 0;
  seen.too_much = true;
  const std::string said(most_said, 'x');
  seen.said = said;
  expect(Health::failing,
         "expected \"^220 \" from 10.0.0.7:25 (mail.acme.example), got \"" + said.substr(0, 200) +
             "…\" and 64 kB in all without it (after 12 ms)",
         "unexpected answers");
}

TEST_F(JudgeDialogue, tells_which_step_could_not_be_sent) {
  seen.step = 1;
  seen.failure = {.stage = Stage::request, .reason = "Connection reset by peer"};
  expect(Health::failing,
         "step 2 of the dialogue with 10.0.0.7:25 (mail.acme.example), sending: Connection reset by peer (after 12 ms)",
         "failing connections");
}

TEST_F(JudgeDialogue, blots_out_a_secret_before_it_cuts) {
  seen.step = 0;
  seen.failure = {.stage = Stage::answer, .timed_out = true};
  config.hidden.add("swordfish");
  const std::string said = std::string(195, 'x') + "swordfish";
  seen.said = said;
  EXPECT_EQ(judge(config, seen, now).evidence.find("sword"), std::string::npos);
}

TEST_F(JudgeDialogue, shows_codes_as_numbers) {
  seen.step = 0;
  seen.failure = {.stage = Stage::answer, .timed_out = true};
  seen.said = std::string_view{" \x02\x00\x05", 4};
  EXPECT_NE(judge(config, seen, now).evidence.find(R"(got " \x02\x00\x05")"), std::string::npos)
      << judge(config, seen, now).evidence;
}

TEST_F(JudgeDialogue, does_not_blame_the_target_for_this_machine) {
  seen.step = 0;
  seen.failure = {.stage = Stage::connect, .reason = "Too many open files", .ours = true, .error = EMFILE};
  expect(Health::unknown,
         "cannot connect to 10.0.0.7:25 (mail.acme.example): Too many open files: candord has no file descriptor "
         "left: raise LimitNOFILE of its unit",
         "");
  seen.failure = {.stage = Stage::name_lookup, .reason = "no resolver: look at it", .ours = true};
  expect(Health::unknown, "cannot look up mail.acme.example: no resolver: look at it", "");
}

TEST_F(JudgeDialogue, finds_a_slow_one_degraded) {
  seen.phases.total = 1240ms;
  expect(Health::degraded, "the dialogue with 10.0.0.7:25 (mail.acme.example) took 1.24 s, slower than 800 ms",
         "slow answers");
  config.steps.clear();
  seen.step = 0;
  expect(Health::degraded, "connecting to 10.0.0.7:25 (mail.acme.example) took 1.24 s, slower than 800 ms",
         "slow connections");
}

TEST_F(JudgeDialogue, calls_certificates_and_old_versions_by_their_names) {
  seen.tls = {.version = 12, .flaws = {{TlsFlaw::What::other, 0, "CN=x", "CN=x", "self-signed certificate"}}};
  expect(Health::failing,
         "certificate CN=x of 10.0.0.7:25 (mail.acme.example) was refused: self-signed certificate (seen "
         "after 12 ms)",
         "a certificate problem");
  seen.tls.flaws.clear();
  config.wanted.minimum = 13;
  EXPECT_EQ(judge(config, seen, now).symptom, "outdated encryption");
}

}  // namespace
}  // namespace candor::probes
