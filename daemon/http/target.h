#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace candor::http {

/// What a request asks for.
struct Target {
  std::string path;   ///< percent-decoded, absolute, UTF-8, without dot segments
  std::string query;  ///< as sent, without the `?`
};

/// Reads a request line's target in origin or absolute form (RFC 9112, section 3.2). Errors, each a 400: anything whose
/// path two programs might read differently, such as dot segments, an encoded slash or a control character.
[[nodiscard]] Result<Target> read_target(std::string_view text);

}  // namespace candor::http
