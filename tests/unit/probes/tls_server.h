#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace candor::probes::test {

/// What is unusual of a server.
struct TlsOddity {
  std::string common_name{};    ///< in place of the host
  bool has_subject = true;      ///< which holds the common name
  bool has_other_names = true;  ///< the host as a subjectAltName
  int oldest = 12;              ///< of the versions that it speaks: 10 for TLS 1.0
  int newest = 13;
  std::string redirects_to{};  ///< in place of answering with 200
  std::uint16_t port = 0;      ///< 0: any that is free
  bool keeps_open = false;     ///< its connections, one at a time, and answers as often as it is asked on them
};

/// An HTTPS server on 127.0.0.1, on a thread of its own, that answers each connection once, unless told
/// otherwise. Its certificate is
/// self-signed, for the given host, valid from now for the given days (negative: over by so many).
class TlsServer {
 public:
  explicit TlsServer(const std::string& host, int days = 1, const TlsOddity& odd = {});
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string certificate() const;  ///< PEM

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::probes::test
