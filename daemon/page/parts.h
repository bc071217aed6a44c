#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/page/markup.h"
#include "daemon/page/view.h"

namespace candor::page {

// Parts that several pages share.

/// The path of an incident's own page.
[[nodiscard]] std::string incident_path(const PublicIncident& incident);

/// An icon and words: how bad the incident is, or that it is over.
void add_state(Markup& to, const PublicIncident& incident);

/// "due by 14:30 UTC; we cannot post updates at the moment", with the date: it is read for as long as that lasts.
void add_missed_update(Markup& to, Instant due);

/// "Checkout, Search": the components that the incident names, without those that work unless all do; empty if none.
[[nodiscard]] std::string affected_names(const PublicIncident& incident);

/// From the first failing observation to the end. Only for ended incidents.
[[nodiscard]] std::string lasted_words(const PublicIncident& incident);

/// How much of the updates is shown, and under which kind of heading.
struct UpdateList {
  std::size_t updates = 0;     ///< at most, the newest; 0: all
  std::size_t body_bytes = 0;  ///< of each, at most; 0: whole
  bool below_title = false;    ///< the heading above is an h3, not an h2
};
/// Newest first.
void add_updates(Markup& to, const PageSettings& settings, const PublicIncident& incident, const UpdateList& list);

/// An ended incident as one entry of a list.
void add_past(Markup& to, const PageSettings& settings, const PublicIncident& incident);

/// As much of `text` as fits, cut between words and followed by an ellipsis if it does not fit whole.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t bytes);

}  // namespace candor::page
