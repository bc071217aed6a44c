#pragma once

#include <expected>
#include <string>
#include <utility>

namespace candor {

/// Why an operation could not be done, in a sentence for whoever must act on it.
struct Error {
  std::string message;
};

/// For failures that are part of the job: a rejected command, an unreachable service, a wrong configuration.
/// Exceptions are for broken assumptions only.
template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> failure(std::string message) {
  return std::unexpected(Error{std::move(message)});
}

}  // namespace candor
