#include "daemon/http/core.h"

#include <algorithm>

#include "base/memory.h"
#include "daemon/http/response_head.h"
#include "daemon/http/session.h"

namespace candor::http {
namespace {

constexpr std::size_t scratch_bytes = 64 * 1024;
constexpr double burst_seconds = 10;
constexpr std::size_t most_looks_for_room = 32;
/// What is freed of less than this is soon used again.
constexpr std::size_t worth_returning_bytes = std::size_t{8} << 20U;

/// How late a deadline may be noticed.
Duration sweep_interval(const Limits& limits) {
  const Duration shortest = std::min(
      {limits.head_timeout, limits.body_timeout, limits.idle_timeout, limits.answer_timeout, limits.take_timeout});
  return std::clamp(shortest / 10, Duration{5}, Duration{1000});
}

}  // namespace

Core::Core(net::Loop& loop, Limits the_limits, Handler the_handler)
    : limits(the_limits),
      handler(std::move(the_handler)),
      scratch(scratch_bytes),
      loop_(loop),
      timer_(loop),
      rates_(limits.requests_a_second_an_address, limits.requests_a_second_an_address * burst_seconds) {}

const std::string& Core::date() {
  const Instant second = std::chrono::floor<std::chrono::seconds>(wall_now());
  if (second != date_second_) {
    date_second_ = second;
    date_ = format_date(second);
  }
  return date_;
}

bool Core::make_room_for(const std::string& network) {
  if (limits.connections_an_address >= limits.connections) return true;
  const auto found = by_network_.find(network);
  return found == by_network_.end() || found->second < limits.connections_an_address || close_one(&network);
}

/// Closes the connection that has waited longest for its client, of those that a few looks find.
bool Core::close_one(const std::string* network) {
  std::shared_ptr<Session> chosen;
  std::chrono::microseconds since{};
  const std::size_t looks = std::min(most_looks_for_room, sessions_.size());
  for (std::size_t looked = 0; looked < looks; ++looked) {
    looked_at_ = (looked_at_ + 1) % sessions_.size();
    const std::shared_ptr<Session>& session = sessions_[looked_at_];
    if (network != nullptr && session->network() != *network) continue;
    const std::optional<std::chrono::microseconds> waits_since = session->waits_since();
    if (!waits_since || (chosen && since <= *waits_since)) continue;
    chosen = session;
    since = *waits_since;
  }
  if (chosen) chosen->close();
  return chosen != nullptr;
}

bool Core::may_ask(const std::string& network) {
  return limits.requests_a_second_an_address == 0 || rates_.take(network, now());
}

void Core::joined(std::shared_ptr<Session> session) {
  session->place = sessions_.size();
  ++by_network_[session->network()];
  sessions_.push_back(std::move(session));
  connections.add(1);
  set_timer();
}

void Core::left(Session& session) {
  const auto found = by_network_.find(session.network());
  if (--found->second == 0) by_network_.erase(found);
  connections.subtract(1);
  const std::size_t place = session.place;
  std::swap(sessions_[place], sessions_.back());
  sessions_[place]->place = place;
  sessions_.pop_back();
  if (sessions_.empty() && drained_) loop_.post(std::exchange(drained_, nullptr));
}

void Core::set_timer() {
  if (timer_set_) return;
  timer_set_ = true;
  timer_.after(sweep_interval(limits), [this] {
    timer_set_ = false;
    sweep();
  });
}

void Core::sweep() {
  const Duration time = now();
  // From the end, because one that ends is replaced by the last.
  for (std::size_t i = sessions_.size(); i-- > 0;) {
    if (i < sessions_.size()) sessions_[i]->expire(time);
  }
  return_memory();
  if (!sessions_.empty()) set_timer();
}

/// Once most of what many requests held is free, the kernel has it back.
void Core::return_memory() {
  if (most_unread_bytes < worth_returning_bytes || unread_bytes > most_unread_bytes / 4) return;
  most_unread_bytes = unread_bytes;
  return_freed_memory();
}

void Core::drain(net::Task done) {
  draining_ = true;
  for (std::size_t i = sessions_.size(); i-- > 0;) sessions_[i]->drain();
  drained_ = std::move(done);
  if (sessions_.empty() && drained_) loop_.post(std::exchange(drained_, nullptr));
}

void Core::close_all() {
  drained_ = nullptr;
  timer_.cancel();
  timer_set_ = true;  // for good
  while (!sessions_.empty()) sessions_.back()->close();
}

}  // namespace candor::http
