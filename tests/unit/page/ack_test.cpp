#include "daemon/page/ack.h"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/page/support.h"

namespace candor::page {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class FakeDesk : public AckDesk {
 public:
  void describe(std::string token, Done done) override {
    calls.push_back("describe " + token);
    answer(std::move(done));
  }
  void ack(std::string token, Done done) override {
    calls.push_back("ack " + token);
    if (!refusal && subject.open && subject.acked_by.empty()) subject.acked_by = subject.contact;
    answer(std::move(done));
  }

  AckSubject subject{.title = "Checkout <is> down",
                     .contact = "ana",
                     .impact = Impact::critical,
                     .failing_since = minute(-2),
                     .evidence = "502 Bad Gateway & more",
                     .playbook_url = "https://runbooks.acme.example/checkout"};
  std::optional<AckRefusal> refusal;
  bool later = false;
  Done waiting;
  std::vector<std::string> calls;

 private:
  void answer(Done done) {
    if (later) {
      waiting = std::move(done);
    } else if (refusal) {
      done(std::unexpected(*refusal));
    } else {
      done(subject);
    }
  }
};

class Ack : public testing::Test {
 protected:
  http::Response ask(const std::string& method, const std::string& path = "/ack/TOKEN") {
    http::Request request = get(path);
    request.method = method;
    std::optional<http::Response> answer;
    pages_.handle(request, [&answer](http::Response response) { answer = std::move(response); });
    if (!answer) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    EXPECT_EQ(malformed(*answer->body), "");
    return *answer;
  }

  FakeDesk desk_;
  AckPages pages_{desk_, {.name = "Acme Status", .url = "https://status.acme.example"}};
};

TEST_F(Ack, concerns_its_own_paths_only) {
  EXPECT_TRUE(AckPages::concerns(get("/ack/x")));
  EXPECT_FALSE(AckPages::concerns(get("/acks")));
  EXPECT_FALSE(AckPages::concerns(get("/")));
}

TEST_F(Ack, only_asks_when_the_link_is_opened) {
  const http::Response response = ask("GET");
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(*response.body, HasSubstr("Checkout &lt;is&gt; down"));
  EXPECT_THAT(*response.body, HasSubstr("<strong>ana</strong>"));
  EXPECT_THAT(*response.body, HasSubstr("<form method=\"post\"><button"));
  EXPECT_THAT(*response.body, HasSubstr("502 Bad Gateway &amp; more"));
  ask("HEAD");
  EXPECT_THAT(desk_.calls, ElementsAre("describe TOKEN", "describe TOKEN"));
  EXPECT_EQ(desk_.subject.acked_by, "");
}

TEST_F(Ack, makes_whoever_presses_the_button_the_lead) {
  const http::Response response = ask("POST");
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(desk_.calls, ElementsAre("ack TOKEN"));
  EXPECT_THAT(*response.body, HasSubstr("You are the lead now"));
  EXPECT_THAT(*response.body, HasSubstr("href=\"https://runbooks.acme.example/checkout\""));
  EXPECT_THAT(*response.body, Not(HasSubstr("<form")));
  EXPECT_THAT(*ask("GET").body, HasSubstr("You are the lead now"));
}

TEST_F(Ack, says_who_was_faster) {
  desk_.subject.acked_by = "bo";
  for (const char* method : {"GET", "POST"}) {
    const http::Response response = ask(method);
    EXPECT_EQ(response.status, 200U);
    EXPECT_THAT(*response.body, HasSubstr("bo is on it already"));
    EXPECT_THAT(*response.body, Not(HasSubstr("<form")));
  }
}

TEST_F(Ack, says_that_the_incident_is_over) {
  desk_.subject.open = false;
  EXPECT_THAT(*ask("GET").body, HasSubstr("It is over"));
  EXPECT_THAT(*ask("POST").body, HasSubstr("resolved"));
}

TEST_F(Ack, refuses_what_is_expired_strange_or_cannot_be_recorded) {
  const std::vector<std::pair<AckRefusal::Kind, unsigned>> cases{
      {AckRefusal::Kind::expired, 410U}, {AckRefusal::Kind::unknown, 404U}, {AckRefusal::Kind::unavailable, 503U}};
  for (const auto& [kind, status] : cases) {
    desk_.refusal = AckRefusal{kind};
    for (const char* method : {"GET", "POST"}) {
      const http::Response response = ask(method);
      EXPECT_EQ(response.status, status);
      EXPECT_THAT(*response.body, Not(HasSubstr("Checkout")));
      EXPECT_THAT(*response.body, Not(HasSubstr("TOKEN")));
    }
  }
  desk_.refusal = AckRefusal{AckRefusal::Kind::unavailable};
  EXPECT_NE(header(ask("POST"), "Retry-After"), "");
  EXPECT_THAT(*ask("POST").body, HasSubstr("You are not the lead yet"));
}

TEST_F(Ack, refuses_whoever_is_no_longer_a_contact_by_name) {
  desk_.refusal = AckRefusal{AckRefusal::Kind::not_contact, "ana <b>"};
  for (const char* method : {"GET", "POST"}) {
    const http::Response response = ask(method);
    EXPECT_EQ(response.status, 410U);
    EXPECT_THAT(*response.body, HasSubstr("ana &lt;b&gt; is no longer a contact here"));
    EXPECT_THAT(*response.body, HasSubstr("This link makes nobody the lead now."));
    EXPECT_THAT(*response.body, Not(HasSubstr("<form")));
  }
}

TEST_F(Ack, is_never_cached_indexed_or_told_to_others) {
  const http::Response response = ask("GET");
  EXPECT_EQ(header(response, "Cache-Control"), "no-store");
  EXPECT_THAT(header(response, "X-Robots-Tag"), HasSubstr("noindex"));
  EXPECT_EQ(header(response, "Referrer-Policy"), "no-referrer");
  EXPECT_THAT(header(response, "Content-Security-Policy"), HasSubstr("form-action 'self'"));
  EXPECT_EQ(header(response, "ETag"), "");
  EXPECT_THAT(*response.body, HasSubstr("content=\"noindex\""));
  EXPECT_THAT(*response.body, Not(HasSubstr("canonical")));
}

TEST_F(Ack, writes_no_link_that_is_not_of_the_web) {
  desk_.subject.playbook_url = "javascript:alert(1)";
  EXPECT_THAT(*ask("GET").body, Not(HasSubstr("javascript:")));
}

TEST_F(Ack, refuses_other_methods) {
  const http::Response response = ask("DELETE");
  EXPECT_EQ(response.status, 405U);
  EXPECT_EQ(header(response, "Allow"), "GET, HEAD, POST");
  EXPECT_TRUE(desk_.calls.empty());
}

TEST_F(Ack, answers_when_the_desk_does_even_after_the_pages_are_gone) {
  desk_.later = true;
  std::optional<http::Response> answer;
  {
    const AckPages pages{desk_, {.name = "Acme Status"}};
    pages.handle(get("/ack/TOKEN"), [&answer](http::Response response) { answer = std::move(response); });
  }
  EXPECT_FALSE(answer);
  desk_.waiting(desk_.subject);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200U);
}

TEST_F(Ack, says_what_customers_read_only_where_they_do) {
  desk_.subject.acked_by = "ana";
  EXPECT_NE(ask("GET").body->find("Customers now read that someone is leading"), std::string::npos);
  desk_.subject.published = false;
  EXPECT_EQ(ask("GET").body->find("leading the response"), std::string::npos);
  EXPECT_NE(ask("GET").body->find("Customers do not read of this incident."), std::string::npos);
}

TEST_F(Ack, says_when_customers_will_read_of_it) {
  desk_.subject.published = false;
  desk_.subject.words_wait = true;
  desk_.subject.words_due = minute(3);
  for (const char* acked_by : {"", "ana"}) {
    desk_.subject.acked_by = acked_by;
    const std::string page = *ask("GET").body;
    EXPECT_THAT(page, HasSubstr("Customers will read of it at <time datetime=\"2026-11-23T14:03:00.000Z\">14:03 UTC"
                                "</time> unless you edit or veto it first."));
    EXPECT_THAT(page, Not(HasSubstr("do not read")));
  }
  desk_.subject.words_due.reset();
  EXPECT_THAT(*ask("GET").body,
              HasSubstr("Customers will read of it soon if it goes on, unless you edit or veto it first."));
  desk_.subject.words_wait = false;
  desk_.subject.acked_by = "";
  EXPECT_THAT(*ask("GET").body, HasSubstr("Customers do not read of this incident."));
}

}  // namespace
}  // namespace candor::page
