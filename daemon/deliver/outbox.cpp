#include "daemon/deliver/outbox.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace candor::deliver {

Duration Backoff::wait(std::uint32_t attempts, std::optional<Duration> retry_after, std::uint64_t random) const {
  Duration ceiling = base;
  for (std::uint32_t i = 0; i < attempts && ceiling < cap; ++i) ceiling *= 2;
  ceiling = std::clamp(ceiling, Duration{0}, cap);
  const auto span = static_cast<std::uint64_t>(ceiling.count()) + 1;
  const Duration drawn{static_cast<std::int64_t>(random % span)};
  return std::max(drawn, std::min(retry_after.value_or(Duration{0}), most_retry_after));
}

namespace {

/// The deliveries of one incident to one destination, the first of which is next.
struct Lane {
  std::deque<store::OutboxRow> rows;
  std::string under_way;       ///< a delivery's id; it may have been removed from rows meanwhile
  std::uint32_t failures = 0;  ///< in a row
};

/// The head of a lane that may be sent. Of two at the same time the one that was decided first is next, whatever their
/// incidents are called.
struct Ready {
  Instant not_before{};
  Instant decided{};
  std::string incident;

  friend auto operator<=>(const Ready&, const Ready&) = default;
};

Ready ready(const Lane& lane, const std::string& incident) {
  const store::OutboxRow& row = lane.rows.front();
  return {row.not_before, row.delivery.at, incident};
}

struct Destination {
  std::map<std::string, Lane> lanes;  ///< by incident
  std::set<Ready> ready;              ///< the lanes that have a row and none under way
  std::size_t under_way = 0;
  std::size_t doubt = 0;   ///< so many answers in a row, other than to come again, end it
  Instant held_until{};    ///< it asked to be sent nothing before
  std::uint64_t turn = 0;  ///< when it was last given a place, counted

  [[nodiscard]] bool in_doubt() const { return doubt > 0; }
  [[nodiscard]] std::size_t room() const {
    const std::size_t most = in_doubt() ? 1 : Outbox::most_to_one_destination;
    return most - std::min(most, under_way);
  }
  /// Whether it needs a shared place with so many under way.
  [[nodiscard]] bool shares(std::size_t beside) const { return in_doubt() || beside > 0; }
  [[nodiscard]] std::size_t shared() const {
    return in_doubt() ? under_way : under_way - std::min<std::size_t>(1, under_way);
  }
  void heed(const Attempt& attempt, Instant now, const Backoff& backoff) {
    if (attempt.result != Attempt::Result::retry) {
      doubt -= std::min<std::size_t>(1, doubt);
      return;
    }
    doubt = std::max<std::size_t>(1, doubt);
    if (!attempt.retry_after) return;
    doubt = Outbox::most_to_one_destination;
    held_until = std::max(held_until, now + std::min(*attempt.retry_after, backoff.most_retry_after));
  }
};

Instant earlier(Instant instant, Duration by) { return instant < Instant{} + by ? Instant{} : instant - by; }

struct Whereabouts {
  std::string destination;
  std::string incident;
};

/// In the order in which they are given places.
struct Candidate {
  bool shares = false;
  std::size_t beside = 0;  ///< so many of its destination are under way
  std::uint64_t turn = 0;  ///< its destination's
  Ready ready;
  std::string destination;

  friend auto operator<=>(const Candidate&, const Candidate&) = default;
};

}  // namespace

struct Outbox::Impl {
  Backoff backoff;
  Duration give_up_after;
  Places places;
  std::map<std::string, Destination> destinations;
  std::map<std::string, Whereabouts> whereabouts;  ///< of every delivery that is there or under way, by id
  std::set<std::pair<Instant, std::string>> by_age;
  Instant latest{};  ///< the latest `now` that it was given
  std::uint64_t turns = 0;
  std::size_t without_place = 0;

  [[nodiscard]] Places free_places() const {
    Places taken{0, 0};
    for (const auto& [name, destination] : destinations) {
      taken.all += destination.under_way;
      taken.shared += destination.shared();
    }
    return {places.all - std::min(places.all, taken.all), places.shared - std::min(places.shared, taken.shared)};
  }

  void make_ready(Destination& destination, const std::string& incident, const Lane& lane) {
    if (lane.under_way.empty() && !lane.rows.empty()) destination.ready.insert(ready(lane, incident));
  }
  void make_unready(Destination& destination, const std::string& incident, const Lane& lane) {
    if (lane.under_way.empty() && !lane.rows.empty()) destination.ready.erase(ready(lane, incident));
  }
  /// Everything that waits may be sent this much earlier.
  void bring_forward(Destination& destination, Duration by) {
    destination.held_until = earlier(destination.held_until, by);
    for (auto& [incident, lane] : destination.lanes) {
      make_unready(destination, incident, lane);
      for (store::OutboxRow& row : lane.rows) row.not_before = earlier(row.not_before, by);
      make_ready(destination, incident, lane);
    }
  }
  /// A clock that was set back lengthens no wait.
  void notice(Instant now) {
    if (now < latest) {
      for (auto& [name, destination] : destinations) bring_forward(destination, latest - now);
    }
    latest = now;
  }
  void add_candidates(std::vector<Candidate>& to, const std::string& name, const Destination& destination,
                      Instant now) const {
    if (now < destination.held_until) return;
    std::size_t room = destination.room();
    std::size_t beside = destination.under_way;
    const auto take = [&](auto from, auto until) {
      for (; from != until && room > 0; ++from, --room, ++beside) {
        to.push_back({destination.shares(beside), beside, destination.turn, *from, name});
      }
    };
    const auto after = [&](Instant instant) {
      return destination.ready.lower_bound({instant + Duration{1}, Instant::min(), {}});
    };
    take(destination.ready.begin(), after(now));
    take(after(now + backoff.longest() + std::chrono::minutes{1}), destination.ready.end());
  }
  store::OutboxRow give_place(const Candidate& candidate) {
    Destination& destination = destinations.at(candidate.destination);
    Lane& lane = destination.lanes.at(candidate.ready.incident);
    destination.ready.erase(candidate.ready);
    destination.turn = ++turns;
    ++destination.under_way;
    lane.under_way = lane.rows.front().delivery.id;
    return lane.rows.front();
  }
  [[nodiscard]] bool is_over(const Destination& destination) const {
    return destination.lanes.empty() && destination.held_until <= latest;
  }
  void drop_if_empty(const Whereabouts& place) {
    const auto destination = destinations.find(place.destination);
    const auto lane = destination->second.lanes.find(place.incident);
    if (!lane->second.rows.empty() || !lane->second.under_way.empty()) return;
    destination->second.lanes.erase(lane);
    if (is_over(destination->second)) destinations.erase(destination);
  }
};

Outbox::Outbox(Backoff backoff, Duration give_up_after, Places places)
    : impl_(std::make_unique<Impl>(Impl{.backoff = backoff, .give_up_after = give_up_after, .places = places})) {}
Outbox::~Outbox() = default;
Outbox::Outbox(Outbox&&) noexcept = default;
Outbox& Outbox::operator=(Outbox&&) noexcept = default;

void Outbox::add(store::OutboxRow row) {
  const incident::Delivery& delivery = row.delivery;
  if (!impl_->whereabouts.try_emplace(delivery.id, Whereabouts{delivery.destination, delivery.incident}).second) return;
  impl_->by_age.emplace(delivery.at, delivery.id);
  Destination& destination = impl_->destinations[delivery.destination];
  if (row.attempts > 0) destination.doubt = std::max<std::size_t>(1, destination.doubt);
  const std::string incident = delivery.incident;
  Lane& lane = destination.lanes[incident];
  impl_->make_unready(destination, incident, lane);
  lane.rows.push_back(std::move(row));
  impl_->make_ready(destination, incident, lane);
}

bool Outbox::remove(const std::string& delivery) {
  const auto found = impl_->whereabouts.find(delivery);
  if (found == impl_->whereabouts.end()) return false;
  const Whereabouts place = found->second;
  Destination& destination = impl_->destinations.at(place.destination);
  Lane& lane = destination.lanes.at(place.incident);
  const auto row = std::ranges::find(
      lane.rows, delivery, [](const auto& it) -> auto& { return it.delivery.id; });
  if (row == lane.rows.end()) return false;  // removed before, and its answer still to come
  impl_->by_age.erase({row->delivery.at, delivery});
  impl_->make_unready(destination, place.incident, lane);
  lane.rows.erase(row);
  if (lane.under_way == delivery) return true;
  impl_->whereabouts.erase(found);
  impl_->make_ready(destination, place.incident, lane);
  impl_->drop_if_empty(place);
  return true;
}

std::optional<store::OutboxRow> Outbox::take_back(const std::string& delivery) {
  const auto found = impl_->whereabouts.find(delivery);
  if (found == impl_->whereabouts.end()) return std::nullopt;
  const Lane& lane = impl_->destinations.at(found->second.destination).lanes.at(found->second.incident);
  if (lane.under_way == delivery) return std::nullopt;
  std::optional<store::OutboxRow> row = *std::ranges::find(
      lane.rows, delivery, [](const auto& it) -> auto& { return it.delivery.id; });
  (void)remove(delivery);
  return row;
}

void Outbox::hasten(const std::string& destination) {
  const auto found = impl_->destinations.find(destination);
  if (found == impl_->destinations.end()) return;
  impl_->bring_forward(found->second, Duration::max() / 2);
}

std::vector<store::OutboxRow> Outbox::take_due(Instant now) {
  impl_->notice(now);
  std::erase_if(impl_->destinations, [this](const auto& it) { return impl_->is_over(it.second); });
  std::vector<Candidate> candidates;
  for (const auto& [name, destination] : impl_->destinations) impl_->add_candidates(candidates, name, destination, now);
  std::ranges::sort(candidates);
  Places left = impl_->free_places();
  std::vector<store::OutboxRow> taken;
  taken.reserve(std::min(candidates.size(), left.all));
  for (const Candidate& it : candidates) {
    if (left.all == 0 || (it.shares && left.shared == 0)) continue;
    --left.all;
    if (it.shares) --left.shared;
    taken.push_back(impl_->give_place(it));
  }
  impl_->without_place = candidates.size() - taken.size();
  return taken;
}

std::size_t Outbox::without_place() const { return impl_->without_place; }

std::optional<Instant> Outbox::due() const {
  const Places left = impl_->free_places();
  if (left.all == 0) return std::nullopt;
  std::optional<Instant> earliest;
  for (const auto& [name, destination] : impl_->destinations) {
    if (destination.room() == 0 || destination.ready.empty()) continue;
    if (left.shared == 0 && destination.shares(destination.under_way)) continue;
    const Instant at = std::max(destination.ready.begin()->not_before, destination.held_until);
    if (!earliest || at < *earliest) earliest = at;
  }
  return earliest;
}

std::optional<Outbox::Outcome> Outbox::ended(const std::string& delivery, const Attempt& attempt, Instant now,
                                             std::uint64_t random) {
  const auto found = impl_->whereabouts.find(delivery);
  if (found == impl_->whereabouts.end()) return std::nullopt;
  impl_->notice(now);
  const Whereabouts place = found->second;
  Destination& destination = impl_->destinations.at(place.destination);
  Lane& lane = destination.lanes.at(place.incident);
  if (lane.under_way != delivery) return std::nullopt;
  lane.under_way.clear();
  --destination.under_way;
  destination.heed(attempt, now, impl_->backoff);

  std::optional<Outcome> outcome;
  const bool removed = lane.rows.empty() || lane.rows.front().delivery.id != delivery;
  if (!removed) {
    store::OutboxRow& row = lane.rows.front();
    outcome.emplace().why = attempt.what;
    const Duration age = now - row.delivery.at;
    // Those behind one that was given up need not be tried as often: they saw all of its attempts.
    lane.failures = attempt.result == Attempt::Result::retry ? std::max(lane.failures, row.attempts) + 1 : 0;
    const bool keep = age < impl_->give_up_after || lane.failures < least_attempts;
    if (attempt.result == Attempt::Result::retry && keep) {
      row.not_before = now + impl_->backoff.wait(row.attempts, attempt.retry_after, random);
      ++row.attempts;
      row.last_error = attempt.what;
      outcome->retry = {delivery, row.attempts, row.not_before, row.last_error};
    } else {
      const bool delivered = attempt.result == Attempt::Result::delivered;
      outcome->end = delivered ? incident::DeliveryEnd::delivered : incident::DeliveryEnd::dead;
      if (attempt.result == Attempt::Result::retry) {
        outcome->why = fmt::format("gave up after {} and {} attempts: {}", format_duration(impl_->give_up_after),
                                   row.attempts + 1, attempt.what);
      }
      impl_->by_age.erase({row.delivery.at, delivery});
      lane.rows.pop_front();
    }
  }
  if (removed || outcome->end) impl_->whereabouts.erase(found);
  impl_->make_ready(destination, place.incident, lane);
  impl_->drop_if_empty(place);
  return outcome;
}

std::size_t Outbox::size() const { return impl_->by_age.size(); }

std::optional<Instant> Outbox::oldest() const {
  if (impl_->by_age.empty()) return std::nullopt;
  return impl_->by_age.begin()->first;
}

std::vector<store::OutboxRow> Outbox::rows() const {
  std::vector<store::OutboxRow> all;
  for (const auto& [name, destination] : impl_->destinations) {
    for (const auto& [incident, lane] : destination.lanes) {
      for (const store::OutboxRow& row : lane.rows) {
        all.push_back(row);
        all.back().not_before = std::max(row.not_before, destination.held_until);
      }
    }
  }
  return all;
}

}  // namespace candor::deliver
