#pragma once

#include <functional>
#include <string>

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/net/loop.h"
#include "daemon/http/router.h"

namespace candor::alerts {

struct Answer {
  unsigned status = 0;  ///< 0 while there is none
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Hands the request to the router; the answer appears in `answer` when it is given.
inline void ask(const http::Router& router, std::string method, const std::string& target, std::string body,
                Answer& answer) {
  http::Request request;
  request.method = std::move(method);
  const std::size_t query = target.find('?');
  request.path = target.substr(0, query);
  if (query != std::string::npos) request.query = target.substr(query + 1);
  request.body = std::move(body);
  request.peer = "127.0.0.1";
  router.dispatch(std::move(request), [&answer](const http::Response& response) {
    answer = {response.status, response.body ? *response.body : std::string{}, response.headers};
  });
}

inline Answer ask(const http::Router& router, std::string method, const std::string& target, std::string body = {}) {
  Answer answer;
  ask(router, std::move(method), target, std::move(body), answer);
  return answer;
}

inline std::string metrics(const prometheus::Registry& registry) {
  return prometheus::TextSerializer{}.Serialize(registry.Collect());
}

/// Runs the loop until `condition` holds; answers false after half a minute.
[[nodiscard]] inline bool run_until(net::Loop& loop, const std::function<bool()>& condition) {
  if (condition()) return true;
  const Stopwatch stopwatch;
  net::Timer timer{loop};
  bool holds = false;
  std::function<void()> look = [&] {
    holds = condition();
    if (holds || stopwatch.elapsed() > std::chrono::seconds{30}) {
      loop.stop();
    } else {
      timer.after(std::chrono::milliseconds{1}, look);
    }
  };
  timer.after(std::chrono::milliseconds{1}, look);
  loop.run();
  return holds;
}

}  // namespace candor::alerts
