#include <future>
#include <memory>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raw_client.h"

namespace candor::http {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(Exchange, gives_the_request_to_the_handler_and_its_answer_to_the_client) {
  RunningServer server{[](Request request, Reply reply) {
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/a b");
    EXPECT_EQ(request.query, "c=d%20e");
    EXPECT_EQ(request.header("x-thing"), "1");
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.peer, "127.0.0.1");
    Response response = Response::text(201, "made");
    response.headers.emplace_back("Location", "/a");
    reply(std::move(response));
  }};
  const RawResponse answer = server.ask(
      "POST /a%20b?c=d%20e HTTP/1.1\r\nHost: x\r\nX-Thing: 1\r\nx-thing: 2\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(answer.status, 201);
  EXPECT_THAT(answer.head, testing::StartsWith("HTTP/1.1 201 Created\r\n"));
  EXPECT_EQ(answer.header("Location"), "/a");
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_THAT(answer.header("Date"), testing::EndsWith(" GMT"));
  EXPECT_EQ(answer.header("Server"), "");
  EXPECT_EQ(answer.body, "made");
}

TEST(Exchange, keeps_the_connection_for_the_next_request) {
  RunningServer server{echo};
  RawClient client{server.address()};
  for (int i = 0; i < 3; ++i) {
    const RawResponse answer = client.ask(get);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Connection"), "");
  }
}

TEST(Exchange, closes_when_the_client_asks_for_it) {
  RunningServer server{echo};
  RawClient client{server.address()};
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").header("Connection"), "close");
  EXPECT_EQ(client.rest(), "");
}

TEST(Exchange, closes_after_http_1_0_unless_asked_to_stay) {
  RunningServer server{echo};
  RawClient once{server.address()};
  EXPECT_EQ(once.ask("GET / HTTP/1.0\r\n\r\n").header("Connection"), "close");
  EXPECT_EQ(once.rest(), "");
  RawClient twice{server.address()};
  EXPECT_EQ(twice.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("Connection"), "keep-alive");
  EXPECT_EQ(twice.ask("GET / HTTP/1.0\r\n\r\n").status, 200);
}

TEST(Exchange, answers_pipelined_requests_in_order) {
  RunningServer server{echo};
  RawClient client{server.address()};
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(requests);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(client.receive().body, "GET\n/" + std::to_string(i) + "\n\n");
}

TEST(Exchange, answers_pipelined_requests_in_order_when_the_handler_takes_its_time) {
  std::unique_ptr<net::Timer> timer;
  std::unique_ptr<RunningServer> server;
  server = std::make_unique<RunningServer>([&](Request request, Reply reply) {
    // The first is answered in a later turn of the loop than the second would be.
    timer->after(std::chrono::milliseconds{request.path == "/1" ? 20 : 0},
                 [path = request.path, r = std::move(reply)]() mutable { r(Response::text(200, path)); });
  });
  server->on_loop([&] { timer = std::make_unique<net::Timer>(server->loop()); });
  RawClient client{server->address()};
  client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.receive().body, "/1");
  EXPECT_EQ(client.receive().body, "/2");
  server->on_loop([&] { timer.reset(); });
}

TEST(Exchange, answers_a_head_request_without_the_body_but_with_its_length) {
  RunningServer server{echo};
  RawClient client{server.address()};
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const RawResponse head = client.receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), std::to_string(std::string_view{"HEAD\n/a\n\n"}.size()));
  EXPECT_EQ(client.ask(get).body, "GET\n/a\n\n");
}

TEST(Exchange, sends_no_body_and_no_length_where_the_status_has_none) {
  for (const unsigned status : {204U, 304U}) {
    RunningServer server{[&](const Request&, Reply reply) { reply(Response::text(status, "never")); }};
    RawClient client{server.address()};
    client.send(get);
    const RawResponse answer = client.receive();
    EXPECT_EQ(answer.status, static_cast<int>(status));
    EXPECT_EQ(answer.header("Content-Length"), "");
    EXPECT_EQ(client.ask(get).status, static_cast<int>(status)) << "nothing of the body is left in between";
  }
}

TEST(Exchange, puts_a_chunked_body_together) {
  RunningServer server{echo};
  const RawResponse answer = server.ask(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n7\r\n, "
      "world\r\n0\r\nX-Trailer: "
      "1\r\n\r\n");
  EXPECT_EQ(answer.body, "POST\n/\n\nhello, world");
}

TEST(Exchange, does_not_take_a_trailer_for_a_header) {
  RunningServer server{[](const Request& request, Reply reply) {
    reply(Response::text(200, std::string{request.header("authorization")}));
  }};
  const RawResponse answer = server.ask(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Bearer x\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
}

TEST(Exchange, understands_a_request_that_comes_byte_by_byte) {
  RunningServer server{echo};
  RawClient client{server.address()};
  const std::string_view request =
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n";
  for (const char c : request) client.send({&c, 1});
  EXPECT_EQ(client.receive().body, "POST\n/a\n\nabc");
}

TEST(Exchange, tells_a_client_that_waits_for_it_to_go_on) {
  RunningServer server{echo};
  RawClient client{server.address()};
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().head, "HTTP/1.1 100 Continue");
  EXPECT_EQ(client.ask("ok").body, "POST\n/a\n\nok");
}

TEST(Exchange, does_not_ask_for_a_body_that_is_there_already) {
  RunningServer server{echo};
  EXPECT_EQ(server.ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok").status,
            200);
}

TEST(Exchange, answers_a_client_that_has_finished_sending) {
  RunningServer server{echo};
  RawClient client{server.address()};
  client.send(get);
  client.finish_sending();
  EXPECT_EQ(client.receive().body, "GET\n/a\n\n");
  EXPECT_EQ(client.rest(), "");
}

TEST(Exchange, sends_a_body_that_is_larger_than_the_kernel_takes_at_once) {
  const auto body = std::make_shared<const std::string>(std::size_t{16} << 20U, 'x');
  RunningServer server{[&](const Request&, Reply reply) { reply({.status = 200, .headers = {}, .body = body}); }};
  RawClient client{server.address()};
  client.send(std::string{get} + std::string{get});
  EXPECT_EQ(client.receive().body, *body);
  EXPECT_EQ(client.receive().body, *body);
}

TEST(Exchange, answers_500_for_a_handler_that_forgets_to_reply) {
  RunningServer server{[](const Request&, const Reply&) {}};
  const RawResponse answer = server.ask(get);
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("\"error\""));
}

TEST(Exchange, answers_500_for_a_handler_that_throws_and_tells_the_client_nothing_of_it) {
  RunningServer server{[](const Request&, const Reply&) { throw std::runtime_error("internal matters"); }};
  const RawResponse answer = server.ask(get);
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, Not(HasSubstr("internal matters")));
}

TEST(Exchange, takes_only_the_first_answer) {
  RunningServer server{[](const Request&, Reply reply) {
    reply(Response::text(200, "first"));
    reply(Response::text(200, "second"));
  }};
  RawClient client{server.address()};
  EXPECT_EQ(client.ask(get).body, "first");
  EXPECT_EQ(client.ask(get).body, "first");
}

TEST(Exchange, lets_no_header_value_end_its_line) {
  RunningServer server{[](const Request&, Reply reply) {
    Response response = Response::text(200, "x");
    response.headers.emplace_back("X-Echo", "a\r\nSet-Cookie: b");
    reply(std::move(response));
  }};
  const RawResponse answer = server.ask(get);
  EXPECT_EQ(answer.header("Set-Cookie"), "");
  EXPECT_EQ(answer.header("X-Echo"), "a  Set-Cookie: b");
}

TEST(Exchange, frames_a_response_itself_whatever_its_headers_say) {
  RunningServer server{[](const Request&, Reply reply) {
    Response response = Response::text(200, "four");
    response.headers.emplace_back("content-length", "400");
    response.headers.emplace_back("Transfer-Encoding", "chunked");
    reply(std::move(response));
  }};
  const RawResponse answer = server.ask(get);
  EXPECT_EQ(answer.header("Content-Length"), "4");
  EXPECT_EQ(answer.header("Transfer-Encoding"), "");
  EXPECT_EQ(answer.body, "four");
}

TEST(Exchange, survives_clients_that_leave_at_any_moment) {
  std::vector<Reply> late;
  RunningServer server{[&](const Request& request, Reply reply) {
    if (request.path == "/late") {
      late.push_back(std::move(reply));
    } else {
      reply({.status = 200, .headers = {}, .body = std::make_shared<const std::string>(1U << 22U, 'x')});
    }
  }};
  for (const std::string_view said : {"", "G", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
                                      "GET /late HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    RawClient{server.address()}.send(said);
    RawClient abrupt{server.address()};
    abrupt.send(said);
    abrupt.reset();
  }
  server.on_loop([&] {
    for (Reply& reply : late) reply(Response::text(200, "too late"));
    late.clear();
  });
  EXPECT_EQ(server.ask(get).status, 200);
}

TEST(Exchange, answers_after_the_server_is_gone_go_nowhere) {
  std::vector<Reply> late;
  std::promise<void> asked;
  auto server = std::make_unique<RunningServer>([&](const Request&, Reply reply) {
    late.push_back(std::move(reply));
    asked.set_value();
  });
  RawClient client{server->address()};
  client.send(get);
  asked.get_future().wait();
  server->on_loop([&] { server->destroy(); });
  EXPECT_EQ(client.rest(), "");
  server->on_loop([&] {
    late.front()(Response::text(200, "too late"));
    late.clear();
  });
}

TEST(Exchange, counts_what_passes) {
  RunningServer server{echo};
  RawClient client{server.address()};
  const RawResponse answer = client.ask(get);
  server.ask("nonsense\r\n\r\n");
  server.on_loop([&] {
    const Traffic traffic = server.server().traffic();
    EXPECT_EQ(traffic.requests, 1U);
    EXPECT_EQ(traffic.refused, 1U);
    EXPECT_GE(traffic.connections, 1U);
    EXPECT_GT(traffic.bytes_sent, answer.head.size() + answer.body.size());
  });
}

}  // namespace
}  // namespace candor::http
