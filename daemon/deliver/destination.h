#pragma once

#include <string_view>

namespace candor::deliver {

/// `contact:NAME` of `contact:NAME/N`.
[[nodiscard]] constexpr std::string_view without_method(std::string_view destination) {
  return destination.substr(0, destination.rfind('/'));
}

/// `NAME` of `contact:NAME/N`.
[[nodiscard]] constexpr std::string_view contact_of(std::string_view destination) {
  const std::string_view contact = without_method(destination);
  return contact.substr(contact.find(':') + 1);
}

}  // namespace candor::deliver
