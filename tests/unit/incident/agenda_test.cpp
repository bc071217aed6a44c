#include "daemon/incident/agenda.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::incident {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant at(std::int64_t ms) { return from_ms(ms); }

TEST(Agenda, names_what_is_due_in_the_order_of_ids) {
  Agenda agenda;
  agenda.put("c", at(10));
  agenda.put("a", at(20));
  agenda.put("b", at(30));
  EXPECT_EQ(agenda.earliest(), at(10));
  EXPECT_THAT(agenda.due(at(9)), IsEmpty());
  EXPECT_THAT(agenda.due(at(20)), ElementsAre("a", "c"));
}

TEST(Agenda, has_each_incident_once) {
  Agenda agenda;
  agenda.put("a", at(10));
  agenda.put("a", at(30));
  EXPECT_THAT(agenda.due(at(20)), IsEmpty());
  agenda.put("a", at(5));
  EXPECT_THAT(agenda.due(at(20)), ElementsAre("a"));
  EXPECT_EQ(agenda.earliest(), at(5));
}

TEST(Agenda, forgets_what_needs_no_look) {
  Agenda agenda;
  agenda.put("a", at(10));
  agenda.put("a", std::nullopt);
  agenda.put("b", std::nullopt);
  EXPECT_EQ(agenda.earliest(), std::nullopt);
  agenda.put("a", at(10));
  agenda.clear();
  EXPECT_THAT(agenda.due(at(20)), IsEmpty());
}

}  // namespace
}  // namespace candor::incident
