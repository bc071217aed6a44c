#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "daemon/http/message.h"
#include "daemon/page/site.h"

namespace candor::page {

/// The public listener's answers: whatever the newest site has. Any thread may publish, any thread may handle. Each
/// thread keeps the site that it saw last, and looks for another only when the number of the newest has changed: it
/// takes the lock once a publish, never once a request, and threads that serve do not contend for one reference count.
///
/// (std::atomic<std::shared_ptr> would say it in a line, but libstdc++ 12 releases its reader's bit relaxed: a race.)
class Page {
 public:
  void publish(std::shared_ptr<const Site> site);

  /// Answers every path and method: 200, 304, 404 with a friendly page, 405; 503 until the first publish, and
  /// for what a site that is not whole does not have yet.
  void handle(const http::Request& request, http::Reply reply) const;

 private:
  [[nodiscard]] const std::shared_ptr<const Site>& newest() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const Site> site_;
  std::atomic<std::uint64_t> number_ = 0;  ///< of `site_`, unlike every other site's of any page; 0: there is none
};

/// Whether Accept-Encoding (RFC 9110, section 12.5.3) lets us send gzip.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

/// Whether If-None-Match (RFC 9110, section 13.1.2) names the entity tag.
[[nodiscard]] bool names_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace candor::page
