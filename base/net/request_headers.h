#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/reader.h"
#include "base/secret.h"

namespace candor::net {

/// `headers` of `table`, a table of secrets, each as a request can take it. `ours` are the names, in lower case, that
/// `owner`, such as "candord", writes itself.
[[nodiscard]] std::vector<std::pair<std::string, Secret>> read_headers(const Table& table,
                                                                       const std::set<std::string>& ours,
                                                                       std::string_view owner);

}  // namespace candor::net
