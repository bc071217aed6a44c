#include "probes/kinds/replies.h"

#include <array>
#include <cstddef>
#include <optional>

#include <fmt/format.h>

namespace candor::probes {
namespace {

using namespace std::string_literals;
using Is = Reply::Is;

constexpr std::size_t longest_mysql_packet = 4096;       // of a login: the longest has some hundred bytes
constexpr std::size_t longest_postgres_message = 30000;  // as libpq has it

std::size_t number_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

std::size_t big_endian(std::string_view bytes) {
  return number_at(bytes, 0) << 24U | number_at(bytes, 1) << 16U | number_at(bytes, 2) << 8U | number_at(bytes, 3);
}

/// ERR_Packet: 0xff, a code, since 4.1 a state behind "#", and a message.
std::string mysql_error(std::string_view payload) {
  if (payload.size() < 3) return {};
  const std::size_t code = number_at(payload, 1) | number_at(payload, 2) << 8U;
  const bool has_state = payload.size() >= 9 && payload[3] == '#';
  return fmt::format("{} ({})", payload.substr(has_state ? 9 : 3), code);
}

/// A packet of MySQL: three bytes of length, its number, the rest.
Reply read_mysql(std::string_view said, char number, bool (*is_expected)(std::string_view payload)) {
  constexpr std::size_t head = 4;
  if (said.size() < head) return {};
  const std::size_t length = number_at(said, 0) | number_at(said, 1) << 8U | number_at(said, 2) << 16U;
  if (length == 0 || length > longest_mysql_packet) return {.is = Is::refused, .words = {}};
  if (said.size() < head + length) return {};
  const std::string_view payload = said.substr(head, length);
  if (payload.front() == '\xff') return {.is = Is::refused, .words = mysql_error(payload)};
  return {.is = said[3] == number && is_expected(payload) ? Is::expected : Is::refused, .words = {}};
}

/// ErrorResponse: fields that begin with a letter and end with a NUL.
std::string postgres_error(std::string_view body) {
  std::string_view severity;
  std::string_view code;
  std::string_view message;
  for (std::size_t end = body.find('\0'); end != std::string_view::npos && end > 0; end = body.find('\0')) {
    const std::string_view value = body.substr(1, end - 1);
    if (body.front() == 'S') severity = value;
    if (body.front() == 'C') code = value;
    if (body.front() == 'M') message = value;
    body.remove_prefix(end + 1);
  }
  return message.empty() ? "" : fmt::format("{}: {} ({})", severity, message, code);
}

/// AuthenticationOk and the other messages that begin with R, by their code.
enum class PostgresLogin : std::uint8_t { none, let_in, asks };

PostgresLogin read_authentication(std::string_view body) {
  constexpr std::size_t last_known = 12;  // AuthenticationSASLFinal
  if (body.size() < 4) return PostgresLogin::none;
  const std::size_t code = big_endian(body);
  if (code == 0) return body.size() == 4 ? PostgresLogin::let_in : PostgresLogin::none;
  return code <= last_known ? PostgresLogin::asks : PostgresLogin::none;
}

/// An element of BER with this tag, a length in the definite form, and as many bytes, taken from the front of `from`.
std::optional<std::string_view> take_element(std::string_view& from, char tag) {
  constexpr std::size_t long_form = 0x80;
  if (from.size() < 2 || from.front() != tag) return std::nullopt;
  std::size_t length = number_at(from, 1);
  std::size_t head = 2;
  if (length >= long_form) {
    const std::size_t digits = length - long_form;
    if (digits == 0 || digits > 4 || from.size() < head + digits) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < digits; ++i) length = length << 8U | number_at(from, head++);
  }
  if (from.size() - head < length) return std::nullopt;
  const std::string_view content = from.substr(head, length);
  from.remove_prefix(head + length);
  return content;
}

/// Those of RFC 4511, section 4.1.9, that an extended request meets.
std::string_view ldap_result(std::size_t code) {
  switch (code) {
    case 1:
      return "operationsError";
    case 2:
      return "protocolError";
    case 8:
      return "strongerAuthRequired";
    case 10:
      return "referral";
    case 11:
      return "adminLimitExceeded";
    case 51:
      return "busy";
    case 52:
      return "unavailable";
    case 53:
      return "unwillingToPerform";
    case 80:
      return "other";
    default:
      return "result";
  }
}

}  // namespace

Reply read_mysql_greeting(std::string_view said) {
  return read_mysql(said, '\0', [](std::string_view payload) {
    // Behind the version, which ends with a NUL: a thread's number, eight bytes of salt, a filler, capabilities.
    constexpr std::size_t least_rest = 15;
    const std::size_t end = payload.find('\0');
    return payload.front() == '\x0a' && end != std::string_view::npos && payload.size() - end - 1 >= least_rest;
  });
}

Reply read_mysql_login(std::string_view said) {
  const auto lets_in = [](std::string_view payload) { return payload.front() == '\0'; };
  if (said.size() > 3 && said[3] == '\x04') return read_mysql(said, '\x04', lets_in);
  const auto asks = [](std::string_view payload) { return payload.front() == '\xfe' && payload.size() > 1; };
  if (read_mysql(said, '\x02', asks).is != Is::expected) return read_mysql(said, '\x02', lets_in);
  // The oldest form of no password is nothing, that of all others a NUL.
  const auto asks_for_the_oldest = [](std::string_view payload) {
    return payload.substr(1).starts_with("mysql_native_password");
  };
  const bool oldest = read_mysql(said, '\x02', asks_for_the_oldest).is == Is::expected;
  return {.is = Is::asks, .words = oldest ? "\0\0\0\x03"s : "\x01\0\0\x03\0"s};
}

Reply read_postgres_login(std::string_view said) {
  constexpr std::size_t head = 5;  // a letter, and a length that counts itself
  bool let_in = false;
  while (!said.empty()) {
    const char type = said.front();
    if (std::string_view{let_in ? "SKNZE" : "RE"}.find(type) == std::string_view::npos) break;
    if (said.size() < head) return {};
    const std::size_t length = big_endian(said.substr(1));
    if (length < head - 1 || length > longest_postgres_message) break;
    if (said.size() < length + 1) return {};
    const std::string_view body = said.substr(head, length + 1 - head);
    if (type == 'E') return {.is = Is::refused, .words = postgres_error(body)};
    if (type == 'Z') return {.is = Is::expected, .words = {}};
    if (type == 'R') {
      const PostgresLogin login = read_authentication(body);
      if (login == PostgresLogin::none) break;
      if (login == PostgresLogin::asks) return {.is = Is::expected, .words = {}};
      let_in = true;
    }
    said.remove_prefix(length + 1);
  }
  return {.is = said.empty() ? Is::unfinished : Is::refused, .words = {}};
}

Reply read_ldap_consent(std::string_view said) {
  constexpr char sequence = '\x30';
  constexpr char integer = '\x02';
  constexpr char octets = '\x04';
  constexpr char enumerated = '\x0a';
  constexpr char extended_response = '\x78';
  const Reply unreadable{.is = Is::refused, .words = {}};
  if (!said.empty() && said.front() != sequence) return unreadable;
  if (said.size() > 1 && (number_at(said, 1) == 0x80 || number_at(said, 1) > 0x84)) return unreadable;
  const std::size_t all = said.size();
  std::optional<std::string_view> message = take_element(said, sequence);
  if (!message) return {};
  const std::optional<std::string_view> number = take_element(*message, integer);
  std::optional<std::string_view> response = take_element(*message, extended_response);
  if (!number || !response) return unreadable;
  const std::optional<std::string_view> code = take_element(*response, enumerated);
  if (!code || code->size() != 1) return unreadable;
  const std::size_t result = number_at(*code, 0);
  if (result == 0 && *number != "\x01") return unreadable;
  if (result == 0) return {.is = Is::expected, .words = {}, .size = all - said.size()};
  (void)take_element(*response, octets);  // which entry it speaks of
  const std::string_view text = take_element(*response, octets).value_or("");
  return {.is = Is::refused,
          .words = fmt::format("{} ({}){}{}", ldap_result(result), result, text.empty() ? "" : ": ", text)};
}

Reply read_mqtt_consent(std::string_view said) {
  constexpr std::array codes{"accepted",           "unacceptable protocol version", "identifier rejected",
                             "server unavailable", "bad user name or password",     "not authorized"};
  constexpr std::string_view head = "\x20\x02";
  if (said.substr(0, head.size()) != head.substr(0, said.size())) return {.is = Is::refused, .words = {}};
  if (said.size() < 4) return {};
  const std::size_t code = number_at(said, 3);
  if (code == 0) return {.is = number_at(said, 2) <= 1 ? Is::expected : Is::refused, .words = {}};
  return {.is = Is::refused, .words = code < codes.size() ? fmt::format("{} ({})", codes.at(code), code) : ""};
}

}  // namespace candor::probes
