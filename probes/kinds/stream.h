#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/net/easy.h"
#include "probes/kinds/tls_session.h"
#include "probes/probe.h"

namespace candor::probes {

/// Where a stream goes.
struct Target {
  std::string host;  ///< a name or a numeric address, without brackets
  std::uint16_t port = 0;

  /// "mail.acme.example:25", "[::1]:25"
  [[nodiscard]] std::string text() const;
};

/// A TCP connection of a client, on the loop and without blocking it: looks the host up, tries its addresses in turn,
/// speaks TLS at once or later. One operation at a time; each calls its `done` once, from the loop and never from
/// inside, and failure() then says how it went. open() begins the time that all of a run may take. `done` may destroy
/// the stream; destroying or closing it calls nothing. Thread: the loop's.
class Stream {
 public:
  using Done = net::Task;

  explicit Stream(const Tools& tools);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Forgets the run before and connects.
  void open(const Target& target, Duration timeout, Done done);
  /// Begins TLS with a peer that is to show a certificate for `name`; drops input that came in clear. What is wrong
  /// with certificates is no failure: tls() tells it.
  void secure(const TlsClient& client, const std::string& name, TlsVersions versions, Done done);
  /// Sends all of `text`, which must live until then.
  void write(std::string_view text, Done done);
  /// Waits for more, and appends what there is, at most 16 kB, to input(). The peer's end is a failure.
  void read(Done done);
  /// Ends the run; input() and what the others tell stay.
  void close();

  /// All that was read since open(), secure() or drop_input().
  [[nodiscard]] std::string_view input() const;
  void drop_input();
  /// What ended the run early, if anything did. A peer that closed has ended it in stage request or, where it had said
  /// something, answer.
  [[nodiscard]] const std::optional<net::Failure>& failure() const;
  [[nodiscard]] Phases phases() const;
  /// "10.0.0.7:25": the address that answered, or the last that was tried; empty where there was none.
  [[nodiscard]] std::string peer() const;
  /// What the last handshake showed.
  [[nodiscard]] const TlsSeen& tls() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace candor::probes
