#pragma once

#include <bitset>
#include <string>
#include <vector>

#include "base/result.h"

namespace candor::probes {

/// The HTTP statuses that are as expected, from patterns such as "2xx", "204" and "200-299".
class StatusSet {
 public:
  /// Errors: a pattern that is none of these, or names no status from 100 to 599. Leaves the set as it was.
  [[nodiscard]] Result<void> add(const std::string& pattern);

  [[nodiscard]] bool contains(int status) const;
  /// The patterns as they were given: "2xx, 301".
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::bitset<600> statuses_;
  std::string text_;
};

}  // namespace candor::probes
