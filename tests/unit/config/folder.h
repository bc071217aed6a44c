#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/config/config.h"

namespace candor::config {

/// A folder of configuration files, gone at the end of the test.
class Folder {
 public:
  Folder() { std::filesystem::create_directories(path_); }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream{file, std::ios::binary} << text;
    return file;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_ =
      std::filesystem::path{testing::TempDir()} /
      ("config_test." + std::to_string(getpid()) + "." + testing::UnitTest::GetInstance()->current_test_info()->name());
};

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
