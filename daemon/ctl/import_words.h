#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/ctl/import_draft.h"

// What several sources have in common.

namespace candor::ctl {

/// "1m30s", "1.5s", "2d": as Go and Prometheus write durations.
[[nodiscard]] std::optional<Duration> read_go_duration(std::string_view text);

/// The text as a regular expression that finds it.
[[nodiscard]] std::string quoted_pattern(const std::string& text);
[[nodiscard]] bool is_pattern(const std::string& text);

/// A text as a literal. Where the source puts in variables of the environment, `${NAME}` alone is that variable here
/// too.
[[nodiscard]] std::string toml_secret(const DraftProbe& probe, const std::string& text);
/// Whether a part of the text is a variable, which Candor would not put in.
[[nodiscard]] bool holds_variable(const DraftProbe& probe, const std::string& text);

/// Sets `url`, with credentials if there are some. Where it is not one, the probe is unfit.
void set_url(DraftProbe& probe, const std::string& url, const std::string& user = {}, const std::string& password = {});

/// Sets `headers` to those that Candor takes; the others are dropped in `source`, where it is given.
void set_headers(DraftProbe& probe, const std::map<std::string, std::string>& headers, Source* source);

/// Sets `body_matches`; answers whether the pattern is one.
bool set_body_matches(DraftProbe& probe, const std::string& pattern);

[[nodiscard]] bool is_address(const std::string& host);             ///< numeric, without a port
[[nodiscard]] bool is_host_and_port(const std::string& authority);  ///< "host:25", "[::1]:25"
/// "10.0.0.53", "10.0.0.53:53", "::1" as `resolver` takes it.
[[nodiscard]] std::optional<std::string> resolver_of(std::string text, const std::string& port = {});
/// The protocol that begins TLS in the middle, by the port where it is usual.
[[nodiscard]] std::optional<std::string> starttls_of(const std::string& authority);

/// Sets `address`. Where it is none, the probe is unfit.
void set_address(DraftProbe& probe, const std::string& address);

}  // namespace candor::ctl
