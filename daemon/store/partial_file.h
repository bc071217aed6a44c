#pragma once

#include <filesystem>

namespace candor::store {

/// A file until it is whole. Gone at the end unless it was kept, with what SQLite had beside it. Thread: one at a time.
class PartialFile {
 public:
  explicit PartialFile(std::filesystem::path file) : path_(std::move(file)) {}
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// For nobody else to read; errno says why not, also where there is one already.
  [[nodiscard]] bool make() const;
  /// On the disk under its name, unless there is such a file by now; errno says why not.
  [[nodiscard]] bool keep_as(const std::filesystem::path& name) const;
  /// The same in the place of the file that has its name, at once.
  [[nodiscard]] bool keep_in_place_of(const std::filesystem::path& name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace candor::store
