#include "base/id.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(Id, is_twelve_characters_of_a_to_z_and_digits) {
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{999}, (std::uint64_t{1} << 60U) - 1}) {
    for (const std::uint64_t salt : {std::uint64_t{0}, ~std::uint64_t{0}}) {
      EXPECT_THAT(make_id(salt, number), testing::MatchesRegex("[a-z0-9]{12}"));
    }
  }
}

TEST(Id, does_not_repeat) {
  std::set<std::string> ids;
  for (std::uint64_t number = 0; number < 100'000; ++number) ids.insert(make_id(7, number));
  for (std::uint64_t bit = 17; bit < 60; ++bit) ids.insert(make_id(7, std::uint64_t{1} << bit));
  EXPECT_EQ(ids.size(), 100'000U + 43U);
}

TEST(Id, is_a_function_of_its_arguments) {
  EXPECT_EQ(make_id(1, 2), make_id(1, 2));
  EXPECT_NE(make_id(1, 2), make_id(1, 3));
  EXPECT_NE(make_id(1, 2), make_id(9, 2));
}

TEST(Id, does_not_look_like_its_number) {
  // Neighbours differ in most of their characters.
  int same = 0;
  for (std::uint64_t number = 0; number < 100; ++number) {
    const std::string a = make_id(7, number);
    const std::string b = make_id(7, number + 1);
    for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i] ? 1 : 0;
  }
  EXPECT_LT(same, 100 * 12 / 6);
}

TEST(RandomNumber, is_another_one_each_time) {
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 100; ++i) numbers.insert(random_number());
  EXPECT_EQ(numbers.size(), 100U);
}

}  // namespace
}  // namespace candor
