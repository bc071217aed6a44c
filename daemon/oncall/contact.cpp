#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "daemon/oncall/oncall.h"

namespace candor::oncall {
namespace {

constexpr std::size_t most_name_bytes = 200;
constexpr std::size_t most_methods = 20;
constexpr std::size_t most_timezone_bytes = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_zone_character(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+'; }

/// Whether it looks like a name of the IANA time zone database: "UTC", or parts such as "Europe/Berlin". Whether the
/// machine knows that zone is found out where schedules are computed.
bool looks_like_timezone(std::string_view name) {
  if (name == "UTC") return true;
  if (name.size() > most_timezone_bytes || name.find('/') == std::string_view::npos) return false;
  while (true) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || !is_letter(part.front()) || !std::ranges::all_of(part, is_zone_character)) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

}  // namespace

Contact read_contact(const Table& table) {
  Contact contact;
  contact.name = table.required_text("name");
  if (contact.name.size() > most_name_bytes) {
    table.refuse("name", "this name is too long", fmt::format("at most {} bytes", most_name_bytes));
  }
  if (holds_controls(contact.name)) {
    table.refuse("name", "a name holds no control characters");
  }
  if (const std::optional<std::string> timezone = table.text("timezone")) {
    if (looks_like_timezone(*timezone)) {
      contact.timezone = *timezone;
    } else {
      table.refuse("timezone", fmt::format("\"{}\" is not the name of a time zone", *timezone),
                   "such as \"Europe/Berlin\" or \"UTC\"");
    }
  }
  const std::vector<Table> methods = table.tables("method");
  if (methods.empty()) {
    table.refuse("method", fmt::format("contact \"{}\" has no way to be reached", contact.name),
                 "add a [[contact.method]]");
  }
  if (methods.size() > most_methods) {
    table.refuse("method", fmt::format("contact \"{}\" has {} methods", contact.name, methods.size()),
                 fmt::format("at most {}", most_methods));
  }
  for (const Table& method : methods) contact.methods.push_back(method.required_text("kind"));
  return contact;
}

}  // namespace candor::oncall
