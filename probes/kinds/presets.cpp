#include "probes/kinds/presets.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "probes/kinds/dialogue_config.h"
#include "probes/kinds/settings.h"

namespace candor::probes {
namespace {

using namespace std::string_literals;
using Steps = std::vector<DialogueStep>;

/// What a table says that a service's dialogue needs.
struct Said {
  bool starttls = false;
  std::string user;
  std::string password;
};

Steps smtp(const Said& said) {
  Steps steps;
  if (!said.starttls) steps.push_back(expect_bytes("^220 [^\n]*\n", "a greeting of SMTP", refusing_status));
  steps.push_back(send_bytes("EHLO candor.invalid\r\n"));
  steps.push_back(expect_bytes("^250 [^\n]*\n", "an answer to EHLO", refusing_status));
  steps.push_back(send_bytes("QUIT\r\n"));
  steps.push_back(expect_bytes("^221 [^\n]*\n", "a farewell of SMTP", refusing_status));
  return steps;
}

Steps imap(const Said& said) {
  Steps steps;
  if (!said.starttls)
    steps.push_back(expect_bytes("^\\* (OK|PREAUTH)[^\n]*\n", "a greeting of IMAP", "^\\* BYE[^\n]*\n"));
  steps.push_back(send_bytes("d LOGOUT\r\n"));
  steps.push_back(expect_bytes("^d OK[^\n]*\n", "an answer to LOGOUT"));
  return steps;
}

/// RFC 4253, section 4.2: other lines may come first, and the greeting has at most 255 bytes with its end. A line of
/// ours keeps the server from calling the connection broken.
Steps ssh(const Said&) {
  return {expect_bytes("^SSH-(2\\.0|1\\.99)-[^\n]{0,246}\n", "a greeting of SSH 2", "^SSH-([^\n]*\n|[^\n]{251})"),
          send_bytes("SSH-2.0-candor\r\n")};
}

/// As an array of strings, which may hold any bytes.
Steps redis(const Said& said) {
  const auto word = [](const std::string& text) { return fmt::format("${}\r\n{}\r\n", text.size(), text); };
  Steps steps;
  if (!said.password.empty()) {
    steps.push_back(send_bytes(said.user.empty() ? "*2\r\n" + word("AUTH") + word(said.password)
                                                 : "*3\r\n" + word("AUTH") + word(said.user) + word(said.password)));
    steps.push_back(expect_bytes("\\A\\+OK\\r\n", "\"+OK\" to AUTH", "\\A-[^\n]*\n"));
  }
  steps.push_back(send_bytes("*1\r\n" + word("PING")));
  steps.push_back(expect_bytes("\\A\\+PONG\\r\n", "\"+PONG\" to PING", "\\A-[^\n]*\n"));
  return steps;
}

/// A packet of MySQL: three bytes of length, its number, the rest.
std::string mysql_packet(char number, const std::string& payload) {
  return std::string{static_cast<char>(payload.size() & 0xFFU), static_cast<char>(payload.size() >> 8U), '\0', number} +
         payload;
}

/// The greeting (Protocol::HandshakeV10), and for a user a login without a password (HandshakeResponse41).
Steps mysql(const Said& said) {
  Steps steps{expect_reply(&read_mysql_greeting, "a greeting of MySQL")};
  if (said.user.empty()) return steps;
  // Capabilities LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION and PLUGIN_AUTH; packets up to 16 MB; UTF-8.
  const std::string login =
      "\x01\x82\x08\0\0\0\0\x01\x21"s + std::string(23, '\0') + said.user + "\0\0mysql_native_password\0"s;
  steps.push_back(send_bytes(mysql_packet('\x01', login)));
  steps.push_back(expect_reply(&read_mysql_login, "a login without a password"));
  steps.push_back(send_bytes(mysql_packet('\0', "\x01"s)));
  return steps;
}

std::string big_endian(std::size_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>((number >> (8U * static_cast<unsigned>(i))) & 0xFFU);
  return text;
}

/// SSLRequest, which any server answers; for a user a StartupMessage, which only one answers well that takes logins.
Steps postgres(const Said& said) {
  if (!said.user.empty()) {
    const std::string message = "\0\x03\0\0user\0"s + said.user + "\0\0"s;
    return {send_bytes(big_endian(message.size() + 4, 4) + message),
            expect_reply(&read_postgres_login, "a request to authenticate or a session")};
  }
  if (said.starttls) return {};
  return {send_bytes("\0\0\0\x08\x04\xd2\x16\x2f"s),
          expect_bytes("\\A[SN]\\z", "\"S\" or \"N\" of PostgreSQL alone", "\\A[^SN]|\\A.{2}")};
}

/// MQTT 3.1.1, section 3.1: a clean session of a client without a name.
Steps mqtt(const Said& said) {
  const auto text = [](const std::string& value) { return big_endian(value.size(), 2) + value; };
  unsigned flags = 0x02;
  std::string payload = text("");
  if (!said.user.empty()) {
    flags |= 0x80U;
    payload += text(said.user);
  }
  if (!said.password.empty()) {
    flags |= 0x40U;
    payload += text(said.password);
  }
  const std::string rest = text("MQTT") + '\x04' + static_cast<char>(flags) + big_endian(30, 2) + payload;
  std::string length;
  for (std::size_t left = rest.size(); left > 0 || length.empty(); left >>= 7U) {
    length += static_cast<char>((left & 0x7FU) | (left > 0x7FU ? 0x80U : 0U));
  }
  return {send_bytes('\x10' + length + rest), expect_reply(&read_mqtt_consent, "the consent to CONNECT (CONNACK 0)"),
          send_bytes("\xe0\0"s)};
}

enum class Login : std::uint8_t { none, user, password, user_and_password };

struct Preset {
  std::string_view name;
  std::uint16_t port;
  std::uint16_t tls_port;  ///< 0 where the service cannot begin with TLS
  StartTls starttls;
  Login login;
  Steps (*steps)(const Said& said);
};

constexpr std::array<Preset, 7> presets{{
    {"smtp", 25, 465, StartTls::smtp, Login::none, &smtp},
    {"imap", 143, 993, StartTls::imap, Login::none, &imap},
    {"ssh", 22, 0, StartTls::none, Login::none, &ssh},
    {"redis", 6379, 6379, StartTls::none, Login::password, &redis},
    {"mysql", 3306, 0, StartTls::none, Login::user, &mysql},
    {"postgres", 5432, 0, StartTls::postgres, Login::user, &postgres},
    {"mqtt", 1883, 8883, StartTls::none, Login::user_and_password, &mqtt},
}};

constexpr std::size_t longest_login = 200;

void read_login(const Table& table, Login login, Said& said) {
  if (login != Login::none) {
    said.user = table.text("user").value_or("");
    if (said.user.size() > longest_login || said.user.find('\0') != std::string::npos) {
      table.refuse("user", "user is too long, or holds a NUL", fmt::format("at most {} bytes", longest_login));
    }
  }
  if (login != Login::password && login != Login::user_and_password) return;
  said.password = table.secret("password").value_or(Secret{}).reveal();
  if (said.password.size() > longest_login) {
    table.refuse("password", "password is too long", fmt::format("at most {} bytes", longest_login));
  }
  if (!said.user.empty() && said.password.empty() && !table.has("password")) {
    table.refuse("user", "user has no use without a password", "add password, or leave user out");
  }
  if (login == Login::user_and_password && said.user.empty() && !said.password.empty()) {
    table.refuse("password", "password has no use without a user", "add user, or leave password out");
  }
}

}  // namespace

KindConfig read_preset(const Table& table, const ProbeConfig& common) {
  const Preset& preset = *std::ranges::find(presets, common.kind, &Preset::name);
  DialogueConfig config;
  Said said;
  const bool at_once = preset.tls_port != 0 && table.boolean("tls").value_or(false);
  said.starttls = preset.starttls != StartTls::none && table.boolean("starttls").value_or(false);
  if (at_once && said.starttls) table.refuse("tls", "tls and starttls exclude each other", "starttls begins TLS later");
  config.target = read_target(table, "address", at_once ? preset.tls_port : preset.port);
  config.timeout = common.timeout;
  config.degraded_above = read_degraded_above(table, common.timeout);
  read_login(table, preset.login, said);
  config.hidden.add(said.password);
  if (at_once) config.steps.push_back(begin_tls());
  if (said.starttls) config.steps = starttls_steps(preset.starttls);
  for (DialogueStep& step : preset.steps(said)) config.steps.push_back(std::move(step));
  std::string tls;
  config.wanted.name = config.target.host;
  if (preset.tls_port != 0 || preset.starttls != StartTls::none) {
    tls = read_tls_keys(table, config, at_once || said.starttls, true);
  }
  return finish_dialogue(std::move(config), tls);
}

}  // namespace candor::probes
