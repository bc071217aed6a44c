#pragma once

#include <cstdint>
#include <string>

#include "base/reader.h"
#include "base/secret.h"
#include "base/time.h"

namespace candor::alerts {

/// One source that is asked for its alerts again and again.
struct SourceConfig {
  enum class Kind : std::uint8_t { prometheus, alertmanager };
  Kind kind = Kind::prometheus;
  std::string name;  ///< as the signals of its alerts name it: `prometheus:NAME`, `alertmanager:NAME`
  std::string url;   ///< without a slash at the end; may hold credentials
  Duration every = std::chrono::seconds{5};
  Duration timeout = std::chrono::seconds{5};
  Secret bearer;  ///< sent as `Authorization: Bearer …` unless empty

  friend bool operator==(const SourceConfig&, const SourceConfig&) = default;
};

/// Read one `[[prometheus]]` or `[[alertmanager]]`. What is wrong is recorded in the table's document; the source is
/// then not complete and must not be used.
[[nodiscard]] SourceConfig read_prometheus(const Table& table);
[[nodiscard]] SourceConfig read_alertmanager(const Table& table);

}  // namespace candor::alerts
