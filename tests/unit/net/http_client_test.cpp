#include "base/net/http_client.h"

#include <cstdlib>
#include <optional>
#include <random>
#include <zlib.h>

#include <gtest/gtest.h>

#include "tests/unit/net/fake_server.h"

namespace candor::net {
namespace {

using namespace std::chrono_literals;
using test::FakeRequest;
using test::FakeServer;
using test::http_answer;

class HttpClientTest : public testing::Test {
 protected:
  HttpOutcome send(HttpRequest request) {
    std::optional<HttpOutcome> outcome;
    client->send(std::move(request), [&](HttpOutcome result) {
      outcome = std::move(result);
      loop.stop();
    });
    EXPECT_FALSE(outcome) << "called back from inside send()";
    loop.run();
    return *std::move(outcome);
  }

  HttpFailure fail(HttpRequest request) {
    HttpOutcome outcome = send(std::move(request));
    EXPECT_FALSE(outcome);
    return outcome ? HttpFailure{} : outcome.error();
  }

  Loop loop;
  std::optional<std::string> next = http_answer("200 OK", "fine");
  FakeServer server{loop, [this](const FakeRequest&) { return next; }};
  Transfers transfers{loop};
  std::optional<HttpClient> client{std::in_place, transfers};
};

TEST_F(HttpClientTest, brings_status_headers_in_lower_case_and_body) {
  next = http_answer("404 Not Found", "no such thing", "X-Reason: Lost\r\nRetry-After: 3\r\nRetry-After: 5\r\n");
  const HttpOutcome outcome = send({.url = server.url("/a?b=c")});
  ASSERT_TRUE(outcome) << outcome.error().what;
  EXPECT_EQ(outcome->status, 404);
  EXPECT_EQ(outcome->headers.at("x-reason"), "Lost");
  EXPECT_EQ(outcome->headers.at("retry-after"), "5") << "of several the last";
  EXPECT_EQ(outcome->body, "no such thing");
  EXPECT_TRUE(server.requests().front().head.starts_with("GET /a?b=c HTTP/1.1\r\n"));
}

TEST_F(HttpClientTest, sends_method_headers_and_body_as_they_are) {
  const std::string body = std::string{"{\"a\":1}\0x", 9};
  ASSERT_TRUE(send({.method = "POST",
                    .url = server.url("/hook"),
                    .headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}},
                    .body = body}));
  const FakeRequest& request = server.requests().front();
  EXPECT_TRUE(request.head.starts_with("POST /hook HTTP/1.1\r\n")) << request.head;
  EXPECT_NE(request.head.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(request.head.find("X-Empty:"), std::string::npos);
  EXPECT_EQ(request.body, body);
}

TEST_F(HttpClientTest, says_nothing_of_a_content_type_that_it_does_not_know) {
  ASSERT_TRUE(send({.method = "PATCH", .url = server.url(), .body = std::string(2'000'000, 'x')}));
  const FakeRequest& request = server.requests().front();
  EXPECT_TRUE(request.head.starts_with("PATCH / "));
  EXPECT_EQ(request.head.find("Content-Type"), std::string::npos);
  EXPECT_EQ(request.head.find("Expect"), std::string::npos);
  EXPECT_EQ(request.body.size(), 2'000'000U);
}

TEST_F(HttpClientTest, sends_delete_put_and_head) {
  ASSERT_TRUE(send({.method = "DELETE", .url = server.url()}));
  ASSERT_TRUE(send({.method = "PUT", .url = server.url()}));
  next = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
  const HttpOutcome head = send({.method = "HEAD", .url = server.url()});
  ASSERT_TRUE(head) << head.error().what;
  EXPECT_TRUE(server.requests().at(0).head.starts_with("DELETE "));
  EXPECT_TRUE(server.requests().at(1).head.starts_with("PUT "));
  EXPECT_TRUE(server.requests().at(2).head.starts_with("HEAD "));
}

TEST_F(HttpClientTest, forgets_one_request_before_the_next) {
  ASSERT_TRUE(send({.method = "POST", .url = server.url(), .headers = {{"X-Secret", "1"}}, .body = "body"}));
  ASSERT_TRUE(send({.url = server.url()}));
  const FakeRequest& second = server.requests().at(1);
  EXPECT_TRUE(second.head.starts_with("GET "));
  EXPECT_EQ(second.head.find("X-Secret"), std::string::npos);
  EXPECT_TRUE(second.body.empty());
  EXPECT_EQ(server.connections(), 1) << "the connection is kept";
}

TEST_F(HttpClientTest, sends_the_urls_user_and_does_not_show_it) {
  const std::string with_user = "http://ana:secret@" + server.authority() + "/path?token=secret";
  ASSERT_TRUE(send({.url = with_user}));
  EXPECT_NE(server.requests().front().head.find("Authorization: Basic YW5hOnNlY3JldA=="), std::string::npos);
  next = "";
  const HttpFailure failure = fail({.url = with_user});
  EXPECT_EQ(failure.what, "no answer from " + server.authority() + ": the connection was closed");
  EXPECT_TRUE(failure.may_have_arrived);
}

TEST_F(HttpClientTest, says_where_a_connection_was_refused) {
  const std::string peer = "127.0.0.1:" + std::to_string(test::closed_port());
  const HttpFailure failure = fail({.url = "http://" + peer + "/path?token=secret"});
  EXPECT_EQ(failure.what, "connect to " + peer + ": Connection refused");
  EXPECT_FALSE(failure.may_have_arrived);
}

TEST_F(HttpClientTest, says_who_gave_no_answer_in_time) {
  next.reset();
  const HttpFailure failure = fail({.url = server.url(), .timeout = 60ms});
  EXPECT_EQ(failure.what, "no answer from " + server.authority() + " within 60ms");
  EXPECT_TRUE(failure.may_have_arrived);
}

TEST_F(HttpClientTest, says_that_an_answer_did_not_end) {
  next = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
  const HttpFailure late = fail({.url = server.url(), .timeout = 60ms});
  EXPECT_EQ(late.what, "answer of " + server.authority() + ": did not end within 60ms");
  next = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nhalf";
  const HttpFailure cut = fail({.url = server.url()});
  EXPECT_EQ(cut.what, "answer of " + server.authority() + ": it was cut short");
  EXPECT_TRUE(cut.may_have_arrived);
}

TEST_F(HttpClientTest, says_that_an_answer_is_not_http) {
  next = "SSH-2.0-OpenSSH_9.2\r\n\r\nConnection: close";
  EXPECT_EQ(fail({.url = server.url()}).what, "answer of " + server.authority() + ": it is not HTTP");
}

TEST_F(HttpClientTest, takes_a_body_of_the_most_bytes_and_none_larger) {
  next = http_answer("200 OK", std::string(50'000, 'x'));
  const HttpOutcome whole = send({.url = server.url(), .most_bytes = 50'000});
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->body.size(), 50'000U);
  const HttpFailure failure = fail({.url = server.url(), .most_bytes = 49'999});
  EXPECT_EQ(failure.what, "answer of " + server.authority() + ": larger than 49999 bytes");
  EXPECT_TRUE(failure.may_have_arrived);
  EXPECT_EQ(failure.too_large_status, 200);
}

/// Of so many megabytes that are all alike but for some chance ones.
std::string zipped(std::size_t megabytes, std::size_t chance_bytes) {
  std::string text(megabytes << 20U, 'x');
  std::minstd_rand chance{1};
  const std::size_t between = chance_bytes == 0 ? text.size() : text.size() / chance_bytes;
  for (std::size_t at = 0; at < text.size(); at += between) text[at] = static_cast<char>(chance());
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST_F(HttpClientTest, takes_what_unpacks_to_a_hundred_times_its_size_and_no_bomb) {
  const std::string alike = zipped(32, 100'000);
  ASSERT_GT((32U << 20U) / alike.size(), 60U);
  ASSERT_LT((32U << 20U) / alike.size(), 350U);
  next = http_answer("200 OK", alike, "Content-Encoding: gzip\r\n");
  const HttpOutcome whole = send({.url = server.url(), .most_bytes = 128U << 20U});
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->body.size(), 32U << 20U);

  next = http_answer("200 OK", zipped(16, 0), "Content-Encoding: gzip\r\n");
  EXPECT_TRUE(send({.url = server.url(), .most_bytes = 128U << 20U})) << "not large enough to harm";

  next = http_answer("200 OK", zipped(32, 0), "Content-Encoding: gzip\r\n");
  EXPECT_EQ(fail({.url = server.url(), .most_bytes = 128U << 20U}).what,
            "answer of " + server.authority() + ": unpacks to more than 400 times its size");
}

TEST_F(HttpClientTest, follows_no_redirect) {
  next = http_answer("302 Found", "", "Location: " + server.url("/elsewhere") + "\r\n");
  const HttpOutcome outcome = send({.url = server.url()});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status, 302);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(HttpClientTest, takes_no_interim_answer_for_the_final_one) {
  const std::string going_on = "HTTP/1.1 100 Continue\r\nConnection: close\r\n";  // for the fake server to close
  for (const bool only_status : {false, true}) {
    const HttpRequest request{.url = server.url(), .only_status = only_status};
    for (const std::string whole : {"\r\n", "\r\nHTTP/1.1 5"}) {
      next = going_on + whole;
      EXPECT_EQ(fail(request).what, "no answer from " + server.authority() + ": the connection was closed");
    }
    for (const std::string half : {"", "Link: </x>\r\n"}) {
      next = going_on + half;
      const HttpFailure failure = fail(request);
      EXPECT_EQ(failure.what, "answer of " + server.authority() + ": its head breaks off") << half;
      EXPECT_TRUE(failure.may_have_arrived);
    }
    next = going_on + "\r\n" + http_answer("200 OK", "fine");
    const HttpOutcome outcome = send(request);
    ASSERT_TRUE(outcome) << outcome.error().what;
    EXPECT_EQ(outcome->status, 200);
  }
}

class OnlyStatus : public HttpClientTest {
 protected:
  HttpOutcome post() {
    return send({.method = "POST", .url = server.url(), .timeout = 1min, .most_bytes = 100, .only_status = true});
  }
};

TEST_F(OnlyStatus, is_the_answer_however_the_rest_ends) {
  for (const std::string rest : {"Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
                                 "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
                                 "Transfer-Encoding: chunked\r\n\r\nno chunk", "Content-Length: much\r\n\r\n"}) {
    next = "HTTP/1.1 202 Accepted\r\nConnection: close\r\n" + rest;
    const HttpOutcome outcome = post();
    ASSERT_TRUE(outcome) << rest << outcome.error().what;
    EXPECT_EQ(outcome->status, 202) << rest;
    EXPECT_EQ(outcome->body, "");
  }
  next = http_answer("503 Busy", std::string(5000, 'x'), "Retry-After: 7\r\n");
  const HttpOutcome busy = post();
  ASSERT_TRUE(busy) << busy.error().what;
  EXPECT_EQ(busy->headers.at("retry-after"), "7");
}

TEST_F(OnlyStatus, does_not_wait_for_what_never_ends) {
  next = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";
  const HttpOutcome outcome = post();
  ASSERT_TRUE(outcome) << outcome.error().what;
  EXPECT_EQ(outcome->status, 200);
  EXPECT_EQ(transfers.running(), 0U);
}

TEST_F(OnlyStatus, leaves_a_connection_to_the_next_request_where_the_answer_ends) {
  ASSERT_TRUE(post());
  ASSERT_TRUE(post());
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(OnlyStatus, is_not_there_before_the_final_answer) {
  for (const std::string begun : {"", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n"}) {
    next = begun.empty() ? "" : begun + "Connection: close";
    const HttpOutcome outcome = post();
    EXPECT_FALSE(outcome) << begun << outcome->status;
  }
}

class WithIdleConnections : public HttpClientTest {
 protected:
  static constexpr int many = 6;

  WithIdleConnections() {
    int answers = 0;
    for (int i = 0; i < many; ++i) {
      client->send({.url = server.url()}, [&](const HttpOutcome&) {
        if (++answers == many) loop.stop();
      });
    }
    loop.run();
  }
  [[nodiscard]] std::size_t requests() const { return server.requests().size() - many; }
};

TEST_F(WithIdleConnections, sends_once_what_is_to_be_sent_once) {
  next = "";
  const HttpFailure failure =
      fail({.method = "POST", .url = server.url(), .body = "page", .only_status = true, .once = true});
  EXPECT_EQ(requests(), 1U);
  EXPECT_EQ(failure.what, "no answer from " + server.authority() + ": the connection was closed");
  EXPECT_TRUE(failure.may_have_arrived);
  next = http_answer("200 OK", "fine");
  EXPECT_TRUE(send({.method = "POST", .url = server.url(), .body = "page", .once = true}));
  EXPECT_TRUE(send({.url = server.url()})) << "a handle that was used so before";
}

TEST_F(WithIdleConnections, sends_once_also_where_the_last_of_them_ends) {
  next = "";
  for (int i = 0; i < many + 2; ++i) {
    const HttpFailure failure = fail({.method = "POST", .url = server.url(), .body = "page", .once = true});
    EXPECT_EQ(failure.what, "no answer from " + server.authority() + ": the connection was closed") << i;
  }
  EXPECT_EQ(requests(), many + 2U);
}

TEST_F(WithIdleConnections, asks_on_another_where_that_is_wanted) {
  ASSERT_TRUE(send({.url = server.url()}));
  EXPECT_EQ(server.connections(), many);
  ASSERT_TRUE(send({.url = server.url(), .fresh = true}));
  EXPECT_EQ(server.connections(), many + 1);
  ASSERT_TRUE(send({.url = server.url()}));
  EXPECT_EQ(server.connections(), many + 1);
}

TEST_F(HttpClientTest, takes_no_proxy_from_the_environment) {
  const std::string nobody = "http://127.0.0.1:" + std::to_string(test::closed_port());
  for (const char* name : {"http_proxy", "all_proxy"}) ::setenv(name, nobody.c_str(), 1);
  const HttpOutcome outcome = send({.url = server.url("/a")});
  for (const char* name : {"http_proxy", "all_proxy"}) ::unsetenv(name);
  ASSERT_TRUE(outcome) << outcome.error().what;
  EXPECT_TRUE(server.requests().front().head.starts_with("GET /a "));
}

TEST_F(HttpClientTest, refuses_what_is_not_a_request_without_sending_anything) {
  EXPECT_NE(fail({.url = "ftp://user:secret@acme.example/"}).what.find("is not an http or https URL"),
            std::string::npos);
  EXPECT_EQ(fail({.url = "http://user:secret@/"}).what.find("secret"), std::string::npos);
  EXPECT_FALSE(fail({.url = server.url(), .headers = {{"X", "a\r\nY: b"}}}).may_have_arrived);
  EXPECT_FALSE(fail({.url = server.url(), .headers = {{"X Y", "a"}}}).may_have_arrived);
  EXPECT_FALSE(fail({.method = "GET / HTTP/1.1\r\nX: y\r\n", .url = server.url()}).may_have_arrived);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HttpClientTest, says_nothing_after_its_destruction) {
  next.reset();
  client->send({.url = server.url()}, [](const HttpOutcome&) { FAIL() << "the client is gone"; });
  client->send({.url = "no url"}, [](const HttpOutcome&) { FAIL() << "the client is gone"; });
  client.reset();
  loop.poll();
  EXPECT_EQ(transfers.running(), 0U);
}

TEST_F(HttpClientTest, keeps_what_is_prepared_until_it_is_called) {
  ASSERT_TRUE(send({.url = server.url("/first")}));  // leaves a handle for one of the two
  HttpClient::Ready laid_out = client->prepare({.method = "PUT", .url = server.url("/a"), .body = "one"});
  HttpClient::Ready kept = client->prepare({.method = "PUT", .url = server.url("/b"), .body = "two"});
  const HttpClient::Ready unused = client->prepare({.url = server.url("/never")});
  ASSERT_TRUE(send({.url = server.url("/between")}));
  int answers = 0;
  for (HttpClient::Ready* const ready : {&kept, &laid_out}) {
    (*ready)([&](const HttpOutcome& outcome) {
      EXPECT_TRUE(outcome);
      ++answers;
      loop.stop();
    });
    loop.run();
  }
  EXPECT_EQ(answers, 2);
  std::vector<std::string> said;
  for (const FakeRequest& request : server.requests())
    said.push_back(request.head.substr(0, request.head.find(" HTTP")) + " " + request.body);
  EXPECT_EQ(said, (std::vector<std::string>{"GET /first ", "GET /between ", "PUT /b two", "PUT /a one"}));
}

TEST_F(HttpClientTest, sends_nothing_that_was_prepared_by_a_client_that_is_gone) {
  ASSERT_TRUE(send({.url = server.url("/first")}));
  std::vector<HttpClient::Ready> prepared;
  for (const std::string& url : {server.url("/a"), server.url("/b"), std::string{"no url"}})
    prepared.push_back(client->prepare({.url = url}));
  client.reset();
  for (HttpClient::Ready& ready : prepared) ready([](const HttpOutcome&) { FAIL() << "the client is gone"; });
  loop.poll();
  EXPECT_EQ(transfers.running(), 0U);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(HttpClientTest, may_send_again_or_be_destroyed_when_it_calls_back) {
  int answers = 0;
  client->send({.url = server.url()}, [&](const HttpOutcome&) {
    ++answers;
    client->send({.url = server.url()}, [&](const HttpOutcome&) {
      ++answers;
      client.reset();
      loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(answers, 2);
}

TEST_F(HttpClientTest, sends_many_at_once) {
  constexpr int many = 200;
  int answers = 0;
  for (int i = 0; i < many; ++i) {
    client->send({.method = "POST", .url = server.url(), .body = std::to_string(i)}, [&](const HttpOutcome& outcome) {
      EXPECT_TRUE(outcome);
      if (++answers == many) loop.stop();
    });
  }
  loop.run();
  EXPECT_EQ(answers, many);
}

}  // namespace
}  // namespace candor::net
