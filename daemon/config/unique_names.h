#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/reader.h"

namespace candor::config {

/// The names of one kind of table, each of which stands once.
class UniqueNames {
 public:
  explicit UniqueNames(std::string_view noun, std::string_view key = "name") : noun_(noun), key_(key) {}

  /// Takes the name of this table, or records where it stands already. An empty one is a problem of its own.
  void take(const Table& table, const std::string& name) {
    const auto [first, fresh] = places_.try_emplace(name, table.position(key_));
    if (fresh || name.empty()) return;
    const Position& at = first->second;
    table.refuse(key_, fmt::format("{} \"{}\" stands twice", noun_, name),
                 fmt::format("the other is at {}:{}:{}", at.file, at.line, at.column));
  }

 private:
  std::string_view noun_;
  std::string_view key_;
  std::map<std::string, Position> places_;
};

}  // namespace candor::config
