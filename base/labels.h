#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/packed.h"

namespace candor {

/// Names and values that identify a signal, sorted by name, each name once. An absent label equals an empty one
/// (Prometheus's own convention), so empty values are not kept. All of them lie in one piece of memory: there may be
/// hundreds of thousands of alerts, each with a dozen labels.
class Labels {
 public:
  using Pair = std::pair<std::string, std::string>;
  /// Valid as long as the labels are unchanged.
  using View = std::pair<std::string_view, std::string_view>;
  class Iterator;

  Labels() = default;
  Labels(std::initializer_list<Pair> pairs);
  /// Of several pairs of one name the last one stays.
  explicit Labels(std::vector<View> pairs);

  /// The value of `name`, or empty where it is absent. Valid as long as these labels are unchanged.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  void set(std::string_view name, std::string_view value);

  [[nodiscard]] bool empty() const { return packed_.empty(); }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;

  /// `name="value"` pairs joined by commas, with Prometheus's escapes: for logs and people.
  [[nodiscard]] std::string text() const;

  /// Prometheus's fingerprint: 64-bit FNV-1a over name, 0xFF, value, 0xFF of each pair (common/model/fnv.go).
  [[nodiscard]] std::uint64_t fingerprint() const;

  friend bool operator==(const Labels&, const Labels&) = default;
  /// By the first pair that differs: its name, then its value.
  friend std::strong_ordering operator<=>(const Labels& a, const Labels& b);

 private:
  void pack(std::string_view name, std::string_view value);

  std::string packed_;  ///< of each pair: the lengths of name and value (packed.h), the name, the value
};

/// Walks over the pairs; each is made as it is looked at.
class Labels::Iterator {
 public:
  using iterator_concept = std::forward_iterator_tag;
  using iterator_category = std::input_iterator_tag;  // what it points at is no object of its own
  using value_type = View;
  using difference_type = std::ptrdiff_t;
  using reference = View;
  using pointer = void;

  Iterator() = default;
  explicit Iterator(const char* at) : at_(at) {}

  [[nodiscard]] View operator*() const {
    const char* at = at_;
    const std::size_t name = take_length(at);
    const std::size_t value = take_length(at);
    return {{at, name}, {at + name, value}};
  }
  Iterator& operator++() {
    const std::string_view value = (**this).second;
    at_ = value.data() + value.size();
    return *this;
  }
  Iterator operator++(int) {
    const Iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Iterator&, const Iterator&) = default;

 private:
  const char* at_ = nullptr;
};

inline Labels::Iterator Labels::begin() const { return Iterator{packed_.data()}; }
inline Labels::Iterator Labels::end() const { return Iterator{packed_.data() + packed_.size()}; }

/// A fingerprint as Alertmanager writes it: 16 lower-case hexadecimal digits.
[[nodiscard]] std::string format_fingerprint(std::uint64_t fingerprint);

}  // namespace candor
