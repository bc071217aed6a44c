#pragma once

#include <memory>
#include <span>
#include <string>

#include "daemon/page/view.h"

namespace candor::page {

// The pages that customers read, as HTML.

/// Answers in its first screen: is it you, is someone on it, when will I hear more.
[[nodiscard]] std::string home_page(const View& view);

[[nodiscard]] std::string incident_page(const PageSettings& settings, const PublicIncident& incident);

using Incidents = std::span<const std::shared_ptr<const PublicIncident>>;

/// Page `number` of `pages`, counted from 1, of the ended incidents, newest first.
[[nodiscard]] std::string history_page(const PageSettings& settings, Incidents ended, std::size_t number,
                                       std::size_t pages);
/// The path of that page: "/history", "/history/2".
[[nodiscard]] std::string history_path(std::size_t number);

[[nodiscard]] std::string not_found_page(const PageSettings& settings);

}  // namespace candor::page
