#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/page/view.h"

namespace candor::page {

/// Components that are shown together, in the order of the configuration.
struct Group {
  std::string name;  ///< empty: one component that belongs to no group
  std::vector<const PublicComponent*> members;

  /// What looks worst of its members.
  [[nodiscard]] const PublicComponent& worst() const;
  /// Since when nobody can see how the first of its members does, where nothing worse is known of another.
  [[nodiscard]] std::optional<Instant> unseen_since() const;
};

/// A group stands where its first member does. The components are the view's.
[[nodiscard]] std::vector<Group> groups(const View& view);

}  // namespace candor::page
