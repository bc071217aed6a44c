#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/page/view.h"

namespace candor::page {

// Statuspage's public read API, version 2, as its clients know it (PROTOCOLS-status.md, C2). Every value is JSON text.

/// One incident up to its `components`, which say how they are now and so are added by whoever has them. Depends on
/// nothing but its arguments, so it can be kept as long as the incident is the same.
[[nodiscard]] std::string incident_json(const PageSettings& settings, const PublicIncident& incident);

/// The documents of one view.
class Api {
 public:
  /// The view must outlive it.
  explicit Api(const View& view);

  /// An incident's `incident_json()`, whole.
  [[nodiscard]] std::string with_components(std::string_view incident_json, const PublicIncident& incident) const;

  // Lists hold whole incidents.
  [[nodiscard]] std::string summary(const std::vector<std::string>& unresolved) const;
  [[nodiscard]] std::string status() const;
  [[nodiscard]] std::string components() const;
  [[nodiscard]] std::string incidents(const std::vector<std::string>& incidents) const;
  /// Planned work is not announced by this version: an empty list, since clients need one.
  [[nodiscard]] std::string maintenances() const;

 private:
  struct Entry {
    std::string id;
    std::string json;
  };
  [[nodiscard]] std::string status_json() const;
  void write_components();

  const View& view_;
  std::string page_id_;
  std::string page_;
  std::vector<Entry> entries_;  ///< components and groups, in the order shown
  std::string list_;            ///< all of them, joined
};

}  // namespace candor::page
