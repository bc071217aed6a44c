#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/net/easy.h"
#include "base/net/loop.h"
#include "base/net/names.h"
#include "base/net/url.h"
#include "probes/probe.h"

namespace candor::probes {

struct CaFile;

// What kinds that ask over libcurl have in common.

/// What to ask, as whom, and the limit of the whole run.
void set_target(const net::Easy& easy, const net::Url& url, Duration timeout);
/// `ca_file` lives as long as the handle uses it.
void set_trust(net::Easy& easy, bool tls_verify, const CaFile& ca_file);

/// What is read of the answer's body, unpacked: at most so many bytes, and a transfer that brings more ends. Keeps its
/// address while the handle uses it.
class Body {
 public:
  explicit Body(std::size_t most) : most_(most) {}
  /// Transfers of this handle bring their bodies here.
  void receive_from(const net::Easy& easy);
  /// Before each transfer. One that nobody looks into is counted only.
  void begin(bool kept = true);
  /// After each transfer: gives much memory back.
  void end();

  [[nodiscard]] std::string_view text() const { return text_; }
  /// There was more.
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  static std::size_t take(const char* data, std::size_t, std::size_t size, void* self);

  std::size_t most_;
  bool kept_ = true;
  std::string text_;
  std::size_t size_ = 0;
  bool cut_ = false;
};

/// After a transfer that asked `authority`, a host and its port. A phase that was not completed is zero: on a
/// connection of an earlier transfer all but the first byte, and the lookup of an address.
[[nodiscard]] Phases phases_of(const net::Easy& easy, const std::string& authority);
/// Of the last answer; where it stands several times, its values as one list (RFC 9110, section 5.3).
[[nodiscard]] std::optional<std::string> header_of(const net::Easy& easy, const std::string& name);
/// Why a transfer that ended with `code` brought no answer. More of a body than is read is none; a head that breaks off
/// is one, and so is a length of the answer that cannot be known: nobody can say where the body ends (RFC 9112, section
/// 6.3), and libcurl reads on.
[[nodiscard]] std::optional<net::Failure> failure_of(const net::Easy& easy, int code, const Body& body);

/// Why libcurl found no address of a host, which it does not tell: asks once more.
class LookupCause {
 public:
  explicit LookupCause(const Tools& tools) : names_(tools.names), deadline_(tools.loop) {}

  /// Whether it is that which ended a transfer.
  [[nodiscard]] static bool is_wanted(const std::optional<net::Failure>& failure);
  /// Calls `conclude` with what was seen, once: at once where it needs no cause, else from the loop, within what is
  /// left of `limit`, with what is known then. It may destroy this.
  template <class Seen, class Conclude>
  void complete(Seen seen, const std::string& host, net::Names::Family family, Duration limit, Conclude conclude) {
    if (!is_wanted(seen.failure)) return conclude(std::move(seen));
    const net::Failure failure = *seen.failure;
    const std::chrono::microseconds left = limit - seen.phases.total;
    auto done = [seen = std::move(seen), conclude = std::move(conclude)](net::Failure why, auto took) mutable {
      seen.failure = std::move(why);
      seen.phases.total += took;
      conclude(std::move(seen));
    };
    find(failure, host, family, left, std::move(done));
  }

 private:
  /// What is known at the end, and how long the asking took.
  using Done = std::move_only_function<void(net::Failure, std::chrono::microseconds took)>;
  void find(const net::Failure& failure, const std::string& host, net::Names::Family family,
            std::chrono::microseconds left, Done done);
  void end(net::Failure failure);

  net::Names& names_;
  net::Timer deadline_;
  net::Names::Lookup lookup_;
  Stopwatch asking_;
  Done done_;
};

/// Whom a transfer asked, and what for.
struct Asked {
  std::string what;       ///< "GET https://pay.acme.example/healthz"
  std::string host;       ///< as written
  std::string authority;  ///< the same with its port
  std::string peer;       ///< the address that answered or was tried last; empty if there was none
  Duration timeout{};
  std::chrono::microseconds took{};  ///< until it ended, of the whole run
};

/// "10.0.0.7:443 (pay.acme.example)"
[[nodiscard]] std::string address_words(const Asked& asked);
/// How it ended, behind what was done: " timed out after 3 s", ": Connection refused (after 2 ms)".
[[nodiscard]] std::string how_words(const net::Failure& failure, Duration timeout, std::chrono::microseconds took);
/// What this machine could not do, and how to mend it: "cannot connect to 10.0.0.7:443: Too many open files: …".
[[nodiscard]] std::string own_failure_words(const net::Failure& failure, const std::string& host,
                                            const std::string& address);
/// Of a target that did not answer: failing, or unknown where it was this machine that failed.
[[nodiscard]] rules::Health health_of(const net::Failure& failure);
/// Why there is no answer: "connect to 10.0.0.7:443 (pay.acme.example) timed out after 3 s".
[[nodiscard]] std::string failure_words(const Asked& asked, const net::Failure& failure);
/// The same for customers.
[[nodiscard]] std::string failure_symptom(const net::Failure& failure);

/// Of a name without an address, in what asks by itself; `symptom` where it is not this machine that failed.
[[nodiscard]] Outcome judge_lookup(const net::Failure& failure, const std::string& host, Duration timeout,
                                   const Phases& phases, std::string_view symptom);

}  // namespace candor::probes
