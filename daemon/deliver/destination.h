#pragma once

#include <string_view>

namespace candor::deliver {

/// `contact:NAME` of `contact:NAME/N`.
[[nodiscard]] constexpr std::string_view without_method(std::string_view destination) {
  return destination.substr(0, destination.rfind('/'));
}

}  // namespace candor::deliver
