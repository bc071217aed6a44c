#pragma once

#include <expected>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "daemon/ctl/client.h"

namespace candor::ctl {

/// Prints why, and answers how candorctl ends.
[[nodiscard]] Exit refuse(const Refusal& refusal);

/// The answer of a daemon: an object that has these members, at least. Refusal: one that is not, so whatever answers
/// there is not candord's admin listener.
[[nodiscard]] std::expected<boost::json::value, Refusal> read_answer(const Server& server, const std::string& text,
                                                                     std::initializer_list<std::string_view> members);

/// Asks the daemon, and prints the answer, which has these members, as JSON or as `show` has it.
[[nodiscard]] Exit ask(const Session& session, const std::string& path, std::initializer_list<std::string_view> members,
                       const std::function<void(const boost::json::value&)>& show);

/// Prints what the daemon answered as it is, for programs.
void print_answer(std::string_view text);

/// A member as text; empty where it is absent, null or no text.
[[nodiscard]] std::string text_of(const boost::json::value& value, std::string_view name);
/// A member that is an array; an empty one where there is none.
[[nodiscard]] const boost::json::array& list_of(const boost::json::value& value, std::string_view name);
/// A member; null where there is none.
[[nodiscard]] const boost::json::value& member_of(const boost::json::value& value, std::string_view name);

/// "2026-11-23 05:44:01" of an RFC 3339 instant.
[[nodiscard]] std::string short_time(const std::string& instant);
[[nodiscard]] std::string or_else(std::string text, std::string_view otherwise);
/// "name      value" and a line's end; nothing where the value is empty.
[[nodiscard]] std::string field_line(std::string_view name, const std::string& value);
/// Text as it may stand in a URL's path or query.
[[nodiscard]] std::string in_url(std::string_view text);

}  // namespace candor::ctl
