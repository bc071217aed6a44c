#include "rules/signal_table.h"

#include <algorithm>
#include <functional>

#include "base/packed.h"

namespace candor::rules {
namespace {

void append(std::string& bytes, std::string_view word) {
  append_length(bytes, word.size());
  bytes.append(word);
}

/// Takes the next word off the front; `bytes` holds at least one.
std::string_view take_word(std::string_view& bytes) {
  const char* at = bytes.data();
  const std::size_t length = take_length(at);
  const std::string_view word{at, length};
  bytes.remove_prefix(static_cast<std::size_t>(at - bytes.data()) + length);
  return word;
}

void mix(std::size_t& hash, std::string_view word) {
  hash = hash * 1099511628211U + std::hash<std::string_view>{}(word);
}

std::size_t packed_size(const SignalId& id) {
  const auto size_of = [](std::string_view word) { return bytes_of_length(word.size()) + word.size(); };
  std::size_t size = size_of(id.source);
  for (const auto& [name, value] : id.labels) size += size_of(name) + size_of(value);
  return size;
}

}  // namespace

PackedId::PackedId(const SignalId& id) : kind_(id.kind) {
  bytes_.reserve(packed_size(id));
  append(bytes_, id.source);
  for (const auto& [name, value] : id.labels) {
    append(bytes_, name);
    append(bytes_, value);
  }
}

std::vector<std::string_view> PackedId::words() const {
  std::vector<std::string_view> words;
  for (std::string_view rest = bytes_; !rest.empty();) words.push_back(take_word(rest));
  return words;
}

SignalId PackedId::unpacked() const {
  std::string_view rest = bytes_;
  const std::string_view source = take_word(rest);
  std::vector<Labels::View> labels;
  while (!rest.empty()) {
    const std::string_view name = take_word(rest);
    labels.emplace_back(name, take_word(rest));
  }
  return {kind_, std::string{source}, Labels{std::move(labels)}};
}

std::strong_ordering operator<=>(const PackedId& a, const PackedId& b) {
  if (a.kind_ != b.kind_) return a.kind_ <=> b.kind_;
  std::string_view rest_a = a.bytes_;
  std::string_view rest_b = b.bytes_;
  while (!rest_a.empty() && !rest_b.empty()) {
    if (const auto order = take_word(rest_a) <=> take_word(rest_b); order != 0) return order;
  }
  return rest_a.size() <=> rest_b.size();
}

bool operator==(const PackedId& packed, const SignalId& id) {
  if (packed.kind_ != id.kind || packed.bytes_.size() != packed_size(id)) return false;
  std::string_view rest = packed.bytes_;
  if (take_word(rest) != id.source) return false;
  return std::ranges::all_of(id.labels, [&rest](const Labels::View& label) {
    return !rest.empty() && take_word(rest) == label.first && take_word(rest) == label.second;
  });
}

std::size_t PackedId::hash() const {
  auto hash = static_cast<std::size_t>(kind_);
  for (std::string_view rest = bytes_; !rest.empty();) mix(hash, take_word(rest));
  return hash;
}

std::size_t PackedIdHash::operator()(const SignalId& id) const {
  auto hash = static_cast<std::size_t>(id.kind);
  mix(hash, id.source);
  for (const auto& [name, value] : id.labels) {
    mix(hash, name);
    mix(hash, value);
  }
  return hash;
}

KnownHealth::KnownHealth(const Signal& signal)
    : health(signal.health),
      since(signal.since),
      degraded_since(signal.degraded_since.value_or(signal.since)),
      failing_since(signal.failing_since.value_or(signal.since)) {}

std::optional<Instant> counts_since(const SignalLeaf& leaf, const KnownHealth& health) {
  switch (leaf.health) {
    case Health::failing:
      return health.health == Health::failing ? std::optional{health.failing_since} : std::nullopt;
    case Health::degraded:
      return health.health == Health::failing || health.health == Health::degraded
                 ? std::optional{health.degraded_since}
                 : std::nullopt;
    case Health::ok:
    case Health::unknown:
      return health.health == leaf.health ? std::optional{health.since} : std::nullopt;
  }
  return std::nullopt;
}

bool is_hidden(const SignalLeaf& leaf, const KnownHealth& health) {
  return health.health == Health::unknown && leaf.health != Health::unknown;
}

}  // namespace candor::rules
