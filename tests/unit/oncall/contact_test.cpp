#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/oncall/oncall.h"

namespace candor::oncall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
  Contact contact;
  std::string problems;
};

/// Reads the first `[[contact]]`; keys of a method other than `kind` are another room's, as in the daemon.
Read read(const std::string& toml) {
  Problems problems;
  const std::optional<Document> document = Document::parse(toml, "test.toml", problems);
  Read read;
  if (document) read.contact = read_contact(document->root().tables("contact").at(0));
  for (const Problem& problem : problems.list()) read.problems += problem.text() + "\n";
  return read;
}

constexpr std::string_view a_method = "[[contact.method]]\nkind = \"webhook\"\n";

TEST(Contact, is_read_with_the_kinds_of_its_methods_in_order) {
  const Read ana = read(R"([[contact]]
name = "ana"
timezone = "Europe/Berlin"
[[contact.method]]
kind = "webhook"
url = "https://example.org"
[[contact.method]]
kind = "ntfy"
)");
  EXPECT_EQ(ana.problems, "");
  EXPECT_EQ(ana.contact.name, "ana");
  EXPECT_EQ(ana.contact.timezone, "Europe/Berlin");
  EXPECT_THAT(ana.contact.methods, ElementsAre("webhook", "ntfy"));
}

TEST(Contact, needs_a_name_and_a_method_with_a_kind) {
  EXPECT_THAT(read("[[contact]]\n").problems,
              testing::AllOf(HasSubstr("test.toml:1:1: name is missing"),
                             HasSubstr("has no way to be reached (add a [[contact.method]])")));
  EXPECT_THAT(read("[[contact]]\nname = \"ana\"\n[[contact.method]]\n").problems, HasSubstr("3:1: kind is missing"));
  EXPECT_THAT(read("[[contact]]\nname = \"a\\nb\"\n" + std::string{a_method}).problems,
              HasSubstr("no control characters"));
  EXPECT_THAT(read("[[contact]]\nname = \"" + std::string(201, 'x') + "\"\n" + std::string{a_method}).problems,
              HasSubstr("at most 200 bytes"));
}

TEST(Contact, has_a_bounded_number_of_methods) {
  std::string toml = "[[contact]]\nname = \"ana\"\n";
  for (int i = 0; i < 20; ++i) toml += a_method;
  EXPECT_EQ(read(toml).problems, "");
  EXPECT_THAT(read(toml + std::string{a_method}).problems, HasSubstr("has 21 methods (at most 20)"));
}

TEST(Contact, may_leave_its_time_zone_open) {
  const Read ana = read("[[contact]]\nname = \"ana\"\n" + std::string{a_method});
  EXPECT_EQ(ana.problems, "");
  EXPECT_EQ(ana.contact.timezone, "");
}

TEST(Contact, takes_what_looks_like_a_time_zone) {
  for (const std::string zone :
       {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "America/Port-au-Prince"}) {
    const Read ana = read("[[contact]]\nname = \"ana\"\ntimezone = \"" + zone + "\"\n" + std::string{a_method});
    EXPECT_EQ(ana.problems, "") << zone;
    EXPECT_EQ(ana.contact.timezone, zone);
  }
}

TEST(Contact, refuses_what_cannot_be_a_time_zone) {
  for (const std::string zone : {"", "Berlin", "CET", "/Berlin", "Europe/", "Europe//Berlin", "../etc/passwd",
                                 "Europe/../Berlin", "/etc/localtime", "Europe/Ber lin", "Europe/Zürich", "+01:00"}) {
    const Read ana = read("[[contact]]\nname = \"ana\"\ntimezone = \"" + zone + "\"\n" + std::string{a_method});
    EXPECT_THAT(ana.problems,
                HasSubstr("\"" + zone + "\" is not the name of a time zone (such as \"Europe/Berlin\" or \"UTC\")"));
    EXPECT_EQ(ana.contact.timezone, "");
  }
  EXPECT_THAT(
      read("[[contact]]\nname = \"ana\"\ntimezone = \"A/" + std::string(63, 'b') + "\"\n" + std::string{a_method})
          .problems,
      HasSubstr("not the name of a time zone"));
}

}  // namespace
}  // namespace candor::oncall
