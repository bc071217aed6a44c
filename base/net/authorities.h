#pragma once

#include <memory>
#include <string>
#include <utility>

struct x509_store_st;  // OpenSSL's X509_STORE

namespace candor::net {

/// The authorities in a file, read once for all who trust them, and again when another file stands in its place.
/// Thread: one at a time.
class Authorities {
 public:
  using Store = std::shared_ptr<x509_store_st>;

  /// `file`: certificates in PEM form. It is read when it is first asked for.
  explicit Authorities(std::string file) : file_(std::move(file)) {}

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
  Version version_;
  Store store_;
};

/// The file that the system's authorities are in, as libcurl was built; empty where it has a folder only.
[[nodiscard]] std::string system_authorities_file();

}  // namespace candor::net
