#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/net/failure.h"
#include "base/result.h"
#include "probes/probe.h"

namespace candor::probes {

/// What a TLS client trusts. Immutable; any thread.
class TlsClient {
 public:
  /// `authorities` in PEM form; empty for the system's. Who asks for the same is given the same one while it lives.
  /// Errors: a certificate that cannot be read.
  [[nodiscard]] static Result<std::shared_ptr<const TlsClient>> make(const std::string& authorities);

  /// As it was made with.
  [[nodiscard]] const std::string& authorities() const;

 private:
  friend class TlsSession;
  struct Impl;
  explicit TlsClient(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

/// Whether a certificate and a key, each in PEM form, belong together. Errors: a few words.
[[nodiscard]] Result<void> check_key_pair(const std::string& certificate, const std::string& key);

/// A certificate on the way from a server's own to an authority.
struct ChainLink {
  enum class Place : std::uint8_t { own, intermediate, root };
  Place place = Place::own;
  std::string subject;  ///< "CN=pay.acme.example", all of the name where that is missing, or a host where it is empty
  Instant begins{};
  Instant expires{};
};

/// What does not hold of a chain.
struct TlsFlaw {
  enum class What : std::uint8_t { expired, not_yet_valid, wrong_name, no_issuer, other };
  What what = What::other;
  std::size_t depth = 0;  ///< of the certificate in TlsSeen::chain
  std::string subject;    ///< as ChainLink's
  std::string issuer;     ///< the same of who signed it
  std::string reason;     ///< OpenSSL's words, such as "self-signed certificate"
};

/// What a handshake showed, whether it verifies or not.
struct TlsSeen {
  int version = 0;                 ///< 12 for TLS 1.2, 13 for 1.3, down to 10; 0 before a handshake
  std::vector<ChainLink> chain;    ///< as far as it was found, the server's own first; at most 10
  std::vector<Certificate> shown;  ///< the certificates that the server sent; at most 10
  std::vector<std::string> names;  ///< that its own is for: DNS names and addresses; at most 20
  std::size_t more_names = 0;      ///< beyond these
  std::vector<TlsFlaw> flaws;      ///< at most 8
};

/// What a session that is not ours shows, an SSL*, without its names and flaws.
[[nodiscard]] TlsSeen look_at(void* session);

/// Which versions a handshake may agree on.
enum class TlsVersions : std::uint8_t {
  sound,  ///< TLS 1.2 and newer
  any,    ///< TLS 1.0 and 1.1 too, for who only looks
};

/// TLS of a client on a connected socket that it does not own and never blocks on. Certificates are verified for the
/// name that was asked for, and what is wrong is told rather than ending the handshake: whoever goes on to speak asks
/// seen() first. Thread: one at a time.
class TlsSession {
 public:
  enum class Step : std::uint8_t {
    done,
    wants_to_read,   ///< again when the socket can be read
    wants_to_write,  ///< again when it can be written
    closed,          ///< by the peer
    failed,          ///< failure() says why
  };

  /// `name`: a host name or a numeric address; never empty. Throws std::runtime_error if OpenSSL cannot make one.
  TlsSession(const TlsClient& client, int socket, const std::string& name, TlsVersions versions);
  /// Tells the peer, where it can without waiting.
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  [[nodiscard]] Step shake_hands();
  [[nodiscard]] Step read(std::span<char> into, std::size_t& got);
  [[nodiscard]] Step write(std::string_view text, std::size_t& taken);
  [[nodiscard]] const net::Failure& failure() const;
  /// After a handshake.
  [[nodiscard]] TlsSeen seen() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::probes
