#include "base/file.h"

#include <fstream>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/unit/folder.h"

namespace candor {
namespace {

namespace fs = std::filesystem;

struct ReadFile : testing::Test {
  Folder scratch;
  const fs::path& folder = scratch.path();

  static std::string why(const fs::path& file, Readable what = Readable::regular) {
    const Result<std::string> text = read_file(file, 1 << 20U, what);
    return text ? "" : text.error().message;
  }
};

TEST_F(ReadFile, answers_all_of_it) {
  const std::string all(100'000, 'a');
  std::ofstream{folder / "all"} << all;
  EXPECT_EQ(read_file(folder / "all", all.size()).value(), all);
  EXPECT_FALSE(read_file(folder / "all", all.size() - 1));
  std::ofstream{folder / "empty"};
  EXPECT_EQ(read_file(folder / "empty", 0).value(), "");
}

TEST_F(ReadFile, says_why_it_cannot) {
  EXPECT_EQ(why(folder / "none"), "No such file or directory");
  EXPECT_EQ(why(folder), "is a directory");
}

TEST_F(ReadFile, neither_waits_nor_reads_without_end) {
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(why(folder / "pipe"), "is not a regular file");
  EXPECT_EQ(why("/dev/zero"), "is not a regular file");
  EXPECT_EQ(why("/dev/zero", Readable::any), "is larger than 1 MB");
  EXPECT_EQ(why("/dev/null", Readable::any), "");
}

}  // namespace
}  // namespace candor
