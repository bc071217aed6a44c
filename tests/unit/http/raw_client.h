#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/net/loop.h"
#include "daemon/http/server.h"

namespace candor::http {

/// A response as it came over the wire.
struct RawResponse {
  int status = 0;
  std::string head;  ///< with the status line, without the blank line
  std::string body;

  /// The value of a header, or empty.
  [[nodiscard]] std::string header(std::string_view name) const;
};

/// A blocking connection that sends exactly the bytes it is told to. Reading gives up after 10 s.
class RawClient {
 public:
  explicit RawClient(const Address& server);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False once the server has closed.
  bool send(std::string_view bytes) const;
  /// Reads one response by its Content-Length; `bodiless` for the answer to a HEAD. Status 0: none came.
  RawResponse receive(bool bodiless = false);
  RawResponse ask(std::string_view bytes);
  /// Reads one byte; false once the server has closed.
  bool drip() const;
  /// Reads until the server closes; answers what came.
  std::string rest();
  void finish_sending() const;
  /// Closes with a reset instead of the usual goodbye.
  void reset();

 private:
  bool fill();
  int socket_ = -1;
  std::string received_;
};

/// A server on a loop and thread of its own.
class RunningServer {
 public:
  explicit RunningServer(Handler handler, Limits limits = {});
  ~RunningServer();

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] Server& server() { return *server_; }
  [[nodiscard]] net::Loop& loop() { return loop_; }
  /// Ends the server before its loop; on the loop's thread.
  void destroy() { server_.reset(); }
  /// Runs `task` on the loop's thread and waits for it.
  void on_loop(const std::function<void()>& task);
  /// One request over a connection of its own.
  RawResponse ask(std::string_view bytes) const;

 private:
  net::Loop loop_;
  std::unique_ptr<Server> server_;
  Address address_;
  std::thread thread_;
};

/// Answers with what was asked: method, path, query and body, a line each.
void echo(Request request, Reply reply);

}  // namespace candor::http
