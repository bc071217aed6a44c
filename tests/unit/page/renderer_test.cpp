#include "daemon/page/renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/page/support.h"

namespace candor::page {
namespace {

using testing::HasSubstr;

TEST(Renderer, publishes_what_it_was_shown_before_it_stops) {
  House house;
  Page page;
  Renderer renderer{page};
  house.publish("a", 0, "Payments fail");
  renderer.show(house.view());
  renderer.stop();
  EXPECT_THAT(*ask(page, get("/")).body, HasSubstr("Payments fail"));
}

TEST(Renderer, ends_with_the_newest_view_however_many_came) {
  House house;
  Page page;
  Renderer renderer{page};
  house.publish("a", 0, "Payments fail");
  for (int i = 1; i <= 200; ++i) {
    house.post("a", i, "Update number " + std::to_string(i) + ".");
    renderer.show(house.view());
  }
  renderer.stop();
  EXPECT_THAT(*ask(page, get("/")).body, HasSubstr("Update number 200."));
}

TEST(Renderer, has_the_first_visitors_wait_for_what_most_of_them_want_and_sends_none_away_for_good) {
  for (const int incidents : {2, 600}) {
    House house;
    Page page;
    Renderer renderer{page};
    for (int i = 0; i < incidents; ++i) house.publish("it" + std::to_string(i), i, "Payments fail");
    renderer.show(house.view());
    renderer.wait_for_first();
    EXPECT_EQ(ask(page, get("/")).status, 200U);
    EXPECT_EQ(ask(page, get("/api/v2/summary.json")).status, 200U);
    EXPECT_THAT(ask(page, get("/incidents/it0")).status, testing::AnyOf(200U, 503U));
    renderer.stop();
    EXPECT_EQ(ask(page, get("/incidents/it0")).status, 200U);
    EXPECT_EQ(ask(page, get("/incidents/none")).status, 404U);
  }
}

TEST(Renderer, keeps_nobody_waiting_for_a_first_view_once_it_ends) {
  Page page;
  Renderer renderer{page};
  renderer.finish();
  renderer.wait_for_first();
  EXPECT_EQ(ask(page, get("/")).status, 503U);
}

TEST(Renderer, does_not_publish_anew_what_looks_the_same) {
  House house;
  Page page;
  house.publish("a", 0, "Payments fail");
  std::string first;
  {
    Renderer renderer{page};
    renderer.show(house.view());
    renderer.stop();
    first = header(ask(page, get("/")), "ETag");
  }
  Renderer renderer{page};
  renderer.show(house.view());
  renderer.show(house.view(2'000));
  renderer.stop();
  EXPECT_EQ(header(ask(page, get("/")), "ETag"), first);
}

TEST(Renderer, stops_without_having_been_shown_anything) {
  Page page;
  Renderer renderer{page};
  renderer.show(nullptr);
  renderer.stop();
  renderer.stop();
  EXPECT_EQ(ask(page, get("/")).status, 503U);
}

TEST(Renderer, takes_nothing_after_its_end) {
  House house;
  Page page;
  Renderer renderer{page};
  renderer.stop();
  renderer.show(house.view());
  EXPECT_EQ(ask(page, get("/")).status, 503U);
}

}  // namespace
}  // namespace candor::page
