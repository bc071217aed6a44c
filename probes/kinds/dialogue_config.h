#pragma once

#include <string_view>
#include <vector>

#include "probes/kinds/dialogue.h"

namespace candor::probes {

// What the kinds that are dialogues have in common in their tables, and how their steps are made.

/// Reads a key such as `address = "10.0.0.7:25"`, an IPv6 address in brackets. `default_port` for where none is
/// written; 0: it must be. `hint` is for who wrote none.
[[nodiscard]] Target read_target(
    const Table& table, std::string_view key, std::uint16_t default_port = 0,
    std::string_view hint = "such as \"mail.acme.example:25\", \"10.0.0.7:25\" or \"[2001:db8::7]:25\"");

enum class StartTls : std::uint8_t { none, smtp, imap, pop3, ftp, postgres, ldap };
/// The steps from a fresh connection to TLS, the `secure` one included.
[[nodiscard]] std::vector<DialogueStep> starttls_steps(StartTls protocol);
[[nodiscard]] std::optional<StartTls> read_starttls(const Table& table);

/// Reads `server_name`, `ca_file`, `cert_degraded_below` and `cert_failing_below`, and, with `may_trust`, `tls_verify`.
/// `secured`: whether TLS is spoken at all. To be called once the target is known; limits that `config` has already are
/// the defaults. Answers what these settings are, for the fingerprint.
[[nodiscard]] std::string read_tls_keys(const Table& table, DialogueConfig& config, bool secured, bool may_trust);

/// Closes what every reader does: settings that they all have, and those that are particular to it (`content`).
[[nodiscard]] KindConfig finish_dialogue(DialogueConfig config, std::string_view content);

/// `pattern` in RE2 syntax; each byte is a character, "^" and "." are a line's and any byte's. `refusal` is alike, and
/// searched for in what was read since the step before.
[[nodiscard]] DialogueStep expect_bytes(std::string_view pattern, std::string wanted, std::string_view refusal = {});
/// A refusal of SMTP and FTP: a line with a status that neither goes on nor asks for more.
inline constexpr std::string_view refusing_status = "^[45]\\d\\d[ -][^\n]*\n";
[[nodiscard]] DialogueStep expect_reply(Reply (*reply)(std::string_view said), std::string wanted);
[[nodiscard]] DialogueStep send_bytes(std::string text);
[[nodiscard]] DialogueStep begin_tls();

/// Reads `[probe.tcp]`.
[[nodiscard]] KindConfig read_tcp(const Table& table, const ProbeConfig& common);
/// Reads `[probe.tls]`.
[[nodiscard]] KindConfig read_tls(const Table& table, const ProbeConfig& common);

}  // namespace candor::probes
