#include "probes/kinds/dialogue_config.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <re2/re2.h>

#include "probes/kinds/settings.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using What = DialogueStep::What;

constexpr std::size_t longest_host = 253;  // RFC 1035, section 2.3.4

bool is_ipv6(const std::string& host) {
  std::array<unsigned char, 16> address{};
  return ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= longest_host && host.front() != '-' && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::optional<Target> parse_target(std::string_view text, std::uint16_t default_port) {
  Target target{.port = default_port};
  const bool brackets = text.starts_with('[');
  const std::size_t end = brackets ? text.find(']') : text.find(':');
  if (brackets && end == std::string_view::npos) return std::nullopt;
  target.host = text.substr(brackets ? 1 : 0, end - (brackets ? 1 : 0));
  std::string_view rest = end == std::string_view::npos ? std::string_view{} : text.substr(end + (brackets ? 1 : 0));
  if (brackets ? !is_ipv6(target.host) : !is_host(target.host)) return std::nullopt;
  if (rest.starts_with(':')) {
    const std::optional<std::uint16_t> port = read_port(rest.substr(1));
    if (!port) return std::nullopt;
    target.port = *port;
  } else if (!rest.empty() || default_port == 0) {
    return std::nullopt;
  }
  return target;
}

void read_server_name(const Table& table, DialogueConfig& config, bool secured) {
  config.wanted.name = config.target.host;
  const std::optional<std::string> name = table.text("server_name");
  if (!name || refuse_other_than_ascii(table, "server_name", *name)) return;
  if (!is_host(*name) && !is_ipv6(*name)) {
    table.refuse("server_name", "server_name is not a host", "such as \"pay.acme.example\"");
  } else if (!secured) {
    table.refuse("server_name", "server_name has no use without TLS", "set tls or starttls");
  }
  config.wanted.name = *name;
}

std::shared_ptr<const RE2> pattern_of_bytes(std::string_view pattern) {
  RE2::Options options{RE2::Quiet};
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_dot_nl(true);
  return std::make_shared<const RE2>(fmt::format("(?m){}", pattern), options);
}

}  // namespace

Target read_target(const Table& table, std::string_view key, std::uint16_t default_port, std::string_view hint) {
  const std::string text = table.required_text(key);
  if (text.empty() || refuse_other_than_ascii(table, key, text)) return {};
  if (std::optional<Target> target = parse_target(text, default_port)) return *std::move(target);
  table.refuse(key, fmt::format("{} is not a host and a port", key), std::string{hint});
  return {};
}

std::vector<DialogueStep> starttls_steps(StartTls protocol) {
  switch (protocol) {
    case StartTls::none:
      break;
    case StartTls::smtp:  // RFC 3207
      return {expect_bytes("^220 [^\n]*\n", "a greeting of SMTP", refusing_status),
              send_bytes("EHLO candor.invalid\r\n"),
              expect_bytes("^250 [^\n]*\n", "an answer to EHLO", refusing_status),
              send_bytes("STARTTLS\r\n"),
              expect_bytes("^220 [^\n]*\n", "the consent to STARTTLS", refusing_status),
              begin_tls()};
    case StartTls::imap:  // RFC 9051, section 6.2.1
      return {
          expect_bytes("^\\* OK[^\n]*\n", "a greeting of IMAP that STARTTLS may follow", "^\\* (BYE|PREAUTH)[^\n]*\n"),
          send_bytes("c STARTTLS\r\n"), expect_bytes("^c OK[^\n]*\n", "the consent to STARTTLS", "^c (NO|BAD)[^\n]*\n"),
          begin_tls()};
    case StartTls::pop3:  // RFC 2595, section 4
      return {expect_bytes("^\\+OK[^\n]*\n", "a greeting of POP3", "^-ERR[^\n]*\n"), send_bytes("STLS\r\n"),
              expect_bytes("^\\+OK[^\n]*\n", "the consent to STLS", "^-ERR[^\n]*\n"), begin_tls()};
    case StartTls::ftp:  // RFC 4217, section 4
      return {expect_bytes("^220 [^\n]*\n", "a greeting of FTP", refusing_status), send_bytes("AUTH TLS\r\n"),
              expect_bytes("^234 [^\n]*\n", "the consent to AUTH TLS", refusing_status), begin_tls()};
    case StartTls::postgres:  // SSLRequest; https://www.postgresql.org/docs/current/protocol-flow.html
      return {send_bytes("\0\0\0\x08\x04\xd2\x16\x2f"s), expect_bytes("\\AS", "\"S\", the consent to TLS", "\\A[^S]"),
              begin_tls()};
    case StartTls::ldap:  // RFC 4511, section 4.14.1: an ExtendedRequest of message 1, and the response with success
      return {send_bytes("\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                         "1.3.6.1.4.1.1466.20037"s),
              expect_reply(&read_ldap_consent, "the consent to StartTLS"), begin_tls()};
  }
  return {};
}

std::optional<StartTls> read_starttls(const Table& table) {
  return table.choice<StartTls>("starttls", {{"smtp", StartTls::smtp},
                                             {"imap", StartTls::imap},
                                             {"pop3", StartTls::pop3},
                                             {"ftp", StartTls::ftp},
                                             {"postgres", StartTls::postgres},
                                             {"ldap", StartTls::ldap}});
}

std::string read_tls_keys(const Table& table, DialogueConfig& config, bool secured, bool may_trust) {
  read_server_name(table, config, secured);
  if (may_trust) config.wanted.verify = table.boolean("tls_verify").value_or(true);
  read_cert_limits(table, config.wanted, secured, "set tls or starttls");
  const CaFile file = read_ca_file(table, config.wanted.verify);
  if (secured) config.tls = tls_client(table, file);
  if (!secured && !config.wanted.verify) {
    table.refuse("tls_verify", "tls_verify = false has no use without TLS", "set tls or starttls");
  }
  if (!secured && table.has("ca_file")) {
    table.refuse("ca_file", "ca_file has no use without TLS", "set tls or starttls");
  }
  const TlsWanted& wanted = config.wanted;
  Settings settings;
  settings.add(wanted.name).add(fmt::format("{} {} {}", secured, wanted.verify, wanted.minimum));
  settings.add(wanted.degraded_below).add(wanted.failing_below).add(file.name).add(file.content());
  return settings.text();
}

KindConfig finish_dialogue(DialogueConfig config, std::string_view content) {
  Settings settings;
  settings.add(config.target.text()).add(config.degraded_above).add(content);
  for (const DialogueStep& step : config.steps) {
    settings.add(fmt::format("{}", static_cast<int>(step.what)));
    settings.add(step.pattern ? step.pattern->pattern() : "").add(step.text.reveal());
  }
  KindConfig result{.make = {}, .content = Secret{settings.text()}};
  result.make = [shared = std::make_shared<const DialogueConfig>(std::move(config))](const Tools& tools) {
    return make_dialogue_probe(shared, tools);
  };
  return result;
}

DialogueStep expect_bytes(std::string_view pattern, std::string wanted, std::string_view refusal) {
  DialogueStep step{.what = What::expect, .pattern = pattern_of_bytes(pattern), .wanted = std::move(wanted)};
  if (!refusal.empty()) step.refusal = pattern_of_bytes(refusal);
  return step;
}

DialogueStep expect_reply(Reply (*reply)(std::string_view said), std::string wanted) {
  return {.what = What::expect, .reply = reply, .wanted = std::move(wanted)};
}

DialogueStep send_bytes(std::string text) { return {.what = What::send, .text = Secret{std::move(text)}}; }

DialogueStep begin_tls() { return {.what = What::secure}; }

}  // namespace candor::probes
