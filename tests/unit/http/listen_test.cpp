#include <arpa/inet.h>
#include <future>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raw_client.h"

namespace candor::http {
namespace {

using testing::HasSubstr;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(Address, is_read_and_written_alike) {
  for (const std::string_view text : {"127.0.0.1:9180", "0.0.0.0:8080", "[::1]:9180", "[::]:80", "127.0.0.1:0"}) {
    const Result<Address> address = Address::parse(text);
    ASSERT_TRUE(address) << address.error().message;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(Address, is_an_ip_address_and_a_port) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv, "0.0.0.0\0.1:80"sv, "[::1\0]:80"sv, ":80"sv, "localhost:80"sv,
                                      "127.0.0.1"sv, "127.0.0.1:"sv, "127.0.0.1:65536"sv, "::1:80"sv, "[::1]"sv,
                                      "127.0.0.1:8o"sv, "[127.0.0.1]:80"sv, "1.2.3:80"sv, "127.0.0.1:-1"sv}) {
    const Result<Address> address = Address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_THAT(address.error().message, HasSubstr("write it as 127.0.0.1:9180"));
  }
}

TEST(Address, knows_whether_only_this_machine_reaches_it) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE((Address{host, 1}.loopback()));
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::ffff:10.0.0.1", "localhost"}) {
    EXPECT_FALSE((Address{host, 1}.loopback())) << host;
  }
}

TEST(Address, overlaps_what_it_takes_in) {
  const auto overlap = [](std::string_view one, std::string_view other) {
    const Address a = Address::parse(one).value();
    const Address b = Address::parse(other).value();
    EXPECT_EQ(a.overlaps(b), b.overlaps(a)) << one << " " << other;
    return a.overlaps(b);
  };
  EXPECT_TRUE(overlap("127.0.0.1:80", "127.0.0.1:80"));
  EXPECT_TRUE(overlap("0.0.0.0:80", "127.0.0.1:80"));
  EXPECT_TRUE(overlap("[::]:80", "[::1]:80"));
  EXPECT_TRUE(overlap("[::]:80", "127.0.0.1:80")) << "a socket of :: takes IPv4 too";
  EXPECT_TRUE(overlap("[::]:80", "0.0.0.0:80"));
  EXPECT_TRUE(overlap("[::ffff:127.0.0.1]:80", "127.0.0.1:80"));
  EXPECT_TRUE(overlap("[::ffff:0.0.0.0]:80", "127.0.0.1:80"));
  EXPECT_TRUE(overlap("[::1]:80", "[0:0::1]:80"));
  EXPECT_FALSE(overlap("0.0.0.0:80", "127.0.0.1:81"));
  EXPECT_FALSE(overlap("0.0.0.0:80", "[::1]:80"));
  EXPECT_FALSE(overlap("127.0.0.1:80", "127.0.0.2:80"));
  EXPECT_FALSE(overlap("[::]:0", "127.0.0.1:0")) << "the system gives each a port of its own";
}

TEST(Listen, says_which_port_is_taken_and_what_to_do) {
  RunningServer first{echo};
  net::Loop loop;
  Server second{loop, {}, echo};
  const Result<Address> refused = second.listen(first.address());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("cannot listen on " + first.address().text()));
  EXPECT_THAT(refused.error().message, HasSubstr("another program has this port"));
}

TEST(Listen, can_be_tried_again_after_a_failure) {
  RunningServer first{echo};
  net::Loop loop;
  Server second{loop, {}, echo};
  ASSERT_FALSE(second.listen(first.address()));
  EXPECT_TRUE(second.listen({"127.0.0.1", 0}));
}

TEST(Listen, says_that_an_address_is_not_this_machines) {
  net::Loop loop;
  Server server{loop, {}, echo};
  const Result<Address> refused = server.listen({"192.0.2.1", 0});  // reserved for documentation (RFC 5737)
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("does not have that address"));
}

TEST(Listen, shares_an_address_among_servers_that_agree_to_it) {
  net::Loop loop;
  Server first{loop, {}, echo};
  const Result<Address> address = first.listen({"127.0.0.1", 0}, true);
  ASSERT_TRUE(address);
  Server second{loop, {}, echo};
  EXPECT_TRUE(second.listen(*address, true));
}

int listening_socket(int type = SOCK_STREAM) {
  const int descriptor = ::socket(AF_INET, type, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return descriptor;
}

TEST(Listen, adopts_a_socket_that_somebody_else_opened) {
  const int descriptor = listening_socket();
  ASSERT_EQ(::listen(descriptor, 10), 0);
  net::Loop loop;
  Server server{loop, {}, echo};
  const Result<Address> address = server.adopt(descriptor);
  ASSERT_TRUE(address) << address.error().message;
  RawClient client{*address};
  client.send(get);
  std::thread serving{[&] { loop.run(); }};
  EXPECT_EQ(client.receive().status, 200);
  loop.stop();
  serving.join();
}

TEST(Listen, refuses_sockets_that_it_cannot_accept_on) {
  net::Loop loop;
  Server server{loop, {}, echo};
  EXPECT_FALSE(server.adopt(listening_socket())) << "it does not listen";
  EXPECT_FALSE(server.adopt(listening_socket(SOCK_DGRAM)));
  EXPECT_FALSE(server.adopt(::socket(AF_UNIX, SOCK_STREAM, 0)));
  const Result<Address> refused = server.adopt(-1);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr(".socket unit"));
}

TEST(Drain, ends_idle_connections_at_once) {
  RunningServer server{echo};
  RawClient client{server.address()};
  EXPECT_EQ(client.ask(get).status, 200);
  std::promise<void> drained;
  server.on_loop([&] { server.server().drain([&] { drained.set_value(); }); });
  EXPECT_EQ(client.rest(), "");
  drained.get_future().wait();
}

TEST(Drain, is_done_soon_where_there_is_nothing_to_end) {
  RunningServer server{echo};
  std::promise<void> drained;
  server.on_loop([&] { server.server().drain([&] { drained.set_value(); }); });
  drained.get_future().wait();
  EXPECT_THROW(RawClient{server.address()}, std::runtime_error) << "it accepts no more";
}

TEST(Drain, waits_for_a_running_exchange_and_then_closes) {
  std::optional<Reply> waiting;
  std::promise<void> asked;
  RunningServer server{[&](const Request&, Reply reply) {
    waiting.emplace(std::move(reply));
    asked.set_value();
  }};
  RawClient client{server.address()};
  client.send(get);
  asked.get_future().wait();
  std::promise<void> drained;
  std::future<void> done = drained.get_future();
  server.on_loop([&] { server.server().drain([&] { drained.set_value(); }); });
  EXPECT_EQ(done.wait_for(std::chrono::seconds{0}), std::future_status::timeout);
  server.on_loop([&] { (*waiting)(Response::text(200, "last words")); });
  const RawResponse answer = client.receive();
  EXPECT_EQ(answer.body, "last words");
  EXPECT_EQ(answer.header("Connection"), "close");
  done.wait();
}

}  // namespace
}  // namespace candor::http
