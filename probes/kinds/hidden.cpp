#include "probes/kinds/hidden.h"

#include <algorithm>
#include <functional>

namespace candor::probes {
namespace {

constexpr std::size_t least_hidden = 6;

std::size_t size_of(const Secret& secret) { return secret.reveal().size(); }

}  // namespace

void Hidden::add(std::string_view secret) {
  if (secret.size() < least_hidden) return;
  all_.insert(std::ranges::lower_bound(all_, secret.size(), std::greater{}, &size_of), Secret{std::string{secret}});
}

void Hidden::add_words(std::string_view secret) {
  constexpr std::string_view space = " \t\r\n";
  for (std::size_t at = secret.find_first_not_of(space); at != std::string_view::npos;) {
    const std::size_t end = std::min(secret.find_first_of(space, at), secret.size());
    add(secret.substr(at, end - at));
    at = secret.find_first_not_of(space, end);
  }
}

void Hidden::add(const Hidden& more) {
  for (const Secret& secret : more.all_) add(secret.reveal());
}

std::string Hidden::out_of(std::string text) const {
  for (const Secret& secret : all_) {
    const std::string& value = secret.reveal();
    for (std::size_t at = 0; (at = text.find(value, at)) != std::string::npos;) text.replace(at, value.size(), "***");
  }
  return text;
}

}  // namespace candor::probes
