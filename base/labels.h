#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace candor {

/// Names and values that identify a signal, sorted by name, each name once. An absent label equals an empty one
/// (Prometheus's own convention), so empty values are not kept.
class Labels {
 public:
  using Pair = std::pair<std::string, std::string>;

  Labels() = default;
  Labels(std::initializer_list<Pair> pairs);
  /// Of several pairs of one name the last one stays.
  explicit Labels(std::vector<Pair> pairs);

  /// The value of `name`, or empty where it is absent. Valid as long as these labels are unchanged.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  void set(std::string name, std::string value);

  [[nodiscard]] bool empty() const { return pairs_.empty(); }
  [[nodiscard]] std::size_t size() const { return pairs_.size(); }
  [[nodiscard]] auto begin() const { return pairs_.begin(); }
  [[nodiscard]] auto end() const { return pairs_.end(); }

  /// `name="value"` pairs joined by commas, with Prometheus's escapes: for logs and people.
  [[nodiscard]] std::string text() const;

  /// Prometheus's fingerprint: 64-bit FNV-1a over name, 0xFF, value, 0xFF of each pair (common/model/fnv.go).
  [[nodiscard]] std::uint64_t fingerprint() const;

  friend bool operator==(const Labels&, const Labels&) = default;
  friend auto operator<=>(const Labels&, const Labels&) = default;

 private:
  std::vector<Pair> pairs_;
};

/// A fingerprint as Alertmanager writes it: 16 lower-case hexadecimal digits.
[[nodiscard]] std::string format_fingerprint(std::uint64_t fingerprint);

}  // namespace candor
