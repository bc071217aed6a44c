#include "base/net/request_headers.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/net/easy.h"
#include "base/text.h"

namespace candor::net {

void refuse_header_name(const Table& table, std::string_view key) {
  table.refuse(key, "this is not a header's name", "letters, digits and -");
}

std::vector<std::pair<std::string, Secret>> read_headers(const Table& table, const std::set<std::string>& ours,
                                                         std::string_view owner) {
  std::vector<std::pair<std::string, Secret>> headers;
  const std::optional<Table> lines = table.table("headers");
  if (!lines) return headers;
  std::set<std::string> seen;
  for (const std::string& name : lines->keys()) {
    if (!is_token(name)) {
      refuse_header_name(*lines, name);
      continue;
    }
    std::optional<Secret> value = lines->secret(name);
    const std::string key = lower_case(name);
    if (ours.contains(key)) {
      lines->refuse(name, fmt::format("header {} is {}'s own to write", name, owner), "leave it out");
    } else if (!seen.insert(key).second) {
      lines->refuse(name, fmt::format("header {} stands here twice", name), "upper and lower case are the same");
    } else if (value && !is_header_value(value->reveal())) {
      lines->refuse(name, fmt::format("header {} holds a line break or another control character", name),
                    "a header is one line");
    } else if (value) {
      headers.emplace_back(name, *std::move(value));
    }
  }
  return headers;
}

}  // namespace candor::net
