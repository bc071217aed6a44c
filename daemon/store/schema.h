#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "daemon/store/database.h"

namespace candor::store {

/// A write-ahead log that has grown beyond that is cut to it when it is begun anew.
constexpr std::int64_t most_log_bytes_kept = std::int64_t{64} << 20U;

/// WAL and synchronous=FULL: a commit is on the disk before it is answered, and readers never block the writer. Throws
/// DatabaseError.
void configure(Database& database);

/// One step of the journal's schema: what takes a file of the version before to this one. Steps are only ever added.
struct SchemaStep {
  int version = 0;  ///< as `PRAGMA user_version` holds it afterwards
  std::string_view sql;
};

/// All steps, oldest first: 1, 2, ….
[[nodiscard]] std::span<const SchemaStep> schema_steps();

/// Over the text of all tables and indexes. A journal of version 2 or later keeps it in `meta`: a byte changed there
/// could give a column another name or default. Throws DatabaseError.
[[nodiscard]] std::uint32_t schema_checksum(Database& database);

/// Whether a candord has made it its journal. Throws DatabaseError.
[[nodiscard]] bool is_journal(Database& database);

/// Brings the file to the newest of `steps`, each step in one transaction with its version, and makes an empty file a
/// journal. Answers the version found.
/// Errors: the file is another program's, or written by a newer candord. Throws DatabaseError.
[[nodiscard]] Result<int> migrate(Database& database, std::span<const SchemaStep> steps);

}  // namespace candor::store
