#include "base/labels.h"

#include <algorithm>

#include <fmt/format.h>

namespace candor {
namespace {

auto position_of(auto& pairs, std::string_view name) {
  return std::ranges::lower_bound(pairs, name, {},
                                  [](const Labels::Pair& pair) -> std::string_view { return pair.first; });
}

}  // namespace

Labels::Labels(std::initializer_list<Pair> pairs) : Labels(std::vector<Pair>(pairs)) {}

Labels::Labels(std::vector<Pair> pairs) : pairs_(std::move(pairs)) {
  std::ranges::stable_sort(pairs_, {}, &Pair::first);
  std::size_t kept = 0;
  for (std::size_t at = 0; at < pairs_.size(); ++at) {
    const bool overruled = at + 1 < pairs_.size() && pairs_[at + 1].first == pairs_[at].first;
    if (overruled || pairs_[at].second.empty()) continue;
    if (kept != at) pairs_[kept] = std::move(pairs_[at]);
    ++kept;
  }
  pairs_.resize(kept);
}

std::string_view Labels::get(std::string_view name) const {
  const auto found = position_of(pairs_, name);
  return found != pairs_.end() && found->first == name ? std::string_view{found->second} : std::string_view{};
}

void Labels::set(std::string name, std::string value) {
  const auto found = position_of(pairs_, name);
  const bool present = found != pairs_.end() && found->first == name;
  if (value.empty()) {
    if (present) pairs_.erase(found);
  } else if (present) {
    found->second = std::move(value);
  } else {
    pairs_.emplace(found, std::move(name), std::move(value));
  }
}

std::string Labels::text() const {
  std::string text;
  for (const auto& [name, value] : pairs_) {
    if (!text.empty()) text += ',';
    text += name;
    text += "=\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      if (c == '\n') {
        text += "\\n";
      } else {
        text += c;
      }
    }
    text += '"';
  }
  return text;
}

std::uint64_t Labels::fingerprint() const {
  std::uint64_t hash = 14695981039346656037ULL;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    hash = (hash ^ 0xFFU) * 1099511628211ULL;
  };
  for (const auto& [name, value] : pairs_) {
    add(name);
    add(value);
  }
  return hash;
}

std::string format_fingerprint(std::uint64_t fingerprint) { return fmt::format("{:016x}", fingerprint); }

}  // namespace candor
