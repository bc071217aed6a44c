#pragma once

#include <string>
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

/// The pushed alerts that fire as gettableAlerts (api/v2/openapi.yaml), in the order of their fingerprints. Errors: the
/// filter takes too long.
[[nodiscard]] Result<std::string> list_alerts(const ListQuery& query, const rules::Signals& signals,
                                              const PushBook& book, Instant now);

/// The same as alertGroups: one group without labels, or none.
[[nodiscard]] Result<std::string> list_groups(const ListQuery& query, const rules::Signals& signals,
                                              const PushBook& book, Instant now);

/// A JSON text, with its quotation marks. `text` is UTF-8.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace candor::alerts
