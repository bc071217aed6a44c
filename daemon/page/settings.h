#pragma once

#include <optional>
#include <string>

#include "base/reader.h"
#include "base/time.h"

namespace candor::page {

/// `[page]`: how the public page calls itself, and where customers find it.
struct PageSettings {
  std::string name = "Status";
  /// http or https, without a trailing slash. Absolute links are written with it, links between the pages with its
  /// path. Empty when the configuration names none: then the caller puts the public listener's address here.
  std::string url;
  std::optional<std::string> support_url;  ///< http, https or mailto
  /// What candord has not been able to see for so long is no longer said to work.
  Duration unseen_after = std::chrono::minutes{5};

  /// The path part of `url`, to put before the path of a link between pages: "" or "/status".
  [[nodiscard]] std::string path_prefix() const;

  friend bool operator==(const PageSettings&, const PageSettings&) = default;
};

/// The defaults where there is no `[page]`.
[[nodiscard]] PageSettings read_page(const std::optional<Table>& table);

}  // namespace candor::page
