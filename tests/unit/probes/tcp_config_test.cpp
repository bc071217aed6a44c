
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/kinds/dialogue_config.h"
#include "tests/unit/folder.h"
#include "tests/unit/probes/probing.h"

namespace candor::probes {
namespace {

using namespace test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Read tcp(const std::string& lines) { return read_kind("tcp", "address = \"10.0.0.7:25\"\n" + lines); }

TEST(ReadTcp, takes_hosts_with_ports) {
  for (const char* address : {"10.0.0.7:25", "mail.acme.example:65535", "[2001:db8::7]:25", "[::1]:1", "a_b:25"}) {
    EXPECT_THAT(read_kind("tcp", "address = \"" + std::string{address} + "\"").problems, IsEmpty()) << address;
  }
}

TEST(ReadTcp, refuses_what_is_no_address) {
  for (const char* address : {"10.0.0.7", "10.0.0.7:", "10.0.0.7:0", "10.0.0.7:65536", ":25", "::1:25", "[::1]", "[::1",
                              "[1.2.3.4]:25", "a b:25", "-a:25", "http://a:25", "a:25x", "[::1]25"}) {
    EXPECT_THAT(read_kind("tcp", "address = \"" + std::string{address} + "\"").problems,
                ElementsAre(HasSubstr("address is not a host and a port")))
        << address;
  }
  EXPECT_THAT(read_kind("tcp", "").problems, ElementsAre(HasSubstr("address is missing")));
  EXPECT_THAT(read_kind("tls", "address = \"pay.acme.example\"").problems, IsEmpty()) << "443";
}

TEST(ReadTcp, refuses_steps_that_are_no_steps) {
  EXPECT_THAT(tcp("dialogue = [{ expect = \"a\", send = \"b\" }]").problems, ElementsAre(HasSubstr("exactly one of")));
  EXPECT_THAT(tcp("dialogue = [{}]").problems, ElementsAre(HasSubstr("exactly one of")));
  EXPECT_THAT(tcp("dialogue = [{ expect = \"(\" }]").problems, ElementsAre(HasSubstr("not a regular expression")));
  EXPECT_THAT(tcp("dialogue = [{ expect = \"(\" }]").problems, ElementsAre(Not(HasSubstr("(?m)"))));
  EXPECT_THAT(tcp("dialogue = [{ expect = \"\" }]").problems, ElementsAre(HasSubstr("expect is empty")));
  EXPECT_THAT(tcp("dialogue = [{ expekt = \"a\" }]").problems, Contains(HasSubstr("did you mean \"expect\"?")));
  std::string many = "dialogue = [";
  for (int i = 0; i < 51; ++i) many += "{ send = \"a\" },";
  EXPECT_THAT(tcp(many + "]").problems, ElementsAre(HasSubstr("the dialogue has 51 steps (at most 50)")));
}

TEST(ReadTcp, refuses_settings_without_use) {
  EXPECT_THAT(tcp("server_name = \"a\"").problems, ElementsAre(HasSubstr("no use without TLS")));
  EXPECT_THAT(tcp("cert_degraded_below = \"1d\"").problems, ElementsAre(HasSubstr("no use without TLS")));
  EXPECT_THAT(tcp("cert_failing_below = \"1d\"").problems, ElementsAre(HasSubstr("no use without TLS")));
  EXPECT_THAT(tcp("tls = true\nstarttls = \"smtp\"").problems, ElementsAre(HasSubstr("exclude each other")));
  EXPECT_THAT(tcp("starttls = \"gopher\"").problems, ElementsAre(HasSubstr("not a value of starttls")));
  EXPECT_THAT(tcp("degraded_above = \"5s\"").problems, ElementsAre(HasSubstr("is never reached")));
  EXPECT_THAT(tcp("tls = true\ncert_degraded_below = \"3d\"\ncert_failing_below = \"3d\"").problems,
              ElementsAre(HasSubstr("cert_degraded_below is never reached")));
  EXPECT_THAT(tcp("tls = true\nserver_name = \"a b\"").problems, ElementsAre(HasSubstr("not a host")));
  EXPECT_THAT(read_kind("tls", "address = \"a\"\nminimum = \"1.1\"").problems,
              ElementsAre(HasSubstr("not a value of minimum")));
}

TEST(ReadTcp, refuses_authorities_that_cannot_be_read) {
  const Folder folder;
  folder.write("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const Read result =
      read_kind("tls", "address = \"a\"\nca_file = \"ca.pem\"", "", (folder.path() / "candor.toml").string());
  EXPECT_THAT(result.problems, ElementsAre(HasSubstr("ca.pem: holds a certificate that cannot be read")));
}

TEST(ReadTcp, is_equal_for_equal_configurations_only) {
  EXPECT_EQ(tcp("tls = false").probe.fingerprint, tcp("").probe.fingerprint);
  EXPECT_EQ(read_kind("tls", "address = \"a\"\ncert_failing_below = \"3d\"").probe.fingerprint,
            read_kind("tls", "address = \"a:443\"").probe.fingerprint);
  std::vector<std::string> all{read_kind("tcp", "address = \"10.0.0.8:25\"").probe.fingerprint,
                               read_kind("tcp", "address = \"10.0.0.7:26\"").probe.fingerprint};
  for (const char* lines :
       {"", "dialogue = [{ expect = \"a\" }]", "dialogue = [{ expect = \"b\" }]", "dialogue = [{ send = \"a\" }]",
        "dialogue = [{ send = \"a\" }, { send = \"b\" }]", "tls = true", "tls = true\ntls_verify = false",
        "starttls = \"smtp\"", "starttls = \"pop3\"", "tls = true\nserver_name = \"b\"", "degraded_above = \"1s\"",
        "tls = true\ncert_degraded_below = \"1d\"", "tls = true\ncert_failing_below = \"1d\""}) {
    all.push_back(tcp(lines).probe.fingerprint);
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

}  // namespace
}  // namespace candor::probes
