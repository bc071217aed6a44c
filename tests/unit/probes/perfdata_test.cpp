#include "probes/kinds/perfdata.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// "name=value unit" of each.
std::vector<std::string> read(std::string_view perfdata) {
  std::vector<Reading> readings;
  read_perfdata(perfdata, readings);
  std::vector<std::string> texts;
  for (const Reading& reading : readings) {
    texts.push_back(
        fmt::format("{}={}{}{}", reading.name, reading.value, reading.unit.empty() ? "" : " ", reading.unit));
  }
  return texts;
}

std::vector<std::string> names(const PluginOutput& output) {
  std::vector<std::string> all;
  for (const Reading& reading : output.readings) all.push_back(reading.name);
  return all;
}

TEST(Perfdata, reads_labels_values_and_units) {
  EXPECT_THAT(read("/=2643MB;5948;5958;0;5968"), ElementsAre("/=2643 MB"));
  EXPECT_THAT(read("time=0.012s;;;0 size=612B;;;0"), ElementsAre("time=0.012 s", "size=612 B"));
  EXPECT_THAT(read("pl=0%;20;60;; rta=-1.5ms;@10:20;~:30;.5;"), ElementsAre("pl=0 %", "rta=-1.5 ms"));
  EXPECT_THAT(read("users=3 load1=1e-05 temp=20°C"), ElementsAre("users=3", "load1=1e-05", "temp=20 °C"));
}

TEST(Perfdata, reads_quoted_labels) {
  EXPECT_THAT(read("'free space'=12GB 'Ana''s disk'=3 'a=b'=4"),
              ElementsAre("free space=12 GB", "Ana's disk=3", "a=b=4"));
}

TEST(Perfdata, leaves_out_what_is_not_of_the_form_and_reads_on) {
  EXPECT_THAT(read("a=U b=1 c= d=x e=1;2;3;4;5;6 f=1,5 g=inf h=nan i=1e999 j=+1 k=-"), ElementsAre("b=1"));
  EXPECT_THAT(read("word =5 ''=6 ' '=7 'open=8 z=1"), ElementsAre("z=1"));
  EXPECT_THAT(read("a=1;warn b=1\"x\" c=0x10 d=1m2 e=1--2 z=1"), ElementsAre("z=1"));
  EXPECT_THAT(read("a=1abcdefghijklmnopq z=1"), ElementsAre("z=1"));
  EXPECT_THAT(read(""), IsEmpty());
  EXPECT_THAT(read(" \t\r\n"), IsEmpty());
}

TEST(Perfdata, keeps_the_first_of_a_name) { EXPECT_THAT(read("a=1 'a'=2 b=3"), ElementsAre("a=1", "b=3")); }

TEST(Perfdata, keeps_no_more_than_twenty) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += fmt::format("n{}={} ", i, i);
  EXPECT_EQ(read(text).size(), 20U);
  EXPECT_EQ(read(text).back(), "n19=19");
}

TEST(Perfdata, makes_names_short_and_harmless) {
  EXPECT_THAT(read("'a\x1B[31m\n\xFF'=1"), ElementsAre("a [31m \xEF\xBF\xBD=1"));
  std::vector<Reading> readings;
  read_perfdata(std::string(100, 'x') + "=1 " + std::string(1000, 'y') + "=2", readings);
  ASSERT_EQ(readings.size(), 1U) << "a label beyond all measure is none";
  EXPECT_LE(readings.front().name.size(), 64U);
  EXPECT_TRUE(readings.front().name.ends_with("…"));
}

TEST(Perfdata, takes_no_unit_that_is_not_harmless) {
  EXPECT_THAT(read("a=1\x1B[31m b=1\xFF c=1\xC2\x9B z=1"), ElementsAre("z=1"));
}

TEST(PluginOutput, has_the_text_of_the_first_line) {
  EXPECT_EQ(read_plugin_output("DISK OK - free space | /=1MB\nmore\n").text, "DISK OK - free space");
  EXPECT_EQ(read_plugin_output("\n \n  PING OK  \r\nmore").text, "PING OK");
  EXPECT_EQ(read_plugin_output("no line end").text, "no line end");
  EXPECT_EQ(read_plugin_output("|a=1").text, "");
  EXPECT_EQ(read_plugin_output("").text, "");
}

TEST(PluginOutput, has_the_readings_of_all_lines) {
  const std::string text =
      "DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n"
      "/ 15272 MB (77%);\n"
      "/boot 68 MB (69%);\n"
      "/home 69357 MB (27%); | /boot=68MB;88;93;0;98\n"
      "/home=69357MB;253404;253409;0;253414\n"
      "/var=818MB;970;975;0;980\n";
  EXPECT_THAT(names(read_plugin_output(text)), ElementsAre("/", "/boot", "/home", "/var"));
  EXPECT_THAT(names(read_plugin_output("OK\nlong text a=1\n| b=2 ")), ElementsAre("b"));
  EXPECT_THAT(names(read_plugin_output("OK a=1\nb=2")), IsEmpty());
}

TEST(PluginOutput, believes_no_word_that_may_have_been_cut) {
  EXPECT_THAT(names(read_plugin_output("OK | a=1 b=12", true)), ElementsAre("a"));
  EXPECT_THAT(names(read_plugin_output("OK | a=1 b=12", false)), ElementsAre("a", "b"));
  EXPECT_THAT(names(read_plugin_output("OK | a=12", true)), ElementsAre());
  EXPECT_THAT(names(read_plugin_output("OK | a=1\nmore | b=1 c=12", true)), ElementsAre("a", "b"));
  EXPECT_THAT(names(read_plugin_output("OK | a=1\n", true)), ElementsAre("a"));
}

}  // namespace
}  // namespace candor::probes
