#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/net/loop.h"

namespace candor::net::test {

struct FakeRequest {
  int connection = 0;  ///< counted from 1
  std::string head;    ///< request line and headers
  std::string body;
};

/// A server on 127.0.0.1, or another address, that answers each request with the bytes that `answer` returns: none
/// leave the client waiting, empty ones or such with "Connection: close" close the connection. On the client's own
/// loop.
class FakeServer {
 public:
  using Answer = std::function<std::optional<std::string>(const FakeRequest&)>;

  FakeServer(Loop& loop, Answer answer, const std::string& address = "127.0.0.1");
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string authority() const;  ///< "127.0.0.1:PORT"
  [[nodiscard]] std::string url(const std::string& path = "/") const;
  [[nodiscard]] int connections() const;
  [[nodiscard]] const std::vector<FakeRequest>& requests() const;
  /// Closes the connections that are open; new ones are still taken.
  void drop_connections();
  /// On each connection that is open, to whom has not asked.
  void say(const std::string& bytes);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// `status` such as "200 OK"; `headers` each with its line end.
[[nodiscard]] std::string http_answer(const std::string& status, const std::string& body,
                                      const std::string& headers = {});

/// A port of 127.0.0.1 where nobody listens.
[[nodiscard]] std::uint16_t closed_port();

}  // namespace candor::net::test
