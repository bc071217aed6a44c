#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/alerts/push_book.h"
#include "tests/unit/alerts/push_world.h"

namespace candor::alerts {
namespace {

using rules::Health;
using testing::IsEmpty;
using testing::SizeIs;

// Who pushes, and who fell silent.

TEST_F(PushBookTest, hears_again_of_a_silent_sender) {
  push({from_prometheus("Down", noon)});
  pass(10min);
  push({from_prometheus("Down", noon)});
  EXPECT_EQ(find("Down")->health, Health::failing);
  ASSERT_THAT(senders, SizeIs(3));
  EXPECT_EQ(senders[2], (SourceChange{"push:prom:9090", true, "it pushes alerts"}));
}

TEST_F(PushBookTest, tells_of_a_sender_anew_that_was_forgotten) {
  push({from_prometheus("Down", noon)});
  push({from_prometheus("Down", noon)});
  EXPECT_THAT(senders, SizeIs(1));
  book.forget("push:prom:9090");
  push({from_prometheus("Down", noon)});
  ASSERT_THAT(senders, SizeIs(2));
  EXPECT_EQ(senders[1], senders[0]);
}

TEST_F(PushBookTest, knows_whose_alerts_there_are) {
  EXPECT_THAT(senders_of(signals), IsEmpty());
  push({from_prometheus("Down", noon)});
  EXPECT_THAT(senders_of(signals), testing::ElementsAre("push:prom:9090"));
  pass(1h);
  EXPECT_THAT(senders_of(signals), testing::ElementsAre("push:prom:9090")) << "it is silent, and they are unknown";
  Alert end = from_prometheus("Down", noon);
  end.ends_at = now;
  push({end});
  EXPECT_THAT(senders_of(signals), IsEmpty());
}

TEST_F(PushBookTest, does_not_call_a_sender_silent_that_speaks_of_other_alerts) {
  push({from_prometheus("Down", noon), from_prometheus("Slow", noon)});
  for (int minute = 0; minute < 10; ++minute) {
    pass(1min);
    push({from_prometheus("Slow", noon)});
  }
  EXPECT_EQ(find("Down")->health, Health::unknown);
  EXPECT_EQ(find("Slow")->health, Health::failing);
  EXPECT_THAT(senders, SizeIs(1));
}

TEST_F(PushBookTest, calls_a_sender_silent_whose_last_word_was_an_end) {
  push({from_prometheus("Down", noon), from_prometheus("Slow", noon)});
  pass(1min);
  Alert end = from_prometheus("Slow", noon);
  end.ends_at = now;
  push({end});
  pass(3min);  // "Down" expires, but four minutes have not passed since that word
  EXPECT_EQ(find("Down")->health, Health::unknown);
  EXPECT_THAT(senders, SizeIs(1));
  pass(1min);
  ASSERT_THAT(senders, SizeIs(2));
  EXPECT_FALSE(senders[1].answering);
}

TEST_F(PushBookTest, knows_a_bounded_number_of_senders) {
  for (int i = 0; i < 3000; ++i) {
    Alert made = from_prometheus("Down", noon);
    made.generator_url = fmt::format("http://host-{}:9090/graph", i);
    now += 1ms;
    push({made});
  }
  EXPECT_LE(senders.size(), 1001U);
}

TEST(Authority, is_the_host_and_port_of_an_url) {
  EXPECT_EQ(authority_of("http://prom:9090/graph?g0.expr=a%2Fb"), "prom:9090");
  EXPECT_EQ(authority_of("https://prom.example"), "prom.example");
  EXPECT_EQ(authority_of("http://[::1]:9090/graph"), "[::1]:9090");
  EXPECT_EQ(authority_of("http://user:secret@prom:9090/x@y"), "prom:9090");
  EXPECT_EQ(authority_of("http://prom?x=http://other/"), "prom");
  EXPECT_EQ(authority_of("/graph"), "");
  EXPECT_EQ(authority_of(""), "");
  EXPECT_EQ(authority_of("http://a b\n/"), "");
  EXPECT_EQ(authority_of("http://" + std::string(300, 'a') + "/"), "");
}

}  // namespace
}  // namespace candor::alerts
