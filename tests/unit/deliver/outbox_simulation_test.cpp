#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "daemon/deliver/outbox.h"
#include "tests/unit/deliver/deliveries.h"

namespace candor::deliver {
namespace {

using namespace std::chrono_literals;
using incident::DeliveryEnd;
using Result = Attempt::Result;

/// Hours of decisions, failing destinations, supersessions and restarts in virtual time, from a seed.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  void run() {
    for (int step = 0; step < 3000; ++step) {
      now_ += Duration{static_cast<std::int64_t>(random_() % 2000)};
      if (chance(30)) decide();
      if (chance(5)) supersede();
      if (chance(60)) answer();
      if (chance(1)) restart();
      send();
    }
    calm_ = true;
    for (int step = 0; step < 20'000 && !open_.empty(); ++step) {
      while (!under_way_.empty()) answer();
      const auto due = outbox_.due();
      if (due) now_ = std::max(now_, *due);
      send();
    }
    EXPECT_TRUE(open_.empty()) << open_.size() << " deliveries were lost";
    EXPECT_EQ(outbox_.size(), 0U);
    EXPECT_EQ(ended_.size(), static_cast<std::size_t>(decided_));
  }

 private:
  static constexpr Places places{.all = 8, .shared = 3};
  static constexpr Duration give_up_after = 24h;

  struct Decided {
    int number = 0;
    store::OutboxRow row;  ///< as the journal knows it
  };

  bool chance(std::uint64_t percent) { return random_() % 100 < percent; }

  void decide() {
    const std::string id = "d" + std::to_string(decided_);
    store::OutboxRow fresh =
        row(page(id, "contact:c" + std::to_string(random_() % 6) + "/1", "i" + std::to_string(random_() % 5), now_));
    open_[id] = {decided_++, fresh};
    destination_of_[id] = fresh.delivery.destination;
    outbox_.add(std::move(fresh));
  }

  void supersede() {
    if (open_.empty()) return;
    auto it = std::next(open_.begin(), static_cast<std::ptrdiff_t>(random_() % open_.size()));
    EXPECT_TRUE(outbox_.remove(it->first));
    ended_.insert(it->first);
    superseded_.insert(it->first);
    open_.erase(it);
  }

  void send() {
    const auto taken = outbox_.take_due(now_);
    ASSERT_TRUE(!outbox_.due() || *outbox_.due() > now_) << "it is to be asked again at once, and has nothing";
    for (const store::OutboxRow& it : taken) {
      const std::string& id = it.delivery.id;
      ASSERT_TRUE(open_.contains(id)) << id << " was sent after it ended";
      ASSERT_LE(it.not_before, now_);
      ASSERT_LE(held_until_[it.delivery.destination], now_) << id << " went before its destination's Retry-After";
      // Everything decided before it for the same destination and incident has ended.
      for (const auto& [other, decided] : open_) {
        const bool same = decided.row.delivery.destination == it.delivery.destination &&
                          decided.row.delivery.incident == it.delivery.incident;
        ASSERT_FALSE(same && decided.number < open_[id].number) << id << " overtook " << other;
      }
      ASSERT_TRUE(under_way_.insert(id).second) << id << " is under way twice";
    }
    std::map<std::string, std::size_t> by_destination;
    for (const std::string& id : under_way_) {
      if (open_.contains(id)) ++by_destination[open_[id].row.delivery.destination];
    }
    for (const auto& [name, count] : by_destination) ASSERT_LE(count, Outbox::most_to_one_destination);
    ASSERT_LE(under_way_.size(), places.all);
    if (under_way_.size() < places.all) nobody_waits_for_others();
  }

  /// Who is not in doubt and has nothing under way has nothing to wait for.
  void nobody_waits_for_others() {
    std::set<std::string> busy;
    for (const auto& [destination, doubt] : doubt_) {
      if (doubt > 0) busy.insert(destination);
    }
    for (const std::string& id : under_way_) busy.insert(destination_of_[id]);
    std::map<std::pair<std::string, std::string>, Decided> heads;
    for (const auto& [id, decided] : open_) {
      const incident::Delivery& it = decided.row.delivery;
      Decided& head = heads.try_emplace({it.destination, it.incident}, decided).first->second;
      if (decided.number < head.number) head = decided;
    }
    for (const auto& [lane, head] : heads) {
      ASSERT_TRUE(busy.contains(lane.first) || head.row.not_before > now_) << head.row.delivery.id;
    }
  }

  void answer() {
    if (under_way_.empty()) return;
    const std::string id = *std::next(under_way_.begin(), static_cast<std::ptrdiff_t>(random_() % under_way_.size()));
    under_way_.erase(id);
    const std::uint64_t dice = random_() % 100;
    const Result result = calm_ || dice < 40 ? Result::delivered : dice < 90 ? Result::retry : Result::dead;
    const std::optional<Duration> retry_after = dice % 7 == 0 ? std::optional<Duration>{30s} : std::nullopt;
    const auto outcome = outbox_.ended(id, {result, "what", retry_after}, now_, random_());
    const std::string& destination = destination_of_[id];
    if (result != Result::retry) {
      doubt_[destination] = std::max(0, doubt_[destination] - 1);
    } else if (retry_after) {
      doubt_[destination] = static_cast<int>(Outbox::most_to_one_destination);
      held_until_[destination] = now_ + *retry_after;
    } else {
      doubt_[destination] = std::max(1, doubt_[destination]);
    }
    ASSERT_EQ(outcome.has_value(), !superseded_.contains(id)) << id;
    if (!outcome) return;
    if (outcome->end) {
      ended_.insert(id);
      open_.erase(id);
    } else {
      ASSERT_EQ(outcome->retry->attempts, open_[id].row.attempts + 1);
      ASSERT_GE(outcome->retry->not_before, now_ + retry_after.value_or(Duration{0}));
      open_[id].row.attempts = outcome->retry->attempts;
      open_[id].row.not_before = outcome->retry->not_before;
    }
  }

  /// What is under way is forgotten; what has not ended comes from the journal, in the order it was decided.
  void restart() {
    outbox_ = Outbox{Backoff{}, give_up_after, places};
    under_way_.clear();
    doubt_.clear();
    held_until_.clear();
    std::vector<Decided> rows;
    for (const auto& [id, decided] : open_) {
      rows.push_back(decided);
      if (decided.row.attempts > 0) doubt_[decided.row.delivery.destination] = 1;
    }
    std::ranges::sort(rows, {}, &Decided::number);
    for (const Decided& it : rows) outbox_.add(it.row);
  }

  std::mt19937_64 random_;
  Instant now_ = start;
  Outbox outbox_{Backoff{}, give_up_after, places};
  bool calm_ = false;
  int decided_ = 0;
  std::map<std::string, Decided> open_;
  std::map<std::string, std::string> destination_of_;
  std::map<std::string, int> doubt_;
  std::map<std::string, Instant> held_until_;
  std::set<std::string> under_way_;
  std::set<std::string> ended_;
  std::set<std::string> superseded_;
};

TEST(OutboxSimulation, loses_and_reorders_nothing_whatever_fails) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World(seed).run();
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

}  // namespace
}  // namespace candor::deliver
