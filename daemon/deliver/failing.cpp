#include "daemon/deliver/failing.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace candor::deliver {

std::vector<Failing> failing(const std::vector<store::OutboxRow>& rows, Instant now) {
  struct Waiting {
    const store::OutboxRow* oldest = nullptr;
    std::size_t count = 0;
  };
  std::map<std::string_view, Waiting> by_destination;
  for (const store::OutboxRow& row : rows) {
    Waiting& waiting = by_destination[row.delivery.destination];
    ++waiting.count;
    if (row.attempts == 0) continue;
    if (waiting.oldest == nullptr || row.delivery.at < waiting.oldest->delivery.at) waiting.oldest = &row;
  }
  std::vector<Failing> found;
  for (const auto& [destination, waiting] : by_destination) {
    if (waiting.oldest == nullptr || now - waiting.oldest->delivery.at < failing_for_long) continue;
    found.push_back({*waiting.oldest, waiting.count - 1});
  }
  std::ranges::stable_sort(found, {}, [](const Failing& it) { return it.oldest.delivery.at; });
  return found;
}

}  // namespace candor::deliver
