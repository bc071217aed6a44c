#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alerts/observations.h"
#include "daemon/http/message.h"

namespace candor::alerts {

/// What senders of alerts told and candord did not take, for whatever reason: most of them give such a message up, and
/// nobody may hear of it again. Of each address, path and reason the first is logged, and then one in ten minutes.
/// Thread: the loop's.
class Refusals {
 public:
  /// `advice` says how to have less sent at once.
  explicit Refusals(std::string advice);

  /// A message with this head, refused before it was read: it was too large or came too slowly.
  void body(const http::Request& head, http::BodyFault fault, Instant now);
  /// Of which nothing could be read.
  void unreadable(const http::Request& request, std::string_view why, Instant now);
  /// Of which some alerts could not be read; `errors` as of join_errors().
  void unread(const http::Request& request, std::string_view errors, Instant now);
  /// From which the sender itself left alerts out.
  void truncated(const http::Request& request, std::string_view what, Instant now);

  /// One for each address, path and reason whose latest is of the last six hours; of those with the latest, 16.
  [[nodiscard]] std::vector<Trouble> troubles(Instant now) const;

 private:
  struct Refused {
    std::string_view event;  ///< a literal
    std::string address;
    std::string path;
    Trouble trouble;
    Instant latest{};
    std::optional<Instant> logged;
  };
  void note(std::string_view event, const http::Request& head, std::string what, Instant now);
  [[nodiscard]] Refused& of(std::string_view event, const http::Request& head);

  std::string advice_;
  std::vector<Refused> refused_;
};

}  // namespace candor::alerts
