#include "daemon/deliver/worker.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/id.h"
#include "base/log.h"
#include "daemon/deliver/metrics.h"
#include "daemon/oncall/ack_link.h"

namespace candor::deliver {
namespace {

/// The worker looks again this often while anything is pending: the clock may have been set, and the metric of the
/// oldest delivery's age goes with it.
constexpr Duration longest_sleep = std::chrono::seconds{10};

/// Sends that find no place for longer wait for receivers that do not answer: in a storm each waits a moment.
constexpr Duration long_without_place = std::chrono::seconds{5};

/// After a start nothing waits longer for its next attempt: the address may have been mended while candord was off, and
/// nothing tells. Starts that follow each other more quickly bring no attempt forward.
constexpr Duration longest_wait_at_a_start = std::chrono::seconds{3};

/// An attempt that is ready to leave.
struct Composed {
  std::string delivery;
  std::uint64_t configured = 0;  ///< by these settings
  std::shared_ptr<Channel> channel;
  Send send;
};

/// A send under way. It keeps its channel, which a reload may take out of use meanwhile.
struct UnderWay {
  store::OutboxRow row;
  std::shared_ptr<Channel> channel;
};

}  // namespace

struct Worker::Impl : std::enable_shared_from_this<Impl> {
  net::Loop& loop;
  const Tools tools;
  Ledger& ledger;
  Metrics metrics;
  WorkerSettings settings;
  std::uint64_t configured = 0;                              ///< so often
  std::map<std::string, std::shared_ptr<Channel>> channels;  ///< each as long as its settings are the same
  Outbox outbox;
  /// By delivery id, with its row once there is one to keep back: not while it is under way, nor before it comes.
  std::map<std::string, std::optional<store::OutboxRow>> withheld;
  /// By delivery id: when its first attempt failed. A restart may have cut one off that nobody heard of: when it came.
  std::map<std::string, Instant> failing_since;
  std::optional<Composed> composed;           ///< of the delivery that is just added
  std::map<std::string, UnderWay> under_way;  ///< by delivery id
  std::optional<Instant> no_place_since;
  bool told_of_no_place = false;  ///< since then
  bool draining = false;
  net::Task drained;
  net::Timer timer;

  Impl(net::Loop& on, Tools with, Ledger& to, prometheus::Registry& registry, WorkerLimits within)
      : loop(on),
        tools(with),
        ledger(to),
        metrics(registry),
        outbox(within.backoff, within.give_up_after, within.places),
        timer(on) {}

  void configure(WorkerSettings next);
  [[nodiscard]] std::shared_ptr<Channel> channel_of(const std::string& destination) const;
  void pump();
  void send(store::OutboxRow row);
  [[nodiscard]] Composed compose(const incident::Delivery& delivery, std::optional<Duration> failing_for) const;
  [[nodiscard]] std::optional<Duration> failing_for(const std::string& delivery);
  void add_later(std::vector<store::OutboxRow> rows);
  void finish(const std::string& delivery, Attempt attempt);
  void tell(const incident::Delivery& delivery, const Outbox::Outcome& outcome, Instant now);
  void tell_of_no_place(Instant now);
  void set_timer(Instant now);
  [[nodiscard]] std::string ack_url(const incident::Delivery& delivery) const;
};

void Worker::Impl::configure(WorkerSettings next) {
  while (next.page_url.ends_with('/')) next.page_url.pop_back();
  const WorkerSettings before = std::exchange(settings, std::move(next));
  const std::map<std::string, std::shared_ptr<Channel>> channels_before = std::exchange(channels, {});
  ++configured;
  for (const auto& [destination, config] : settings.channels) {
    const auto known = before.channels.find(destination);
    const bool same = known != before.channels.end() && known->second.fingerprint == config.fingerprint;
    channels[destination] = same ? channels_before.at(destination) : config.make(tools);
  }
  for (const auto& [destination, channel] : channels_before) {
    if (channel_of(destination) != channel) outbox.hasten(destination);
  }
}

/// Nothing where none is configured.
std::shared_ptr<Channel> Worker::Impl::channel_of(const std::string& destination) const {
  const auto channel = channels.find(destination);
  return channel == channels.end() ? nullptr : channel->second;
}

/// Sends what is due and sets the timer for what comes next.
void Worker::Impl::pump() {
  const Instant now = ledger.now();
  if (draining) {
    if (under_way.empty() && drained) loop.post(std::exchange(drained, nullptr));
  } else {
    for (store::OutboxRow& row : outbox.take_due(now)) send(std::move(row));
  }
  metrics.set_pending(outbox.size(), outbox.oldest() ? now - *outbox.oldest() : Duration{0});
  metrics.set_without_place(outbox.without_place());
  tell_of_no_place(now);
  set_timer(now);
}

void Worker::Impl::send(store::OutboxRow row) {
  const std::string id = row.delivery.id;
  const bool ready = composed && composed->delivery == id;
  Composed message = ready ? *std::exchange(composed, {}) : compose(row.delivery, failing_for(id));
  under_way.insert_or_assign(id, UnderWay{std::move(row), message.channel});
  // The answer may come after the worker's end.
  auto finished = [weak = weak_from_this(), id](Attempt attempt) {
    if (const std::shared_ptr<Impl> worker = weak.lock()) worker->finish(id, std::move(attempt));
  };
  message.send(std::move(finished));
}

/// A clock that is set back makes it no longer.
std::optional<Duration> Worker::Impl::failing_for(const std::string& delivery) {
  const auto found = failing_since.find(delivery);
  if (found == failing_since.end()) return std::nullopt;
  const Instant now = ledger.now();
  found->second = std::min(found->second, now);
  return now - found->second;
}

Composed Worker::Impl::compose(const incident::Delivery& delivery, std::optional<Duration> failing_for) const {
  const std::shared_ptr<Channel> channel = channel_of(delivery.destination);
  if (!channel) {
    return {
        delivery.id, configured, nullptr,
        [&on = loop, what = delivery.destination + " is no longer configured"](auto done) {
          on.post([done = std::move(done), what]() mutable { done({.result = Attempt::Result::dead, .what = what}); });
        }};
  }
  const std::string& path = delivery.message.incident_path;
  const bool linked = !settings.page_url.empty() && !path.empty();
  return {
      delivery.id, configured, channel,
      channel->compose(delivery, ack_url(delivery), linked ? settings.page_url + path : std::string{}, failing_for)};
}

std::string Worker::Impl::ack_url(const incident::Delivery& delivery) const {
  if (delivery.kind != incident::Delivery::Kind::page || settings.page_url.empty() || settings.ack_key.empty())
    return {};
  // All of it from the delivery, so that every attempt says the same.
  const oncall::AckLink link{.incident = delivery.incident,
                             .contact = std::string{incident::contact_of(delivery.destination)},
                             .expires = delivery.at + oncall::ack_link_lasts,
                             .outbreak = delivery.outbreak};
  return settings.page_url + "/ack/" + oncall::make_ack_token(settings.ack_key, link);
}

void Worker::Impl::finish(const std::string& delivery, Attempt attempt) {
  const auto found = under_way.find(delivery);
  if (found == under_way.end()) return;
  const UnderWay ended = std::move(found->second);
  under_way.erase(found);
  // What was answered where it was sent says nothing of where it goes since a reload.
  const std::string& destination = ended.row.delivery.destination;
  const std::shared_ptr<Channel> goes_by = channel_of(destination);
  const bool refused_elsewhere = attempt.result == Attempt::Result::dead && goes_by && goes_by != ended.channel;
  if (refused_elsewhere) attempt.result = Attempt::Result::retry;
  metrics.count(attempt.result);
  const Instant now = ledger.now();
  const std::optional<Outbox::Outcome> outcome = outbox.ended(delivery, attempt, now, random_number());
  if (outcome && outcome->retry) {
    failing_since.try_emplace(delivery, now);
  } else {
    failing_since.erase(delivery);
  }
  if (outcome) tell(ended.row.delivery, *outcome, now);
  if (const auto kept = withheld.find(delivery); kept != withheld.end()) kept->second = outbox.take_back(delivery);
  if (goes_by != ended.channel) outbox.hasten(destination);
  pump();
}

void Worker::Impl::tell(const incident::Delivery& delivery, const Outbox::Outcome& outcome, Instant now) {
  using End = incident::DeliveryEnd;
  const std::string& id = delivery.id;
  if (outcome.retry) {
    const std::string wait = format_duration(outcome.retry->not_before - now);
    const std::string attempts = std::to_string(outcome.retry->attempts);
    log::warning("delivery_failed",
                 {{"incident", delivery.incident},
                  {"delivery", id},
                  {"destination", delivery.destination},
                  {"attempts", attempts},
                  {"again_in", wait}},
                 outcome.why);
    ledger.attempted(*outcome.retry);
    return;
  }
  metrics.count(*outcome.end);
  const bool delivered = *outcome.end == End::delivered;
  if (delivered) metrics.observe_delivered(now - delivery.at);
  log::write(delivered ? log::Level::info : log::Level::error, delivered ? "delivered" : "delivery_dead",
             {{"incident", delivery.incident}, {"delivery", id}, {"destination", delivery.destination}}, outcome.why);
  ledger.ended(id, *outcome.end, delivered ? std::string{} : outcome.why);
}

void Worker::Impl::tell_of_no_place(Instant now) {
  const std::size_t waiting = outbox.without_place();
  if (waiting == 0) {
    no_place_since.reset();
    told_of_no_place = false;
    return;
  }
  if (!no_place_since || now < *no_place_since) no_place_since = now;
  if (told_of_no_place || now - *no_place_since < long_without_place) return;
  told_of_no_place = true;
  log::warning("deliveries_without_place",
               {{"under_way", std::to_string(under_way.size())}, {"waiting", std::to_string(waiting)}},
               "as many are sent at once as may be, and receivers do not answer: /api/v1/deliveries names them");
}

void Worker::Impl::add_later(std::vector<store::OutboxRow> rows) {
  const Instant latest = ledger.now() + longest_wait_at_a_start;
  for (store::OutboxRow& row : rows) {
    const bool waits_for_nothing = !channel_of(row.delivery.destination);
    row.not_before = waits_for_nothing ? Instant{} : std::min(row.not_before, latest);
    if (const auto kept = withheld.find(row.delivery.id); kept != withheld.end()) {
      kept->second = std::move(row);
    } else {
      outbox.add(std::move(row));
    }
  }
  pump();
}

void Worker::Impl::set_timer(Instant now) {
  if (outbox.size() == 0 || draining) {
    timer.cancel();
    return;
  }
  Duration wait = longest_sleep;
  const std::optional<Instant> due = outbox.due();
  // Of what waits for a place, the end of a send wakes the worker.
  if (due) wait = std::clamp(*due - now, Duration{0}, longest_sleep);
  timer.after(wait, [this] { pump(); });
}

Worker::Worker(net::Loop& loop, Tools tools, Ledger& ledger, prometheus::Registry& registry, WorkerLimits limits)
    : impl_(std::make_shared<Impl>(loop, tools, ledger, registry, limits)) {}

Worker::~Worker() = default;

void Worker::configure(WorkerSettings settings) {
  impl_->configure(std::move(settings));
  impl_->pump();
}

net::Task Worker::prepare(incident::Delivery delivery) {
  Composed message = impl_->compose(delivery, std::nullopt);
  return [weak = std::weak_ptr{impl_}, delivery = std::move(delivery), message = std::move(message)]() mutable {
    const std::shared_ptr<Impl> worker = weak.lock();
    if (!worker) return;
    // Not where a reload came in between.
    if (worker->configured == message.configured) worker->composed = std::move(message);
    worker->outbox.add({.delivery = std::move(delivery)});
    worker->pump();
    worker->composed.reset();  // one that has to wait is composed anew
  };
}

void Worker::add(std::vector<store::OutboxRow> rows) {
  const Instant now = impl_->ledger.now();
  for (const store::OutboxRow& row : rows) impl_->failing_since.try_emplace(row.delivery.id, now);
  impl_->add_later(std::move(rows));
}

void Worker::withhold(const std::string& delivery) {
  impl_->withheld.insert_or_assign(delivery, impl_->outbox.take_back(delivery));
}

void Worker::release() {
  std::vector<store::OutboxRow> rows;
  for (auto& [delivery, row] : std::exchange(impl_->withheld, {})) {
    if (row) rows.push_back(*std::move(row));
  }
  if (!rows.empty()) impl_->add_later(std::move(rows));
}

void Worker::remove(const std::string& delivery) {
  const auto kept = impl_->withheld.extract(delivery);
  const bool was_withheld = !kept.empty() && kept.mapped();
  impl_->failing_since.erase(delivery);
  if (!impl_->outbox.remove(delivery) && !was_withheld) return;
  impl_->metrics.count(incident::DeliveryEnd::superseded);
  impl_->pump();
}

void Worker::drain(net::Task done) {
  impl_->draining = true;
  impl_->drained = std::move(done);
  impl_->pump();
}

std::vector<store::OutboxRow> Worker::rows() const { return impl_->outbox.rows(); }

}  // namespace candor::deliver
