#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alerts/observations.h"
#include "daemon/http/message.h"

namespace candor::alerts {

/// What senders of alerts told and candord did not take, for whatever reason: most of them give such a message up, and
/// nobody may hear of it again. What is told of each is logged at once, and the same again once in ten minutes; of one
/// address five different things in that time. Thread: the loop's.
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

  /// What is told of those of the last six hours, the same once and with how often; of what was told last, five of an
  /// address and 16 in all. With the last of an address comes how many others of it gave way.
  [[nodiscard]] std::vector<Trouble> troubles(Instant now) const;

 private:
  /// Messages of which the same is told.
  struct Refused {
    std::string address;
    std::string what;
    Instant since{};
    std::size_t times = 0;
    std::size_t untold = 0;  ///< so many others of the address gave way
    Instant latest{};
    std::optional<Instant> logged;  ///< or what gave way to it was
  };
  void note(std::string_view event, const http::Request& head, std::string what, Instant now);
  [[nodiscard]] Refused& of(const std::string& address, std::string what, Instant now);
  void make_room_for(Refused& fresh);

  std::string advice_;
  std::vector<Refused> refused_;  ///< in the order in which they were told first
};

}  // namespace candor::alerts
