#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/probes/probing.h"

namespace candor::probes {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Read read(const std::string& dns, const std::string& name = "name = \"pay.acme.example\"\n") {
  return read_kind("dns", name + dns);
}

std::string print_of(const std::string& dns) {
  const Read result = read(dns);
  EXPECT_THAT(result.problems, IsEmpty()) << dns;
  return result.probe.fingerprint;
}

void expect_refused(const std::string& dns, const std::string& why) {
  EXPECT_THAT(read(dns).problems, ElementsAre(HasSubstr(why))) << dns;
}

TEST(ReadDns, takes_every_key) {
  EXPECT_THAT(read("type = \"MX\"\nresolver = \"[::1]:5353\"\nprotocol = \"tcp\"\nequals = [\"10 mx.acme.example\"]\n"
                   "rcode = \"NOERROR\"\nauthentic = true\ndegraded_above = \"1s\"")
                  .problems,
              IsEmpty());
  EXPECT_THAT(read("type = \"TXT\"\nresolver = \"10.0.0.53\"\ncontains = [\"a\"]\nmatches = \"b+\"").problems,
              IsEmpty());
}

TEST(ReadDns, notices_each_change) {
  const std::vector<std::string> settings{"",
                                          "type = \"AAAA\"",
                                          "type = \"TXT\"",
                                          "resolver = \"10.0.0.53\"",
                                          "resolver = \"10.0.0.53:54\"",
                                          "protocol = \"tcp\"",
                                          "equals = []",
                                          "equals = [\"192.0.2.1\"]",
                                          "contains = [\"192.0.2.1\"]",
                                          "matches = \"192\"",
                                          "rcode = \"NXDOMAIN\"",
                                          "authentic = true",
                                          "degraded_above = \"1s\""};
  std::set<std::string> prints;
  for (const std::string& setting : settings) prints.insert(print_of(setting));
  EXPECT_EQ(prints.size(), settings.size());
}

TEST(ReadDns, takes_one_thing_written_in_several_ways) {
  EXPECT_EQ(print_of("resolver = \"10.0.0.53\""), print_of("resolver = \"10.0.0.53:53\""));
  EXPECT_EQ(print_of("type = \"AAAA\"\nequals = [\"2001:DB8:0::1\"]"),
            print_of("type = \"AAAA\"\nequals = [\"2001:db8::1\", \"2001:db8::1\"]"));
  EXPECT_EQ(print_of("equals = [\"192.0.2.1\", \"192.0.2.2\"]"), print_of("equals = [\"192.0.2.2\", \"192.0.2.1\"]"));
  EXPECT_EQ(print_of("type = \"MX\"\ncontains = [\"10 MX1.acme.example.\"]"),
            print_of("type = \"MX\"\ncontains = [\"10 mx1.acme.example\"]"));
  EXPECT_EQ(print_of("type = \"SOA\"\ncontains = [\"ns.acme.example. root.acme.example. 1 2 3 4 5\"]"),
            print_of("type = \"SOA\"\ncontains = [\"ns.acme.example root.acme.example 1 2 3 4 5\"]"));
  EXPECT_NE(print_of("type = \"TXT\"\ncontains = [\"A.\"]"), print_of("type = \"TXT\"\ncontains = [\"a\"]"));
  EXPECT_EQ(read("type = \"PTR\"", "name = \"192.0.2.7\"\n").probe.fingerprint,
            read("type = \"PTR\"", "name = \"7.2.0.192.in-addr.arpa\"\n").probe.fingerprint);
  EXPECT_EQ(
      read("type = \"PTR\"", "name = \"2001:db8::7\"\n").probe.fingerprint,
      read("type = \"PTR\"", "name = \"7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa\"\n")
          .probe.fingerprint);
}

TEST(ReadDns, refuses_what_cannot_be_meant) {
  expect_refused("type = \"ANY\"", "type");
  expect_refused("resolver = \"dns.acme.example\"", "resolver is not an address");
  expect_refused("resolver = \"10.0.0.53:0\"", "resolver is not a host and a port");
  expect_refused("resolver = \"999.0.0.53\"", "resolver is not an address");
  expect_refused("resolver = \"::1\"", "(such as \"10.0.0.53\" or \"[fd00::53]:5353\")");
  expect_refused("type = \"MX\"\nequals = [\"mx1.acme.example\"]", "is not a preference and a name");
  expect_refused("protocol = \"https\"", "protocol");
  expect_refused("equals = [\"2001:db8::1\"]", "\"2001:db8::1\" is not an IPv4 address");
  expect_refused("type = \"AAAA\"\ncontains = [\"192.0.2.1\"]", "is not an IPv6 address");
  expect_refused("equals = []\nmatches = \"a\"", "matches has no use beside equals");
  expect_refused("rcode = \"NXDOMAIN\"\nequals = [\"192.0.2.1\"]", "an answer with NXDOMAIN has no records");
  expect_refused("rcode = \"SERVFAIL\"", "rcode");
  expect_refused("matches = \"(\"", "matches is not a regular expression");
  expect_refused("degraded_above = \"9s\"", "is never reached");
  EXPECT_THAT(read("", "").problems, ElementsAre(HasSubstr("name")));
  EXPECT_THAT(read("", "name = \"pay..example\"\n").problems, ElementsAre(HasSubstr("a label is empty")));
  EXPECT_THAT(read("", "name = \"caf\u00E9.example\"\n").problems, ElementsAre(HasSubstr("xn--")));
}

}  // namespace
}  // namespace candor::probes
