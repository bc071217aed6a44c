#include "daemon/page/page.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/signature.h"
#include "daemon/page/style.h"
#include "tests/unit/page/support.h"

namespace candor::page {
namespace {

using testing::HasSubstr;

class PublishedPage : public testing::Test {
 protected:
  PublishedPage() {
    house_.publish("a", 0, "Payments fail", Impact::critical, {{"checkout", ComponentStatus::major_outage}});
    site_ = house_.site();
    page_.publish(site_);
  }
  House house_;
  std::shared_ptr<const Site> site_;
  Page page_;
};

TEST(UnpublishedPage, asks_to_come_back) {
  const Page page;
  const http::Response response = ask(page, get("/"));
  EXPECT_EQ(response.status, 503U);
  EXPECT_EQ(header(response, "Retry-After"), "1");
  EXPECT_EQ(header(response, "Cache-Control"), "no-store");
}

TEST(UnfinishedPage, asks_to_come_back_for_what_it_does_not_have_yet) {
  House house;
  house.publish("a", 0, "Payments fail");
  Page page;
  page.publish(render_first(house.view()));
  EXPECT_THAT(*ask(page, get("/")).body, testing::HasSubstr("Payments fail"));
  EXPECT_EQ(ask(page, get("/api/v2/incidents.json")).status, 200U);
  for (const char* path : {"/incidents/a", "/history", "/nothing"}) {
    const http::Response answer = ask(page, get(path));
    EXPECT_EQ(answer.status, 503U) << path;
    EXPECT_EQ(header(answer, "Retry-After"), "1");
  }
}

TEST_F(PublishedPage, answers_with_the_document_and_what_browsers_may_do_with_it) {
  const http::Response response = ask(page_, get("/"));
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(*response.body, body(*site_, "/"));
  EXPECT_EQ(header(response, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(header(response, "Content-Encoding"), "");
  EXPECT_EQ(header(response, "Cache-Control"), "public, max-age=10");
  EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff");
  EXPECT_NE(header(response, "Referrer-Policy"), "");
  EXPECT_THAT(header(response, "ETag"), testing::MatchesRegex("\"[A-Za-z0-9_-]{24}\""));
}

TEST_F(PublishedPage, allows_its_own_style_by_hash_and_nothing_else) {
  const http::Response response = ask(page_, get("/"));
  const std::string policy = header(response, "Content-Security-Policy");
  for (const char* part : {"default-src 'none'", "img-src 'self' data:", "form-action 'self'", "base-uri 'none'",
                           "frame-ancestors 'none'"}) {
    EXPECT_THAT(policy, HasSubstr(part));
  }
  const std::size_t begin = policy.find("'sha256-") + 8;
  std::string hash = policy.substr(begin, policy.find('\'', begin) - begin);
  ASSERT_EQ(hash.size(), 44U);
  ASSERT_EQ(hash.back(), '=');
  hash.pop_back();
  for (char& c : hash) c = c == '+' ? '-' : c == '/' ? '_' : c;
  const std::size_t style_begin = response.body->find("<style>") + 7;
  const Digest digest = sha256(response.body->substr(style_begin, response.body->find("</style>") - style_begin));
  EXPECT_EQ(decode_base64url(hash), (std::string{digest.begin(), digest.end()}));
}

TEST_F(PublishedPage, sends_gzip_to_those_who_take_it) {
  const http::Response response = ask(page_, get("/", {{"accept-encoding", "br, gzip;q=0.8"}}));
  EXPECT_EQ(header(response, "Content-Encoding"), "gzip");
  EXPECT_EQ(inflate_gzip(*response.body), body(*site_, "/"));
  EXPECT_NE(header(response, "ETag"), header(ask(page_, get("/")), "ETag"));
  EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
  EXPECT_LT(response.body->size(), body(*site_, "/").size() / 2);
}

TEST_F(PublishedPage, does_not_send_again_what_the_client_has) {
  const std::string tag = header(ask(page_, get("/")), "ETag");
  const http::Response response = ask(page_, get("/", {{"if-none-match", "\"other\", W/" + tag}}));
  EXPECT_EQ(response.status, 304U);
  EXPECT_TRUE(response.body->empty());
  EXPECT_EQ(header(response, "ETag"), tag);
  EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(response, "Cache-Control"), "public, max-age=10");
  EXPECT_EQ(header(response, "Content-Type"), "");
  EXPECT_EQ(ask(page_, get("/", {{"if-none-match", "\"other\""}})).status, 200U);
  EXPECT_EQ(ask(page_, get("/", {{"if-none-match", tag}, {"accept-encoding", "gzip"}})).status, 200U);

  house_.post("a", 9, "More words.");
  page_.publish(house_.site(site_));
  EXPECT_EQ(ask(page_, get("/", {{"if-none-match", tag}})).status, 200U);
}

TEST_F(PublishedPage, lets_scripts_of_other_sites_read_the_api_only) {
  EXPECT_EQ(header(ask(page_, get("/api/v2/summary.json")), "Access-Control-Allow-Origin"), "*");
  const std::string tag = header(ask(page_, get("/api/v2/summary.json")), "ETag");
  const http::Response unchanged = ask(page_, get("/api/v2/summary.json", {{"if-none-match", tag}}));
  EXPECT_EQ(unchanged.status, 304U);
  EXPECT_EQ(header(unchanged, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(header(ask(page_, get("/")), "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(header(ask(page_, get("/api/v2/summary.json")), "Content-Type"), "application/json; charset=utf-8");

  http::Request preflight = get("/api/v2/summary.json");
  preflight.method = "OPTIONS";
  EXPECT_EQ(ask(page_, preflight).status, 204U);
  EXPECT_EQ(header(ask(page_, preflight), "Access-Control-Allow-Origin"), "*");
}

TEST_F(PublishedPage, answers_a_wrong_path_with_a_friendly_page) {
  const http::Response response = ask(page_, get("/incidents/nothing"));
  EXPECT_EQ(response.status, 404U);
  EXPECT_THAT(*response.body, HasSubstr("There is no such page"));
  EXPECT_EQ(malformed(*response.body), "");
  const http::Response api = ask(page_, get("/api/v2/nothing.json"));
  EXPECT_EQ(api.status, 404U);
  EXPECT_EQ(header(api, "Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(header(api, "Access-Control-Allow-Origin"), "*");
}

TEST_F(PublishedPage, takes_a_slash_at_the_end_as_none) {
  EXPECT_EQ(ask(page_, get("/history/")).status, 200U);
  EXPECT_EQ(ask(page_, get("/history//")).status, 404U);
}

TEST_F(PublishedPage, answers_head_as_get_and_refuses_what_would_write) {
  http::Request request = get("/");
  request.method = "HEAD";
  EXPECT_EQ(ask(page_, request).status, 200U);
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    request.method = method;
    EXPECT_EQ(ask(page_, request).status, 405U);
    EXPECT_EQ(header(ask(page_, request), "Allow"), "GET, HEAD, OPTIONS");
  }
}

TEST_F(PublishedPage, has_an_icon_and_a_word_for_robots) {
  EXPECT_EQ(header(ask(page_, get("/favicon.svg")), "Content-Type"), "image/svg+xml");
  EXPECT_THAT(*ask(page_, get("/robots.txt")).body, HasSubstr("Disallow: /ack/"));
}

TEST_F(PublishedPage, serves_one_site_or_the_other_while_it_is_exchanged) {
  house_.post("a", 9, "More words.");
  const auto next = house_.site(site_);
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::thread visitor{[&] {
    while (!done) {
      const http::Response response = ask(page_, get("/"));
      if (response.body != site_->find("/")->identity().body && response.body != next->find("/")->identity().body)
        ++wrong;
    }
  }};
  for (int i = 0; i < 5'000; ++i) page_.publish(i % 2 == 0 ? next : site_);
  done = true;
  visitor.join();
  EXPECT_EQ(wrong, 0);
}

TEST(AcceptsGzip, follows_the_weights) {
  for (const char* yes : {"gzip", "GZIP", "gzip, deflate, br", "br;q=1.0, gzip;q=0.001", "*", "identity;q=0, *;q=0.1",
                          "x-gzip", " gzip ; q=1", "*;q=0, gzip"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const char* no : {"", "identity", "br", "gzip;q=0", "gzip;q=0.0", "gzip; Q=0.000", "*;q=0", "gzip;q=0, *",
                         "gzipped", ";", ",,,"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

TEST(NamesEtag, reads_lists_weak_tags_and_the_star) {
  EXPECT_TRUE(names_etag("\"a\"", "\"a\""));
  EXPECT_TRUE(names_etag("\"b\" , W/\"a\"", "\"a\""));
  EXPECT_TRUE(names_etag("*", "\"a\""));
  EXPECT_FALSE(names_etag("a", "\"a\""));
  EXPECT_FALSE(names_etag("\"ab\"", "\"a\""));
  EXPECT_FALSE(names_etag("", "\"a\""));
}

}  // namespace
}  // namespace candor::page
