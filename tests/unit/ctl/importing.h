#pragma once

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/ctl/import.h"
#include "tests/unit/config/loading.h"
#include "tests/unit/folder.h"

namespace candor::ctl::test {

/// What an import made of files of these texts.
class Importing : public testing::Test {
 protected:
  void import(std::string_view source, const std::string& text, const std::string& beside = {}) {
    const ImportSource* from = nullptr;
    for (const ImportSource& one : import_sources()) {
      if (one.name == source) from = &one;
    }
    ASSERT_NE(from, nullptr);
    Result<Source> read = from->load(folder.write("source", text));
    ASSERT_TRUE(read) << read.error().message;
    Result<Source> second = failure("none");
    if (!beside.empty()) second = load_yaml(folder.write("beside", beside));
    ASSERT_TRUE(beside.empty() || second);
    Draft draft{"Made by a test."};
    const Result<void> done = from->read(*read, second ? &*second : nullptr, draft);
    ASSERT_TRUE(done) << done.error().message;
    draft.add_not_imported(read->leftovers());
    if (second) draft.add_not_imported(second->leftovers());
    written = draft.text();
    probes = draft.probes();
    remarks.clear();
    for (std::string line : draft.remarks()) {
      const std::string path = folder.path().string() + "/";
      for (std::size_t at = line.find(path); at != std::string::npos; at = line.find(path)) line.erase(at, path.size());
      remarks.push_back(line);
    }
  }

  /// The program takes what was written.
  [[nodiscard]] std::vector<std::string> problems() const {
    return config::load_file(folder.write("candor.toml", written)).problems;
  }

  /// The lines from the probe's own on to the next empty one.
  [[nodiscard]] std::string probe(const std::string& name) const {
    const std::size_t begin = written.find("[[probe]]\nname = \"" + name + "\"\n");
    if (begin == std::string::npos) return "no such probe in:\n" + written;
    return written.substr(begin, written.find("\n\n", begin) - begin) + "\n";
  }

  Folder folder;
  std::string written;
  std::size_t probes = 0;
  std::vector<std::string> remarks;
};

}  // namespace candor::ctl::test
