#include "tests/unit/rules/naive_evaluator.h"

#include <algorithm>

namespace candor::rules {
namespace {

std::optional<Instant> begins(const Signal& signal, Health asked) {
  const bool failing = signal.health == Health::failing;
  if (asked == Health::failing && failing) return signal.failing_since;
  if (asked == Health::degraded && (failing || signal.health == Health::degraded)) return signal.degraded_since;
  if ((asked == Health::ok || asked == Health::unknown) && signal.health == asked) return signal.since;
  return std::nullopt;
}

}  // namespace

NaiveEvaluator::NaiveEvaluator(std::vector<Rule> rules) : rules_(std::move(rules)) {
  for (const Rule& rule : rules_) states_[rule.name];
}

NaiveEvaluator::Judgement NaiveEvaluator::judge(const SignalLeaf& leaf, Instant now) const {
  std::size_t total = 0;
  std::size_t hidden = 0;
  std::size_t unripe = 0;
  std::vector<Instant> ripe;
  std::map<SignalId, Instant> why;
  for (const auto& [id, signal] : signals_) {
    if (id.kind != leaf.kind || !leaf.matchers.matches(id.labels)) continue;
    ++total;
    if (signal.health == Health::unknown && leaf.health != Health::unknown) ++hidden;
    const std::optional<Instant> since = begins(signal, leaf.health);
    if (!since) continue;
    if (*since + leaf.hold > now) {
      ++unripe;
      continue;
    }
    ripe.push_back(*since + leaf.hold);
    why.emplace(id, *since);
  }
  std::size_t need = leaf.at_least.count;
  if (leaf.at_least.percent) need = std::max<std::size_t>(1, (total * need + 99) / 100);
  if (ripe.size() >= need) {
    std::ranges::sort(ripe);
    return {.truth = Truth::yes, .since = ripe[need - 1], .why = std::move(why)};
  }
  return {.truth = ripe.size() + hidden >= need ? Truth::unknown : Truth::no,
          .pending = unripe > 0 && ripe.size() + hidden + unripe >= need};
}

NaiveEvaluator::Judgement NaiveEvaluator::judge(const RuleLeaf& leaf, Instant now) const {
  const State& other = states_.at(leaf.rule);
  if (other.verdict.finding == Finding::unknown) return {.truth = Truth::unknown};
  if (other.verdict.finding == Finding::quiet) return {};
  if (other.verdict.finding == Finding::pending || *other.holds_since + leaf.hold > now) return {.pending = true};
  return {.truth = Truth::yes, .since = *other.holds_since + leaf.hold, .why = other.when.why};
}

NaiveEvaluator::Judgement NaiveEvaluator::judge(const Condition& condition, Instant now, bool negated) const {
  const auto flip = [](Truth truth) { return static_cast<Truth>(2 - static_cast<int>(truth)); };
  Judgement result;
  if (const auto* leaf = std::get_if<SignalLeaf>(&condition.node)) {
    result = judge(*leaf, now);
  } else if (const auto* rule = std::get_if<RuleLeaf>(&condition.node)) {
    result = judge(*rule, now);
  } else {
    const Group& group = std::get<Group>(condition.node);
    if (group.kind == Group::Kind::negation) {
      result = judge(group.parts.front(), now, !negated);
      return {.truth = flip(result.truth), .since = now, .why = result.why};
    }
    const bool all = group.kind == Group::Kind::all;
    std::vector<Judgement> parts;
    for (const Condition& part : group.parts) parts.push_back(judge(part, now, negated));
    const auto truths = [](const Judgement& part) { return part.truth; };
    result.truth = all ? std::ranges::min(parts, {}, truths).truth : std::ranges::max(parts, {}, truths).truth;
    const auto may_hold = [](const Judgement& part) { return part.may_hold(); };
    result.pending = all ? std::ranges::all_of(parts, may_hold) : std::ranges::any_of(parts, may_hold);
    result.since = all ? Instant{} : now;
    const Truth wanted = negated ? Truth::no : Truth::yes;
    for (const Judgement& part : parts) {
      if (part.truth == Truth::yes)
        result.since = all ? std::max(result.since, part.since) : std::min(result.since, part.since);
      if (part.truth != wanted) continue;
      for (const auto& [id, since] : part.why) {
        const auto [known, fresh] = result.why.emplace(id, since);
        known->second = std::min(known->second, since);
      }
    }
    if (result.truth != wanted) result.why.clear();
    return result;
  }
  if (negated) result.why.clear();  // what makes something false is no evidence
  return result;
}

std::vector<VerdictChange> NaiveEvaluator::settle(Instant now) {
  std::vector<VerdictChange> changes;
  for (const Rule& rule : rules_) {
    State& state = states_[rule.name];
    state.when = judge(rule.when, now, false);
    const Truth unless = rule.unless ? judge(*rule.unless, now, false).truth : Truth::no;
    Finding finding = unless == Truth::yes ? Finding::explained : Finding::holds;
    if (state.when.truth == Truth::no) finding = state.when.pending ? Finding::pending : Finding::quiet;
    if (state.when.truth == Truth::unknown) finding = Finding::unknown;
    if (state.when.truth == Truth::no) state.holds_since.reset();
    if (state.when.truth == Truth::yes && !state.holds_since) state.holds_since = std::min(now, state.when.since);
    if (finding == state.verdict.finding) continue;
    state.verdict = {finding, now, {}, {}, {}};
    if (state.when.truth == Truth::yes) {
      state.verdict.failing_since = now;
      explain(state.verdict, state.when);
    }
    changes.push_back({rule.name, state.verdict});
  }
  return changes;
}

void NaiveEvaluator::explain(Verdict& verdict, const Judgement& when) const {
  std::vector<std::pair<Instant, SignalId>> order;
  for (const auto& [id, since] : when.why) order.emplace_back(since, id);
  std::ranges::sort(order);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& [since, id] = order[i];
    const Signal& signal = signals_.at(id);
    verdict.failing_since = std::min(verdict.failing_since, since);
    if (verdict.symptom.empty()) verdict.symptom = signal.symptom;
    if (i >= 3) continue;
    const std::string name{id.labels.get(id.kind == SignalKind::probe ? "probe" : "alertname")};
    verdict.evidence +=
        (i > 0 ? "; " : "") + name + " (zone=" + std::string{id.labels.get("zone")} + "): " + signal.evidence;
  }
  if (order.size() > 3) verdict.evidence += "; and " + std::to_string(order.size() - 3) + " more";
}

}  // namespace candor::rules
