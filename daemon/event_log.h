#pragma once

#include "daemon/incident/event.h"

namespace candor {

/// Writes the log line of a journalled event, if it is one that a reader of the log should see.
void log_event(const incident::Event& event);

}  // namespace candor
