#include "daemon/troubles.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/alerts/pull.h"
#include "daemon/alerts/push.h"
#include "daemon/alerts/webhook.h"
#include "daemon/deliver/failing.h"
#include "daemon/deliver/worker.h"
#include "daemon/http/wrong_tokens.h"
#include "daemon/probe_office.h"
#include "daemon/store/journal.h"
#include "probes/scheduler.h"

namespace candor {
namespace {

constexpr std::size_t most_failing_told = 5;

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

admin::Trouble not_arrived(const deliver::Failing& failing) {
  const store::OutboxRow& row = failing.oldest;
  const incident::Delivery& delivery = row.delivery;
  const std::string behind = failing.behind == 0 ? "" : fmt::format("; behind it wait {} more", failing.behind);
  return {fmt::format("the {} to {} for incident {} has not arrived in {} attempt{}: {}; the next is made at {}{}",
                      incident::to_string(delivery.kind), delivery.destination, delivery.incident, row.attempts,
                      row.attempts == 1 ? "" : "s", row.last_error, format_rfc3339(row.not_before), behind),
          delivery.at};
}

void add_failing(const std::vector<deliver::Failing>& failing, std::vector<admin::Trouble>& troubles) {
  const std::size_t told = std::min(failing.size(), most_failing_told);
  for (std::size_t i = 0; i < told; ++i) troubles.push_back(not_arrived(failing[i]));
  if (told == failing.size()) return;
  const std::size_t more = failing.size() - told;
  troubles.push_back({fmt::format("{} more destination{} not take what is sent: /api/v1/deliveries names {}", more,
                                  more == 1 ? " does" : "s do", more == 1 ? "it" : "them"),
                      failing[told].oldest.delivery.at});
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
  add_failing(deliver::failing(parts.worker.rows(), now), troubles);
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
