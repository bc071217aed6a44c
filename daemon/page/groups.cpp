#include "daemon/page/groups.h"

#include <algorithm>

#include "daemon/page/words.h"

namespace candor::page {

const PublicComponent& Group::worst() const {
  return **std::ranges::max_element(members, {}, [](const PublicComponent* member) { return tone(*member); });
}

std::optional<Instant> Group::unseen_since() const {
  if (!worst().unseen()) return std::nullopt;
  Instant first = Instant::max();
  for (const PublicComponent* member : members) {
    if (member->unseen()) first = std::min(first, *member->unseen_since);
  }
  return first;
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
