#include "daemon/troubles.h"

#include <fmt/format.h>

#include "daemon/alerts/pull.h"
#include "daemon/alerts/push.h"
#include "daemon/alerts/webhook.h"
#include "daemon/http/wrong_tokens.h"
#include "daemon/probe_office.h"
#include "daemon/store/journal.h"
#include "probes/scheduler.h"

namespace candor {
namespace {

admin::Trouble blind(const probes::Scheduler::Blindness& blindness) {
  return {"candord cannot see, and what probes find wrong is unknown: " + blindness.why, blindness.since};
}

admin::Trouble held(const std::string& journal, Instant since) {
  return {fmt::format("the log of journal {0} grows, since somebody reads it and does not end, as a backup that was "
                      "suspended does: end them (fuser -v {0} names them)",
                      journal),
          since};
}

admin::Trouble guessed(const http::WrongTokens::Guessing& guessing) {
  return {
      fmt::format("{} keeps sending wrong tokens and is slowed down, {} times so far: somebody guesses, or a program "
                  "there has a token that is no longer configured",
                  guessing.address, guessing.slowed_down),
      guessing.since};
}

}  // namespace

std::vector<admin::Trouble> troubles_of(const Parts& parts, Instant now) {
  std::vector<admin::Trouble> troubles;
  if (const auto& blindness = parts.scheduler.blindness()) troubles.push_back(blind(*blindness));
  if (std::optional<admin::Trouble> of_history = parts.probe_office.trouble()) {
    troubles.push_back(*std::move(of_history));
  }
  if (const Instant since = parts.journal.figures().log_held_since; since != Instant{}) {
    troubles.push_back(held(parts.journal_file, since));
  }
  for (std::vector<alerts::Trouble> found : {parts.pulls.troubles(), parts.push.troubles(), parts.webhook.troubles()}) {
    for (alerts::Trouble& trouble : found) troubles.push_back({std::move(trouble.what), trouble.since});
  }
  if (const auto guessing = parts.wrong_tokens.guessing(now)) troubles.push_back(guessed(*guessing));
  return troubles;
}

admin::Trouble refused_reload(const std::vector<std::string>& mistakes, Instant since) {
  const std::string more = mistakes.size() == 1 ? "" : fmt::format(", and {} more", mistakes.size() - 1);
  return {fmt::format("the configuration on the disk was refused, and the one before it is in force: {}{}: mend it and "
                      "reload, for the next start knows no other",
                      mistakes.front(), more),
          since};
}

}  // namespace candor
