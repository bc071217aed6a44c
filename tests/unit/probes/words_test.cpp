#include "probes/kinds/words.h"

#include <gtest/gtest.h>

#include "base/net/failure.h"

namespace candor::probes {
namespace {

TEST(RepairWords, are_there_for_each_lack_of_this_machine_and_no_other) {
  for (int error = 1; error < 134; ++error) {
    EXPECT_EQ(net::is_own_lack(error), !repair_words(error).empty()) << error_words(error);
  }
}

}  // namespace
}  // namespace candor::probes
