#include "daemon/ctl/answers.h"

#include <cstdio>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/ctl/table.h"

namespace candor::ctl {

namespace json = boost::json;

Exit refuse(const Refusal& refusal) {
  fmt::print(stderr, "{}\n", printable(refusal.message));
  return refusal.exit;
}

Exit ask(const Session& session, const std::string& path, const std::function<void(const json::value&)>& show) {
  const auto answer = call(session.server, "GET", path);
  if (!answer) return refuse(answer.error());
  if (session.json) {
    fmt::print("{}", *answer);
    return Exit::ok;
  }
  json::error_code error;
  const json::value value = json::parse(*answer, error);
  if (error) return refuse({Exit::unavailable, "what answers there is not candord's admin listener"});
  show(value);
  return Exit::ok;
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
