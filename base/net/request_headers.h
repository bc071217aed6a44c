#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/reader.h"
#include "base/secret.h"

namespace candor::net {

/// Records that `key` of `table` is not a header's name, nor holds one. What stands there is not shown: whoever mistook
/// the form may have put a secret there.
void refuse_header_name(const Table& table, std::string_view key);

/// `headers` of `table`, a table of secrets, each as a request can take it. `ours` are the names, in lower case, that
/// `owner`, such as "candord", writes itself.
[[nodiscard]] std::vector<std::pair<std::string, Secret>> read_headers(const Table& table,
                                                                       const std::set<std::string>& ours,
                                                                       std::string_view owner);

}  // namespace candor::net
