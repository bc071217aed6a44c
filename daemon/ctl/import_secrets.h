#pragma once

#include <string>

namespace candor::ctl {

/// The text without what may be the user and the password in an address, and without an address's query: also where the
/// address is not well-formed, or has no scheme. Rather too much is left out than too little.
[[nodiscard]] std::string without_secrets(std::string text);

}  // namespace candor::ctl
