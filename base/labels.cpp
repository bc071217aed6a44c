#include "base/labels.h"

#include <algorithm>

#include <fmt/format.h>

namespace candor {
namespace {

std::size_t bytes_of_pair(std::string_view name, std::string_view value) {
  return bytes_of_length(name.size()) + bytes_of_length(value.size()) + name.size() + value.size();
}

}  // namespace

Labels::Labels(std::initializer_list<Pair> pairs) : Labels(std::vector<View>(pairs.begin(), pairs.end())) {}

Labels::Labels(std::vector<View> pairs) {
  std::ranges::stable_sort(pairs, {}, &View::first);
  std::size_t bytes = 0;
  for (const auto& [name, value] : pairs) bytes += bytes_of_pair(name, value);
  packed_.reserve(bytes);
  for (std::size_t at = 0; at < pairs.size(); ++at) {
    const bool overruled = at + 1 < pairs.size() && pairs[at + 1].first == pairs[at].first;
    if (!overruled) pack(pairs[at].first, pairs[at].second);
  }
}

void Labels::pack(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  append_length(packed_, name.size());
  append_length(packed_, value.size());
  packed_.append(name).append(value);
}

std::size_t Labels::size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }

std::string_view Labels::get(std::string_view name) const {
  for (const auto& [own, value] : *this) {
    if (own == name) return value;
  }
  return {};
}

void Labels::set(std::string_view name, std::string_view value) {
  Labels changed;
  changed.packed_.reserve(packed_.size() + bytes_of_pair(name, value));
  const auto is_before = [name](const View& pair) { return pair.first < name; };
  auto rest = begin();
  for (; rest != end() && is_before(*rest); ++rest) changed.pack((*rest).first, (*rest).second);
  changed.pack(name, value);
  if (rest != end() && (*rest).first == name) ++rest;
  for (; rest != end(); ++rest) changed.pack((*rest).first, (*rest).second);
  *this = std::move(changed);
}

std::strong_ordering operator<=>(const Labels& a, const Labels& b) {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

std::string Labels::text() const {
  std::string text;
  for (const auto& [name, value] : *this) {
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
  for (const auto& [name, value] : *this) {
    add(name);
    add(value);
  }
  return hash;
}

std::string format_fingerprint(std::uint64_t fingerprint) { return fmt::format("{:016x}", fingerprint); }

}  // namespace candor
