#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "daemon/ctl/client.h"

namespace candor::ctl {

struct NewWords {
  std::string title;
  std::string body;
  std::string status;
  std::string impact;
  std::vector<std::string> components;  ///< `id=status`
  std::string escalation;
};

constexpr std::size_t usual_incidents = 50;  ///< in a list
constexpr std::size_t most_incidents = 1000;

[[nodiscard]] Exit status(const Session& session);
/// With 0 as limit: the usual ones, and of those that are open as many as may be.
[[nodiscard]] Exit list_incidents(const Session& session, bool open_only, std::size_t limit);
[[nodiscard]] Exit show_incident(const Session& session, const std::string& id);
[[nodiscard]] Exit open_incident(const Session& session, const NewWords& words);
[[nodiscard]] Exit update_incident(const Session& session, const std::string& id, const NewWords& words);
[[nodiscard]] Exit resolve_incident(const Session& session, const std::string& id, const std::string& body);
[[nodiscard]] Exit edit_holding(const Session& session, const std::string& id, const std::string& title,
                                const std::string& body);
[[nodiscard]] Exit veto_incident(const Session& session, const std::string& id, const std::string& reason);
[[nodiscard]] Exit take_lead(const Session& session, const std::string& id, const std::string& lead);
[[nodiscard]] Exit ack(const Session& session, const std::string& id, const std::string& contact);

/// What list_incidents() prints for people.
[[nodiscard]] std::string incident_list_text(const boost::json::value& answer);

}  // namespace candor::ctl
