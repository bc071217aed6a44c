#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/net/failure.h"
#include "base/net/loop.h"

namespace candor::net {

/// Has the C library, by which libcurl looks names up, turn from a resolver that stays silent to the next one after a
/// second in place of five, unless RES_OPTIONS says otherwise (resolv.conf(5)). Before any other thread is started.
void ask_resolvers_briefly();

/// A host's addresses, asked for without a thread and without waiting for anybody else's question: numeric addresses,
/// /etc/hosts, and the name servers of /etc/resolv.conf, which is read again when it has changed. Thread: the loop's.
class Names {
 public:
  enum class Family : std::uint8_t { any, ipv4, ipv6 };
  /// Numeric addresses, without brackets, the best to try first (RFC 6724); never empty. Where there are none, the
  /// failure's reason does not repeat the host. It is `ours` where no name server could be reached: nobody can tell
  /// then what the host's addresses are.
  using Answer = std::expected<std::vector<std::string>, Failure>;
  using Found = std::move_only_function<void(Answer)>;
  /// A question under way. Once it is destroyed, nothing is called.
  using Lookup = std::shared_ptr<void>;

  /// `servers` as Ares takes them; empty for those of /etc/resolv.conf.
  explicit Names(Loop& loop, std::string servers = {});
  /// Nothing is called any more.
  ~Names();
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  /// `found` is called once, from the loop, never from inside. A question ends by itself when no name server has
  /// answered; whoever has an earlier deadline lets go of the lookup.
  [[nodiscard]] Lookup look_up(const std::string& host, Family family, Found found);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::net
