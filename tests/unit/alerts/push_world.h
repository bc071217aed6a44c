#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/alerts/push_book.h"
#include "tests/unit/alerts/world.h"

namespace candor::alerts {

using namespace std::chrono_literals;

constexpr Duration resolve_timeout = 5min;

/// A book and the signals that its observations make, under virtual time.
struct PushBookTest : testing::Test {
  Instant now = noon;
  rules::Signals signals;
  PushBook book{noon, resolve_timeout};
  std::vector<rules::Observation> last;
  std::vector<SourceChange> senders;
  std::vector<std::string> ends;

  void take(PushStep step) {
    fold(signals, step.seen, now);
    last = std::move(step.seen);
    for (const rules::Observation& seen : last) {
      if (seen.health == rules::Health::ok) ends.push_back(seen.evidence);
    }
    for (SourceChange& change : step.senders) {
      book.reported(change);
      senders.push_back(std::move(change));
    }
  }
  void push(std::vector<Alert> alerts) { take(book.observe(std::move(alerts), signals, now)); }
  /// Lets time pass, looking whenever the book asks to.
  void pass(Duration time) {
    const Instant until = now + time;
    while (book.due() && *book.due() <= until) {
      now = std::max(now, *book.due());
      take(book.sweep(signals, now));
    }
    now = until;
  }
  void set_clock(Duration by) {
    now += by;
    book.clock_set(by);
  }
  void restart() {
    book = PushBook{now, resolve_timeout};
    senders.clear();
  }
  [[nodiscard]] const rules::Signal* find(const std::string& name) const {
    const auto found = signals.find(id_of("push", name));
    return found != signals.end() ? &found->second : nullptr;
  }
  [[nodiscard]] Expiry expiry(const std::string& name) const {
    return book.expiry(id_of("push", name).labels, *find(name));
  }
  [[nodiscard]] Alert alert(const std::string& name) const { return make_alert(name, now); }
  [[nodiscard]] Alert until(const std::string& name, Instant end) const {
    Alert made = make_alert(name, now);
    made.ends_at = end;
    return made;
  }
  [[nodiscard]] Alert from_prometheus(const std::string& name, Instant starts_at) const {
    Alert made = make_alert(name, starts_at);
    made.ends_at = now + 4min;
    made.generator_url = "http://prom:9090/graph?g0.expr=up";
    return made;
  }
  /// An outbreak and the one after it are heard of; the end of the first, which is answered, is still on its way.
  Alert overtake_an_end() {
    Alert end = from_prometheus("Down", now);
    push({end});
    end.ends_at = now += 1min;
    now += 2s;
    push({from_prometheus("Down", now)});
    return end;
  }
};

}  // namespace candor::alerts
