#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/net/names.h"
#include "base/reader.h"
#include "base/secret.h"
#include "probes/kinds/hidden.h"

namespace re2 {
class RE2;
}

namespace candor::probes {

class TlsClient;

/// A kind's settings as one text, each with its length, so that no two configurations are written alike: what
/// KindConfig::content wants.
class Settings {
 public:
  Settings& add(std::string_view setting);
  Settings& add(const std::optional<Duration>& setting);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Readers of keys that several kinds have. They record problems as Table does.

/// A regular expression in RE2 syntax; null where the key is absent.
[[nodiscard]] std::shared_ptr<const re2::RE2> read_pattern(const Table& table, std::string_view key);

/// `family`: which addresses of a name count.
[[nodiscard]] net::Names::Family read_family(const Table& table);
/// Refuses `family` where `host`, of IPv6 with or without brackets, is an address of the other one.
void refuse_other_family(const Table& table, net::Names::Family family, std::string_view host);

/// Refuses a host that no name server can know, and answers whether it did.
bool refuse_other_than_ascii(const Table& table, std::string_view key, std::string_view host);

/// `degraded_above`, which the probe's timeout must not come before.
[[nodiscard]] std::optional<Duration> read_degraded_above(const Table& table, Duration timeout);

/// Whom to trust in place of the system's authorities.
struct CaFile {
  std::string name;                           ///< empty where the key is absent
  std::shared_ptr<const TlsClient> client{};  ///< null without one, or where it cannot be read

  /// The file's bytes, read with the configuration.
  [[nodiscard]] std::string_view content() const;
};

/// `ca_file`, a file of certificates in PEM form, relative to the configuration's file. Has no use where peers are not
/// verified.
[[nodiscard]] CaFile read_ca_file(const Table& table, bool tls_verify);
/// The same for what speaks TLS by itself, which wants the system's authorities where there is none; null where they
/// cannot be found.
[[nodiscard]] std::shared_ptr<const TlsClient> tls_client(const Table& table, const CaFile& file);

/// `headers`, a table of secrets; `ours` are the names, in lower case, that the probe itself writes. Those that are not
/// written out in the file, and those whose names speak of credentials, are added to `hidden`.
[[nodiscard]] std::vector<std::pair<std::string, Secret>> read_headers(const Table& table,
                                                                       const std::set<std::string>& ours,
                                                                       Hidden& hidden);

}  // namespace candor::probes
