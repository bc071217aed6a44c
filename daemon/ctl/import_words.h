#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/ctl/import_draft.h"

// What several sources have in common.

namespace candor::ctl {

using ReadDuration = std::optional<Duration> (*)(std::string_view text);

/// "1m30s", "1.5s", "2d": as Go and Prometheus write durations.
[[nodiscard]] std::optional<Duration> read_go_duration(std::string_view text);
/// "60", "0.5": seconds.
[[nodiscard]] std::optional<Duration> read_seconds(std::string_view text);

/// What the text says; `usual`, the other tool's default, where there is none. A text that says no duration, or 0, is
/// told, and the default counts too.
[[nodiscard]] Duration duration_or(DraftProbe& probe, std::string_view key, const std::optional<std::string>& text,
                                   ReadDuration read, Duration usual);
/// The same for a whole number that is not below `least`.
[[nodiscard]] int number_or(DraftProbe& probe, std::string_view key, const std::optional<std::string>& text, int usual,
                            int least);

/// What customers and logs are shown of the probe's name, group or job: without_secrets(), told where that is less.
[[nodiscard]] std::string shown(DraftProbe& probe, std::string_view what, const std::string& text);
/// As shown(), for what customers see: no longer than a component's name may be, and empty where nobody would see it.
[[nodiscard]] std::string public_name(DraftProbe& probe, std::string_view what, const std::string& text);

/// The text as a regular expression that finds it.
[[nodiscard]] std::string quoted_pattern(const std::string& text);
[[nodiscard]] bool is_pattern(const std::string& text);

/// Whether a part of the text is a variable, which Candor would not put in.
[[nodiscard]] bool holds_variable(const DraftProbe& probe, const std::string& text);
/// What a text says in which `$$` is a dollar sign, where the source puts in variables.
[[nodiscard]] std::string without_escapes(const DraftProbe& probe, std::string text);
/// A literal for a key that takes secrets. Where the source puts in variables of the environment, `${NAME}` alone is
/// that variable here too; a text that is put together of some becomes a variable for whoever imports to set, and is
/// told: `what` names it.
[[nodiscard]] std::string secret_literal(DraftProbe& probe, const std::string& what, const std::string& text);
/// A variable to be set by whoever imports, for a secret that the source does not have in it: told, with the reason.
[[nodiscard]] std::string placeholder(DraftProbe& probe, const std::string& what, const std::string& why);

void set_url(DraftProbe& probe, const std::string& url);
[[nodiscard]] bool is_head(const DraftProbe& probe);
/// Whether the url or a key names a user already.
[[nodiscard]] bool names_user(const DraftProbe& probe);
/// Sets `user` and `password`, a literal that may be empty. A user that the url names goes before.
void set_user(DraftProbe& probe, const std::string& user, const std::string& password);
/// Sets `method`, where it is another than GET.
void set_method(DraftProbe& probe, std::string method);
/// Sets `body`, a literal, where the method has one. After set_method().
void set_body(DraftProbe& probe, const std::string& literal);

/// Sets `headers` to those that Candor takes; the others are dropped in `source`, where it is given. Credentials among
/// them go before those of set_user(), which comes first.
void set_headers(DraftProbe& probe, const std::map<std::string, std::string>& headers, Source* source);

/// Sets `body_matches`. Where the pattern is none, or the answer has no body, the probe is unfit.
void set_body_matches(DraftProbe& probe, const std::string& pattern);

/// Sets `host` and one packet, as all the sources send.
void set_ping(DraftProbe& probe, const std::string& host);

[[nodiscard]] bool is_address(const std::string& host);             ///< numeric, without a port
[[nodiscard]] bool is_host_and_port(const std::string& authority);  ///< "host:25", "[::1]:25"
/// Sets `resolver`: "10.0.0.53", "10.0.0.53:53", "::1". Where it is not an address, the probe is unfit.
void set_resolver(DraftProbe& probe, const std::string& text, const std::string& port = {});
/// Tells, where neither a record nor another code is expected, that a dns probe wants a record. After the settings.
void tell_of_empty_answers(DraftProbe& probe);
[[nodiscard]] std::optional<std::string> resolver_of(std::string text, const std::string& port = {});
/// The protocol that begins TLS in the middle, by the port where it is usual.
[[nodiscard]] std::optional<std::string> starttls_of(const std::string& authority);

/// Types of records that Candor asks for.
[[nodiscard]] bool is_dns_type(const std::string& type);

}  // namespace candor::ctl
