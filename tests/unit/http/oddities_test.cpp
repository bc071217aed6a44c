#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raw_client.h"

namespace candor::http {
namespace {

using namespace std::string_view_literals;

/// Sends the bytes on a connection of their own and expects one refusal, then the end.
void expect_refused(const RunningServer& server, std::string_view bytes, int status = 400) {
  SCOPED_TRACE(testing::PrintToString(bytes));
  RawClient client{server.address()};
  client.send(bytes);
  const RawResponse answer = client.receive();
  EXPECT_EQ(answer.status, status);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_THAT(answer.body, testing::StartsWith("{\"error\":\""));
  EXPECT_EQ(client.rest(), "");
}

class Oddities : public testing::Test {
 protected:
  RunningServer server{echo};
};

TEST_F(Oddities, a_length_said_in_two_ways_is_refused) {
  expect_refused(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc");
  expect_refused(server, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc");
  expect_refused(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc");
  expect_refused(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 4\r\n\r\nabc");
  expect_refused(
      server,
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

TEST_F(Oddities, a_malformed_length_is_refused) {
  for (const std::string_view length : {"-1", "+1", "1x", "0x1", "", "18446744073709551616", "1 1"}) {
    expect_refused(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::string{length} + "\r\n\r\nab");
  }
}

TEST_F(Oddities, transfer_encodings_other_than_chunked_are_refused) {
  expect_refused(server, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501);
  expect_refused(server, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", 501);
  expect_refused(server, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

TEST_F(Oddities, an_encoded_body_is_refused) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Encoding: ";
  expect_refused(server, head + "gzip\r\n\r\n\x1f\x8b", 415);
  EXPECT_EQ(server.ask(head + "identity\r\n\r\n{}").status, 200);
}

TEST_F(Oddities, a_malformed_chunk_is_refused) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect_refused(server, head + "x\r\n");
  expect_refused(server, head + "3\r\nabcdef\r\n");
  expect_refused(server, head + "10000000000000000\r\n");
}

TEST_F(Oddities, what_is_no_request_is_refused) {
  for (const std::string_view bytes : std::initializer_list<std::string_view>{
           "\x16\x03\x01\x02\x00 not TLS\r\n\r\n"sv, "GET\r\n\r\n", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
           " GET / HTTP/1.1\r\n\r\n", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", "GET / FTP/1.1\r\nHost: x\r\n\r\n",
           "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    expect_refused(server, bytes);
  }
}

TEST_F(Oddities, a_malformed_field_is_refused) {
  expect_refused(server, "GET / HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n");
  expect_refused(server, "GET / HTTP/1.1\r\nHost: x\r\nName : blank before the colon\r\n\r\n");
  expect_refused(server, "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"sv);
}

TEST_F(Oddities, exactly_one_host_is_needed) {
  expect_refused(server, "GET / HTTP/1.1\r\n\r\n");
  expect_refused(server, "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n");
  expect_refused(server, "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n");
  EXPECT_EQ(server.ask("GET / HTTP/1.0\r\n\r\n").status, 200) << "HTTP/1.0 knew no Host";
}

TEST_F(Oddities, an_ambiguous_target_is_refused) {
  for (const std::string_view target : {"/../etc/passwd", "/a/./b", "/a/%2e%2e/b", "/a%2fb", "/a%00", "/a%0d%0ab",
                                        "/a\\b", "/a%5Cb", "/%zz", "/%ff", "*", "a", "ftp://x/", "/a#b"}) {
    expect_refused(server, "GET " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
}

TEST_F(Oddities, an_absolute_target_counts_by_its_path) {
  EXPECT_EQ(server.ask("GET http://example.org/a?b HTTP/1.1\r\nHost: x\r\n\r\n").body, "GET\n/a\nb\n");
}

TEST_F(Oddities, an_unknown_method_is_the_handlers_matter) {
  EXPECT_EQ(server.ask("BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n").body, "BREW\n/pot\n\n");
}

TEST_F(Oddities, an_expectation_that_cannot_be_met_is_refused) {
  expect_refused(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: miracles\r\n\r\n", 417);
}

TEST_F(Oddities, line_ends_between_requests_are_forgiven) {
  RawClient client{server.address()};
  client.send("\r\n\r\nGET /1 HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.receive().body, "GET\n/1\n\n");
  EXPECT_EQ(client.receive().body, "GET\n/2\n\n");
}

TEST_F(Oddities, what_follows_a_refused_request_is_not_taken_for_another) {
  RawClient client{server.address()};
  client.send("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.receive().status, 400);
  EXPECT_EQ(client.rest(), "");
}

}  // namespace
}  // namespace candor::http
