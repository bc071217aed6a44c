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
  /// Ends connections that are open: what `serve` does on them fails, once it has read what was sent. Then `serve` has
  /// ended, and what it wrote down can be read.
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
/// Carries what both say between the peer and a server on a port of 127.0.0.1, until one ends.
void relay(int socket, std::uint16_t port);
/// What a server of TLS 1.2 says first (RFC 5246, section 7.4), its certificate being these bytes.
std::string tls_hello_with(const std::string& certificate);
/// Waits until the peer ends.
void wait_for_end(int socket);

}  // namespace candor::probes::test
