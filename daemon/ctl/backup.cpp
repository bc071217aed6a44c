#include "daemon/ctl/backup.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/console.h"
#include "daemon/ctl/table.h"
#include "daemon/store/backup.h"

namespace candor::ctl {

Exit back_up(const std::filesystem::path& journal, const std::filesystem::path& to, bool json) {
  const Result<store::Backup> made = store::back_up(journal, to);
  if (!made) {
    say_error(printable(made.error().message));
    return Exit::refused;
  }
  if (json) {
    const boost::json::object answer{{"file", to.string()},
                                     {"events", made->events},
                                     {"last_at", format_rfc3339(made->last_at)},
                                     {"waiting", made->waiting}};
    fmt::print("{}\n", printable_json(boost::json::serialize(answer)));
    return Exit::ok;
  }
  fmt::print("{}: {} events up to {}, {} message{} waiting to be sent\n", printable(to.string()), made->events,
             format_rfc3339(made->last_at), made->waiting, made->waiting == 1 ? "" : "s");
  return Exit::ok;
}

}  // namespace candor::ctl
