#include "base/labels.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

std::string fingerprint_of(const Labels& labels) { return format_fingerprint(labels.fingerprint()); }

TEST(Labels, are_sorted_by_name) {
  const Labels labels{{"b", "2"}, {"a", "1"}, {"c", "3"}};
  EXPECT_EQ(labels.text(), R"(a="1",b="2",c="3")");
  EXPECT_EQ(labels, (Labels{{"c", "3"}, {"b", "2"}, {"a", "1"}}));
}

TEST(Labels, keep_the_last_of_one_name) {
  EXPECT_EQ(Labels({{"a", "1"}, {"b", "2"}, {"a", "3"}}), (Labels{{"a", "3"}, {"b", "2"}}));
  EXPECT_EQ(Labels({{"a", "1"}, {"a", ""}}), Labels{}) << "an empty last value takes the label away";
  EXPECT_EQ(Labels({{"a", ""}, {"a", "1"}}), (Labels{{"a", "1"}}));
}

TEST(Labels, treat_an_empty_value_as_absent) {
  const Labels labels{{"a", ""}, {"b", "2"}};
  EXPECT_EQ(labels.size(), 1U);
  EXPECT_EQ(labels.get("a"), "");
  EXPECT_EQ(labels.get("never"), "");
  EXPECT_EQ(labels.get("b"), "2");
  EXPECT_TRUE(Labels({{"a", ""}}).empty());
}

TEST(Labels, can_be_set_and_taken_away) {
  Labels labels;
  labels.set("b", "2");
  labels.set("a", "1");
  labels.set("c", "3");
  labels.set("b", "4");
  EXPECT_EQ(labels, (Labels{{"a", "1"}, {"b", "4"}, {"c", "3"}}));
  labels.set("b", "");
  labels.set("never", "");
  EXPECT_EQ(labels, (Labels{{"a", "1"}, {"c", "3"}}));
}

TEST(Labels, hold_names_and_values_of_any_length) {
  for (const std::size_t length : {1UL, 127UL, 128UL, 16'383UL, 16'384UL, 3'000'000UL}) {
    const std::string name(length, 'n');
    const std::string value(length, 'v');
    Labels labels{{"a", "1"}, {name, value}, {"z", "2"}};
    EXPECT_EQ(labels.size(), 3U);
    EXPECT_EQ(labels.get(name), value);
    EXPECT_EQ(labels.get("z"), "2");
    labels.set("b", value);
    EXPECT_EQ(labels.get("b"), value);
    EXPECT_EQ(labels.get(name), value);
  }
}

TEST(Labels, escape_what_would_break_their_text) {
  EXPECT_EQ((Labels{{"a", "say \"hi\"\\\nbye"}}).text(), R"(a="say \"hi\"\\\nbye")");
  EXPECT_EQ(Labels{}.text(), "");
}

TEST(Labels, order_by_their_pairs) {
  EXPECT_LT((Labels{{"a", "1"}}), (Labels{{"a", "2"}}));
  EXPECT_LT((Labels{{"a", "1"}}), (Labels{{"a", "1"}, {"b", "1"}}));
  EXPECT_LT(Labels{}, (Labels{{"a", "1"}}));
}

// Fingerprints that real Alertmanagers wrote: prometheus/alertmanager#3370, and the example payload in
// target/goalert/prometheusalertmanager.
TEST(Labels, have_alertmanagers_fingerprint) {
  EXPECT_EQ(fingerprint_of({{"foo", "bar"}}), "3fff2c2d7595e046");
  const auto instance_down = [](const std::string& instance) {
    return Labels{{"severity", "critical"}, {"monitor", "codelab-monitor"},
                  {"job", "prometheus"},    {"instance", instance},
                  {"code", "200"},          {"alertname", "InstanceDown"}};
  };
  EXPECT_EQ(fingerprint_of(instance_down("127.0.0.1:9090")), "791cec13fcba0368");
  EXPECT_EQ(fingerprint_of(instance_down("localhost:9090")), "8df98227bdd81384");
}

TEST(Labels, have_another_fingerprint_once_anything_moves_between_name_and_value) {
  EXPECT_NE(fingerprint_of({{"ab", "c"}}), fingerprint_of({{"a", "bc"}}));
  EXPECT_NE(fingerprint_of({{"a", "b"}, {"c", "d"}}), fingerprint_of({{"a", "bc"}, {"d", ""}}));
  EXPECT_EQ(fingerprint_of({{"a", "b"}, {"c", ""}}), fingerprint_of({{"a", "b"}}));
}

TEST(Fingerprint, is_written_with_sixteen_digits) {
  EXPECT_EQ(format_fingerprint(0), "0000000000000000");
  EXPECT_EQ(format_fingerprint(0xABC), "0000000000000abc");
  EXPECT_EQ(format_fingerprint(~std::uint64_t{0}), "ffffffffffffffff");
  EXPECT_EQ(fingerprint_of({}), "cbf29ce484222325") << "FNV's offset basis";
}

}  // namespace
}  // namespace candor
