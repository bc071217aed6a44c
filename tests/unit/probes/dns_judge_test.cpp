#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "probes/kinds/dns.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;
using testing::IsEmpty;

class DnsJudge : public testing::Test {
 protected:
  DnsJudge() {
    config.name = "pay.acme.example";
    config.timeout = 2s;
    seen.resolver = "10.0.0.53:53";
    seen.phases.total = 2'600us;
  }

  void answers(const std::vector<std::string>& texts, std::uint32_t ttl = 60) {
    seen.answer.emplace();
    for (const std::string& text : texts) seen.answer->answers.push_back({config.name, config.type, ttl, text});
  }
  void refuses(int rcode) { seen.answer = DnsMessage{.rcode = rcode}; }
  void asks_for(DnsType type, const std::string& name) {
    config.type = type;
    config.type_name = name;
  }

  Outcome outcome() const { return judge(config, seen); }
  /// What stands behind the question in the evidence of a failure.
  std::string failing() const {
    const Outcome found = outcome();
    EXPECT_EQ(found.health, Health::failing);
    EXPECT_FALSE(found.symptom.empty());
    EXPECT_EQ(found.symptom.find("acme"), std::string::npos);
    const std::string question = "ask 10.0.0.53:53 for " + config.type_name + " of pay.acme.example: ";
    EXPECT_TRUE(found.evidence.starts_with(question)) << found.evidence;
    return found.evidence.substr(std::min(question.size(), found.evidence.size()));
  }

  DnsConfig config;
  DnsSeen seen;
};

TEST_F(DnsJudge, has_nothing_to_say_when_all_is_well) {
  answers({"192.0.2.1", "192.0.2.2"}, 300);
  seen.answer->answers[1].ttl = 30;
  const Outcome found = outcome();
  EXPECT_EQ(found.health, Health::ok);
  EXPECT_EQ(found.evidence, "");
  ASSERT_EQ(found.readings.size(), 2U);
  EXPECT_EQ(found.readings[0].name, "answers");
  EXPECT_EQ(found.readings[0].value, 2);
  EXPECT_EQ(found.readings[1].name + " " + found.readings[1].unit, "lowest_ttl s");
  EXPECT_EQ(found.readings[1].value, 30);
}

TEST_F(DnsJudge, tells_of_a_code_that_was_not_expected) {
  refuses(3);
  EXPECT_EQ(failing(), "NXDOMAIN after 3 ms, expected NOERROR");
  EXPECT_EQ(outcome().symptom, "failing name lookups");
  refuses(2);
  EXPECT_EQ(failing(), "SERVFAIL after 3 ms, expected NOERROR");
}

TEST_F(DnsJudge, can_expect_that_a_name_does_not_exist) {
  config.rcode = 3;
  refuses(3);
  EXPECT_EQ(outcome().health, Health::ok);
  answers({"192.0.2.66"});
  EXPECT_EQ(failing(), "192.0.2.66 after 3 ms, expected NXDOMAIN");
  EXPECT_EQ(outcome().symptom, "unexpected answers");
}

TEST_F(DnsJudge, wants_one_record_at_least) {
  answers({});
  EXPECT_EQ(failing(), "no A record after 3 ms, expected one");
  config.equals.emplace();
  EXPECT_EQ(outcome().health, Health::ok);
  answers({"192.0.2.1"});
  EXPECT_EQ(failing(), "192.0.2.1 after 3 ms, expected no A record");
}

TEST_F(DnsJudge, compares_the_whole_set_in_any_order) {
  config.equals = {"192.0.2.1", "192.0.2.2"};
  answers({"192.0.2.2", "192.0.2.1", "192.0.2.2"});
  EXPECT_EQ(outcome().health, Health::ok);
  answers({"192.0.2.2"});
  EXPECT_EQ(failing(), "192.0.2.2 after 3 ms, expected 192.0.2.1, 192.0.2.2 and nothing else");
  answers({"192.0.2.3", "192.0.2.2", "192.0.2.1"});
  EXPECT_THAT(failing(), HasSubstr("192.0.2.1, 192.0.2.2, 192.0.2.3 after 3 ms"));
}

TEST_F(DnsJudge, misses_what_must_be_among_the_records) {
  config.contains = {"192.0.2.1", "192.0.2.2"};
  answers({"192.0.2.2", "192.0.2.1", "192.0.2.9"});
  EXPECT_EQ(outcome().health, Health::ok);
  answers({"192.0.2.2", "192.0.2.9"});
  EXPECT_EQ(failing(), "192.0.2.2, 192.0.2.9 after 3 ms, 192.0.2.1 is missing");
}

TEST_F(DnsJudge, searches_for_a_pattern_in_one_record_at_least) {
  asks_for(DnsType::txt, "TXT");
  config.matches = std::make_shared<const RE2>("^v=spf1");
  answers({"google=1", "v=spf1 -all"});
  EXPECT_EQ(outcome().health, Health::ok);
  answers({"google=1", "spf"});
  EXPECT_EQ(failing(), R"("google=1", "spf" after 3 ms, none matches "^v=spf1")");
}

TEST_F(DnsJudge, shows_no_more_than_one_can_read) {
  asks_for(DnsType::txt, "TXT");
  config.contains = {"missing"};
  std::vector<std::string> many(50);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = std::to_string(i) + std::string(5000, 'x');
  answers(many);
  EXPECT_THAT(failing(), HasSubstr("…\" and 46 more after 3 ms"));
  EXPECT_LT(failing().size(), 600U);
}

TEST_F(DnsJudge, wants_dnssec_where_it_is_told_to) {
  config.authentic = true;
  answers({"192.0.2.1"});
  EXPECT_EQ(failing(), "192.0.2.1 after 3 ms, and the resolver does not say that DNSSEC vouches for it");
  seen.answer->authentic = true;
  EXPECT_EQ(outcome().health, Health::ok);
  config.rcode = 3;
  refuses(3);
  EXPECT_THAT(failing(), HasSubstr("NXDOMAIN after 3 ms, and the resolver does not say"));
}

TEST_F(DnsJudge, tells_of_silence_and_of_what_kept_an_answer_back) {
  EXPECT_EQ(failing(), "no answer within 2 s");
  EXPECT_THAT(outcome().readings, IsEmpty());
  seen.unreached = "not reached: nothing listens there, or no route leads there";
  EXPECT_EQ(failing(), "not reached: nothing listens there, or no route leads there (after 3 ms)");
  seen.strayed = true;
  EXPECT_EQ(failing(), "what came back is no whole answer to the question (after 3 ms)");
  seen.unreached.clear();
  EXPECT_EQ(failing(), "no answer within 2 s; what came back is no whole answer to the question");
  seen.unreadable = "it ends too early";
  EXPECT_EQ(failing(), "the answer after 3 ms cannot be read: it ends too early");
}

TEST_F(DnsJudge, says_over_what_it_asked) {
  seen.tcp = true;
  EXPECT_THAT(outcome().evidence, HasSubstr("ask 10.0.0.53:53 over TCP for A of"));
  seen.cut_off = true;
  EXPECT_THAT(outcome().evidence, HasSubstr("ask 10.0.0.53:53 over TCP, as its answer over UDP was cut off, for A of"));
}

TEST_F(DnsJudge, finds_slow_answers_degraded) {
  config.degraded_above = 2ms;
  answers({"192.0.2.1"});
  EXPECT_EQ(outcome().health, Health::degraded);
  EXPECT_EQ(outcome().evidence, "ask 10.0.0.53:53 for A of pay.acme.example: answered in 3 ms, slower than 2 ms");
  EXPECT_EQ(outcome().symptom, "slow name lookups");
  refuses(2);
  EXPECT_EQ(outcome().health, Health::failing);
}

TEST_F(DnsJudge, cannot_tell_what_this_machine_could_not_ask) {
  seen.impossible = "epoll_create1: Too many open files";
  EXPECT_EQ(outcome().health, Health::unknown);
  EXPECT_EQ(outcome().evidence,
            "ask 10.0.0.53:53 for A of pay.acme.example: this machine could not: epoll_create1: Too many open files");
}

}  // namespace
}  // namespace candor::probes
