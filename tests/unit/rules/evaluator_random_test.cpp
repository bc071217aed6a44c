#include <set>

#include <gtest/gtest.h>

#include "rules/evaluator.h"
#include "tests/unit/rules/draw.h"
#include "tests/unit/rules/naive_evaluator.h"

namespace candor::rules {
namespace {

using namespace std::chrono_literals;

std::string shown(const std::vector<VerdictChange>& changes) {
  std::string text;
  for (const VerdictChange& change : changes) {
    const Verdict& verdict = change.verdict;
    text += change.rule + " " + std::string{to_string(verdict.finding)} + " since " + format_rfc3339(verdict.since) +
            " failing " + format_rfc3339(verdict.failing_since) + " [" + verdict.evidence + "] [" + verdict.symptom +
            "]\n";
  }
  return text;
}

/// Three views of the same changing world: the evaluator as it happens, one that hears of each settled batch in another
/// order and only of its outcome, and the naive one.
struct Views {
  explicit Views(const std::vector<Rule>& rules) : live(rules), batched(rules), naive(rules) {}

  void see(const SignalId& id, const Observation& seen, Instant at) {
    Signal& signal = signals[id];
    apply(signal, seen, at);
    live.update(id, signal);
    naive.update(id, signal);
    touched.insert(id);
  }
  void forget(const SignalId& id) {
    signals.erase(id);
    live.forget(id);
    naive.forget(id);
    touched.insert(id);
  }
  void settle(Draw& draw, Instant now) {
    std::vector<SignalId> batch{touched.begin(), touched.end()};
    draw.shuffle(batch);
    for (const SignalId& id : batch) {
      if (const auto found = signals.find(id); found != signals.end()) {
        batched.update(id, found->second);
      } else {
        batched.forget(id);
      }
    }
    touched.clear();
    const std::string expected = shown(naive.settle(now));
    ASSERT_EQ(shown(live.settle(now)), expected);
    ASSERT_EQ(shown(batched.settle(now)), expected);
    ASSERT_EQ(live.due(), batched.due());
    if (live.due()) {
      ASSERT_GT(*live.due(), now);
    }
    settled += expected.empty() ? 0 : 1;
  }

  Evaluator live;
  Evaluator batched;
  NaiveEvaluator naive;
  Signals signals;
  std::set<SignalId> touched;
  int settled = 0;
};

class EvaluatorAtRandom : public testing::TestWithParam<std::uint64_t> {};

TEST_P(EvaluatorAtRandom, agrees_with_looking_at_everything_anew) {
  Draw draw{GetParam()};
  Views views{draw.rules()};
  std::vector<SignalId> ids;
  for (int i = 0; i < 25; ++i) ids.push_back(draw.signal());
  Instant now = from_ms(1'700'000'000'000);
  int silent_instants = 0;
  for (int step = 0; step < 800; ++step) {
    for (int changes = draw.below(4); changes > 0; --changes) {
      const SignalId& id = draw.of(ids);
      if (draw.one_in(12)) {
        views.forget(id);
      } else {
        views.see(id,
                  {.id = id,
                   .health = draw.health(),
                   .evidence = "seen " + std::to_string(step),
                   .symptom = draw.one_in(3) ? "symptom " + std::to_string(step) : "",
                   .alert = {}},
                  now);
      }
    }
    if (draw.one_in(3)) continue;
    views.settle(draw, now);
    if (HasFatalFailure()) FAIL() << "seed " << GetParam() << ", step " << step;
    // Nothing happens before it is due.
    if (const auto due = views.live.due(); due && draw.one_in(2)) {
      ASSERT_EQ(shown(views.naive.settle(*due - 1ms)), "") << "seed " << GetParam() << ", step " << step;
      ++silent_instants;
      now = *due;
      views.settle(draw, now);
      if (HasFatalFailure()) FAIL() << "seed " << GetParam() << ", step " << step;
    }
    now += Duration{draw.below(6000)};
  }
  EXPECT_GT(views.settled, 100);
  EXPECT_GT(silent_instants, 20);
}

INSTANTIATE_TEST_SUITE_P(Seeds, EvaluatorAtRandom, testing::Range<std::uint64_t>(1, 11));

}  // namespace
}  // namespace candor::rules
