#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace candor::incident {

/// When each open incident next needs a look, so that a decision costs the same however many are open.
class Agenda {
 public:
  /// Nothing: it needs none.
  void put(const std::string& incident, std::optional<Instant> due);
  void clear();

  [[nodiscard]] std::optional<Instant> earliest() const;
  /// The incidents whose instant has come, in the order of their ids.
  [[nodiscard]] std::vector<std::string> due(Instant now) const;

 private:
  std::map<std::string, Instant> by_incident_;
  std::set<std::pair<Instant, std::string>> by_instant_;
};

}  // namespace candor::incident
