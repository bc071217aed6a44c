#include "base/refused_key.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace candor {

bool refuse_if_present(const Table& table, std::string_view key, std::string what, std::string hint) {
  const std::vector<std::string> keys = table.keys();
  if (std::ranges::find(keys, key) == keys.end()) return false;
  table.refuse(key, std::move(what), std::move(hint));
  return true;
}

}  // namespace candor
