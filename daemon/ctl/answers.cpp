#include "daemon/ctl/answers.h"

#include <algorithm>
#include <cstdio>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/console.h"
#include "daemon/ctl/table.h"

namespace candor::ctl {

namespace json = boost::json;

Exit refuse(const Refusal& refusal) {
  say_error(printable(refusal.message));
  return refusal.exit;
}

std::expected<json::value, Refusal> read_answer(const Server& server, const std::string& text,
                                                std::initializer_list<std::string_view> members) {
  json::error_code error;
  json::value value = json::parse(text, error);
  const json::object* object = error ? nullptr : value.if_object();
  const auto has = [object](std::string_view member) { return object->contains(member); };
  if (object == nullptr || !std::ranges::all_of(members, has)) return std::unexpected(not_candord(server));
  return value;
}

Exit ask(const Session& session, const std::string& path, std::initializer_list<std::string_view> members,
         const std::function<void(const json::value&)>& show) {
  const auto answer = call(session.server, "GET", path);
  if (!answer) return refuse(answer.error());
  const auto value = read_answer(session.server, *answer, members);
  if (!value) return refuse(value.error());
  if (session.json) {
    print_answer(*answer);
  } else {
    show(*value);
  }
  return Exit::ok;
}

void print_answer(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  fmt::print("{}\n", printable_json(text));
}

std::string text_of(const json::value& value, std::string_view name) {
  const json::value& member = member_of(value, name);
  return member.is_string() ? std::string{member.get_string()} : std::string{};
}

const json::array& list_of(const json::value& value, std::string_view name) {
  static const json::array none;
  const json::value& member = member_of(value, name);
  return member.is_array() ? member.get_array() : none;
}

const json::value& member_of(const json::value& value, std::string_view name) {
  static const json::value none;
  const json::object* object = value.if_object();
  const json::value* member = object != nullptr ? object->if_contains(name) : nullptr;
  return member != nullptr ? *member : none;
}

std::string short_time(const std::string& instant) {
  std::string text = instant.substr(0, 19);
  if (text.size() > 10) text[10] = ' ';
  return text;
}

std::string or_else(std::string text, std::string_view otherwise) {
  return text.empty() ? std::string{otherwise} : text;
}

std::string field_line(std::string_view name, const std::string& value) {
  return value.empty() ? std::string{} : fmt::format("{:<10}{}\n", name, paint(value));
}

std::string in_url(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    encoded += plain ? std::string{c} : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

}  // namespace candor::ctl
