#include "daemon/deliver/failing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/deliver/deliveries.h"

namespace candor::deliver {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

TEST(Failing, tells_of_what_failed_for_a_while) {
  const std::vector<store::OutboxRow> rows{row(page("d1"), 4, start + 31s)};
  EXPECT_THAT(failing(rows, start + 30s - 1ms), IsEmpty()) << "a receiver may be restarted";
  const std::vector<Failing> found = failing(rows, start + 30s);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].oldest.delivery.id, "d1");
  EXPECT_EQ(found[0].oldest.attempts, 4U);
  EXPECT_EQ(found[0].behind, 0U);
}

TEST(Failing, tells_nothing_of_what_has_not_failed_however_long_it_waits) {
  EXPECT_THAT(failing({row(page("d1"))}, start + 1h), IsEmpty());
  EXPECT_THAT(failing({}, start), IsEmpty());
}

TEST(Failing, tells_once_of_each_destination_by_what_failed_first_and_of_the_longest_first) {
  const std::vector<store::OutboxRow> rows{
      row(page("a2", "contact:ana/1", "two", start + 2s), 1), row(page("a1", "contact:ana/1", "one", start + 1s), 7),
      row(page("a0", "contact:ana/1", "three", start - 1h)), row(page("b1", "contact:bo/1", "one", start), 2)};
  const std::vector<Failing> found = failing(rows, start + 1min);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].oldest.delivery.id, "b1");
  EXPECT_EQ(found[1].oldest.delivery.id, "a1");
  EXPECT_EQ(found[1].behind, 2U);
}

}  // namespace
}  // namespace candor::deliver
