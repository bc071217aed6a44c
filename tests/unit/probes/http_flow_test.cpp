#include <gmock/gmock.h>

#include "tests/unit/probes/http_probing.h"

namespace candor::probes {
namespace {

using rules::Health;
using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

/// Login, token, call: the server gives out a token that holds what URLs and headers treat in their own ways.
class HttpFlow : public HttpProbeTest {
 protected:
  std::string flow(const std::string& login = {}, const std::string& call = {}) const {
    return "[[probe.http.steps]]\nname = \"login\"\nurl = \"" + server.url("/login") +
           "\"\nmethod = \"POST\"\nbody = \"{}\"\n" +
           (login.empty() ? "capture = [{ name = \"token\", json = \"$.token\" }]" : login) +
           "\n[[probe.http.steps]]\nname = \"call\"\nurl = \"" + server.url("/orders/{{token}}?t={{token}}") + "\"\n" +
           (call.empty() ? "bearer = \"{{token}}\"\nbody = \"t={{token}}\"\nheaders = { X-Token = \"<{{token}}>\" }"
                         : call);
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const FakeRequest& request : server.requests()) all.push_back(request.head.substr(0, request.head.find('\r')));
    return all;
  }

  HttpFlow() { next = http_answer("200 OK", R"({"token": "a/b c"})"); }
};

TEST_F(HttpFlow, asks_step_after_step_with_what_was_captured) {
  const Outcome outcome = run(flow());
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  EXPECT_THAT(lines(), ElementsAre("POST /login HTTP/1.1", "GET /orders/a%2Fb%20c?t=a%2Fb%20c HTTP/1.1"));
  EXPECT_THAT(last().head, HasSubstr("\r\nAuthorization: Bearer a/b c\r\n"));
  EXPECT_THAT(last().head, HasSubstr("\r\nX-Token: <a/b c>\r\n"));
  EXPECT_EQ(last().body, "t=a/b c");
  EXPECT_EQ(server.connections(), 1) << "one connection carries the flow";
}

TEST_F(HttpFlow, begins_each_run_from_the_start) {
  const std::unique_ptr<Probe> probe = make(flow());
  EXPECT_EQ(run(*probe).health, Health::ok);
  next = http_answer("200 OK", R"({"token": "new"})");
  EXPECT_EQ(run(*probe).health, Health::ok);
  EXPECT_THAT(lines(), ElementsAre("POST /login HTTP/1.1", "GET /orders/a%2Fb%20c?t=a%2Fb%20c HTTP/1.1",
                                   "POST /login HTTP/1.1", "GET /orders/new?t=new HTTP/1.1"));
  EXPECT_THAT(server.requests()[2].head, Not(HasSubstr("Authorization")));
  EXPECT_THAT(server.requests()[2].head, Not(HasSubstr("X-Token")));
}

TEST_F(HttpFlow, ends_at_the_first_step_that_fails_and_names_it) {
  next = http_answer("401 Unauthorized", R"({"token": "secret"})");
  const Outcome outcome = run(flow());
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence,
              testing::StartsWith("step 1 of 2, login: POST " + server.url("/login") + ": HTTP 401 from "));
  EXPECT_EQ(outcome.symptom, "errors (HTTP 401)");
  EXPECT_THAT(lines(), SizeIs(1));
}

TEST_F(HttpFlow, never_shows_what_it_captured) {
  const Outcome outcome = run(flow({}, "status = \"204\""));
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence,
              testing::StartsWith("step 2 of 2, call: GET " + server.url("/orders/{{token}}") + ": HTTP 200"));
  EXPECT_THAT(outcome.evidence, Not(HasSubstr("a/b")));
  EXPECT_THAT(outcome.evidence, Not(HasSubstr("a%2Fb")));
}

TEST_F(HttpFlow, does_not_show_what_it_captured_where_the_target_repeats_it) {
  next = http_answer("200 OK", R"({"token": "s3cr3t/t0ken"})", "X-Echo: got s3cr3t/t0ken\r\n");
  const Outcome in_json = run(flow({}, "json = [{ path = \"$.token\", equals = \"x\" }]"));
  EXPECT_THAT(in_json.evidence, HasSubstr("$.token is \"***\", expected \"x\""));
  const Outcome in_header = run(flow({}, "header_matches = { X-Echo = \"^ok$\" }"));
  EXPECT_THAT(in_header.evidence, HasSubstr("header X-Echo is \"got ***\""));
}

TEST_F(HttpFlow, does_not_show_the_cookies_that_it_was_given) {
  const std::string cookie = "Set-Cookie: session=5e551on1d; Path=/\r\n";
  next = http_answer("200 OK", R"({"token": "t", "line": "session=5e551on1d"})", cookie);
  const std::string wants = "json = [{ path = \"$.line\", equals = \"x\" }]";
  EXPECT_THAT(run(flow({}, wants)).evidence, HasSubstr("$.line is \"session=***\""));
  const std::string login = "capture = [{ name = \"token\", header = \"Set-Cookie\" }]\n";
  EXPECT_THAT(run(flow(login + wants)).evidence, HasSubstr("$.line is \"session=***\"")) << "in the same step";
  EXPECT_THAT(run(flow(login + "header_matches = { Set-Cookie = \"Secure\" }")).evidence,
              HasSubstr("Set-Cookie is \"***\""));
}

TEST_F(HttpFlow, tells_what_could_not_be_captured) {
  next = http_answer("200 OK", "{}");
  const Outcome outcome = run(flow());
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr("cannot capture token: $.token is absent (HTTP 200 from "));
  EXPECT_THAT(lines(), SizeIs(1));
}

TEST_F(HttpFlow, refuses_a_value_that_would_write_lines_of_its_own) {
  next = http_answer("200 OK", R"({"token": "a\r\nX-Evil: 1"})");
  EXPECT_THAT(run(flow()).evidence, HasSubstr("cannot capture token: it holds a line break"));
}

TEST_F(HttpFlow, takes_headers_of_the_answer) {
  next = http_answer("200 OK", "", "X-Session: s1\r\nX-Session: s2\r\n");
  const std::string login = "capture = [{ name = \"token\", header = \"x-session\" }]";
  EXPECT_EQ(run(flow(login)).health, Health::ok);
  EXPECT_THAT(last().head, HasSubstr("Bearer s1, s2\r\n"));
}

TEST_F(HttpFlow, sends_the_cookies_of_earlier_steps_and_forgets_them_after_the_run) {
  next = http_answer("200 OK", R"({"token": "t"})", "Set-Cookie: session=abc; Path=/\r\n");
  const std::unique_ptr<Probe> probe = make(flow());
  EXPECT_EQ(run(*probe).health, Health::ok);
  EXPECT_THAT(server.requests().at(0).head, Not(HasSubstr("Cookie:")));
  EXPECT_THAT(server.requests().at(1).head, HasSubstr("\r\nCookie: session=abc\r\n"));
  EXPECT_EQ(run(*probe).health, Health::ok);
  EXPECT_THAT(server.requests().at(2).head, Not(HasSubstr("Cookie:")));
}

TEST_F(HttpFlow, has_one_time_limit_for_all_steps) {
  FakeServer slow{loop, [](const FakeRequest& request) -> std::optional<std::string> {
                    if (request.head.starts_with("GET /mute")) return std::nullopt;
                    for (const Stopwatch stopwatch; stopwatch.elapsed() < std::chrono::milliseconds{120};) continue;
                    return http_answer("200 OK", "");
                  }};
  const auto step = [&](const std::string& name, const std::string& path) {
    return "[[probe.http.steps]]\nname = \"" + name + "\"\nurl = \"" + slow.url(path) + "\"\n";
  };
  const Outcome outcome = run(step("one", "/") + step("two", "/mute"), "timeout = \"200ms\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr("step 2 of 2, two: GET " + slow.url("/mute") + ": no answer from "));
  EXPECT_THAT(outcome.evidence, testing::EndsWith(" within 200 ms"));
}

TEST_F(HttpFlow, ends_in_silence_when_destroyed_between_steps) {
  std::unique_ptr<Probe> probe = make(flow());
  int asked = 0;
  FakeServer watched{loop, [&](const FakeRequest&) {
                       if (++asked == 2) probe.reset();
                       return http_answer("200 OK", R"({"token": "t"})");
                     }};
  const auto step = [&](const std::string& name) {
    return "[[probe.http.steps]]\nname = \"" + name + "\"\nurl = \"" + watched.url("/") + "\"\n";
  };
  probe = make(step("one") + step("two") + step("three"));
  bool called = false;
  probe->run([&](const Outcome&) { called = true; });
  net::Timer timer{loop};
  timer.after(std::chrono::milliseconds{100}, [this] { loop.stop(); });
  loop.run();
  EXPECT_EQ(asked, 2);
  EXPECT_FALSE(called);
}

TEST_F(HttpFlow, shows_no_captured_value_however_it_comes_back) {
  next = http_answer("200 OK", R"({"token": "pa ss\\wo\"rd/1"})");
  const Outcome at_once =
      run(flow("capture = [{ name = \"token\", json = \"$.token\" }]\n"
               "json = [{ path = \"$.token\", equals = \"x\" }]"));
  EXPECT_THAT(at_once.evidence, HasSubstr("$.token is \"***\", expected \"x\""));
  const Outcome behind =
      run(flow("capture = [{ name = \"none\", json = \"$.none\" }, { name = \"token\", json = \"$.token\" }]\n"
               "json = [{ path = \"$.token\", equals = \"x\" }]"));
  EXPECT_THAT(behind.evidence, HasSubstr("$.token is \"***\"")) << "behind one that cannot be captured";
  FakeServer echo{loop, [](const FakeRequest& request) {
                    const std::string line = request.head.substr(0, request.head.find('\r'));
                    return http_answer("200 OK", R"({"token": "pa ss/wo=rd", "line": ")" + line + "\"}");
                  }};
  const std::string step = "[[probe.http.steps]]\nurl = \"" + echo.url("/");
  const Outcome encoded = run(step + "\"\nname = \"a\"\ncapture = [{ name = \"token\", json = \"$.token\" }]\n" + step +
                              "{{token}}\"\nname = \"b\"\njson = [{ path = \"$.line\", equals = \"x\" }]\n");
  EXPECT_THAT(encoded.evidence, HasSubstr("$.line is \"GET /*** HTTP/1.1\""));
}

TEST(HttpSteps, are_refused_where_they_make_no_sense) {
  const std::string first = "[[probe.http.steps]]\nname = \"a\"\nurl = \"http://a.example\"\n";
  EXPECT_THAT(problems_of("url = \"http://a.example\"\njson = [{ path = \"$\", exists = true }]\n" + first),
              ElementsAre(HasSubstr("url belongs into the steps"), HasSubstr("json belongs into the steps")));
  EXPECT_THAT(problems_of("steps = []"), ElementsAre(HasSubstr("steps is empty")));
  EXPECT_THAT(problems_of(first + first), ElementsAre(HasSubstr("step \"a\" stands twice")));
  EXPECT_THAT(problems_of("[[probe.http.steps]]\nurl = \"http://a.example\"\n"),
              ElementsAre(HasSubstr("name is missing")));
  EXPECT_THAT(problems_of("[[probe.http.steps]]\nname = \"a\"\n"), ElementsAre(HasSubstr("url is missing")));
  EXPECT_THAT(problems_of(first + "capture = [{ name = \"t\", header = \"A\" }, { name = \"t\", header = \"B\" }]"),
              ElementsAre(HasSubstr("candor.toml:8:51: t is captured twice")));
  for (const char* const use : {"bearer = \"{{t}}\"", "body = \"{{t}}\"", "headers = { A = \"{{t}}\" }"}) {
    EXPECT_THAT(problems_of(first + use),
                ElementsAre(AllOf(HasSubstr("candor.toml:8:"), HasSubstr("no earlier step captures {{t}}"))))
        << use;
  }
  EXPECT_THAT(problems_of("[[probe.http.steps]]\nname = \"a\"\nurl = \"http://a.example/{{t}}\"\n"),
              ElementsAre(HasSubstr("candor.toml:7:7: no earlier step captures {{t}}")));
  for (const char* const use :
       {"password = \"{{t}}\"\nuser = \"a\"", "body_matches = \"{{t}}\"", "header_matches = { A = \"{{t}}\" }",
        "capture = [{ name = \"u\", json = \"$['{{t}}']\" }]", "capture = [{ name = \"u\", matches = \"{{t}}\" }]",
        "json = [{ path = \"$['{{t}}']\", exists = true }]", "json = [{ path = \"$.a\", equals = \"{{t}}\" }]",
        "json = [{ path = \"$.a\", matches = \"{{t}}\" }]"}) {
    EXPECT_THAT(
        problems_of(first + "capture = [{ name = \"t\", header = \"A\" }]\n[[probe.http.steps]]\nname = \"b\"\n" +
                    "url = \"http://a.example\"\n" + use),
        ElementsAre(HasSubstr("{{t}} is not filled in here")))
        << use;
  }
  EXPECT_THAT(problems_of("[[probe.http.steps]]\nname = \"a\"\nurl = \"http://a.example/{{T}}\"\n"),
              ElementsAre(HasSubstr("candor.toml:7:7: {{T}} is not how a variable is written")));
  EXPECT_THAT(problems_of("[[probe.http.steps]]\nname = \"a\"\nurl = \"http://{{t}}/\"\n"),
              ElementsAre(HasSubstr("url is not")));
  std::string many;
  for (int i = 0; i < 21; ++i)
    many += "[[probe.http.steps]]\nname = \"s" + std::to_string(i) + "\"\nurl = \"http://a.example\"\n";
  EXPECT_THAT(problems_of(many), ElementsAre(HasSubstr("21 steps are too many (at most 20)")));
}

}  // namespace
}  // namespace candor::probes
