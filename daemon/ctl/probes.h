#pragma once

#include <string>

#include <boost/json/fwd.hpp>

#include "daemon/ctl/client.h"

namespace candor::ctl {

/// Which probes are listed; what is empty chooses nothing.
struct ProbeChoice {
  std::string health;
  std::string after;  ///< a name
  int limit = 500;
};

/// Which part of a probe's history is shown; what is empty the daemon chooses.
struct HistoryChoice {
  std::string resolution;  ///< minute, hour or day
  std::string from;        ///< RFC 3339
  std::string to;
};

[[nodiscard]] Exit list_probes(const Session& session, const ProbeChoice& choice);
[[nodiscard]] Exit show_probe(const Session& session, const std::string& name, const HistoryChoice& choice);

/// The API's answers as people read them.
[[nodiscard]] std::string probe_list_text(const boost::json::value& answer);
[[nodiscard]] std::string probe_text(const boost::json::value& answer);

}  // namespace candor::ctl
