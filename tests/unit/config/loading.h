#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.h"

namespace candor::config {

/// What came of loading: a configuration, or what is wrong with it.
struct Loaded {
  std::optional<Config> config;
  std::vector<std::string> problems;  ///< `FILE:LINE:COLUMN: what (hint)`, with the file's name alone
};

inline std::vector<std::string> texts_of(const Problems& problems) {
  std::vector<std::string> texts;
  for (Problem problem : problems.list()) {
    problem.at.file = std::filesystem::path{problem.at.file}.filename();
    texts.push_back(problem.text());
  }
  return texts;
}

inline Loaded load_file(const std::filesystem::path& file) {
  Problems problems;
  std::optional<Config> config = load(file, problems);
  return {std::move(config), texts_of(problems)};
}

}  // namespace candor::config
