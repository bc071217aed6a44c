#include "base/memory.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace candor {
namespace {

/// Of /proc/self/smaps_rollup: what this process has in memory of files that it has not changed.
long clean_kb() {
  std::ifstream rollup{"/proc/self/smaps_rollup"};
  long clean = 0;
  for (std::string word; rollup >> word;) {
    long kb = 0;
    if (word == "Shared_Clean:" || word == "Private_Clean:") {
      rollup >> kb;
      clean += kb;
    }
  }
  return clean;
}

TEST(Memory, of_the_programs_files_is_given_back_and_taken_again_when_it_is_needed) {
  const long before = clean_kb();
  ASSERT_GT(before, 0);
  return_what_the_start_needed();
  EXPECT_LT(clean_kb(), before);
  EXPECT_EQ(std::to_string(42) + std::string(1000, 'x').substr(998), "42xx");  // everything still runs
}

}  // namespace
}  // namespace candor
