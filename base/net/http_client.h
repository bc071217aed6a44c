#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/net/transfers.h"
#include "base/time.h"

namespace candor::net {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Duration timeout = std::chrono::seconds{10};     ///< of the whole exchange
  std::size_t most_bytes = std::size_t{8} << 20U;  ///< of the answer's body, decompressed; more is a failure,
                                                   ///< and so is what unpacks to hundreds of times its size
  /// Nothing but the answer's status is wanted, and its headers as far as they come. It is the answer once it is read,
  /// whatever becomes of the rest. That is dropped, and waited for a second at most and up to `most_bytes`, so that the
  /// connection can serve the next request.
  bool only_status = false;
  /// It is sent once at most: a connection of an earlier request that ends without an answer is a failure. By itself
  /// libcurl sends it again on the next such connection, up to five times, though it may have arrived with the first.
  bool once = false;
  /// On a connection of its own, which later requests may use.
  bool fresh = false;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case; of several the last
  std::string body;
};

/// Why there is no answer. Never names the URL's path, query or credentials.
struct HttpFailure {
  std::string what;               ///< such as "connect to 127.0.0.1:9090: Connection refused"
  bool may_have_arrived = false;  ///< the request was sent, the answer was not seen
  int too_large_status = 0;       ///< that of an answer with more than `most_bytes`; 0 of every other failure
};

using HttpOutcome = std::expected<HttpAnswer, HttpFailure>;

/// HTTP requests of our own: pulls, deliveries. Verifies TLS, follows no redirect, speaks http and https only. A user
/// in the URL is sent as Basic authentication. Does not outlive its Transfers. Thread: the loop's.
class HttpClient {
 public:
  explicit HttpClient(Transfers& transfers);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Is called once, from the loop; not at all if the client is destroyed first.
  using Done = std::move_only_function<void(HttpOutcome)>;
  void send(HttpRequest request, Done done) { prepare(std::move(request))(std::move(done)); }

  /// A request that waits for its time to be sent; calling it sends it, once. What it takes to lay it out is done
  /// already, where a handle of an earlier request is at hand. It may outlive the client, and then sends nothing.
  using Ready = std::move_only_function<void(Done done)>;
  [[nodiscard]] Ready prepare(HttpRequest request);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace candor::net
