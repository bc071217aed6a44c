#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/oncall/oncall.h"

namespace candor::oncall {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

const std::map<std::string, Contact> people{
    {"ana", {"ana", "", {"webhook"}}}, {"bo", {"bo", "", {"webhook"}}}, {"charlotte", {"charlotte", "", {"webhook"}}}};

struct Read {
  Escalation escalation;
  std::string problems;
};

Read read(const std::string& toml) {
  Problems problems;
  const std::optional<Document> document = Document::parse("[[escalation]]\n" + toml, "test.toml", problems);
  Read read;
  if (document) {
    read.escalation = read_escalation(document->root().tables("escalation").at(0), people);
    document->refuse_unknown();
  }
  for (const Problem& problem : problems.list()) read.problems += problem.text() + "\n";
  return read;
}

std::string problems_of_steps(const std::string& steps) {
  return read("name = \"e\"\nsteps = " + steps + "\n").problems;
}

TEST(Escalation, is_read_as_it_is_written) {
  const Read payments = read(R"(name = "payments"
steps = [ { notify = ["contact:ana", "contact:bo"], wait = "5m" }, { notify = "contact:charlotte", wait = "10m" } ]
repeat = 3
)");
  EXPECT_EQ(payments.problems, "");
  EXPECT_EQ(payments.escalation.name, "payments");
  EXPECT_EQ(payments.escalation.repeat, 3U);
  ASSERT_THAT(payments.escalation.steps, SizeIs(2));
  EXPECT_THAT(payments.escalation.steps[0].contacts, ElementsAre("ana", "bo"));
  EXPECT_EQ(payments.escalation.steps[0].wait, 5min);
  EXPECT_THAT(payments.escalation.steps[1].contacts, ElementsAre("charlotte"));
}

TEST(Escalation, is_gone_through_once_unless_told_otherwise) {
  EXPECT_EQ(read("name = \"e\"\nsteps = [{ notify = [\"contact:ana\"], wait = \"5m\" }]\n").escalation.repeat, 1U);
}

TEST(Escalation, needs_a_name_and_steps) {
  EXPECT_THAT(read("").problems,
              AllOf(HasSubstr("name is missing"), HasSubstr("has no steps (such as steps = [{ notify")));
  EXPECT_THAT(problems_of_steps("[]"), HasSubstr("escalation \"e\" has no steps"));
  EXPECT_THAT(problems_of_steps("\"contact:ana\""), HasSubstr("steps is a text, not a list of tables"));
}

TEST(Escalation, has_a_bounded_number_of_steps) {
  std::string steps;
  for (int i = 0; i < 20; ++i) steps += "{ notify = [\"contact:ana\"], wait = \"1m\" },";
  EXPECT_EQ(problems_of_steps("[" + steps + "]"), "");
  EXPECT_THAT(problems_of_steps("[" + steps + "{ notify = [\"contact:bo\"], wait = \"1m\" }]"),
              HasSubstr("has 21 steps (at most 20)"));
}

TEST(Escalation, notifies_somebody_in_each_step) {
  EXPECT_THAT(problems_of_steps("[{ wait = \"5m\" }]"),
              HasSubstr("this step notifies nobody (such as notify = [\"contact:NAME\"])"));
  EXPECT_THAT(problems_of_steps("[{ notify = [], wait = \"5m\" }]"), HasSubstr("this step notifies nobody"));
  EXPECT_THAT(problems_of_steps("[{ notify = 7, wait = \"5m\" }]"), HasSubstr("notify is a whole number"));
  EXPECT_THAT(problems_of_steps("[{ notify = [\"contact:ana\", \"contact:ana\"], wait = \"5m\" }]"),
              HasSubstr("contact:ana is named twice in one step"));
}

TEST(Escalation, names_contacts_that_exist) {
  EXPECT_THAT(problems_of_steps("[{ notify = [\"contact:charlote\"], wait = \"5m\" }]"),
              HasSubstr("test.toml:3:21: there is no contact \"charlote\" (did you mean \"contact:charlotte\"?)"));
  EXPECT_THAT(problems_of_steps("[{ notify = [\"contact:wilhelmina\"], wait = \"5m\" }]"),
              HasSubstr("there is no contact \"wilhelmina\" (add a [[contact]] of this name)"));
}

TEST(Escalation, says_what_a_target_looks_like) {
  EXPECT_THAT(problems_of_steps("[{ notify = [\"ana\"], wait = \"5m\" }]"), HasSubstr("(write \"contact:ana\")"));
  EXPECT_THAT(problems_of_steps("[{ notify = [\"team:shop\"], wait = \"5m\" }]"),
              HasSubstr("(write \"contact:NAME\")"));
}

TEST(Escalation, says_that_schedules_are_not_there) {
  EXPECT_THAT(problems_of_steps("[{ notify = [\"schedule:payments\"], wait = \"5m\" }]"),
              HasSubstr("schedule:payments: schedules are not supported by this version (use contact:NAME)"));
}

TEST(Escalation, waits_a_sensible_time_in_each_step) {
  EXPECT_THAT(problems_of_steps("[{ notify = [\"contact:ana\"] }]"),
              HasSubstr("does not say how long to wait for an ack"));
  EXPECT_THAT(problems_of_steps("[{ notify = [\"contact:ana\"], wait = \"999ms\" }]"),
              HasSubstr("too short (at least 1s)"));
  EXPECT_THAT(problems_of_steps("[{ notify = [\"contact:ana\"], wait = \"25h\" }]"),
              HasSubstr("too long (at most 1d)"));
  EXPECT_EQ(problems_of_steps(
                "[{ notify = [\"contact:ana\"], wait = \"1s\" }, { notify = [\"contact:bo\"], wait = \"24h\" }]"),
            "");
}

TEST(Escalation, is_repeated_a_sensible_number_of_times) {
  const std::string steps = "name = \"e\"\nsteps = [{ notify = [\"contact:ana\"], wait = \"5m\" }]\n";
  EXPECT_THAT(read(steps + "repeat = 0\n").problems, HasSubstr("repeat = 0 is out of range (1 to 100)"));
  EXPECT_THAT(read(steps + "repeat = 101\n").problems, HasSubstr("out of range"));
  EXPECT_THAT(read(steps + "repeat = \"3\"\n").problems, HasSubstr("repeat is a text, not a whole number"));
}

TEST(Escalation, reports_unknown_keys_and_every_mistake_at_once) {
  const std::string problems =
      read("nam = \"e\"\nsteps = [{ notify = [\"bo\", \"contact:an\"], wiat = \"5m\" }]\nrepeat = 0\n").problems;
  for (const std::string_view mistake :
       {"name is missing", "unknown key \"nam\"", "contact:bo", "did you mean \"contact:ana\"",
        "unknown key \"wiat\" (did you mean \"wait\"?)", "how long to wait", "repeat = 0"}) {
    EXPECT_THAT(problems, HasSubstr(mistake));
  }
}

/// Ana and Bo first, then Charlotte; twice.
Escalation two_steps_twice() { return {"e", {{{"ana", "bo"}, 5min}, {{"charlotte"}, 10min}}, 2}; }

TEST(NextStep, goes_through_the_steps_as_often_as_asked_and_then_ends) {
  const Escalation escalation = two_steps_twice();
  Progress progress;
  std::string way;
  while (const std::optional<NextStep> next = next_step(escalation, progress)) {
    way += std::to_string(next->round) + "." + std::to_string(next->step) + ":" + next->contacts.front() + " " +
           format_duration(next->wait) + "; ";
    progress.round = next->round;
    progress.step = next->step;
    ASSERT_LT(way.size(), 1000U);
  }
  EXPECT_EQ(way, "1.1:ana 5m; 1.2:charlotte 10m; 2.1:ana 5m; 2.2:charlotte 10m; ");
}

TEST(NextStep, names_every_contact_of_the_step) {
  EXPECT_THAT(next_step(two_steps_twice(), {})->contacts, ElementsAre("ana", "bo"));
}

TEST(NextStep, is_none_once_acked_or_exhausted) {
  Progress progress;
  progress.round = 1;
  progress.step = 1;
  EXPECT_TRUE(next_step(two_steps_twice(), progress));
  progress.acked_at = from_ms(1);
  EXPECT_FALSE(next_step(two_steps_twice(), progress));
  progress.acked_at.reset();
  progress.exhausted = true;
  EXPECT_FALSE(next_step(two_steps_twice(), progress));
}

TEST(NextStep, goes_on_sensibly_after_a_reload_made_the_escalation_shorter) {
  Progress progress;
  progress.round = 1;
  progress.step = 7;
  const std::optional<NextStep> next = next_step(two_steps_twice(), progress);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->round, 2U);
  EXPECT_EQ(next->step, 1U);
  progress.round = 9;
  progress.step = 1;
  EXPECT_FALSE(next_step(two_steps_twice(), progress));
  EXPECT_FALSE(next_step(Escalation{.name = "empty", .steps = {}}, {}));
}

}  // namespace
}  // namespace candor::oncall
