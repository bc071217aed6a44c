#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/probes/probing.h"
#include "tests/unit/probes/script_server.h"

namespace candor::probes {
namespace {

using namespace test;
using namespace std::string_literals;
using rules::Health;
using test::hear;
using test::say;
using test::ScriptServer;
using test::wait_for_end;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// The packet with which a server of MySQL begins (Protocol::HandshakeV10).
const std::string mysql_greeting =
    "\x4a\0\0\0\x0a"s + "8.0.36\0"s + std::string(31, 'x') + std::string(13, 'y') + "caching_sha2_password\0"s;

/// A message of PostgreSQL; its body has less than 252 bytes.
std::string postgres_says(char type, const std::string& body) {
  return type + "\0\0\0"s + static_cast<char>(body.size() + 4) + body;
}
const std::string postgres_let_in = postgres_says('R', "\0\0\0\0"s);

Read read(const std::string& kind, const std::string& lines) { return read_kind(kind, lines, "timeout = \"20s\""); }

std::vector<std::string> problems_of(const std::string& kind, const std::string& lines) {
  return read(kind, "address = \"10.0.0.7\"\n" + lines).problems;
}

class Presets : public testing::Test {
 protected:
  Outcome run(const std::string& kind, const ScriptServer& server, const std::string& lines = "") {
    const Read read_one = read(kind, "address = \"" + server.address() + "\"\n" + lines);
    for (const std::string& problem : read_one.problems) ADD_FAILURE() << problem;
    const std::unique_ptr<Probe> probe = read_one.probe.make({loop, transfers, names});
    std::optional<Outcome> outcome;
    probe->run([&](Outcome result) {
      outcome = std::move(result);
      loop.stop();
    });
    loop.run();
    return *std::move(outcome);
  }

  /// What a server of `kind` that answers `answer` at once, or once `end` was heard, is told to be.
  Outcome answered(const std::string& kind, const std::string& end, const std::string& answer,
                   const std::string& lines = "") {
    const ScriptServer server{[&](int socket) {
      if (!end.empty()) hear(socket, end);
      say(socket, answer);
      wait_for_end(socket);
    }};
    return run(kind, server, lines);
  }

  net::Loop loop;
  net::Transfers transfers{loop};
  net::Names names{loop};
};

TEST(ReadPreset, has_the_keys_that_fit_its_service) {
  for (const char* kind : {"smtp", "imap"}) {
    EXPECT_THAT(problems_of(kind, "starttls = true\nserver_name = \"a\"\ncert_failing_below = \"1d\""), IsEmpty());
    EXPECT_THAT(problems_of(kind, "tls = true\ntls_verify = false"), IsEmpty());
    EXPECT_THAT(problems_of(kind, "tls = true\nstarttls = true"), ElementsAre(HasSubstr("exclude each other")));
  }
  EXPECT_THAT(problems_of("redis", "tls_verify = false"), ElementsAre(HasSubstr("has no use without TLS")));
  EXPECT_THAT(problems_of("ssh", "tls = true"), ElementsAre(HasSubstr("unknown key \"tls\"")));
  EXPECT_THAT(problems_of("redis", "starttls = true"), ElementsAre(HasSubstr("unknown key \"starttls\"")));
  EXPECT_THAT(problems_of("postgres", "tls = true"), ElementsAre(HasSubstr("unknown key \"tls\"")));
  EXPECT_THAT(problems_of("mysql", "password = \"a\""), ElementsAre(HasSubstr("unknown key \"password\"")));
}

TEST(ReadPreset, refuses_logins_that_are_none) {
  EXPECT_THAT(problems_of("redis", "user = \"a\""), ElementsAre(HasSubstr("no use without a password")));
  EXPECT_THAT(problems_of("mqtt", "password = \"a\""), ElementsAre(HasSubstr("no use without a user")));
  EXPECT_THAT(problems_of("postgres", "user = \"" + std::string(201, 'a') + "\""), ElementsAre(HasSubstr("too long")));
  EXPECT_THAT(problems_of("mysql", "user = \"a\\u0000b\""), ElementsAre(HasSubstr("holds a NUL")));
}

TEST(ReadPreset, knows_the_ports) {
  const auto same = [](const std::string& kind, const std::string& lines, const std::string& port) {
    return read(kind, "address = \"10.0.0.7\"\n" + lines).probe.fingerprint ==
           read(kind, "address = \"10.0.0.7:" + port + "\"\n" + lines).probe.fingerprint;
  };
  EXPECT_TRUE(same("smtp", "", "25"));
  EXPECT_TRUE(same("smtp", "tls = true", "465"));
  EXPECT_TRUE(same("smtp", "starttls = true", "25"));
  EXPECT_TRUE(same("mqtt", "tls = true", "8883"));
  EXPECT_TRUE(same("redis", "", "6379"));
  EXPECT_FALSE(same("redis", "", "6380"));
}

TEST(ReadPreset, notices_another_login) {
  EXPECT_NE(read("redis", "address = \"a\"\npassword = \"1\"").probe.fingerprint,
            read("redis", "address = \"a\"\npassword = \"2\"").probe.fingerprint);
  EXPECT_NE(read("mysql", "address = \"a\"").probe.fingerprint,
            read("mysql", "address = \"a\"\nuser = \"b\"").probe.fingerprint);
}

TEST_F(Presets, find_good_answers_ok) {
  EXPECT_EQ(answered("ssh", "", "SSH-2.0-OpenSSH_9.2p1\r\n").health, Health::ok);
  EXPECT_EQ(answered("redis", "PING\r\n", "+PONG\r\n").health, Health::ok);
  EXPECT_EQ(answered("mysql", "", mysql_greeting).health, Health::ok);
  EXPECT_EQ(answered("postgres", "\x2f", "N").health, Health::ok);
  EXPECT_EQ(answered("postgres", "candor\0\0"s, "R\0\0\0\x08\0\0\0\x0a"s, "user = \"candor\"").health, Health::ok);
  EXPECT_EQ(answered("mqtt", "\x1e\0\0"s, "\x20\x02\0\0"s).health, Health::ok);
}

TEST_F(Presets, take_no_other_service_for_postgres) {
  const auto asked = [this](const std::string& answer) { return answered("postgres", "\x2f", answer); };
  EXPECT_EQ(asked("S").health, Health::ok);
  const Outcome ssh = asked("SSH-2.0-OpenSSH_9.2p1\r\n");
  EXPECT_EQ(ssh.health, Health::failing);
  EXPECT_THAT(ssh.evidence, HasSubstr("got \"SSH-2.0-OpenSSH_9.2p1"));
  EXPECT_EQ(asked("NO\r\n").health, Health::failing);

  const auto logged_in = [this](const std::string& answer) {
    return answered("postgres", "candor\0\0"s, answer, "user = \"candor\"").health;
  };
  EXPECT_EQ(logged_in(postgres_let_in + postgres_says('S', "TZ\0UTC\0"s) + postgres_says('K', "pid.key.") +
                      postgres_says('Z', "I")),
            Health::ok)
      << "a session";
  EXPECT_EQ(logged_in("R\0\0\0\x0c\0\0\0\x05salt"s), Health::ok);
  EXPECT_EQ(logged_in("R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256\0SCRAM-SHA-256-PLUS\0\0"s), Health::ok);
  EXPECT_EQ(logged_in("RFB 003.008\n"), Health::failing);
  EXPECT_EQ(logged_in("R\0\0\0\x07\0\0\0\0"s), Health::failing) << "too short for a code";
  EXPECT_EQ(logged_in("R\0\0\0\x08garb"s), Health::failing);
  EXPECT_EQ(logged_in("HTTP/1.1 400 Bad Request\r\n"), Health::failing);
}

TEST_F(Presets, watch_a_login_to_postgres_that_needs_no_password_until_the_session) {
  const auto evidence = [this](const std::string& answer) {
    const ScriptServer server{[&](int socket) {
      hear(socket, "candor\0\0"s);
      say(socket, answer);
    }};
    const Outcome outcome = run("postgres", server, "user = \"candor\"");
    EXPECT_EQ(outcome.health, Health::failing);
    return outcome.evidence;
  };
  const std::string error = postgres_says('E', "SFATAL\0VFATAL\0C28000\0Mrole \"candor\" does not exist\0\0"s);
  const std::string words = "got \"FATAL: role \"candor\" does not exist (28000)\" after ";
  EXPECT_THAT(evidence(error), HasSubstr(words));
  EXPECT_THAT(evidence(postgres_let_in + error), HasSubstr(words)) << "pg_hba says trust";
  EXPECT_THAT(evidence(postgres_let_in + postgres_says('N', "Mbeware\0\0"s) + error), HasSubstr(words));
  EXPECT_THAT(evidence(postgres_let_in + postgres_says('S', "TZ\0UTC\0"s)), HasSubstr("the connection was closed"));
  EXPECT_THAT(evidence(postgres_let_in + "SSH-2.0-OpenSSH_9\r\n"), HasSubstr("SSH-2.0-OpenSSH_9\" after "))
      << "no length";
  EXPECT_THAT(evidence("Ecould not fork new process for connection\n\0"s), HasSubstr("\"Ecould not fork")) << "of old";
}

TEST_F(Presets, take_no_greeting_that_breaks_off_for_a_whole_one) {
  const auto evidence = [this](const std::string& kind, const std::string& said) {
    const ScriptServer server{[&](int socket) { say(socket, said); }};
    const Outcome outcome = run(kind, server);
    EXPECT_EQ(outcome.health, Health::failing) << kind;
    return outcome.evidence;
  };
  EXPECT_THAT(evidence("ssh", "SSH-2.0-OpenSSH_9"), HasSubstr("the connection was closed"));
  EXPECT_THAT(evidence("imap", "* OK rea"), HasSubstr("expected a greeting of IMAP"));
  EXPECT_THAT(evidence("smtp", "220 he"), StartsWith("expected a greeting of SMTP"));
  EXPECT_THAT(evidence("smtp", "220-he\r\n220 t"), StartsWith("expected a greeting of SMTP"));
  EXPECT_THAT(evidence("mysql", mysql_greeting.substr(0, 10)), HasSubstr("the connection was closed"));
  EXPECT_THAT(evidence("mysql", "\x06\0\0\0\x0a"s + "5.5.5"), HasSubstr("5.5.5\" after ")) << "whole, and none";
}

TEST_F(Presets, refuse_a_greeting_without_an_end_at_once) {
  EXPECT_THAT(answered("ssh", "", "SSH-2.0-" + std::string(247, 'x')).evidence, HasSubstr("…\" after "));
  EXPECT_EQ(answered("ssh", "", "SSH-2.0-" + std::string(246, 'x') + "\n").health, Health::ok);
  EXPECT_THAT(answered("ssh", "", "SSH-1.5-old\r\n").evidence, HasSubstr("got \"SSH-1.5-old\" after "));
  EXPECT_THAT(answered("mysql", "", "\xff\xff\xff\0\x0a"s + "5.5.5").evidence, HasSubstr("5.5.5\" after "));
}

TEST_F(Presets, are_told_at_once_what_a_server_refuses) {
  const auto evidence = [this](const std::string& kind, const std::string& end, const std::string& answer,
                               const std::string& lines = "") {
    const Outcome outcome = answered(kind, end, answer, lines);
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_EQ(outcome.symptom, "unexpected answers");
    return outcome.evidence;
  };
  EXPECT_THAT(evidence("smtp", "", "554 no service\r\n"), HasSubstr("got \"554 no service\" after "));
  EXPECT_THAT(evidence("imap", "", "* BYE too many\r\n"), HasSubstr("got \"* BYE too many\" after "));
  EXPECT_THAT(evidence("redis", "PING\r\n", "-NOAUTH Authentication required.\r\n"),
              HasSubstr("got \"-NOAUTH Authentication required.\" after "));
  EXPECT_THAT(evidence("mysql", "", "\x17\0\0\0\xff\x10\x04Too many connections"s),
              HasSubstr("got \"Too many connections (1040)\" after "));
  EXPECT_THAT(evidence("mysql", "", "\x18\0\0\0\xff\x69\x04#HY000Host is blocked"s),
              HasSubstr("got \"Host is blocked (1129)\" after "));
  EXPECT_THAT(
      evidence("postgres", "candor\0\0"s, postgres_says('E', "SFATAL\0C57P03\0Mstarting up\0\0"s), "user = \"candor\""),
      HasSubstr("got \"FATAL: starting up (57P03)\" after "));
  EXPECT_THAT(
      evidence("mqtt", "\x1e\0\0"s, "\x20\x02\0\x05"s),
      testing::AllOf(StartsWith("expected the consent to CONNECT"), HasSubstr("got \"not authorized (5)\" after ")));
  EXPECT_THAT(evidence("mqtt", "\x1e\0\0"s, "\x20\x02\0\x77"s), HasSubstr("got \" \\x02\\x00w\" after "));
}

TEST_F(Presets, log_in_to_redis_and_never_show_the_password) {
  std::string said;
  std::optional<ScriptServer> server;
  server.emplace([&said](int socket) {
    said = hear(socket, "swordfish\r\n");
    say(socket, "-ERR unknown command 'AUTH' with 'swordfish'\r\n");
    wait_for_end(socket);
  });
  const Outcome outcome = run("redis", *server, "user = \"ana\"\npassword = \"swordfish\"");
  server.reset();
  EXPECT_EQ(said, "*3\r\n$4\r\nAUTH\r\n$3\r\nana\r\n$9\r\nswordfish\r\n");
  EXPECT_THAT(outcome.evidence, HasSubstr("with '***'"));
  EXPECT_THAT(outcome.evidence, Not(HasSubstr("swordfish")));
}

TEST_F(Presets, log_in_to_mqtt) {
  std::string said;
  std::optional<ScriptServer> server;
  server.emplace([&said](int socket) {
    said = hear(socket, "swordfish");
    say(socket, "\x20\x02\0\0"s);
    said += hear(socket, "\xe0\0"s);
  });
  EXPECT_EQ(run("mqtt", *server, "user = \"ana\"\npassword = \"swordfish\"").health, Health::ok);
  server.reset();
  EXPECT_EQ(said, "\x10\x1c\0\x04MQTT\x04\xc2\0\x1e\0\0\0\x03"s + "ana\0\x09swordfish\xe0\0"s);
}

TEST_F(Presets, log_in_to_mysql_in_the_form_that_the_account_wants) {
  for (const auto& [plugin, answer] :
       {std::pair{"caching_sha2_password"s, "\x01\0\0\x03\0"s}, std::pair{"mysql_native_password"s, "\0\0\0\x03"s}}) {
    for (const bool lets_in : {true, false}) {
      std::string said;
      std::optional<ScriptServer> server;
      server.emplace([&](int socket) {
        say(socket, mysql_greeting);
        hear(socket, "ana\0\0mysql_native_password\0"s);
        const std::string asks = "\xfe"s + plugin + "\0abcdefghijklmnopqrst\0"s;
        say(socket, std::string{static_cast<char>(asks.size()), '\0', '\0', '\x02'} + asks);
        said = hear(socket, answer);
        say(socket, lets_in ? "\x07\0\0\x04\0\0\0\x02\0\0\0"s : "\x09\0\0\x04\xff\x15\x04No way"s);
      });
      const Outcome outcome = run("mysql", *server, "user = \"ana\"");
      server.reset();
      EXPECT_EQ(outcome.health, lets_in ? Health::ok : Health::failing) << outcome.evidence;
      EXPECT_THAT(outcome.evidence, HasSubstr(lets_in ? "" : "got \"No way (1045)\""));
      EXPECT_EQ(said, answer);
    }
  }
}

TEST_F(Presets, log_in_to_mysql) {
  std::string said;
  std::optional<ScriptServer> server;
  server.emplace([&said](int socket) {
    say(socket, mysql_greeting);
    said = hear(socket, "ana\0\0mysql_native_password\0"s);
    say(socket, "\x07\0\0\x02\0\0\0\x02\0\0\0"s);
    said = hear(socket, "\x01\0\0\0\x01"s);
  });
  EXPECT_EQ(run("mysql", *server, "user = \"ana\"").health, Health::ok);
  server.reset();
  EXPECT_EQ(said, "\x01\0\0\0\x01"s);
}

}  // namespace
}  // namespace candor::probes
