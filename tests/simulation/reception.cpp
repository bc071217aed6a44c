#include "reception.h"

#include <algorithm>
#include <utility>

namespace candor::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration longest_answer = 9s;
constexpr Duration timeout = 10s;

/// When a clock that shows `now` will show `due`, which may be past.
Elapsed when(std::optional<Instant> due, const Moment& now) {
  return due ? now.at + std::max(*due - now.wall, Duration{0}) : Elapsed::max();
}

}  // namespace

Reception::Reception(Surroundings surroundings)
    : around_(std::move(surroundings)),
      pushed_(std::make_shared<alerts::PushSource>(around_.intake, AlertOracle::resolve_timeout)) {
  for (Pulled& server : around_.servers) begin(polls_.emplace_back(Poll{.server = &server}));
}

void Reception::begin(Poll& poll) {
  const Moment now = around_.now();
  poll.every = around_.chance.seconds(60, 100);
  poll.source = std::make_shared<alerts::PullSource>(around_.intake, poll.server->name(), "its URL", poll.every);
  poll.asks = now.at;
  poll.answers.reset();
  around_.oracle.asks(poll.server->name(), poll.every, now.at);
}

void Reception::reload() {
  for (Poll& poll : polls_) {
    if (around_.chance.percent(30)) begin(poll);
  }
}

void Reception::clock_set(Duration by) {
  pushed_->clock_set(by);
  for (const Poll& poll : polls_) poll.source->clock_set(by);
}

void Reception::stood_still() {
  for (const Poll& poll : polls_) poll.source->stood_still();
}

void Reception::heard_nothing(Instant since, Instant until) {
  pushed_->heard_nothing(since, until);
  for (const Poll& poll : polls_) poll.source->heard_nothing(until);
}

void Reception::take(const Post& post, std::move_only_function<void()> answered_200) {
  std::vector<alerts::Alert> alerts;
  for (const Word& word : post.words) alerts.push_back(word.alert);
  pushed_->take(std::move(alerts), [answered_200 = std::move(answered_200)](const Result<void>& taken) mutable {
    if (taken) answered_200();
  });
}

void Reception::work() {
  const Moment now = around_.now();
  if (when(pushed_->due(), now) <= now.at) pushed_->sweep();
  for (Poll& poll : polls_) {
    if (poll.answers && *poll.answers <= now.at) {
      poll.answers.reset();
      hear(poll);
    } else if (!poll.answers && poll.asks <= now.at) {
      ask(poll);
    }
    if (when(poll.source->due(), now) <= now.at) poll.source->waited();
  }
}

void Reception::ask(Poll& poll) {
  const Moment now = around_.now();
  poll.asks = now.at + poll.every;
  poll.source->asked();
  poll.answer = poll.server->alerts(now);
  if (poll.server->mute()) {
    poll.answers = now.at + timeout;
  } else if (faults_ && around_.chance.percent(10)) {
    poll.answers = now.at + around_.chance.seconds(0, longest_answer / 1s);
  } else {
    hear(poll);
  }
}

void Reception::hear(Poll& poll) {
  const std::string& name = poll.server->name();
  if (!poll.answer) {
    around_.oracle.failed(name);
    poll.source->failed(poll.answer.error());
    return;
  }
  around_.oracle.answered(name, around_.now().at);
  if (poll.source->answered(*std::exchange(poll.answer, {})) && !make_sure(poll)) around_.oracle.unsure(name);
}

/// Whether the server said how far it can be trusted, and that is all the way.
bool Reception::make_sure(Poll& poll) {
  if (faults_ && around_.chance.percent(5)) return false;
  const Moment now = around_.now();
  if (!poll.server->alerts(now)) return false;
  if (poll.server->kind() == Pulled::Kind::prometheus) {
    if (!poll.source->trust(poll.server->rules(now))) return true;
  }
  poll.source->trust(poll.server->started());
  return true;
}

Elapsed Reception::next() const {
  const Moment now = around_.now();
  Elapsed next = when(pushed_->due(), now);
  for (const Poll& poll : polls_) {
    next = std::min({next, poll.answers.value_or(poll.asks), when(poll.source->due(), now)});
  }
  return next;
}

}  // namespace candor::simulation
