#include "daemon/deliver/worker.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/log.h"
#include "base/net/transfers.h"
#include "daemon/oncall/ack_link.h"
#include "tests/unit/deliver/deliveries.h"
#include "tests/unit/deliver/webhook_receiver.h"

namespace candor::deliver {
namespace {

using namespace std::chrono_literals;
using incident::DeliveryEnd;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;
using Result = Attempt::Result;

struct Sent {
  incident::Delivery delivery;
  std::string ack_url;
  std::string incident_url;
  std::optional<Duration> failing_for;
  std::move_only_function<void(Attempt)> done;
};

/// Keeps what it is to send, for the test to answer.
class HeldChannel final : public Channel {
 public:
  explicit HeldChannel(std::vector<Sent>& sent) : sent_(sent) {}
  Send compose(const incident::Delivery& delivery, const std::string& ack_url, const std::string& incident_url,
               std::optional<Duration> failing_for) override {
    return [this, delivery, ack_url, incident_url, failing_for](std::move_only_function<void(Attempt)> done) {
      sent_.push_back({delivery, ack_url, incident_url, failing_for, std::move(done)});
    };
  }

 private:
  std::vector<Sent>& sent_;
};

struct Ended {
  std::string delivery;
  DeliveryEnd end;
  std::string why;
};

class TestLedger final : public Ledger {
 public:
  void attempted(store::Attempted it) override { attempts.push_back(std::move(it)); }
  void ended(const std::string& delivery, DeliveryEnd end, const std::string& why) override {
    ends.push_back({delivery, end, why});
    if (on_end) on_end(delivery);
  }
  Instant now() override { return instant; }

  Instant instant = start;
  std::vector<store::Attempted> attempts;
  std::vector<Ended> ends;
  std::function<void(const std::string&)> on_end;
};

struct WorkerTest : testing::Test {
  net::Loop loop;
  net::Transfers transfers{loop};
  net::HttpClient http{transfers};
  TestLedger ledger;
  prometheus::Registry registry;
  std::vector<Sent> sent;
  std::unique_ptr<Worker> worker;

  WorkerTest() { begin({}); }

  void begin(WorkerLimits limits) {
    worker.reset();
    registry_of_its_own = std::make_unique<prometheus::Registry>();
    worker = std::make_unique<Worker>(loop, Tools{http}, ledger, *registry_of_its_own, limits);
    worker->configure(settings({"contact:ana/1", "contact:bo/1"}));
  }
  WorkerSettings settings(const std::vector<std::string>& destinations) {
    WorkerSettings made{.channels = {}, .page_url = "https://status.example/", .ack_key = Secret{"key"}};
    for (const std::string& destination : destinations) {
      made.channels[destination] = {[this](const Tools&) { return std::make_unique<HeldChannel>(sent); }, ""};
    }
    return made;
  }
  /// They are decided, and then durable.
  void add(std::vector<incident::Delivery> deliveries) {
    std::vector<net::Task> prepared;
    for (incident::Delivery& delivery : deliveries) prepared.push_back(worker->prepare(std::move(delivery)));
    for (net::Task& task : prepared) task();
  }
  /// Ends the oldest send that is held.
  void answer(Result result, std::optional<Duration> retry_after = {}) {
    ASSERT_FALSE(sent.empty());
    Sent first = std::move(sent.front());
    sent.erase(sent.begin());
    first.done({.result = result, .what = "it answered", .retry_after = retry_after});
  }
  /// Lets the worker look at the clock.
  void advance(Duration by) {
    ledger.instant += by;
    worker->add(std::vector<store::OutboxRow>{});
  }
  [[nodiscard]] std::vector<std::string> held() const {
    std::vector<std::string> ids;
    for (const Sent& it : sent) ids.push_back(it.delivery.id);
    return ids;
  }
  [[nodiscard]] std::string metrics() const {
    return prometheus::TextSerializer().Serialize(registry_of_its_own->Collect());
  }

  std::unique_ptr<prometheus::Registry> registry_of_its_own;
};

TEST_F(WorkerTest, sends_at_once_and_tells_how_it_ended) {
  add({page("d1")});
  ASSERT_THAT(held(), ElementsAre("d1"));
  EXPECT_EQ(sent[0].delivery, page("d1"));
  ledger.instant += 40ms;
  answer(Result::delivered);
  ASSERT_EQ(ledger.ends.size(), 1U);
  EXPECT_EQ(ledger.ends[0].delivery, "d1");
  EXPECT_EQ(ledger.ends[0].end, DeliveryEnd::delivered);
  EXPECT_EQ(ledger.ends[0].why, "");
  EXPECT_THAT(worker->rows(), IsEmpty());
}

TEST_F(WorkerTest, links_the_incident_and_an_ack_that_expires) {
  incident::Delivery second = page("d1");
  second.outbreak = 2;
  add({second});
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].incident_url, "https://status.example/incidents/inc000000001");
  const std::string prefix = "https://status.example/ack/";
  ASSERT_THAT(sent[0].ack_url, testing::StartsWith(prefix));
  const std::string token = sent[0].ack_url.substr(prefix.size());
  const auto link = oncall::read_ack_token(Secret{"key"}, token, start + 12h - 1s);
  ASSERT_TRUE(link);
  EXPECT_EQ(link->incident, "inc000000001");
  EXPECT_EQ(link->contact, "ana");
  EXPECT_EQ(link->outbreak, 2U);
  EXPECT_FALSE(oncall::read_ack_token(Secret{"key"}, token, start + 12h + 1s));
}

TEST_F(WorkerTest, lets_nothing_leave_before_it_is_durable) {
  net::Task durable = worker->prepare(page("d1"));
  advance(1s);
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_THAT(worker->rows(), IsEmpty());
  durable();
  EXPECT_THAT(held(), ElementsAre("d1"));
}

TEST_F(WorkerTest, goes_by_the_configuration_of_the_moment_at_which_it_sends) {
  net::Task durable = worker->prepare(page("d1"));
  net::Task to_nobody = worker->prepare(page("d2", "contact:bo/1"));
  WorkerSettings changed = settings({"contact:ana/1"});
  changed.page_url = "https://elsewhere.example";
  worker->configure(std::move(changed));
  durable();
  to_nobody();
  ASSERT_THAT(held(), ElementsAre("d1"));
  EXPECT_THAT(sent[0].ack_url, testing::StartsWith("https://elsewhere.example/ack/"));
  ASSERT_TRUE(run_until(loop, [&] { return !ledger.ends.empty(); }));
  EXPECT_EQ(ledger.ends[0].delivery, "d2");
  EXPECT_EQ(ledger.ends[0].end, DeliveryEnd::dead);
}

TEST_F(WorkerTest, links_the_same_in_every_attempt) {
  begin({.backoff = {.base = 0ms, .cap = 0ms}});
  add({page("d1")});
  ASSERT_EQ(sent.size(), 1U);
  const std::string first = sent[0].ack_url;
  EXPECT_FALSE(sent[0].failing_for);
  ledger.instant += 5s;
  answer(Result::retry);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].ack_url, first);
  EXPECT_TRUE(sent[0].failing_for);
}

TEST_F(WorkerTest, says_since_when_a_delivery_fails) {
  begin({.backoff = {.base = 0ms, .cap = 0ms}});
  const auto failing_for = [this] { return sent.at(0).failing_for; };
  add({page("d1")});
  EXPECT_EQ(failing_for(), std::nullopt);
  ledger.instant += 10s;
  answer(Result::retry);
  EXPECT_EQ(failing_for(), 0s) << "not since it was sent: it may have hung";
  for (const Duration since : {20s, 40s}) {
    ledger.instant += 20s;
    answer(Result::retry);
    EXPECT_EQ(failing_for(), since);
  }
  ledger.instant -= 1h;
  answer(Result::retry);
  EXPECT_EQ(failing_for(), 0s) << "of a clock that was set back";
  answer(Result::delivered);

  add({page("d2")});
  EXPECT_EQ(failing_for(), std::nullopt);
  worker->withhold("d2");
  answer(Result::retry);
  ledger.instant += 5s;
  worker->release();
  EXPECT_EQ(failing_for(), 5s);
  answer(Result::dead);

  worker->add({row(page("d3"))});
  EXPECT_EQ(failing_for(), 0s) << "an attempt may have been under way before the restart";
  answer(Result::delivered);
}

TEST_F(WorkerTest, says_nothing_of_failures_where_what_was_never_tried_is_withheld) {
  add({page("d1"), page("d2")});
  worker->withhold("d2");
  answer(Result::delivered);
  EXPECT_THAT(held(), IsEmpty());
  worker->release();
  ASSERT_THAT(held(), ElementsAre("d2"));
  EXPECT_EQ(sent[0].failing_for, std::nullopt);
}

TEST_F(WorkerTest, links_nothing_that_there_is_not) {
  incident::Delivery resolved = page("d1");
  resolved.kind = incident::Delivery::Kind::resolved;
  resolved.message.incident_path.clear();
  add({resolved});
  WorkerSettings without_page = settings({"contact:bo/1"});
  without_page.page_url.clear();
  worker->configure(std::move(without_page));
  add({page("d2", "contact:bo/1")});
  ASSERT_EQ(sent.size(), 2U);
  for (const Sent& it : sent) {
    EXPECT_EQ(it.ack_url, "");
    EXPECT_EQ(it.incident_url, "");
  }
}

TEST_F(WorkerTest, retries_no_sooner_than_asked) {
  add({page("d1")});
  answer(Result::retry, 30s);
  ASSERT_EQ(ledger.attempts.size(), 1U);
  EXPECT_EQ(ledger.attempts[0].delivery, "d1");
  EXPECT_EQ(ledger.attempts[0].attempts, 1U);
  EXPECT_EQ(ledger.attempts[0].not_before, start + 30s);
  EXPECT_EQ(ledger.attempts[0].error, "it answered");
  advance(29s);
  EXPECT_THAT(held(), IsEmpty());
  advance(1s);
  EXPECT_THAT(held(), ElementsAre("d1"));
  EXPECT_THAT(ledger.ends, IsEmpty());
}

TEST_F(WorkerTest, wakes_by_itself_for_a_retry) {
  begin({.backoff = {.base = 1ms, .cap = 1ms}});
  add({page("d1")});
  answer(Result::retry);
  ledger.instant += 1ms;
  EXPECT_TRUE(run_until(loop, [&] { return !sent.empty(); }));
}

TEST_F(WorkerTest, says_loudly_that_a_delivery_is_dead) {
  add({page("d1")});
  answer(Result::dead);
  ASSERT_EQ(ledger.ends.size(), 1U);
  EXPECT_EQ(ledger.ends[0].end, DeliveryEnd::dead);
  EXPECT_EQ(ledger.ends[0].why, "it answered");
}

TEST_F(WorkerTest, continues_with_the_rows_of_a_restart) {
  worker->add({row(page("d1"), 3, start + 2s), row(page("d2"))});
  EXPECT_THAT(held(), IsEmpty());
  advance(2s);
  ASSERT_THAT(held(), ElementsAre("d1"));
  answer(Result::retry, 1s);
  EXPECT_EQ(ledger.attempts.at(0).attempts, 4U);
}

TEST_F(WorkerTest, tries_soon_after_a_restart_what_was_to_wait_for_longer) {
  worker->add({row(page("d1"), 9, start + 4min)});
  advance(2s);
  EXPECT_THAT(held(), IsEmpty()) << "starts in quick succession make no storm";
  advance(1s);
  ASSERT_THAT(held(), ElementsAre("d1"));
  answer(Result::retry, 1min);
  EXPECT_EQ(ledger.attempts.at(0).attempts, 10U);
  EXPECT_GE(ledger.attempts.at(0).not_before, ledger.instant + 1min);
}

TEST_F(WorkerTest, sends_at_once_what_waits_for_a_destination_whose_settings_a_reload_changed) {
  add({page("d1"), page("d2", "contact:bo/1")});
  answer(Result::retry, 5min);
  answer(Result::retry, 5min);
  WorkerSettings mended = settings({"contact:ana/1", "contact:bo/1"});
  mended.channels.at("contact:ana/1").fingerprint = "another";
  worker->configure(mended);
  ASSERT_THAT(held(), ElementsAre("d1"));
  answer(Result::retry, 5min);
  worker->configure(mended);
  EXPECT_THAT(held(), IsEmpty()) << "nothing changed";
}

TEST_F(WorkerTest, waits_for_nothing_that_was_answered_where_a_reload_sends_no_more) {
  add({page("d1")});
  WorkerSettings mended = settings({"contact:ana/1", "contact:bo/1"});
  mended.channels.at("contact:ana/1").fingerprint = "another";
  worker->configure(std::move(mended));
  answer(Result::retry, 5min);
  EXPECT_THAT(held(), ElementsAre("d1"));
}

TEST_F(WorkerTest, takes_no_refusal_from_where_a_reload_sends_no_more) {
  const auto refused_after = [this](WorkerSettings reloaded) {
    begin({});
    sent.clear();
    ledger.ends.clear();
    add({page("d1")});
    worker->configure(std::move(reloaded));
    answer(Result::dead);
  };
  WorkerSettings mended = settings({"contact:ana/1"});
  mended.channels.at("contact:ana/1").fingerprint = "another";
  refused_after(mended);
  EXPECT_THAT(ledger.ends, IsEmpty());
  ASSERT_THAT(held(), ElementsAre("d1")) << "to the address that it has now";
  answer(Result::dead);
  ASSERT_EQ(ledger.ends.size(), 1U) << "there it was refused too";
  EXPECT_EQ(ledger.ends[0].end, DeliveryEnd::dead);

  refused_after(settings({"contact:ana/1"}));
  EXPECT_EQ(ledger.ends.size(), 1U) << "the reload changed nothing of it";
  refused_after(settings({}));
  ASSERT_EQ(ledger.ends.size(), 1U) << "there is no other address";
  EXPECT_EQ(ledger.ends[0].why, "it answered");
}

TEST_F(WorkerTest, sends_what_was_addressed_to_nobody_where_a_reload_knows_whom) {
  add({page("d1", "contact:eve/1")});
  worker->configure(settings({"contact:eve/1"}));
  ASSERT_TRUE(run_until(loop, [&] { return !sent.empty(); }));
  EXPECT_THAT(held(), ElementsAre("d1"));
  EXPECT_THAT(ledger.ends, IsEmpty());
}

TEST_F(WorkerTest, sends_nothing_that_was_superseded) {
  add({page("d1"), page("d2"), page("d3")});
  worker->remove("d2");
  worker->remove("d1");  // under way
  worker->remove("unknown");
  answer(Result::delivered);
  EXPECT_THAT(ledger.ends, IsEmpty());
  EXPECT_THAT(held(), ElementsAre("d3"));
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_ended_total{end=\"superseded\"} 2"));
}

TEST_F(WorkerTest, sends_nothing_that_is_withheld_and_sends_it_where_that_ends) {
  worker->add({row(page("d1"), 2, start + 1min)});
  worker->withhold("d1");
  worker->withhold("d2");  // a start tells before it is here
  worker->add({row(page("d2", "contact:bo/1"))});
  WorkerSettings mended = settings({"contact:ana/1", "contact:bo/1"});
  mended.channels.at("contact:ana/1").fingerprint = "another";
  worker->configure(std::move(mended));
  advance(1h);
  EXPECT_THAT(held(), IsEmpty());
  worker->remove("d2");
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_ended_total{end=\"superseded\"} 1"));
  worker->release();
  EXPECT_THAT(held(), ElementsAre("d1"));
  worker->remove("d1");
  answer(Result::retry);
  advance(1h);
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_THAT(worker->rows(), IsEmpty());
  EXPECT_THAT(ledger.ends, IsEmpty());
}

TEST_F(WorkerTest, withholds_what_is_under_way_once_it_would_be_sent_again) {
  begin({.backoff = {.base = 0ms, .cap = 0ms}});
  add({page("d1"), page("d2", "contact:bo/1")});
  worker->withhold("d1");
  worker->withhold("d2");
  answer(Result::retry);
  answer(Result::delivered);
  EXPECT_THAT(held(), IsEmpty());
  ASSERT_EQ(ledger.ends.size(), 1U);
  EXPECT_EQ(ledger.ends[0].delivery, "d2");
  worker->release();
  EXPECT_THAT(held(), ElementsAre("d1"));
}

TEST_F(WorkerTest, may_be_called_from_its_ledger) {
  ledger.on_end = [this](const std::string& delivery) {
    if (delivery != "d1") return;
    worker->remove("d2");
    add({page("d4", "contact:bo/1")});
  };
  add({page("d1"), page("d2"), page("d3")});
  answer(Result::delivered);
  EXPECT_THAT(held(), UnorderedElementsAre("d3", "d4"));
}

TEST_F(WorkerTest, bounds_what_is_under_way) {
  begin({.places = {.all = 3, .shared = 1}});
  worker->configure(settings({"contact:a/1", "contact:b/1", "contact:c/1", "contact:d/1", "contact:e/1"}));
  for (const char* name : {"a", "b", "c", "d", "e"}) add({page(name, "contact:" + std::string(name) + "/1")});
  EXPECT_EQ(sent.size(), 3U);
  answer(Result::delivered);
  EXPECT_EQ(sent.size(), 3U);
  answer(Result::delivered);
  answer(Result::delivered);
  EXPECT_EQ(sent.size(), 2U);
}

TEST_F(WorkerTest, tells_of_what_finds_no_place) {
  log::start(log::Level::warning, log::Sink::stderr_text);
  begin({.places = {.all = 1, .shared = 0}});
  add({page("d1"), page("d2", "contact:bo/1")});
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_without_place 1"));
  testing::internal::CaptureStderr();
  advance(4s);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), Not(HasSubstr("deliveries_without_place"))) << "a moment";
  testing::internal::CaptureStderr();
  advance(1s);
  advance(1s);
  const std::string told = testing::internal::GetCapturedStderr();
  const std::size_t first = told.find("deliveries_without_place");
  ASSERT_NE(first, std::string::npos) << told;
  EXPECT_EQ(told.find("deliveries_without_place", first + 1), std::string::npos) << "once";
  answer(Result::delivered);
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_without_place 0"));
}

TEST_F(WorkerTest, ends_what_is_addressed_to_nobody) {
  add({page("d1", "contact:gone/2"), page("d2", "contact:gone/2"), page("d3")});
  EXPECT_THAT(ledger.ends, IsEmpty()) << "told from within add()";
  ASSERT_TRUE(run_until(loop, [&] { return ledger.ends.size() == 2; }));
  EXPECT_EQ(ledger.ends[0].delivery, "d1");
  EXPECT_EQ(ledger.ends[0].end, DeliveryEnd::dead);
  EXPECT_EQ(ledger.ends[0].why, "contact:gone/2 is no longer configured");
  EXPECT_EQ(ledger.ends[1].delivery, "d2");
  EXPECT_THAT(held(), ElementsAre("d3"));
}

TEST_F(WorkerTest, ends_at_a_reload_what_waits_for_a_destination_that_is_gone) {
  worker->add({row(page("d1"), 2, start + 1min), row(page("d2")), row(page("d3", "contact:bo/1"), 2, start + 1min)});
  worker->configure(settings({"contact:bo/1"}));
  ASSERT_TRUE(run_until(loop, [&] { return ledger.ends.size() == 2; }));
  EXPECT_EQ(ledger.ends[0].delivery, "d1");
  EXPECT_EQ(ledger.ends[1].delivery, "d2");
  EXPECT_THAT(ids_of(worker->rows()), ElementsAre("d3"));
  EXPECT_THAT(held(), IsEmpty());
}

TEST_F(WorkerTest, hears_of_sends_that_a_reload_overtakes) {
  add({page("d1"), page("d2")});
  worker->configure(settings({"contact:ana/1"}));
  answer(Result::delivered);
  ASSERT_EQ(ledger.ends.size(), 1U);
  EXPECT_EQ(ledger.ends[0].end, DeliveryEnd::delivered);
  EXPECT_THAT(held(), ElementsAre("d2"));
}

TEST_F(WorkerTest, may_end_with_sends_under_way) {
  add({page("d1"), page("nobody", "contact:gone/1")});
  worker.reset();
  answer(Result::delivered);
  loop.poll();
  EXPECT_THAT(ledger.ends, IsEmpty());
}

TEST_F(WorkerTest, lets_what_is_under_way_end_when_it_is_drained_and_begins_nothing) {
  bool drained = false;
  add({page("d1"), page("d2"), page("d3", "contact:bo/1")});
  worker->drain([&] { drained = true; });
  add({page("d4", "contact:bo/1", "inc000000002")});
  answer(Result::delivered);
  loop.poll();
  EXPECT_FALSE(drained);
  answer(Result::retry);
  ASSERT_TRUE(run_until(loop, [&] { return drained; }));
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_EQ(ledger.ends.at(0).delivery, "d1");
  EXPECT_EQ(ledger.attempts.at(0).delivery, "d3");
  advance(1h);
  EXPECT_THAT(held(), IsEmpty());
}

TEST_F(WorkerTest, is_drained_soon_where_nothing_is_under_way) {
  bool drained = false;
  worker->drain([&] { drained = true; });
  EXPECT_FALSE(drained);
  EXPECT_TRUE(run_until(loop, [&] { return drained; }));
}

TEST_F(WorkerTest, measures_what_it_does) {
  const std::string before = metrics();
  for (const char* line : {"candor_deliver_pending 0", "candor_deliver_oldest_pending_seconds 0",
                           "candor_deliver_attempts_total{result=\"retry\"} 0",
                           "candor_deliver_ended_total{end=\"dead\"} 0", "candor_deliver_seconds_count 0"}) {
    EXPECT_THAT(before, HasSubstr(line)) << "created in advance";
  }
  add({page("d1"), page("d2", "contact:bo/1")});
  ledger.instant += 2s;
  answer(Result::retry, 60s);
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_pending 2"));
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_oldest_pending_seconds 2"));
  answer(Result::delivered);
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_pending 1"));
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_attempts_total{result=\"retry\"} 1"));
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_attempts_total{result=\"delivered\"} 1"));
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_ended_total{end=\"delivered\"} 1"));
  EXPECT_THAT(metrics(), HasSubstr("candor_deliver_seconds_sum 2\n"));
}

TEST_F(WorkerTest, brings_a_page_through_failures_to_a_real_receiver_in_order) {
  WebhookReceiver receiver;
  receiver.answer_with({"500 Oops\r\n", "", "429 Slow\r\nRetry-After: 0\r\n", "200 OK\r\n", "404 Gone\r\n"});
  begin({.backoff = {.base = 1ms, .cap = 1ms}});
  Problems problems;
  const auto document =
      Document::parse("kind = \"webhook\"\nurl = \"" + receiver.url("/hook") + "\"", "test.toml", problems);
  WorkerSettings with_webhook = settings({});
  with_webhook.channels["contact:ana/1"] = read_channel(document->root());
  worker->configure(std::move(with_webhook));
  add({page("d1"), page("d2"), page("d3")});
  ASSERT_TRUE(run_until(loop, [&] {
    ledger.instant += 1ms;
    return ledger.ends.size() == 3;
  }));
  std::vector<std::string> keys;
  for (const auto& request : receiver.requests()) keys.push_back(request.headers.at("idempotency-key").substr(0, 2));
  EXPECT_THAT(keys, ElementsAre("d1", "d1", "d1", "d1", "d2", "d3"));
  EXPECT_EQ(ledger.ends[0].end, DeliveryEnd::delivered);
  EXPECT_EQ(ledger.ends[1].end, DeliveryEnd::dead);
  EXPECT_EQ(ledger.ends[2].end, DeliveryEnd::delivered);
  const auto body = boost::json::parse(receiver.requests()[0].body);
  EXPECT_THAT(std::string(body.at("ack_url").as_string()), testing::StartsWith("https://status.example/ack/"));
}

}  // namespace
}  // namespace candor::deliver
