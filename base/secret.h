#pragma once

#include <string>
#include <utility>

namespace candor {

/// A value that must not be seen. It has no stream or format operator: whoever needs it writes reveal(), which is easy
/// to find in a review. Compare two of them with equal_in_constant_time().
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

  /// Whether two configurations hold the same secret; not for input from outside.
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string value_;
};

/// An URL without what may be secret in it: scheme, host and port, then "/…" where more follows.
[[nodiscard]] std::string redact_url(const std::string& url);

}  // namespace candor
