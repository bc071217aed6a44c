#include "base/net/patience.h"

#include <algorithm>

namespace candor::net {
namespace {

using namespace std::chrono_literals;

constexpr CatchingUp::Time shortest_standstill = 1s;
/// A request is accepted, read and decided in some turns of the loop, and one from the visitors' loop crosses over:
/// 150 ms on a machine that is busy.
constexpr CatchingUp::Time time_to_read = 500ms;
constexpr int most_waits = 3;

}  // namespace

void CatchingUp::ran_late(Time by, Time now) {
  if (by >= shortest_standstill) begin(now);
}

void CatchingUp::begin(Time now) { until_ = now + time_to_read; }

CatchingUp::Time CatchingUp::rest(Time now) const { return now < until_ ? until_ - now : Time{0}; }

Patience::Time Patience::wait(const CatchingUp& loop, Time now) {
  if (now >= until_ && waits_ < most_waits) {
    const Time rest = loop.rest(now);
    until_ = now + rest;
    if (rest > Time{0}) ++waits_;
  }
  if (now < until_) return until_ - now;
  waits_ = 0;
  return Time{0};
}

}  // namespace candor::net
