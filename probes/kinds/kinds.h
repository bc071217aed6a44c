#pragma once

#include <span>
#include <string_view>

#include "base/reader.h"
#include "base/secret.h"
#include "probes/probe.h"

namespace candor::probes {

/// What a kind makes of its table.
struct KindConfig {
  MakeProbe make;
  Secret content;  ///< all that was read, for the probe's fingerprint: it is hashed and not kept
};

/// One kind of probe: the name of its table in `[[probe]]`, and the reader that checks that table and says how to make
/// the probe. `common` has all but `kind`'s own. A new kind is a new file and a line in kinds.cpp.
struct Kind {
  std::string_view name;
  KindConfig (*read)(const Table& table, const ProbeConfig& common);
  std::string_view
      sample;  ///< lines of a table with all its tables: asked for their keys, the reader tells what it knows
};

[[nodiscard]] std::span<const Kind> kinds();

}  // namespace candor::probes
