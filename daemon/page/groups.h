#pragma once

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
};

/// A group stands where its first member does. The components are the view's.
[[nodiscard]] std::vector<Group> groups(const View& view);

}  // namespace candor::page
