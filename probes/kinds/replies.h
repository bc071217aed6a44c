#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace candor::probes {

// What servers say in packets that tell their own length, as far as the presets need it. All pure; any bytes will do.

/// What was said so far, as the answer that is waited for.
struct Reply {
  enum class Is : std::uint8_t {
    unfinished,
    expected,
    refused,
    asks,  ///< for `words`, and then goes on
  };
  Is is = Is::unfinished;
  std::string words;     ///< what a refusal means, where its bytes say it; may hold what no sentence should
  std::size_t size = 0;  ///< of the expected, where no more may follow it
};

/// The packet with which a server of MySQL begins: Protocol::HandshakeV10, or an error.
[[nodiscard]] Reply read_mysql_greeting(std::string_view said);
/// Its answer to a HandshakeResponse41 without a password: that it lets in, an error, or once the question for the same
/// in another form (AuthSwitchRequest).
[[nodiscard]] Reply read_mysql_login(std::string_view said);

/// PostgreSQL's answers to a StartupMessage: a request to authenticate or, where it needs none, all until the session
/// is ready. Before that it may refuse whom it has let in: who is unknown, or one too many.
[[nodiscard]] Reply read_postgres_login(std::string_view said);

/// LDAP's answer to an extended request of message 1 (RFC 4511, section 4.12): that it does so, or another result code
/// with its name and what the server says to it; a Notice of Disconnection is such a refusal too.
[[nodiscard]] Reply read_ldap_consent(std::string_view said);

/// A CONNACK of MQTT 3.1.1 (section 3.2).
[[nodiscard]] Reply read_mqtt_consent(std::string_view said);

}  // namespace candor::probes
