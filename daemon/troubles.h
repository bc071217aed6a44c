#pragma once

#include <string>
#include <vector>

#include "daemon/admin/operations.h"

namespace candor {

namespace alerts {
class Pulls;
class Push;
class Webhook;
}  // namespace alerts
namespace deliver {
class Worker;
}
namespace http {
class WrongTokens;
}
namespace probes {
class Scheduler;
}
namespace store {
class Journal;
}
class ProbeOffice;

/// The parts of the house that know by themselves when something is wrong with them.
struct Parts {
  const probes::Scheduler& scheduler;
  const ProbeOffice& probe_office;
  const store::Journal& journal;
  std::string journal_file;
  const alerts::Pulls& pulls;
  const alerts::Push& push;
  const alerts::Webhook& webhook;
  const deliver::Worker& worker;
  const http::WrongTokens& wrong_tokens;
};
[[nodiscard]] std::vector<admin::Trouble> troubles_of(const Parts& parts, Instant now);

/// That a reload was refused for `mistakes`, of which there is one at least, and none was accepted `since`.
[[nodiscard]] admin::Trouble refused_reload(const std::vector<std::string>& mistakes, Instant since);

}  // namespace candor
