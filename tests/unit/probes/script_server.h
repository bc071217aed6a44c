#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace candor::probes::test {

/// A server on 127.0.0.1, on a thread of its own, that hands each connection to `serve` and then closes it.
class ScriptServer {
 public:
  using Serve = std::function<void(int socket)>;

  explicit ScriptServer(Serve serve);
  /// Ends connections that are open: what `serve` does on them fails.
  ~ScriptServer();
  ScriptServer(const ScriptServer&) = delete;
  ScriptServer& operator=(const ScriptServer&) = delete;

  [[nodiscard]] std::string address() const;  ///< "127.0.0.1:PORT"

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Answers whether all was sent.
bool say(int socket, const std::string& text);
/// Reads until `end` is there; answers what was read, without it where the peer ended first.
std::string hear(int socket, const std::string& end);
/// Waits until the peer ends.
void wait_for_end(int socket);

}  // namespace candor::probes::test
