#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

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

[[nodiscard]] Exit status(const Session& session);
[[nodiscard]] Exit list_incidents(const Session& session, bool open_only, int limit);
[[nodiscard]] Exit show_incident(const Session& session, const std::string& id);
[[nodiscard]] Exit open_incident(const Session& session, const NewWords& words);
[[nodiscard]] Exit update_incident(const Session& session, const std::string& id, const NewWords& words);
[[nodiscard]] Exit resolve_incident(const Session& session, const std::string& id, const std::string& body);
[[nodiscard]] Exit edit_holding(const Session& session, const std::string& id, const std::string& title,
                                const std::string& body);
[[nodiscard]] Exit veto_incident(const Session& session, const std::string& id, const std::string& reason);
[[nodiscard]] Exit take_lead(const Session& session, const std::string& id, const std::string& lead);
[[nodiscard]] Exit ack(const Session& session, const std::string& id, const std::string& contact);

}  // namespace candor::ctl
