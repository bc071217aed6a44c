#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raw_client.h"

namespace candor::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// What a client reads of a refusal: one answer that says so, and the end of the connection.
void expect_refused(RawClient& client, int status) {
  const RawResponse answer = client.receive();
  EXPECT_EQ(answer.status, status);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(answer.header("Content-Type"), "application/json; charset=utf-8");
  EXPECT_THAT(answer.body, testing::StartsWith("{\"error\":\""));
  EXPECT_EQ(client.rest(), "");
}

TEST(Limits, refuse_a_body_that_says_it_is_too_large) {
  RunningServer server{echo, {.body_bytes = 10}};
  RawClient client{server.address()};
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n");
  expect_refused(client, 413);
}

/// A handler that takes all bodies but those for /nobody, and keeps what it is told of those that were refused.
class Told {
 public:
  Told() {
    handler.takes_body = [](const Request& head) { return head.path != "/nobody"; };
    handler.body_refused = [this](const Request& head, BodyFault fault) {
      const std::lock_guard lock{mutex_};
      told_.push_back(head.method + " " + head.path + " from " + head.peer +
                      (fault == BodyFault::too_large ? ": too large" : ": too slow"));
    };
  }
  [[nodiscard]] std::vector<std::string> all() const {
    const std::lock_guard lock{mutex_};
    return told_;
  }

  Handler handler{echo};

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> told_;
};

TEST(Limits, tell_of_a_body_that_would_be_taken_in_and_is_too_large) {
  Told told;
  RunningServer server{told.handler, {.body_bytes = 10}};
  for (const std::string path : {"/alerts", "/nobody"}) {
    RawClient client{server.address()};
    client.send("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n");
    expect_refused(client, 413);
  }
  EXPECT_THAT(told.all(), testing::ElementsAre("POST /alerts from 127.0.0.1: too large"));
}

TEST(Limits, tell_of_a_body_that_would_be_taken_in_and_does_not_come_in_time) {
  Told told;
  RunningServer server{told.handler, {.head_timeout = 50ms, .body_timeout = 50ms}};
  RawClient body{server.address()};
  body.send("POST /alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
  expect_refused(body, 408);
  RawClient head{server.address()};
  head.send("POST /alerts HTTP/1.1\r\nHo");
  expect_refused(head, 408);
  EXPECT_THAT(told.all(), testing::ElementsAre("POST /alerts from 127.0.0.1: too slow"));
}

TEST(Limits, let_a_body_through_that_just_fits) {
  RunningServer server{echo, {.body_bytes = 10}};
  EXPECT_EQ(server.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789").status, 200);
}

TEST(Limits, refuse_a_chunked_body_once_it_grows_too_large) {
  RunningServer server{echo, {.body_bytes = 10}};
  RawClient client{server.address()};
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n");
  client.send("6\r\nghijkl\r\n0\r\n\r\n");
  expect_refused(client, 413);
}

TEST(Limits, let_a_refused_client_read_the_answer_although_it_sends_on) {
  RunningServer server{echo, {.body_bytes = 10}};
  RawClient client{server.address()};
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x'));
  expect_refused(client, 413);
}

TEST(Limits, refuse_a_chunk_whose_head_never_ends) {
  RunningServer server{echo, {.head_bytes = 1024}};
  RawClient client{server.address()};
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(5000, 'a'));
  expect_refused(client, 400);
}

TEST(Limits, refuse_a_head_that_is_too_large) {
  RunningServer server{echo, {.head_bytes = 1024}};
  RawClient client{server.address()};
  client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(1024, 'a') + "\r\n\r\n");
  expect_refused(client, 431);
}

TEST(Limits, refuse_a_target_that_is_too_large) {
  RunningServer server{echo, {.head_bytes = 1024}};
  RawClient client{server.address()};
  client.send("GET /" + std::string(2000, 'a'));
  expect_refused(client, 431);
}

TEST(Limits, refuse_a_head_of_too_many_small_fields_in_one_piece) {
  RunningServer server{echo, {.head_bytes = 1024}};
  std::string fields;
  for (int i = 0; i < 120; ++i) fields += "X-A: bcd\r\n";
  RawClient client{server.address()};
  client.send("GET /" + std::string(500, 'a') + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
  expect_refused(client, 431);
}

TEST(Limits, refuse_a_head_that_grows_too_large_field_by_field) {
  RunningServer server{echo, {.head_bytes = 1024}};
  RawClient client{server.address()};
  client.send("GET / HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0; i < 200; ++i) {
    if (!client.send("X-Another: one\r\n")) break;
  }
  expect_refused(client, 431);
}

TEST(Limits, refuse_a_head_of_too_many_fields) {
  RunningServer server{echo};
  std::string head = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 99; ++i) head += "a:\r\n";
  EXPECT_EQ(server.ask(head + "\r\n").status, 200);
  RawClient client{server.address()};
  client.send(head + "a:\r\n\r\n");
  expect_refused(client, 431);
}

TEST(Limits, wait_for_no_body_that_is_not_taken) {
  Handler handler = echo;
  handler.takes_body = [](const Request& head) { return head.path == "/taken"; };
  RunningServer server{handler};
  for (const std::string_view length : {"Content-Length: 9", "Transfer-Encoding: chunked"}) {
    RawClient client{server.address()};
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + std::string{length} + "\r\n\r\n");
    const RawResponse answer = client.receive();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_EQ(answer.body, "POST\n/a\n\n");
    client.finish_sending();
    EXPECT_EQ(client.rest(), "");
  }
  RawClient client{server.address()};
  constexpr std::string_view taken =
      "POST /taken HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  EXPECT_EQ(client.ask(taken).status, 100);
  EXPECT_EQ(client.ask("ab").body, "POST\n/taken\n\nab");
  EXPECT_EQ(client.ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab").body, "POST\n/a\n\nab")
      << "nobody had to wait for it";
}

TEST(Limits, refuse_a_body_beyond_what_all_may_have) {
  RunningServer server{echo, {.all_unread_bytes = 100'000}};
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 60000\r\n\r\n";
  const std::string body(60'000, 'x');
  RawClient first{server.address()};
  EXPECT_EQ(first.ask(head).status, 100);
  first.send(body.substr(1));
  RawClient second{server.address()};
  EXPECT_EQ(second.ask(head).status, 100) << "who has sent nothing takes nothing";
  second.send(body.substr(1));
  const RawResponse answer = second.receive();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(first.ask("x").status, 200);
  for (int i = 0; i < 3; ++i) {
    RawClient later{server.address()};
    EXPECT_EQ(later.ask(head).status, 100);
    later.send(body.substr(1));
    EXPECT_EQ(later.ask("x").status, 200) << "those before it count no longer";
  }
}

TEST(Limits, refuse_a_head_beyond_what_all_may_have) {
  RunningServer server{echo, {.all_unread_bytes = 20'000}};
  const std::string whole = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string unfinished = "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(12'000, 'x');
  {
    RawClient first{server.address()};
    EXPECT_EQ(first.ask(whole + unfinished).status, 200);
    RawClient second{server.address()};
    second.send(unfinished);
    expect_refused(second, 503);
    EXPECT_EQ(server.ask(whole).status, 200) << "what is whole waits for nothing";
    EXPECT_EQ(first.ask("\r\n\r\n").status, 200);
  }
  for (int i = 0; i < 3; ++i) {
    RawClient later{server.address()};
    later.send(unfinished);
    EXPECT_EQ(later.ask("\r\n\r\n").status, 200) << "those before it count no longer";
  }
}

TEST(Limits, answer_no_more_than_the_first_of_many_requests_sent_at_once_that_are_too_much) {
  RunningServer server{echo, {.all_unread_bytes = 1'000}};
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  std::string many;
  for (int i = 0; i < 100; ++i) many += request;
  RawClient client{server.address()};
  client.send(many);
  const RawResponse answer = client.receive();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Connection"), "close");
  client.finish_sending();
  EXPECT_EQ(client.rest(), "");
}

TEST(Limits, answer_a_head_that_does_not_come_in_time) {
  RunningServer server{echo, {.head_timeout = 50ms}};
  RawClient client{server.address()};
  client.send("GET / HTTP/1.1\r\nHo");
  expect_refused(client, 408);
}

TEST(Limits, are_not_fooled_by_a_head_that_comes_drop_by_drop) {
  RunningServer server{echo, {.head_timeout = 50ms}};
  RawClient client{server.address()};
  client.send("GET / HTTP/1.1\r\n");
  std::promise<void> refused;
  std::thread dripping{[&, gone = refused.get_future()] {
    while (gone.wait_for(5ms) == std::future_status::timeout && client.send("X: y\r\n")) {
    }
  }};
  EXPECT_EQ(client.receive().status, 408);
  refused.set_value();
  dripping.join();
}

TEST(Limits, answer_a_body_that_does_not_come_in_time) {
  RunningServer server{echo, {.body_timeout = 50ms}};
  RawClient client{server.address()};
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
  expect_refused(client, 408);
}

TEST(Limits, close_a_connection_that_says_nothing) {
  RunningServer server{echo, {.head_timeout = 50ms}};
  RawClient client{server.address()};
  EXPECT_EQ(client.rest(), "");
}

TEST(Limits, close_a_kept_connection_that_stays_idle) {
  RunningServer server{echo, {.idle_timeout = 50ms}};
  RawClient client{server.address()};
  EXPECT_EQ(client.ask(get).status, 200);
  EXPECT_EQ(client.rest(), "");
}

TEST(Limits, answer_504_for_a_handler_that_takes_too_long_and_ignore_its_answer) {
  std::vector<Reply> late;
  RunningServer server{[&](const Request&, Reply reply) { late.push_back(std::move(reply)); },
                       {.answer_timeout = 50ms}};
  RawClient client{server.address()};
  client.send(get);
  const RawResponse answer = client.receive();
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.header("Connection"), "close");
  server.on_loop([&] {
    for (Reply& reply : late) reply(Response::text(200, "late"));
  });
  EXPECT_EQ(client.rest(), "");
}

/// `body` is what everybody is answered.
Handler says(std::string body) {
  return [body = std::make_shared<const std::string>(std::move(body))](const Request&, Reply reply) {
    reply({.status = 200, .headers = {}, .body = body});
  };
}

constexpr std::size_t large = std::size_t{16} << 20U;

TEST(Limits, give_up_on_a_client_that_does_not_take_its_answer) {
  RunningServer server{says(std::string(large, 'x')), {.take_timeout = 50ms}};
  RawClient client{server.address()};
  client.send(get);
  // Only once the server has given up is the client's connection no longer one of its own.
  Traffic traffic;
  do {
    server.on_loop([&] { traffic = server.server().traffic(); });
  } while (traffic.requests == 0 || traffic.connections > 0);
  EXPECT_LT(client.rest().size(), large);
  EXPECT_LT(traffic.bytes_sent, std::size_t{1} << 20U) << "what the kernel keeps for it is not much";
}

TEST(Limits, give_up_on_a_client_that_takes_its_answers_drop_by_drop) {
  RunningServer server{says(std::string(16'000, 'x')), {.answer_timeout = 100ms}};
  RawClient client{server.address()};
  std::string many;
  for (int i = 0; i < 2000; ++i) many += get;
  client.send(many);
  std::size_t connections = 1;
  while (connections > 0 && client.drip()) {
    server.on_loop([&] { connections = server.server().traffic().connections; });
  }
  EXPECT_EQ(connections, 0U);
  EXPECT_LT(server.server().traffic().requests, 2000U);
}

TEST(Limits, slow_down_an_address_that_asks_too_often) {
  RunningServer server{echo, {.requests_a_second_an_address = 1}};
  RawClient client{server.address()};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.ask(get).status, 200) << "the burst";
  RawResponse answer = client.ask(get);
  for (int i = 0; i < 20 && answer.status == 200; ++i) answer = client.ask(get);  // on a machine slow enough to refill
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.header("Connection"), "") << "the connection may be kept";
}

/// Keeps its replies: who asks for /wait is being served until they are let go.
class Waiting {
 public:
  Handler handler() {
    return [this](Request request, Reply reply) {
      if (request.path == "/wait") {
        replies_.push_back(std::move(reply));
      } else {
        echo(std::move(request), std::move(reply));
      }
    };
  }
  /// Waits until so many wait.
  void expect(RunningServer& server, std::size_t many) {
    std::size_t count = 0;
    while (count < many) server.on_loop([&] { count = replies_.size(); });
  }
  void let_go(RunningServer& server) {
    server.on_loop([&] {
      for (Reply& reply : std::exchange(replies_, {})) reply(Response::text(200, "waited"));
    });
  }

 private:
  std::vector<Reply> replies_;
};

constexpr std::string_view wait = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
/// The server says that it has it.
constexpr std::string_view half = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";

TEST(Limits, turn_connections_away_while_all_are_being_served) {
  Waiting waiting;
  RunningServer server{waiting.handler(), {.connections = 2}};
  RawClient first{server.address()};
  RawClient second{server.address()};
  first.send(wait);
  second.send(wait);
  waiting.expect(server, 2);
  RawClient third{server.address()};
  third.send(get);
  const RawResponse answer = third.receive();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  third.finish_sending();
  EXPECT_EQ(third.rest(), "");
  waiting.let_go(server);
  EXPECT_EQ(first.receive().body, "waited") << "those inside are served on";
  EXPECT_EQ(second.receive().body, "waited");
}

TEST(Limits, have_connections_that_ask_nothing_give_way_to_new_ones) {
  RunningServer server{echo, {.connections = 2}};
  RawClient idle{server.address()};
  EXPECT_EQ(idle.ask(get).status, 200);
  RawClient slow{server.address()};
  slow.send("GET / HTTP/1.1\r\nHo");
  std::vector<std::unique_ptr<RawClient>> visitors;
  for (int i = 0; i < 5; ++i) {
    visitors.push_back(std::make_unique<RawClient>(server.address()));
    EXPECT_EQ(visitors.back()->ask(get).status, 200);
  }
  EXPECT_EQ(idle.rest(), "");
  EXPECT_EQ(slow.rest(), "");
}

TEST(Limits, have_connections_that_withhold_a_body_give_way_the_longest_first) {
  RunningServer server{echo, {.connections = 3}};
  RawClient first{server.address()};
  RawClient second{server.address()};
  RawClient third{server.address()};
  for (RawClient* client : {&second, &first, &third}) EXPECT_EQ(client->ask(half).status, 100) << "its head is there";
  RawClient visitor{server.address()};
  EXPECT_EQ(visitor.ask(get).status, 200);
  EXPECT_EQ(second.rest(), "");
  EXPECT_EQ(first.ask("ab").status, 200);
  EXPECT_EQ(third.ask("ab").status, 200);
}

TEST(Limits, have_connections_that_do_not_read_give_way) {
  RunningServer server{says(std::string(large, 'x')), {.connections = 1}};
  RawClient client{server.address()};
  client.send(get);
  Traffic traffic;
  do {
    server.on_loop([&] { traffic = server.server().traffic(); });
  } while (traffic.bytes_sent == 0);
  RawClient visitor{server.address()};
  EXPECT_EQ(visitor.ask(get).body.size(), large);
  EXPECT_LT(client.rest().size(), large);
}

TEST(Limits, have_connections_give_way_to_others_of_an_address_that_has_too_many) {
  RunningServer server{echo, {.connections_an_address = 2}};
  RawClient first{server.address()};
  EXPECT_EQ(first.ask(half).status, 100);
  RawClient second{server.address()};
  EXPECT_EQ(second.ask(get).status, 200);
  RawClient third{server.address()};
  EXPECT_EQ(third.ask(get).status, 200);
  EXPECT_EQ(first.rest(), "");
  EXPECT_EQ(second.ask(get).status, 200);
}

TEST(Limits, close_connections_of_an_address_that_has_too_many_being_served) {
  Waiting waiting;
  RunningServer server{waiting.handler(), {.connections_an_address = 1}};
  RawClient first{server.address()};
  first.send(wait);
  waiting.expect(server, 1);
  RawClient second{server.address()};
  EXPECT_EQ(second.rest(), "");
  waiting.let_go(server);
  EXPECT_EQ(first.receive().body, "waited");
}

TEST(Limits, give_the_place_of_a_closed_connection_to_another) {
  RunningServer server{echo, {.connections_an_address = 1}};
  for (int i = 0; i < 5; ++i) {
    RawClient client{server.address()};
    EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status, 200);
    EXPECT_EQ(client.rest(), "");
  }
}

}  // namespace
}  // namespace candor::http
