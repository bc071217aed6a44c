#include "daemon/page/groups.h"

#include <algorithm>

namespace candor::page {

ComponentStatus Group::status() const {
  ComponentStatus worst = ComponentStatus::operational;
  for (const PublicComponent* member : members) worst = std::max(worst, member->status);
  return worst;
}

std::vector<Group> groups(const View& view) {
  std::vector<Group> list;
  for (const PublicComponent& component : view.components) {
    const auto known = component.group.empty() ? list.end() : std::ranges::find(list, component.group, &Group::name);
    if (known != list.end()) {
      known->members.push_back(&component);
    } else {
      list.push_back({component.group, {&component}});
    }
  }
  return list;
}

}  // namespace candor::page
