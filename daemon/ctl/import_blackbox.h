#pragma once

#include <map>
#include <string>
#include <string_view>

#include "daemon/ctl/import_draft.h"
#include "daemon/ctl/import_prometheus.h"
#include "daemon/ctl/import_source.h"

// What the modules of several probers have in common.

namespace candor::ctl {

/// Sets what `tls_config` says of certificates. Without TLS it has no use, and is dropped.
void read_tls(Source& table, DraftProbe& probe, bool secured);
/// By `key` the certificate would be of another host than the url's: the probe is unfit.
void refuse_other_name(DraftProbe& probe, std::string_view key);
/// Sets `family`, where blackbox_exporter does not fall back to the other one.
void read_family(Source& table, DraftProbe& probe);
/// Sets `headers`: those of the table, and others, before which the table's go.
void read_header_table(Source& table, DraftProbe& probe, std::map<std::string, std::string> headers);

void read_blackbox_http(Source& http, const Target& target, DraftProbe& probe);

}  // namespace candor::ctl
