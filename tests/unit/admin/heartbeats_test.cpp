#include <gmock/gmock.h>

#include "house.h"

namespace candor::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string backup = "/api/v1/heartbeat/backup";

class Heartbeat : public AdminTest {
 protected:
  void expect_refused(const Told& told, unsigned status, const std::string& why) {
    EXPECT_EQ(told.status, status) << told.body;
    EXPECT_THAT(told.body, HasSubstr(why));
    EXPECT_THAT(operations.beats, IsEmpty()) << "it is no call";
  }
};

TEST_F(Heartbeat, says_in_its_query_how_the_job_ended) {
  EXPECT_EQ(get(backup + "?status=3&message=disk%20full").status, 200U);
  EXPECT_EQ(post(backup + "?status=4", "").status, 200U);
  EXPECT_EQ(post(backup, "").status, 200U);
  EXPECT_THAT(operations.beats, ElementsAre("backup 3 disk full", "backup 4 ", "backup 0 "));
}

TEST_F(Heartbeat, says_in_its_body_how_the_job_ended) {
  const Told told = post(backup, R"({"status": 3, "message": "disk full"})");
  EXPECT_EQ(told.status, 200U);
  EXPECT_EQ(told.value(), (json::value{{"probe", "backup"}, {"status", 3}}));
  EXPECT_EQ(post(backup + "?status=4", R"({"message": "no tape"})").status, 200U);
  EXPECT_EQ(post(backup, R"({"status": 255})").status, 200U);
  EXPECT_EQ(send("GET", backup, R"({"status": 5})").status, 200U) << "what fails is not lost, whatever the method";
  EXPECT_EQ(post(backup, "{}").status, 200U);
  EXPECT_THAT(operations.beats,
              ElementsAre("backup 3 disk full", "backup 4 no tape", "backup 255 ", "backup 5 ", "backup 0 "));
}

TEST_F(Heartbeat, keeps_the_beginning_of_a_long_message_in_whole_characters) {
  std::string message;
  for (int i = 0; i < 600; ++i) message += "ü";
  EXPECT_EQ(post(backup, R"({"message": "a)" + message + "\"}").status, 200U);
  ASSERT_EQ(operations.beats.size(), 1U);
  EXPECT_EQ(operations.beats.front(), "backup 0 a" + message.substr(0, 998));
}

TEST_F(Heartbeat, is_refused_where_its_body_cannot_be_read) {
  expect_refused(post(backup, "x"), 400, "the body is not JSON");
  expect_refused(post(backup, "[]"), 400, "the body is a list, not an object");
  expect_refused(post(backup, R"({"status": "1"})"), 422, "status is a text, not a number");
  expect_refused(post(backup, R"({"status": 256})"), 422, "status: 256 is not a whole number from 0 to 255");
  expect_refused(post(backup, R"({"status": -1})"), 422, "status: -1 is not a whole number from 0 to 255");
  expect_refused(post(backup, R"({"status": 1.5})"), 422, "is not a whole number from 0 to 255");
  expect_refused(post(backup, R"({"status": 1e300})"), 422, "is not a whole number from 0 to 255");
  expect_refused(post(backup, R"({"status": null})"), 422, "status is null, not a number");
  expect_refused(post(backup, R"({"message": 7})"), 422, "message is a number, not a text");
  expect_refused(post(backup, R"({"exit": 1})"), 422, "field \\\"exit\\\" is not known");
  expect_refused(ask({.method = "POST",
                      .path = backup,
                      .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                      .body = "status=3"}),
                 415, "Content-Type: application/json");
}

TEST_F(Heartbeat, is_refused_where_it_says_a_thing_twice) {
  expect_refused(post(backup + "?status=0", R"({"status": 1})"), 422, "status is in the query and in the body");
  expect_refused(post(backup + "?message=a", R"({"message": "a"})"), 422, "message is in the query and in the body");
  const Told told = post(backup + "?stat=0", R"({"exit": 1})");
  expect_refused(told, 422, "parameter \\\"stat\\\" is not known");
  EXPECT_THAT(told.body, HasSubstr("field \\\"exit\\\" is not known")) << "all of it at once";
}

TEST_F(Heartbeat, is_no_question) {
  const Told told = ask({.method = "HEAD", .path = backup});
  expect_refused(told, 405, "HEAD is not for");
  EXPECT_EQ(told.header("Allow"), "GET, OPTIONS, POST");
}

}  // namespace
}  // namespace candor::admin
