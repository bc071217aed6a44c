#include <cstdlib>
#include <optional>
#include <sys/resource.h>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/folder.h"
#include "tests/unit/net/fake_server.h"
#include "tests/unit/net/name_server.h"
#include "tests/unit/probes/own_network.h"
#include "tests/unit/probes/probing.h"
#include "tests/unit/probes/script_server.h"
#include "tests/unit/probes/tls_server.h"

namespace candor::probes {
namespace {

using namespace test;
using namespace std::chrono_literals;
using namespace std::string_literals;
using rules::Health;
using test::hear;
using test::relay;
using test::say;
using test::ScriptServer;
using test::TlsServer;
using test::wait_for_end;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class TcpProbe : public Probing {
 protected:
  std::unique_ptr<Probe> make(const std::string& kind, const std::string& lines, const std::string& timeout) {
    return Probing::make(read_kind(kind, lines, "timeout = \"" + timeout + "\""));
  }
  using Probing::run;
  Outcome run(const std::string& address, const std::string& lines = "", const std::string& timeout = "5s",
              const std::string& kind = "tcp") {
    const std::unique_ptr<Probe> probe = make(kind, "address = \"" + address + "\"\n" + lines, timeout);
    return run(*probe);
  }

  static std::string at(const TlsServer& server) { return "127.0.0.1:" + std::to_string(server.port()); }
};

/// Until a client that says nothing has waited for 20 ms.
void wait_a_tick(int socket) {
  const timeval tick{.tv_sec = 0, .tv_usec = 20'000};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
  char c = 0;
  (void)recv(socket, &c, 1, 0);
  const timeval none{};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
}

constexpr auto greeting = R"(dialogue = [{ expect = "^220 " }, { send = "QUIT\r\n" }, { expect = "^221" }])";

TEST_F(TcpProbe, finds_a_server_that_takes_connections_ok) {
  const ScriptServer server{wait_for_end};
  const std::unique_ptr<Probe> probe = make("tcp", "address = \"" + server.address() + "\"", "5s");
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = run(*probe);
    EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
    EXPECT_EQ(outcome.evidence, "");
    EXPECT_GT(outcome.phases.connect, 0us);
    EXPECT_LE(outcome.phases.connect, outcome.phases.total);
  }
}

TEST_F(TcpProbe, finds_a_host_by_its_name) {
  const ScriptServer server{wait_for_end};
  const std::string port = server.address().substr(server.address().find(':'));
  EXPECT_EQ(run("localhost" + port).health, Health::ok);
}

TEST_F(TcpProbe, tells_of_a_port_where_nobody_listens) {
  const std::string address = "127.0.0.1:" + std::to_string(net::test::closed_port());
  const Outcome outcome = run(address);
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence), "connect to " + address + ": Connection refused (after …)");
  EXPECT_EQ(outcome.symptom, "failing connections");
  EXPECT_EQ(outcome.phases.connect, 0us) << "it never was";
}

/// Where names are what the test says, and 10.9.9.0/24 keeps silent.
class TcpProbeOfNames : public TcpProbe {
 protected:
  void SetUp() override {
    ASSERT_TRUE(network.ready()) << "needs root, /dev/net/tun and ip";
    server.emplace();
    serve = [this] { server->serve(); };
  }
  Outcome run_at(const std::vector<std::string>& addresses, const std::string& timeout = "100ms") {
    server->answer = [=](const std::string& question, bool) {
      return std::vector{net::test::addresses_reply(question, addresses)};
    };
    net::Names asked{loop, server->address()};
    const std::unique_ptr<Probe> probe = probe_asking(asked, timeout);
    return run(*probe);
  }
  std::unique_ptr<Probe> probe_asking(net::Names& asked, const std::string& timeout) {
    const Read read = read_kind("tcp", "address = \"pay.example:9\"", "timeout = \"" + timeout + "\"");
    return read.probe.make({loop, transfers, asked});
  }

  OwnNetwork network;
  std::optional<net::test::NameServer> server;
};

TEST_F(TcpProbeOfNames, ends_in_time_however_many_addresses_are_silent) {
  const Outcome outcome = run_at({"10.9.9.7", "10.9.9.8", "10.9.9.9"});
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, StartsWith("connect to 10.9.9."));
  EXPECT_THAT(outcome.evidence, HasSubstr(":9 (pay.example) timed out after 100 ms"));
  EXPECT_GE(outcome.phases.total, 100ms);
}

TEST_F(TcpProbeOfNames, turns_to_the_next_resolver_where_the_first_is_silent) {
  const net::test::NameServer silent;  // nobody has it look after its sockets
  server->answer = [](const std::string& question, bool) {
    return std::vector{net::test::addresses_reply(question, {"127.0.0.1"})};
  };
  net::Names asked{loop, silent.address() + "," + server->address()};
  const Outcome outcome = run(*probe_asking(asked, "1500ms"));
  EXPECT_THAT(outcome.evidence, StartsWith("connect to 127.0.0.1:9 (pay.example): Connection refused"));
}

TEST_F(TcpProbeOfNames, leaves_the_last_address_all_the_time_that_is_left) {
  const Outcome outcome = run_at({"127.0.0.1", "10.9.9.7"});
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, "connect to 10.9.9.7:9 (pay.example) timed out after 100 ms");
  EXPECT_GE(outcome.phases.total, 100ms);
}

TEST_F(TcpProbeOfNames, leaves_no_time_to_an_address_that_there_is_no_way_to) {
  const Outcome outcome = run_at({"10.9.9.7", "192.0.2.1"});
  EXPECT_EQ(outcome.evidence, "connect to 10.9.9.7:9 (pay.example) timed out after 100 ms");
  EXPECT_GE(outcome.phases.total, 100ms);
}

TEST_F(TcpProbeOfNames, says_how_many_addresses_it_tried) {
  EXPECT_THAT(timeless(run_at({"127.0.0.1", "127.0.0.2"}).evidence),
              MatchesRegex("connect to 127.0.0.[12]:9 \\(pay.example\\): Connection refused; 127.0.0.[12]:9 did not "
                           "connect either \\(after …\\)"));
  EXPECT_THAT(run_at({"127.0.0.1", "127.0.0.2", "127.0.0.3"}).evidence,
              HasSubstr(" (pay.example): Connection refused; nor did 2 other addresses connect (after "));
}

TEST_F(TcpProbeOfNames, tells_of_a_name_that_nobody_knows) {
  server->answer = [](const std::string& question, bool) { return std::vector{net::test::reply(question, 0x8183)}; };
  net::Names asked{loop, server->address()};
  const std::unique_ptr<Probe> probe = probe_asking(asked, "5s");
  const Outcome outcome = run(*probe);
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence), "look up pay.example: Domain name not found (after …)");
  EXPECT_EQ(outcome.phases.name_lookup, 0us);
}

TEST_F(TcpProbeOfNames, does_not_blame_the_target_where_no_resolver_is_reached) {
  net::Names asked{loop, "192.0.2.53"};
  const std::unique_ptr<Probe> probe = probe_asking(asked, "5s");
  const Outcome outcome = run(*probe);
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence,
            "cannot look up pay.example: no resolver of this machine can be reached (Network is unreachable): look at "
            "/etc/resolv.conf and at this machine's network");
  EXPECT_EQ(outcome.symptom, "");
}

TEST_F(TcpProbeOfNames, does_not_blame_the_target_for_what_a_lookup_lacks) {
  server->answer = [](const std::string& question, bool) { return std::vector{net::test::reply(question, 0x8183)}; };
  net::Names asked{loop, server->address()};
  const std::unique_ptr<Probe> probe = probe_asking(asked, "5s");
  const Outcome outcome = run_without_descriptors(*probe);
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence,
            "cannot look up pay.example: Too many open files: candord has no file descriptor left: raise LimitNOFILE "
            "of its unit");
}

TEST_F(TcpProbe, speaks_a_dialogue) {
  std::string said;
  std::optional<ScriptServer> server;
  server.emplace([&said](int socket) {
    say(socket, "220-welcome\r\n220 mail.acme.example\r\n");
    said = hear(socket, "\r\n");
    say(socket, "221 bye\r\n");
    wait_for_end(socket);
  });
  const Outcome outcome = run(server->address(), greeting);
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  server.reset();
  EXPECT_EQ(said, "QUIT\r\n");
  EXPECT_GT(outcome.phases.first_byte, 0us);
}

TEST_F(TcpProbe, finds_what_follows_in_the_same_piece) {
  const ScriptServer server{[](int socket) { say(socket, "one two\nthree\n"); }};
  EXPECT_EQ(
      run(server.address(), R"(dialogue = [{ expect = "one" }, { expect = "two$" }, { expect = "^three" }])").health,
      Health::ok);
  const Outcome twice = run(server.address(), R"(dialogue = [{ expect = "one" }, { expect = "one" }])");
  EXPECT_THAT(twice.evidence,
              HasSubstr("expected \"one\" from " + server.address() + ", got \" two three\", and after "));
  EXPECT_THAT(run(server.address(), R"(dialogue = [{ expect = "one " }, { expect = "^two" }])").health, Health::failing)
      << "the middle of a line is not its beginning";
}

TEST_F(TcpProbe, takes_crlf_for_the_end_of_a_line) {
  const ScriptServer server{[](int socket) { say(socket, "+PONG$\r\n\r\nbye\r\n"); }};
  const auto run_with = [&](const std::string& steps) { return run(server.address(), "dialogue = [" + steps + "]"); };
  for (const char* pattern :
       {R"(^\+PONG\$$)", R"(^\+PONG[$]$)", R"(^\+[[:upper:]$]+$)", R"(^\Q+PONG$\E$)", R"(^\Q+PONG$\E\r$)", R"(^.{6}$)",
        R"(^.{7}$)", R"(^(?:none|\+PONG.)$)", R"(^[^]$]+\$$\n^$\n^bye$)"}) {
    EXPECT_EQ(run_with("{ expect = '" + std::string{pattern} + "' }").health, Health::ok) << pattern;
  }
  EXPECT_EQ(run_with(R"({ expect = '^\+PONG.$' }, { expect = '^$' }, { expect = '^bye$' })").health, Health::ok);
  for (const char* pattern : {R"(^\+PONG$)", R"(\Q+PONG\E[$]\Q$)", R"([$][$])"}) {
    EXPECT_EQ(run_with("{ expect = '" + std::string{pattern} + "' }").health, Health::failing) << pattern;
  }
  const Outcome other = run_with(R"({ expect = '^\+PONG.$' }, { expect = '^never$' })");
  EXPECT_THAT(other.evidence,
              HasSubstr("expected \"^never$\" from " + server.address() + ", got \"   bye\", and after "));
}

TEST_F(TcpProbe, hears_lines_whose_ends_come_in_pieces) {
  const ScriptServer server{[](int socket) {
    const timeval tick{.tv_sec = 0, .tv_usec = 5000};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    for (const char* piece : {"+PO", "NG", "\r", "\n", "\r", "\nbye\r", "\n"}) {
      say(socket, piece);
      char c = 0;
      (void)recv(socket, &c, 1, 0);
    }
  }};
  const Outcome outcome =
      run(server.address(), R"(dialogue = [{ expect = '^\+PONG$' }, { expect = '^$' }, { expect = '^bye$' }])");
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  EXPECT_EQ(run(server.address(), R"(dialogue = [{ expect = '^\+PONG\r$' }, { expect = '^bye\r$' }])").health,
            Health::ok);
}

TEST_F(TcpProbe, tells_what_came_in_place_of_the_expected) {
  const ScriptServer server{[](int socket) {
    say(socket, "554 no\r\n");
    wait_for_end(socket);
  }};
  const Outcome outcome = run(server.address(), greeting, "80ms");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, "expected \"^220 \" from " + server.address() + " within 80 ms, got \"554 no\"");
  EXPECT_EQ(outcome.symptom, "unexpected answers");
}

TEST_F(TcpProbe, tells_of_a_server_that_never_speaks) {
  const ScriptServer server{wait_for_end};
  const Outcome outcome = run(server.address(), greeting, "80ms");
  EXPECT_EQ(outcome.evidence, "expected \"^220 \" from " + server.address() + " within 80 ms, got nothing");
  EXPECT_EQ(outcome.symptom, "requests without an answer");
}

TEST_F(TcpProbe, tells_of_a_server_that_hangs_up) {
  const ScriptServer server{[](int) {}};
  const Outcome outcome = run(server.address(), greeting);
  EXPECT_THAT(outcome.evidence,
              StartsWith("expected \"^220 \" from " + server.address() + ", got nothing, and after "));
  EXPECT_THAT(outcome.evidence, HasSubstr(": the connection was closed"));
}

TEST_F(TcpProbe, hears_an_endless_banner_only_so_long) {
  const ScriptServer server{[](int socket) {
    while (say(socket, std::string(1000, 'x'))) continue;
  }};
  const Outcome outcome = run(server.address(), greeting, "1m");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr("got \"xxx"));
  EXPECT_THAT(outcome.evidence, HasSubstr(" kB in all without it (after "));
  EXPECT_LT(outcome.evidence.size(), 500U);
}

TEST_F(TcpProbe, ends_in_time_while_a_server_drips) {
  const ScriptServer server{[](int socket) {
    const timeval tick{.tv_sec = 0, .tv_usec = 2000};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    char c = 0;
    while (recv(socket, &c, 1, 0) != 0 && say(socket, ".")) continue;
  }};
  const Outcome outcome = run(server.address(), greeting, "80ms");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr(" within 80 ms, got \".."));
}

TEST_F(TcpProbe, makes_bytes_harmless) {
  const ScriptServer server{[](int socket) {
    say(socket, std::string{"a\0b\x1b[2J\xff\xc2\x9b\r\nc", 14});
    wait_for_end(socket);
  }};
  const Outcome outcome = run(server.address(), greeting, "80ms");
  for (const char c : outcome.evidence) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << outcome.evidence;
  EXPECT_THAT(outcome.evidence, Not(HasSubstr("\xc2\x9b")));
}

TEST_F(TcpProbe, does_not_repeat_a_secret_that_a_server_echoes) {
  const ScriptServer server{[](int socket) { say(socket, "unknown: " + hear(socket, "\n") + "\n"); }};
  ::setenv("CANDOR_TEST_LINE", "LOGIN ana swordfish\n", 1);
  const Outcome outcome =
      run(server.address(), R"(dialogue = [{ send = { env = "CANDOR_TEST_LINE" } }, { expect = "OK" }])");
  EXPECT_THAT(outcome.evidence, HasSubstr("got \"unknown: LOGIN ana ***"));
  EXPECT_THAT(outcome.evidence, Not(HasSubstr("swordfish")));
}

TEST_F(TcpProbe, does_not_repeat_what_stands_within_a_secret) {
  const ScriptServer server{[](int socket) {
    hear(socket, "\n");
    say(socket, "denied: sekrit99pw\n");
  }};
  ::setenv("CANDOR_TEST_LINE", "{\"user\":\"bob\",\"password\":\"sekrit99pw\"}\n", 1);
  const Outcome outcome =
      run(server.address(), R"(dialogue = [{ send = { env = "CANDOR_TEST_LINE" } }, { expect = "OK" }])");
  EXPECT_THAT(outcome.evidence, HasSubstr("got \"denied: ***"));
}

TEST_F(TcpProbe, finds_a_slow_connection_degraded) {
  const ScriptServer server{[](int socket) {
    wait_a_tick(socket);
    say(socket, "220 x\r\n");
  }};
  const Outcome outcome = run(server.address(), "degraded_above = \"10ms\"\ndialogue = [{ expect = \"^220\" }]");
  EXPECT_EQ(outcome.health, Health::degraded);
  EXPECT_THAT(outcome.evidence, StartsWith("the dialogue with " + server.address() + " took "));
  EXPECT_THAT(outcome.evidence, HasSubstr(", slower than 10 ms"));
  EXPECT_EQ(outcome.symptom, "slow answers");
}

TEST_F(TcpProbe, does_not_blame_the_target_for_what_this_machine_lacks) {
  const std::unique_ptr<Probe> probe = make("tcp", "address = \"127.0.0.1:1\"", "5s");
  const Outcome outcome = run_without_descriptors(*probe);
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence,
            "cannot connect to 127.0.0.1:1: Too many open files: candord has no file descriptor left: raise "
            "LimitNOFILE of its unit");
}

TEST_F(TcpProbe, ends_a_run_when_it_is_destroyed) {
  const ScriptServer server{wait_for_end};
  for (const std::string& lines : {std::string{greeting}, std::string{"tls = true"}}) {
    std::unique_ptr<Probe> probe = make("tcp", "address = \"" + server.address() + "\"\n" + lines, "50ms");
    for (int turns = 0; turns < 4; ++turns) {
      probe->run([](const Outcome&) { FAIL() << "called back"; });
      for (int i = 0; i < turns; ++i) loop.poll();
      probe = make("tcp", "address = \"" + server.address() + "\"\n" + lines, "50ms");
    }
  }
  (void)run(server.address());
}

TEST_F(TcpProbe, speaks_tls) {
  const TlsServer server{"127.0.0.1"};
  const Outcome refused = run(at(server), "tls = true");
  EXPECT_EQ(refused.health, Health::failing);
  EXPECT_EQ(timeless(refused.evidence),
            "certificate CN=127.0.0.1 of " + at(server) + " was refused: self-signed certificate (seen after …)");
  EXPECT_EQ(refused.symptom, "a certificate problem");
  const Outcome taken =
      run(at(server),
          "tls = true\ntls_verify = false\n"
          R"(dialogue = [{ send = "GET / HTTP/1.0\r\n\r\n" }, { expect = "^HTTP/1.1 200" }, { expect = "ok" }])");
  EXPECT_EQ(taken.health, Health::ok) << taken.evidence;
  EXPECT_GT(taken.phases.tls, 0us);
  ASSERT_EQ(taken.certificates.size(), 1U);
  EXPECT_EQ(taken.certificates.front().subject, "CN=127.0.0.1");
  EXPECT_GT(taken.certificates.front().expires, wall_now());
}

TEST_F(TcpProbe, says_nothing_to_a_server_that_it_does_not_trust) {
  const TlsServer server{"127.0.0.1"};
  const Outcome outcome = run(at(server),
                              "tls = true\n"
                              R"(dialogue = [{ expect = "never said" }])");
  EXPECT_THAT(outcome.evidence, HasSubstr("was refused: self-signed certificate"));
}

/// Consents to STARTTLS with `consent`, and speaks TLS from then on.
ScriptServer::Serve begin_tls_with(const std::string& consent, const TlsServer& secured) {
  return [consent, &secured](int socket) {
    say(socket, "* OK ready\r\n");
    hear(socket, "c STARTTLS\r\n");
    say(socket, consent);
    relay(socket, secured.port());
  };
}

TEST_F(TcpProbe, begins_tls_where_the_protocol_says_so_and_forgets_what_came_before) {
  const TlsServer secured{"127.0.0.1"};
  const ScriptServer server{begin_tls_with("* 1 EXISTS\r\nc OK go\r\n", secured)};
  const std::string lines = "starttls = \"imap\"\ntls_verify = false\n";
  const Outcome outcome = run(server.address(), lines + R"(dialogue = [{ expect = "EXISTS" }])", "300ms");
  EXPECT_EQ(outcome.evidence, "expected \"EXISTS\" from " + server.address() + " within 300 ms, got nothing");
  EXPECT_EQ(outcome.certificates.size(), 1U);
  EXPECT_EQ(run(server.address(), lines).health, Health::ok);
}

TEST_F(TcpProbe, begins_no_tls_behind_what_was_injected) {
  const TlsServer secured{"127.0.0.1"};
  const ScriptServer server{begin_tls_with("c OK go\r\n* BYE injected\r\n", secured)};
  const Outcome outcome = run(server.address(), "starttls = \"imap\"\ntls_verify = false");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence),
            "beginning TLS with " + server.address() +
                ": behind the consent to it got \"* BYE injected\" in clear (after …), as somebody on the way would "
                "inject it");
  EXPECT_EQ(outcome.symptom, "unexpected answers");
}

TEST_F(TcpProbe, reads_the_result_code_of_ldap) {
  const std::string consent = "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01"s;
  const auto says = [&](const std::string& answer) {
    const ScriptServer server{[&answer](int socket) {
      hear(socket, "20037");
      say(socket, answer);
      wait_for_end(socket);
    }};
    return timeless(run(server.address(), "starttls = \"ldap\"", "300ms").evidence);
  };
  EXPECT_THAT(says("\x30\x2a\x02\x01\x01\x78\x25\x0a\x01\x02\x04\0\x04\x1eunsupported extended operation"s),
              EndsWith(", got \"protocolError (2): unsupported extended operation\" after …"));
  EXPECT_THAT(says(consent + "\x34\x04\0\x04\0"s), EndsWith(", got \"unavailable (52)\" after …"));
  EXPECT_THAT(says(consent + "\0\x04\0\x04\0"s), StartsWith("TLS handshake with "));
  EXPECT_THAT(says("\x30\x84\0\0\0\x0c"s + consent.substr(2) + "\0\x04\0\x04\0"s), StartsWith("TLS handshake with "));
  EXPECT_THAT(says(consent + "\0\x04\0\x04\0\x30"s), HasSubstr("behind the consent to it got \"0\" in clear"));
  EXPECT_THAT(says("HTTP/1.1 400\r\n"), EndsWith(", got \"HTTP/1.1 400\" after …"));
}

TEST_F(TcpProbe, is_told_at_once_that_a_session_began_without_tls) {
  const ScriptServer server{[](int socket) {
    say(socket, "* PREAUTH hi\r\n");
    wait_for_end(socket);
  }};
  const std::string evidence = "expected a greeting of IMAP that STARTTLS may follow from " + server.address() +
                               ", got \"* PREAUTH hi\" after …";
  EXPECT_EQ(timeless(run(server.address(), "starttls = \"imap\"").evidence), evidence);
  EXPECT_EQ(timeless(run(server.address(), "starttls = true", "5s", "imap").evidence), evidence);
}

TEST_F(TcpProbe, calls_a_slow_handshake_no_dialogue) {
  const TlsServer secured{"127.0.0.1", 60};
  const Folder folder;
  const std::string authority = folder.write("ca.pem", secured.certificate()).string();
  const ScriptServer::Serve begin = begin_tls_with("c OK go\r\n", secured);
  const ScriptServer server{[&begin](int socket) {
    wait_a_tick(socket);
    begin(socket);
  }};
  const Outcome outcome = run(
      server.address(), "starttls = \"imap\"\ndegraded_above = \"10ms\"\nca_file = \"" + authority + "\"", "5s", "tls");
  EXPECT_EQ(outcome.health, Health::degraded);
  EXPECT_THAT(outcome.evidence, StartsWith("connecting to " + server.address() + " took "));
  EXPECT_EQ(outcome.symptom, "slow connections");
}

TEST_F(TcpProbe, tells_of_a_handshake_that_takes_too_long) {
  const ScriptServer server{wait_for_end};
  const Outcome outcome = run(server.address(), "tls = true", "80ms");
  EXPECT_EQ(outcome.evidence, "TLS handshake with " + server.address() + " timed out after 80 ms");
  EXPECT_EQ(outcome.symptom, "failing connections");
  EXPECT_GT(outcome.phases.connect, 0us);
  EXPECT_EQ(outcome.phases.tls, 0us) << "it was not completed";
}

TEST_F(TcpProbe, tells_of_a_server_that_refuses_to_begin_tls) {
  const ScriptServer server{[](int socket) {
    hear(socket, "\x2f");
    say(socket, "N");
  }};
  const Outcome outcome = run(server.address(), "starttls = \"postgres\"");
  EXPECT_THAT(outcome.evidence,
              StartsWith("expected \"S\", the consent to TLS from " + server.address() + ", got \"N\" after "));
}

TEST_F(TcpProbe, tells_of_servers_that_do_not_shake_hands) {
  const ScriptServer closes{[](int socket) { hear(socket, "\x01"); }};
  EXPECT_THAT(run(closes.address(), "tls = true").evidence,
              StartsWith("TLS handshake with " + closes.address() + ": "));
  const ScriptServer speaks{[](int socket) {
    say(socket, "220 mail.acme.example\r\n");
    wait_for_end(socket);
  }};
  const Outcome clear = run(speaks.address(), "tls = true");
  EXPECT_EQ(clear.phases.tls, 0us);
  EXPECT_EQ(timeless(clear.evidence), "TLS handshake with " + speaks.address() + ": it does not speak TLS (after …)");
  const ScriptServer garbage{[](int socket) {
    say(socket, std::string{"\x16\x03\x03\x00\x10\x02\x00\x00\x0c\x03\x03garbagegar", 21});
    wait_for_end(socket);
  }};
  EXPECT_THAT(run(garbage.address(), "tls = true").evidence,
              StartsWith("TLS handshake with " + garbage.address() + ": "));
}

TEST_F(TcpProbe, tells_of_a_certificate_that_is_none) {
  for (const std::string& certificate : {"garbage"s, "\x30\x82\x01\x00"s, ""s}) {
    const ScriptServer server{[&](int socket) {
      say(socket, tls_hello_with(certificate));
      wait_for_end(socket);
    }};
    const Outcome outcome = run(server.address(), "tls = true");
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_THAT(outcome.evidence,
                StartsWith("certificate of " + server.address() + " was refused: it is malformed (OpenSSL says \""));
    EXPECT_EQ(outcome.symptom, "a certificate problem");
  }
}

TEST_F(TcpProbe, tells_when_a_certificate_runs_out) {
  const TlsServer soon{"127.0.0.1", 6};
  const std::string lines = "tls = true\ntls_verify = false\n";
  EXPECT_EQ(run(at(soon), lines).health, Health::ok);
  const Outcome degraded = run(at(soon), lines + "cert_degraded_below = \"7d\"");
  EXPECT_EQ(degraded.health, Health::degraded);
  EXPECT_THAT(degraded.evidence, HasSubstr(" expires in 5 days, on "));
  EXPECT_EQ(run(at(soon), lines + "cert_failing_below = \"7d\"").health, Health::failing);
}

TEST_F(TcpProbe, looks_at_a_certificate_that_does_not_verify) {
  const TlsServer over{"127.0.0.1", -5};
  const Outcome outcome = run(at(over), "", "5s", "tls");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr("certificate CN=127.0.0.1 of " + at(over) + " expired 5 days ago, on "));
  EXPECT_EQ(outcome.certificates.size(), 1U);
}

TEST_F(TcpProbe, names_a_certificate_that_is_for_another) {
  const TlsServer other{"other.example"};
  const Outcome outcome = run(at(other), "server_name = \"pay.acme.example\"", "5s", "tls");
  EXPECT_EQ(timeless(outcome.evidence),
            "certificate CN=other.example of " + at(other) +
                " (pay.acme.example) is for other.example, not for pay.acme.example (seen after …)");
}

TEST_F(TcpProbe, takes_no_common_name_for_a_host_beside_other_names) {
  const Folder folder;
  const TlsServer addressed{"127.0.0.1", 30, {.common_name = "localhost"}};
  const std::string port = std::to_string(addressed.port());
  const std::string trust = "ca_file = \"" + folder.write(port, addressed.certificate()).string() + "\"\n";
  const std::string evidence = "certificate CN=localhost of 127.0.0.1:" + port +
                               " (localhost) is for 127.0.0.1, not for localhost: its CN does not count (seen after …)";
  for (const char* kind : {"tls", "tcp", "smtp", "imap", "redis", "mqtt"}) {
    const std::string at_once = std::string{kind} == "tls" ? "" : "tls = true\n";
    EXPECT_EQ(timeless(run("localhost:" + port, trust + at_once, "5s", kind).evidence), evidence) << kind;
  }
  const Read socket = read_kind("websocket", "url = \"wss://localhost:" + port + "\"\n" + trust);
  EXPECT_EQ(timeless(run(*Probing::make(socket)).evidence), evidence);
  EXPECT_EQ(run(at(addressed), trust, "5s", "tls").health, Health::ok);
}

TEST_F(TcpProbe, takes_a_common_name_where_there_is_no_other) {
  const Folder folder;
  const TlsServer plain{"localhost", 30, {.has_other_names = false}};
  const std::string port = std::to_string(plain.port());
  const std::string trust = "ca_file = \"" + folder.write(port, plain.certificate()).string() + "\"\n";
  EXPECT_EQ(run("localhost:" + port, trust, "5s", "tls").health, Health::ok);
  EXPECT_EQ(run("localhost:" + port, trust + "server_name = \"other.example\"", "5s", "tls").health, Health::failing);
  EXPECT_EQ(run(at(plain), trust, "5s", "tls").health, Health::failing);
}

TEST_F(TcpProbe, names_a_version_of_tls_that_is_older_than_any_that_it_would_speak) {
  const Folder folder;
  for (const int version : {10, 11}) {
    const TlsServer old{"127.0.0.1", 30, {.oldest = 10, .newest = version}};
    const std::string trust = "ca_file = \"" + folder.write("ca.pem", old.certificate()).string() + "\"\n";
    const Outcome outcome = run(at(old), trust, "5s", "tls");
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_EQ(timeless(outcome.evidence), at(old) + " speaks TLS 1." + std::to_string(version - 10) +
                                              " and no newer, expected at least TLS 1.2 (seen after …)");
    EXPECT_EQ(outcome.symptom, "outdated encryption");
    EXPECT_EQ(outcome.certificates.size(), 1U);
    EXPECT_THAT(run(at(old), trust + "tls = true").evidence, StartsWith("TLS handshake with " + at(old) + ": "));
  }
  const TlsServer both{"127.0.0.1", 30, {.oldest = 10, .newest = 12}};
  const std::string trust = "ca_file = \"" + folder.write("ca.pem", both.certificate()).string() + "\"\n";
  EXPECT_EQ(run(at(both), trust, "5s", "tls").health, Health::ok);
}

}  // namespace
}  // namespace candor::probes
