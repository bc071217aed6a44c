#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/net/loop.h"

namespace candor::deliver {

/// A small HTTP/1.1 server on a thread of its own, one connection at a time, that answers as it is told and keeps what
/// it was sent.
class WebhookReceiver {
 public:
  struct Request {
    std::string line;                            ///< "POST /path HTTP/1.1"
    std::map<std::string, std::string> headers;  ///< names in lower case; of several the values behind each other
    std::string body;
  };

  WebhookReceiver();
  ~WebhookReceiver();
  WebhookReceiver(const WebhookReceiver&) = delete;
  WebhookReceiver& operator=(const WebhookReceiver&) = delete;

  [[nodiscard]] std::string url(const std::string& path) const;
  /// The next answers' status and header lines, in turn; then 204. An empty one closes the connection unanswered.
  void answer_with(std::vector<std::string> answers);
  [[nodiscard]] std::vector<Request> requests() const;

 private:
  void serve();
  void serve_one(int connection);

  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::deque<std::string> answers_;
  std::vector<Request> requests_;
  std::thread thread_;
};

/// Runs the loop until `condition` holds; answers false after half a minute.
[[nodiscard]] bool run_until(net::Loop& loop, const std::function<bool()>& condition);

}  // namespace candor::deliver
