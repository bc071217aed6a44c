#include "daemon/ctl/incidents.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::ctl {
namespace {

namespace json = boost::json;
using testing::EndsWith;

json::value incidents(std::size_t count, bool more) {
  json::array list;
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back({{"id", "q3v7k2m9x4bt"},
                    {"status", "investigating"},
                    {"impact", "critical"},
                    {"lead", nullptr},
                    {"opened_at", "2026-11-23T05:44:01.250Z"},
                    {"title", "Checkout is down"}});
  }
  return {{"incidents", std::move(list)}, {"more", more}};
}

TEST(IncidentList, is_a_table) {
  EXPECT_EQ(incident_list_text(incidents(1, false)),
            "INCIDENT      STATUS         IMPACT    LEAD     OPENED (UTC)         TITLE\n"
            "q3v7k2m9x4bt  investigating  critical  unowned  2026-11-23 05:44:01  Checkout is down\n");
  EXPECT_EQ(incident_list_text(incidents(0, false)), "No incidents.\n");
}

TEST(IncidentList, says_that_there_are_more) {
  EXPECT_THAT(incident_list_text(incidents(50, true)), EndsWith("\n\nThere are more: --limit N shows up to 1000\n"));
  EXPECT_THAT(incident_list_text(incidents(1000, true)), EndsWith("\n\nThere are more than these 1000, the newest\n"));
}

}  // namespace
}  // namespace candor::ctl
