#pragma once

#include "daemon/ctl/import_draft.h"
#include "daemon/ctl/import_uptime_kuma_references.h"

// Monitors of Uptime Kuma that say where a service listens, and who asks it. What the kind has no key for is told, and
// of credentials so that nobody takes the probe for one that signs in.

namespace candor::ctl {

void read_port(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe);
void read_mqtt(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe);
void read_redis(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe);
void read_postgres(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe);
void read_mysql(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe);

}  // namespace candor::ctl
