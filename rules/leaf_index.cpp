#include "rules/leaf_index.h"

#include <algorithm>
#include <limits>

namespace candor::rules {
namespace {

constexpr std::string_view regex_specials = "\\^$.[]()*+?{}";

/// The words of a regular expression that is nothing but words, such as "page|critical".
std::vector<std::string_view> plain_alternatives(std::string_view regex) {
  std::vector<std::string_view> words;
  if (regex.find_first_of(regex_specials) != std::string_view::npos) return words;
  while (true) {
    const std::size_t bar = regex.find('|');
    // An empty word asks for an absent label, under which nothing can be filed.
    if (bar == 0 || regex.empty()) return {};
    words.push_back(regex.substr(0, bar));
    if (bar == std::string_view::npos) return words;
    regex.remove_prefix(bar + 1);
  }
}

/// Among equally rare values: the labels that tell things apart best, first.
std::size_t rank_of(std::string_view name) {
  constexpr std::array<std::string_view, 3> telling{"probe", "alertname", "component"};
  return static_cast<std::size_t>(std::ranges::find(telling, name) - telling.begin());
}

}  // namespace

std::size_t LeafIndex::Hash::operator()(const View& key) const {
  const std::hash<std::string_view> hash;
  return (hash(key.name) * 31 + hash(key.value)) * 31 + static_cast<std::size_t>(key.kind);
}

std::vector<LeafIndex::Key> LeafIndex::keys_of(SignalKind kind, const Matcher& matcher) {
  std::vector<Key> keys;
  if (matcher.op() == Matcher::Op::equal && !matcher.value().empty()) {
    keys.push_back({kind, matcher.name(), matcher.value()});
  } else if (matcher.op() == Matcher::Op::matches) {
    for (const std::string_view word : plain_alternatives(matcher.value())) {
      keys.push_back({kind, matcher.name(), std::string{word}});
    }
    const auto same_value = [](const Key& a, const Key& b) { return a.value == b.value; };
    std::ranges::sort(keys, {}, &Key::value);
    keys.erase(std::ranges::unique(keys, same_value).begin(), keys.end());
  }
  return keys;
}

std::vector<LeafIndex::Key> LeafIndex::best_keys(const SignalLeaf& leaf, const ByKey<std::uint32_t>& uses) {
  std::vector<Key> best;
  std::pair least{std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::size_t>::max()};
  for (const Matcher& matcher : leaf.matchers.all) {
    std::vector<Key> keys = keys_of(leaf.kind, matcher);
    if (keys.empty()) continue;
    std::uint64_t used = 0;
    for (const Key& key : keys) used += uses.at(key);
    if (const std::pair cost{used, rank_of(matcher.name())}; cost < least) {
      least = cost;
      best = std::move(keys);
    }
  }
  return best;
}

LeafIndex::LeafIndex(const std::vector<const SignalLeaf*>& leaves) : leaves_(leaves) {
  // A value that few leaves ask for leaves few to be tried.
  ByKey<std::uint32_t> uses;
  for (const SignalLeaf* leaf : leaves_) {
    for (const Matcher& matcher : leaf->matchers.all) {
      for (Key& key : keys_of(leaf->kind, matcher)) ++uses[std::move(key)];
    }
  }
  for (std::uint32_t i = 0; i < leaves_.size(); ++i) {
    std::vector<Key> keys = best_keys(*leaves_[i], uses);
    if (keys.empty()) unfiled_.at(static_cast<std::size_t>(leaves_[i]->kind)).push_back(i);
    for (Key& key : keys) filed_[std::move(key)].push_back(i);
  }
}

std::vector<std::uint32_t> LeafIndex::matching(const SignalId& signal) const {
  std::vector<std::uint32_t> found;
  const auto try_each = [&](const std::vector<std::uint32_t>& candidates) {
    for (const std::uint32_t leaf : candidates) {
      if (leaves_[leaf]->matchers.matches(signal.labels)) found.push_back(leaf);
    }
  };
  try_each(unfiled_.at(static_cast<std::size_t>(signal.kind)));
  for (const auto& [name, value] : signal.labels) {
    if (const auto filed = filed_.find(View{signal.kind, name, value}); filed != filed_.end()) try_each(filed->second);
  }
  std::ranges::sort(found);
  found.shrink_to_fit();
  return found;
}

}  // namespace candor::rules
