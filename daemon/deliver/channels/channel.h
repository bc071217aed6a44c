#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/net/http_client.h"
#include "base/reader.h"
#include "daemon/incident/delivery.h"

namespace candor::deliver {

/// How an attempt to send ended.
struct Attempt {
  enum class Result : std::uint8_t {
    delivered,
    retry,  ///< may succeed later: no connection, a time-out, 101, 408, 421, 423, 425, 429, 5xx, for a while 409
    dead,   ///< cannot succeed: another 4xx, a redirect
  };
  Result result = Result::retry;
  std::string what;                     ///< what was tried, to whom (no secrets), what came back
  std::optional<Duration> retry_after;  ///< as the destination asked
};

/// What channels may use of the house.
struct Tools {
  net::HttpClient& http;
};

/// Sends what was composed, once, and while its channel lives. `done` is called once, from the loop and not from within
/// the call; it may destroy the channel.
using Send = std::move_only_function<void(std::move_only_function<void(Attempt)> done)>;

/// A way to one destination. Sends one delivery at a time for one incident; knows nothing of retries. Sends of one
/// delivery that say the same have the same idempotency key, and others have not. Thread: the loop's.
class Channel {
 public:
  virtual ~Channel() = default;
  /// All of a send that can be done before it may leave the house. `ack_url` is empty for deliveries that nobody acks;
  /// `incident_url` where there is no page to link. `failing_for`: so long ago an attempt at this delivery failed
  /// first, or may have; nothing where this one is the first.
  [[nodiscard]] virtual Send compose(const incident::Delivery& delivery, const std::string& ack_url,
                                     const std::string& incident_url, std::optional<Duration> failing_for) = 0;
};

using MakeChannel = std::function<std::unique_ptr<Channel>(const Tools& tools)>;

/// What a `[[contact.method]]` table says.
struct ChannelConfig {
  MakeChannel make;
  std::string fingerprint;  ///< equal for equal settings, as a reload compares them: a digest, so that no secret stays
};

/// Reads a `[[contact.method]]` table by its `kind`. A kind that is not supported is a problem that names those that
/// are; the answer then makes nothing.
[[nodiscard]] ChannelConfig read_channel(const Table& table);

}  // namespace candor::deliver
