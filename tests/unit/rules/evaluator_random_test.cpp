#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "rules/evaluator.h"
#include "tests/unit/rules/naive_evaluator.h"

namespace candor::rules {
namespace {

using namespace std::chrono_literals;

/// Draws rules, signals and what happens to them, all from one seed.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  int below(int end) { return std::uniform_int_distribution<int>{0, end - 1}(random_); }
  bool one_in(int n) { return below(n) == 0; }
  template <class T>
  const T& of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(below(static_cast<int>(choices.size())))];
  }
  template <class T>
  void shuffle(std::vector<T>& list) {
    std::ranges::shuffle(list, random_);
  }

  Duration hold() { return one_in(2) ? 0s : Duration{1000 * (1 + below(30))}; }

  Condition condition(const std::vector<std::string>& named, int depth) {
    const int kind = below(depth > 0 ? 7 : 4);
    if (kind == 3 && !named.empty()) return {RuleLeaf{.rule = of(named), .hold = hold()}};
    if (kind < 4) return {leaf()};
    Group group{.kind = kind == 4   ? Group::Kind::all
                        : kind == 5 ? Group::Kind::any
                                    : Group::Kind::negation,
                .parts = {}};
    const int parts = kind == 6 ? 1 : 1 + below(3);
    for (int i = 0; i < parts; ++i) group.parts.push_back(condition(named, depth - 1));
    return {std::move(group)};
  }

  /// Each names only rules before it; those of one level of dependence stand in name order, as settle() answers.
  std::vector<Rule> rules() {
    std::vector<Rule> rules;
    std::vector<std::string> named;
    for (int level = 0; level < 4; ++level) {
      std::vector<std::string> names;
      for (int i = 0; i < 4; ++i) {
        Rule rule;
        rule.name = std::string{static_cast<char>('a' + level)} + std::to_string(i);
        rule.when = condition(named, 2);
        if (one_in(3)) rule.unless = condition(named, 1);
        // Holds the rule at its level, so that the order of both evaluators is the same.
        if (level > 0) {
          Group both{.kind = Group::Kind::any, .parts = {}};
          both.parts.push_back(std::move(rule.when));
          both.parts.push_back({Group{Group::Kind::all, {{RuleLeaf{named.back(), hold()}}, condition(named, 0)}}});
          rule.when = {std::move(both)};
        }
        names.push_back(rule.name);
        rules.push_back(std::move(rule));
      }
      named.insert(named.end(), names.begin(), names.end());
    }
    return rules;
  }

  SignalId signal() {
    const SignalKind kind = one_in(3) ? SignalKind::alert : SignalKind::probe;
    Labels labels{{"zone", of<std::string>({"x", "y", "z"})}};
    labels.set(kind == SignalKind::probe ? "probe" : "alertname", of<std::string>({"p", "q", "r", "s"}));
    if (!one_in(4)) labels.set("component", of<std::string>({"c", "d"}));
    return {kind, kind == SignalKind::probe ? "probe" : of<std::string>({"push", "webhook"}), std::move(labels)};
  }

  Health health() {
    return of<Health>({Health::ok, Health::ok, Health::degraded, Health::failing, Health::failing, Health::unknown});
  }

 private:
  SignalLeaf leaf() {
    SignalLeaf leaf;
    leaf.kind = one_in(3) ? SignalKind::alert : SignalKind::probe;
    const std::string name = leaf.kind == SignalKind::probe ? "probe" : "alertname";
    const std::string text = of<std::string>(
        {name + "=p", name + "=~\"q|r\"", name + "!=p", "component=c", "component=\"\"", "component=~\"c|\"", "zone=x",
         "zone=~\"x|y\",component=d", "zone!~\"x.*\"", name + "=s,zone!=z", "component=c," + name + "=~\"p|q|r\""});
    leaf.matchers = parse_matchers(text).value();
    leaf.health = of<Health>({Health::failing, Health::failing, Health::degraded, Health::ok, Health::unknown});
    leaf.at_least = one_in(3) ? Quorum{static_cast<std::uint32_t>(1 + below(100)), true}
                              : Quorum{static_cast<std::uint32_t>(1 + below(4)), false};
    leaf.hold = hold();
    return leaf;
  }

  std::mt19937_64 random_;
};

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
