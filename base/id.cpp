#include "base/id.h"

#include <array>
#include <cerrno>
#include <string_view>
#include <sys/random.h>
#include <system_error>
#include <utility>

namespace candor {

std::string make_id(std::uint64_t salt, std::uint64_t number) {
  // Each step is one to one on 62-bit numbers, so different numbers give different ids; 2^62 < 36^12.
  constexpr std::uint64_t mask = (std::uint64_t{1} << 62U) - 1;
  std::uint64_t mixed = (salt + number) & mask;
  mixed ^= mixed >> 31U;
  mixed = (mixed * 0xBF58476D1CE4E5B9ULL) & mask;
  mixed ^= mixed >> 27U;
  mixed = (mixed * 0x94D049BB133111EBULL) & mask;
  mixed ^= mixed >> 31U;

  constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string id(12, '0');
  for (char& c : id) {
    c = digits[mixed % 36];
    mixed /= 36;
  }
  return id;
}

std::uint64_t random_number() {
  // So many at once come whole or not at all, and for hardly more than one. The library's random_device asks the
  // processor, slow in a virtual machine.
  static thread_local std::array<std::uint64_t, 32> numbers;
  static thread_local std::size_t left = 0;
  if (left == 0) {
    while (::getrandom(numbers.data(), sizeof numbers, 0) != static_cast<ssize_t>(sizeof numbers)) {
      if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    left = numbers.size();
  }
  return std::exchange(numbers.at(--left), 0);
}

}  // namespace candor
