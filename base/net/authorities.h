#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"

struct x509_store_st;  // OpenSSL's X509_STORE

namespace candor::net {

/// The authorities in a file, read once for all who trust them, and again when another file stands in its place.
/// Thread: one at a time.
class Authorities {
 public:
  using Store = std::shared_ptr<x509_store_st>;

  /// `file`: certificates in PEM form. It is read when it is first asked for; where that fails, for want of a
  /// descriptor say, again after `between_tries` at the soonest.
  explicit Authorities(std::string file, Duration between_tries = std::chrono::seconds{1})
      : file_(std::move(file)), between_tries_(between_tries) {}

  /// Those of the last file that could be read; null where none could be yet.
  [[nodiscard]] Store store();

 private:
  /// What tells one file from another that takes its place.
  struct Version {
    unsigned long inode = 0;
    long size = 0;
    long seconds = 0;  // since the epoch, when it was changed
    long nanoseconds = 0;
    bool operator==(const Version&) const = default;
  };

  std::string file_;
  Duration between_tries_;
  Version version_;                  ///< that was tried last
  std::optional<Stopwatch> failed_;  ///< since it was, in vain
  Store store_;
};

/// The file that the system's authorities are in, as libcurl was built; empty where it has a folder only.
[[nodiscard]] std::string system_authorities_file();

}  // namespace candor::net
