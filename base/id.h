#pragma once

#include <cstdint>
#include <string>

namespace candor {

/// The `number`th id of an installation: twelve characters of a-z and 0-9, as Statuspage's public ids are. A function
/// of its arguments, so that pure code can name things; never repeats for one `salt` below 2^60 numbers. Not a secret.
[[nodiscard]] std::string make_id(std::uint64_t salt, std::uint64_t number);

/// A random number of the operating system's, for salts, marks of packets and jitter. Not for pure code. Any thread.
[[nodiscard]] std::uint64_t random_number();

}  // namespace candor
