#include "probes/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;
using testing::Not;

ProbeFigures shop() {
  ProbeFigures figures{.name = "shop"};
  figures.record({.health = Health::ok, .phases = {.connect = 5ms, .total = 30ms}}, Health::ok);
  figures.record({.health = Health::failing, .phases = {.connect = 5001us, .total = 20s}}, Health::ok);
  return figures;
}

TEST(Figures, count_runs_and_times_by_phase) {
  const std::string text = exposition({shop()});
  for (const char* line :
       {"candor_probes_up{probe=\"shop\"} 1\n", "runs_total{probe=\"shop\",health=\"ok\"} 1\n",
        "runs_total{probe=\"shop\",health=\"failing\"} 1\n", "runs_total{probe=\"shop\",health=\"unknown\"} 0\n",
        "bucket{probe=\"shop\",phase=\"connect\",le=\"0.005\"} 1\n",
        "bucket{probe=\"shop\",phase=\"connect\",le=\"0.01\"} 2\n",
        "bucket{probe=\"shop\",phase=\"total\",le=\"0.025\"} 0\n",
        "bucket{probe=\"shop\",phase=\"total\",le=\"10\"} 1\n",
        "bucket{probe=\"shop\",phase=\"total\",le=\"+Inf\"} 2\n", "sum{probe=\"shop\",phase=\"total\"} 20.03\n",
        "count{probe=\"shop\",phase=\"total\"} 2\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("phase=\"tls\""))) << "a phase that never was";
  EXPECT_THAT(text, Not(HasSubstr("certificate_expiry_timestamp_seconds{")));
}

TEST(Figures, show_the_certificate_that_expires_first_and_the_latest_readings) {
  ProbeFigures figures{.name = "shop"};
  figures.record({.health = Health::ok,
                  .certificates = {{"CN=shop", "CN=ca", from_ms(2'000'000)}, {"CN=ca", "CN=ca", from_ms(1'000'000)}},
                  .readings = {{"a\"b", 0.5, "%"}}},
                 Health::ok);
  const std::string text = exposition({figures});
  EXPECT_THAT(text, HasSubstr("candor_probes_certificate_expiry_timestamp_seconds{probe=\"shop\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("candor_probes_reading{probe=\"shop\",name=\"a\\\"b\",unit=\"%\"} 0.5\n"));
  figures.record({.health = Health::failing}, Health::failing);
  EXPECT_THAT(exposition({figures}), Not(HasSubstr("expiry_timestamp_seconds{")));
}

TEST(Figures, leave_phases_out_where_there_are_very_many_probes) {
  std::vector<ProbeFigures> many(most_with_phases, shop());
  EXPECT_THAT(exposition(many), HasSubstr("phase=\"connect\""));
  many.push_back(shop());
  EXPECT_THAT(exposition(many), Not(HasSubstr("phase=\"connect\"")));
  EXPECT_THAT(exposition(many), HasSubstr("phase=\"total\""));
}

}  // namespace
}  // namespace candor::probes
