#include "daemon/http/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"

namespace candor::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string secret = "a-secret-of-some-length";

Tokens one(Scope scope, const std::string& value = secret) {
  Tokens tokens;
  tokens.add("ana", scope, Secret{value});
  return tokens;
}

Request from(std::string peer, std::string authorization) {
  Request request{
      .method = "POST", .path = "/x", .headers = {{"host", "status.example:9180"}}, .peer = std::move(peer)};
  if (!authorization.empty()) request.headers.emplace_back("authorization", std::move(authorization));
  return request;
}

/// A browser's request, or a program's, to a listener without tokens.
Request local(std::string method, std::string host, std::vector<std::pair<std::string, std::string>> more = {}) {
  Request request{
      .method = std::move(method), .path = "/x", .headers = {{"host", std::move(host)}}, .peer = "127.0.0.1"};
  request.headers.insert(request.headers.end(), more.begin(), more.end());
  return request;
}

class GuardTest : public testing::Test {
 protected:
  Response ask(const Guard& guard, Request request, Scope least = Scope::responder) {
    Response answer{.status = 0};
    identity.reset();
    guard.require(least, IdentifiedHandler{[&](const Request&, const Identity& who, Reply reply) {
                    identity = who;
                    reply(Response::text(200, "in"));
                  }})(std::move(request), [&](Response response) { answer = std::move(response); });
    return answer;
  }
  unsigned status(const Guard& guard, Request request, Scope least = Scope::responder) {
    return ask(guard, std::move(request), least).status;
  }
  Guard guard(Tokens tokens) {
    return Guard{std::move(tokens), [this] { return now; }};
  }

  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }

  Instant now = from_ms(1'795'000'000'000);
  std::optional<Identity> identity;
};

TEST_F(GuardTest, lets_through_who_has_the_scope_and_tells_who_it_is) {
  EXPECT_EQ(ask(guard(one(Scope::admin)), from("10.0.0.1", "Bearer " + secret)).status, 200U);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->name, "ana");
}

TEST_F(GuardTest, asks_for_a_token) {
  const Response answer = ask(guard(one(Scope::admin)), from("10.0.0.1", ""));
  EXPECT_EQ(answer.status, 401U);
  EXPECT_EQ(header(answer, "WWW-Authenticate"), "Bearer realm=\"candor\"");
  EXPECT_THAT(*answer.body, HasSubstr("CANDOR_TOKEN"));
  EXPECT_FALSE(identity);
}

TEST_F(GuardTest, refuses_a_wrong_token) {
  const Response answer = ask(guard(one(Scope::admin)), from("10.0.0.1", "Bearer wrong"));
  EXPECT_EQ(answer.status, 401U);
  EXPECT_THAT(header(answer, "WWW-Authenticate"), HasSubstr("invalid_token"));
}

TEST_F(GuardTest, says_which_scope_is_missing) {
  const Response answer = ask(guard(one(Scope::support)), from("10.0.0.1", "Bearer " + secret));
  EXPECT_EQ(answer.status, 403U);
  EXPECT_THAT(*answer.body, HasSubstr("has the scope support and this needs responder"));
}

TEST_F(GuardTest, slows_down_an_address_that_keeps_guessing) {
  const Guard keeper = guard(one(Scope::admin));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(status(keeper, from("10.0.0.1", "Bearer guess")), 401U);
  const Response answer = ask(keeper, from("10.0.0.1", "Bearer guess"));
  EXPECT_EQ(answer.status, 429U);
  EXPECT_EQ(header(answer, "Retry-After"), "10");
  EXPECT_THAT(header(answer, "WWW-Authenticate"), HasSubstr("invalid_token")) << "a limit of requests has none";
  EXPECT_EQ(status(keeper, from("10.0.0.2", "Bearer guess")), 401U) << "another address";
  EXPECT_EQ(status(keeper, from("10.0.0.1", "Bearer " + secret)), 200U) << "a right token is never locked out";
  now += 10s;
  EXPECT_EQ(status(keeper, from("10.0.0.1", "Bearer guess")), 401U);
  EXPECT_EQ(status(keeper, from("10.0.0.1", "Bearer guess")), 429U);
}

TEST_F(GuardTest, knows_who_keeps_guessing) {
  const Guard keeper = guard(one(Scope::admin));
  const auto guess = [&](int times) {
    for (int i = 0; i < times; ++i) (void)status(keeper, from("10.0.0.1", "Bearer guess"));
  };
  const Instant begun = now;
  guess(10);
  EXPECT_FALSE(keeper.wrong_tokens().guessing(now)) << "as one that was mistyped a few times";
  guess(1);
  now += 9min;
  guess(100);
  const std::optional<WrongTokens::Guessing> guessing = keeper.wrong_tokens().guessing(now);
  ASSERT_TRUE(guessing);
  EXPECT_EQ(guessing->address, "10.0.0.1");
  EXPECT_EQ(guessing->since, begun);
  EXPECT_EQ(guessing->slowed_down, 1U + 90);
  EXPECT_EQ(keeper.wrong_tokens().total(), 111U);
  now += 10min;
  EXPECT_FALSE(keeper.wrong_tokens().guessing(now)) << "it is over";
  guess(11);
  ASSERT_TRUE(keeper.wrong_tokens().guessing(now));
  EXPECT_EQ(keeper.wrong_tokens().guessing(now)->since, now) << "and begins anew";
  EXPECT_EQ(keeper.wrong_tokens().guessing(now)->slowed_down, 1U);
}

TEST_F(GuardTest, names_who_guesses_most) {
  const Guard keeper = guard(one(Scope::admin));
  const auto guess = [&](const std::string& address, int times) {
    for (int i = 0; i < times; ++i) (void)status(keeper, from(address, "Bearer guess"));
  };
  const Instant begun = now;
  guess("10.0.0.1", 30);
  now += 1min;
  guess("10.0.0.2", 11);
  std::optional<WrongTokens::Guessing> guessing = keeper.wrong_tokens().guessing(now);
  ASSERT_TRUE(guessing);
  EXPECT_EQ(guessing->address, "10.0.0.1");
  EXPECT_EQ(guessing->since, begun);
  EXPECT_EQ(guessing->slowed_down, 20U);
  now += 9min;
  guessing = keeper.wrong_tokens().guessing(now);
  ASSERT_TRUE(guessing) << "one is over, the other is not";
  EXPECT_EQ(guessing->address, "10.0.0.2");
  EXPECT_EQ(guessing->since, begun + 1min);
  EXPECT_EQ(guessing->slowed_down, 1U);
}

TEST_F(GuardTest, logs_each_address_that_guesses_once_in_ten_minutes) {
  log::start(log::Level::warning, log::Sink::stderr_text);
  const Guard keeper = guard(one(Scope::admin));
  const auto lines = [&](const std::string& address) {
    testing::internal::CaptureStderr();
    for (int i = 0; i < 30; ++i) (void)status(keeper, from(address, "Bearer guess"));
    const std::string log = testing::internal::GetCapturedStderr();
    const std::string line = "address=" + address;
    std::size_t count = 0;
    for (std::size_t at = log.find(line); at != std::string::npos; at = log.find(line, at + 1)) ++count;
    return count;
  };
  EXPECT_EQ(lines("10.0.0.1"), 1U);
  EXPECT_EQ(lines("10.0.0.2"), 1U);
  now += 9min;
  EXPECT_EQ(lines("10.0.0.1"), 0U);
  now += 1min;
  EXPECT_EQ(lines("10.0.0.1"), 1U);
  for (int i = 0; i < 100; ++i) (void)lines("10.0.1." + std::to_string(i));
  EXPECT_EQ(lines("10.0.2.1"), 0U) << "of addresses without end";
}

TEST_F(GuardTest, does_not_count_a_missing_token_as_a_guess) {
  const Guard keeper = guard(one(Scope::admin));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(status(keeper, from("10.0.0.1", "")), 401U);
}

TEST_F(GuardTest, goes_by_new_tokens_from_the_next_request_on) {
  Guard keeper = guard(one(Scope::admin));
  const Handler handler =
      keeper.require(Scope::read, Handler{[](const Request&, Reply reply) { reply(Response::text(200, "in")); }});
  const auto ask_with = [&](const std::string& token) {
    unsigned status = 0;
    handler(from("10.0.0.1", "Bearer " + token), [&](const Response& response) { status = response.status; });
    return status;
  };
  EXPECT_EQ(ask_with(secret), 200U);
  keeper.replace(one(Scope::admin, "another-secret-of-length"));
  EXPECT_EQ(ask_with(secret), 401U);
  EXPECT_EQ(ask_with("another-secret-of-length"), 200U);
}

TEST_F(GuardTest, takes_everybody_for_local_where_there_are_no_tokens) {
  EXPECT_EQ(ask(guard({}), local("POST", "127.0.0.1:9180"), Scope::admin).status, 200U);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->name, "local");
  EXPECT_EQ(identity->scope, Scope::admin);
}

TEST_F(GuardTest, answers_without_tokens_only_under_loopback_names) {
  for (const char* host : {"localhost", "LOCALHOST:9180", "candor.localhost", "localhost.", "127.0.0.1", "127.9.9.9:1",
                           "[::1]", "[::1]:9180"}) {
    EXPECT_EQ(status(guard({}), local("GET", host)), 200U) << host;
  }
  for (const char* host : {"", "evil.example", "evil.example:9180", "localhost.evil.example", "127.0.0.1.evil.example",
                           "10.0.0.1", "[2001:db8::1]", "[", "0.0.0.0"}) {
    const Response answer = ask(guard({}), local("GET", host));
    EXPECT_EQ(answer.status, 403U) << host;
    EXPECT_THAT(*answer.body, HasSubstr("[auth] tokens"));
  }
}

TEST_F(GuardTest, lets_no_page_of_another_site_ask_anything) {
  const std::string host = "localhost:9180";
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"origin", "https://evil.example"},
                                                                                    {"origin", "null"},
                                                                                    {"origin", "http://localhost:3000"},
                                                                                    {"sec-fetch-site", "cross-site"},
                                                                                    {"sec-fetch-site", "same-site"}}) {
    EXPECT_EQ(status(guard({}), local("POST", host, {{name, value}})), 403U) << value;
    EXPECT_EQ(status(guard({}), local("POST", host, {{name, value}}), Scope::read), 403U) << value;
    EXPECT_EQ(status(guard({}), local("GET", host, {{name, value}})), 403U) << value << " may not call as a job";
    EXPECT_EQ(status(guard({}), local("GET", host, {{name, value}}), Scope::read), 403U)
        << value << " may not have candord work for an answer that its browser hides";
  }
  EXPECT_EQ(
      status(guard({}), local("POST", host, {{"origin", "http://localhost:9180"}, {"sec-fetch-site", "same-origin"}})),
      200U);
  EXPECT_EQ(status(guard({}), local("POST", host, {{"sec-fetch-site", "none"}})), 200U) << "typed by the user";
  EXPECT_EQ(status(guard({}), local("GET", host)), 200U) << "curl says nothing of sites";
}

TEST_F(GuardTest, has_a_body_taken_in_only_of_who_would_be_let_through) {
  Guard keeper = guard(one(Scope::responder));
  const Handler handler = keeper.require(Scope::responder, Handler{[](const Request&, const Reply&) {}});
  EXPECT_TRUE(handler.takes_body(from("10.0.0.1", "Bearer " + secret)));
  EXPECT_FALSE(handler.takes_body(from("10.0.0.1", "")));
  EXPECT_FALSE(keeper.require(Scope::admin, Handler{}).takes_body(from("10.0.0.1", "Bearer " + secret)));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(handler.takes_body(from("10.0.0.1", "Bearer guess")));
  EXPECT_EQ(status(keeper, from("10.0.0.1", "Bearer guess")), 401U) << "a question is no try";
  keeper.replace({});
  EXPECT_TRUE(handler.takes_body(local("POST", "localhost")));
  EXPECT_FALSE(handler.takes_body(local("POST", "evil.example")));
  EXPECT_FALSE(handler.takes_body(local("POST", "localhost", {{"sec-fetch-site", "cross-site"}})));
}

TEST_F(GuardTest, tells_a_handler_of_a_body_that_was_refused) {
  Handler told{[](const Request&, const Reply&) {}};
  std::string of;
  told.body_refused = [&](const Request& head, BodyFault) { of = head.peer; };
  const Handler handler = guard(one(Scope::responder)).require(Scope::responder, std::move(told));
  ASSERT_TRUE(handler.body_refused);
  handler.body_refused(from("10.0.0.1", "Bearer " + secret), BodyFault::too_large);
  EXPECT_EQ(of, "10.0.0.1");
}

TEST_F(GuardTest, lets_no_probe_change_anything_that_its_target_may_have_sent) {
  const std::string host = "127.0.0.1:9180";
  const std::vector<std::pair<std::string, std::string>> probe{{"candor-probe", "http"}};
  const Response answer = ask(guard({}), local("POST", host, probe));
  EXPECT_EQ(answer.status, 403U);
  EXPECT_THAT(*answer.body, HasSubstr("redirects = 0"));
  EXPECT_EQ(status(guard({}), local("GET", host, probe)), 403U) << "nor call as a job";
  EXPECT_EQ(status(guard({}), local("GET", host, probe), Scope::read), 200U) << "it may look";
  Request with_token = from("10.0.0.1", "Bearer " + secret);
  with_token.headers.emplace_back("candor-probe", "http");
  EXPECT_EQ(status(guard(one(Scope::admin)), with_token), 200U) << "no redirect is given a token";
}

TEST_F(GuardTest, does_not_mind_the_host_where_there_are_tokens) {
  EXPECT_EQ(status(guard(one(Scope::admin)), from("10.0.0.1", "Bearer " + secret)), 200U);
}

}  // namespace
}  // namespace candor::http
