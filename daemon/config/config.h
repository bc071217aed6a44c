#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/reader.h"
#include "daemon/alerts/sources.h"
#include "daemon/deliver/channels/channel.h"
#include "daemon/http/auth.h"
#include "daemon/http/server.h"
#include "daemon/incident/policy.h"
#include "daemon/page/settings.h"
#include "probes/probe.h"

namespace candor::config {

/// Settings that a running daemon keeps.
enum class Lasting : std::uint8_t { location, state_dir, journal, keep_signal_changes, public_address, admin_address };

/// A whole configuration, checked: each room's part as that room reads it.
struct Config {
  std::filesystem::path file;
  std::string location = "local";
  std::filesystem::path state_dir;
  std::filesystem::path journal;  ///< the SQLite file
  Duration keep_signal_changes = std::chrono::hours{24 * 400};
  http::Address public_address{"127.0.0.1", 8080};
  http::Address admin_address{"127.0.0.1", 9180};
  page::PageSettings page;
  http::Tokens tokens;
  incident::Policy policy;
  std::vector<probes::ProbeConfig> probes;
  std::vector<alerts::SourceConfig> sources;
  Duration resolve_timeout = std::chrono::minutes{5};      ///< of pushed alerts that name no end
  std::map<std::string, deliver::ChannelConfig> channels;  ///< by destination, `contact:NAME/N`
  std::map<Lasting, Position> places;                      ///< of those whose table the file has
};

/// Loads `file`, which may have to be `what`, and the regular files that it includes. The result is there only if
/// `problems` stays empty.
[[nodiscard]] std::optional<Config> load(const std::filesystem::path& file, Problems& problems,
                                         Readable what = Readable::any);

/// For whoever runs the probe `name` alone: a mistake that does not stand in its table, such as a secret that only
/// candord may read, is among the problems and does no harm. What it is about is not to be used.
[[nodiscard]] std::optional<Config> load_for_probe(const std::filesystem::path& file, std::string_view name,
                                                   Problems& problems);

/// Loads rule files that may leave out the rest of their configuration: what `candorctl rules check` reads. Components,
/// holdings and escalations of which the files define none are taken to be defined elsewhere.
[[nodiscard]] std::optional<incident::Policy> load_rules(const std::vector<std::filesystem::path>& files,
                                                         Problems& problems);

/// Every key that a configuration may have, by table: `probe.http`, and "" for the top level. Conditions nest, so those
/// of all their levels stand under `condition`.
[[nodiscard]] std::map<std::string, std::set<std::string>> known_keys();

}  // namespace candor::config
