#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "probes/kinds/websocket.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;
using testing::Not;
using Stage = net::Failure::Stage;
using Step = WebsocketSeen::Step;

const std::string url = "wss://chat.acme.example/socket: ";
const std::string address = "10.0.0.7:443 (chat.acme.example)";

class WebsocketJudge : public testing::Test {
 protected:
  WebsocketJudge() {
    config.target = {"chat.acme.example", 443};
    config.shown = "wss://chat.acme.example/socket";
    config.send = Secret{"swordfish?"};
    config.hidden.add("swordfish?");
    config.expect = std::make_shared<const RE2>("^pong$", RE2::Quiet);
    config.degraded_above = 100ms;
    config.timeout = 2s;
    seen = {.step = Step::done, .message = "pong", .peer = "10.0.0.7:443"};
    seen.phases.total = 12ms;
  }

  Outcome judged() { return judge(config, seen, Instant{}); }
  Outcome judge_failure(Step step, Stage stage, bool timed_out, std::string reason = {}) {
    seen.step = step;
    seen.failure = net::Failure{stage, timed_out, std::move(reason)};
    return judged();
  }

  WebsocketConfig config;
  WebsocketSeen seen;
};

TEST_F(WebsocketJudge, finds_the_expected_message_ok) {
  EXPECT_EQ(judged().health, Health::ok) << judged().evidence;
  EXPECT_EQ(judged().evidence, "");
  EXPECT_EQ(judged().phases.total, 12ms);
  config.expect = nullptr;
  seen.message.clear();
  EXPECT_EQ(judged().health, Health::ok);
}

TEST_F(WebsocketJudge, tells_of_another_message_but_not_of_what_was_said) {
  seen.message = "who said swordfish?\x1b[2J";
  EXPECT_EQ(judged().health, Health::failing);
  EXPECT_THAT(judged().evidence, HasSubstr(url + "the message \"who said ***"));
  EXPECT_THAT(judged().evidence, HasSubstr(" of " + address + " does not match \"^pong$\" (after 12 ms)"));
  EXPECT_EQ(judged().evidence.find('\x1b'), std::string::npos);
  EXPECT_EQ(judged().symptom, "unexpected answers");
  seen.message = std::string(60'000, 'x');
  EXPECT_LT(judged().evidence.size(), 500U);
}

TEST_F(WebsocketJudge, finds_slow_answers_degraded) {
  seen.phases.total = 150ms;
  EXPECT_EQ(judged().health, Health::degraded);
  EXPECT_EQ(judged().evidence, url + address + " took 150 ms, slower than 100 ms");
  EXPECT_EQ(judged().symptom, "slow answers");
}

TEST_F(WebsocketJudge, tells_of_a_refused_upgrade) {
  seen = {.step = Step::upgrade, .status = 403, .phases = seen.phases, .peer = "10.0.0.7:443"};
  EXPECT_EQ(judged().evidence, url + "HTTP 403 from " + address + " after 12 ms, and no upgrade");
  EXPECT_EQ(judged().symptom, "errors (HTTP 403)");
  seen.status = 200;
  EXPECT_EQ(judged().symptom, "unexpected answers");
  seen = {.step = Step::upgrade, .breach = "bad version", .phases = seen.phases, .peer = "10.0.0.7:443"};
  EXPECT_EQ(judged().evidence, url + "the upgrade of " + address + " cannot be read: bad version (after 12 ms)");
}

TEST_F(WebsocketJudge, tells_of_a_goodbye_in_place_of_a_message) {
  seen = {.step = Step::answer,
          .closed = true,
          .close_code = 1008,
          .reason = "policy\n",
          .phases = seen.phases,
          .peer = "10.0.0.7:443"};
  EXPECT_EQ(judged().evidence,
            url + "closed by " + address + " after 12 ms with code 1008 (\"policy \"), without a message");
  EXPECT_EQ(judged().symptom, "requests without an answer");
  seen.close_code = 0;
  seen.reason.clear();
  EXPECT_EQ(judged().evidence, url + "closed by " + address + " after 12 ms, without a message");
}

TEST_F(WebsocketJudge, tells_where_it_broke_off) {
  EXPECT_EQ(judge_failure(Step::connect, Stage::connect, false, "Connection refused").evidence,
            "connect to " + address + ": Connection refused (after 12 ms)");
  EXPECT_EQ(judged().symptom, "failing connections");
  EXPECT_EQ(judge_failure(Step::upgrade, Stage::request, true).evidence,
            url + "no upgrade by " + address + " within 2 s");
  EXPECT_EQ(judge_failure(Step::answer, Stage::request, true).evidence,
            url + "no message from " + address + " within 2 s");
  EXPECT_EQ(judge_failure(Step::answer, Stage::answer, false, "the connection was closed").evidence,
            url + "no message from " + address + ": the connection was closed (after 12 ms)");
  EXPECT_EQ(judged().symptom, "requests without an answer");
  EXPECT_THAT(judge_failure(Step::send, Stage::request, true).evidence, Not(HasSubstr("swordfish")));
}

TEST_F(WebsocketJudge, cannot_tell_where_this_machine_fails) {
  seen.failure = {.stage = Stage::connect, .reason = "Too many open files: raise LimitNOFILE", .ours = true};
  EXPECT_EQ(judged().health, Health::unknown);
  EXPECT_EQ(judged().evidence, "cannot connect to " + address + ": Too many open files: raise LimitNOFILE");
  EXPECT_EQ(judged().symptom, "");
}

}  // namespace
}  // namespace candor::probes
