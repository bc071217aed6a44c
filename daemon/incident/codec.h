#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "daemon/incident/event.h"
#include "daemon/incident/state.h"

namespace candor::incident {

// The journal's and the snapshots' JSON. Stable: a field once written keeps its name and meaning; a reader ignores what
// it does not know and takes the default for what is absent. Equal values give equal bytes.

/// The event's own fields; its token, instant, actor and incident are columns beside it.
[[nodiscard]] std::string encode(const Change& change);
/// The same at the end of a text.
void encode(const Change& change, std::string& to);
[[nodiscard]] Result<Change> decode_change(std::string_view token, std::string_view json);

[[nodiscard]] std::string encode(const Delivery& delivery);
[[nodiscard]] Result<Delivery> decode_delivery(std::string_view json);

[[nodiscard]] std::string encode(const State& state);
[[nodiscard]] Result<State> decode_state(std::string_view json);

}  // namespace candor::incident
