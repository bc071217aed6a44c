#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/alerts/push_book.h"
#include "daemon/http/message.h"
#include "rules/matcher.h"

namespace candor::alerts {

/// What GET /api/v2/alerts and /alerts/groups of Alertmanager's API are asked for. Every alert of ours is `active` and
/// for the receiver "candor": candord neither silences nor inhibits.
struct ListQuery {
  bool any = true;  ///< whether active alerts for our receiver are asked for at all
  rules::Matchers filter;
};

/// Errors: a truth value, filter or receiver that cannot be read, or one beyond the bounds of rules/filter.h.
[[nodiscard]] Result<ListQuery> read_list_query(const http::Request& request);

/// One answer in the making: the pushed alerts that fire as gettableAlerts (api/v2/openapi.yaml), in the order of their
/// fingerprints, or the same as alertGroups: one group without labels, or none. There may be 100,000 of them, so it is
/// made part by part, between which they may change.
class Listing {
 public:
  enum class Form : std::uint8_t { alerts, groups };

  Listing(ListQuery query, Form form);

  /// Goes on for about a millisecond. Answers the text once it is whole, and nothing before. Errors: the filter takes
  /// too long.
  [[nodiscard]] Result<std::optional<std::string>> go_on(const rules::Signals& signals, const PushBook& book,
                                                         Instant now);

 private:
  using Found = std::pair<std::uint64_t, rules::SignalId>;

  [[nodiscard]] Result<bool> look(const rules::Signals& signals);
  [[nodiscard]] bool write(const rules::Signals& signals, const PushBook& book, Instant now);
  [[nodiscard]] std::string whole() &&;

  ListQuery query_;
  Form form_;
  bool looked_;                               ///< at all signals
  Duration looking_{};                        ///< how long that took so far
  std::optional<rules::SignalId> resume_at_;  ///< where the look goes on
  std::vector<Found> found_;
  std::size_t written_ = 0;  ///< of what was found
  std::string out_;
};

/// A JSON text, with its quotation marks. `text` is UTF-8.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace candor::alerts
