#include "probes/kinds/grpc_message.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace candor::probes {
namespace {

using namespace std::string_literals;

std::string error_of(const std::string& body) {
  const Result<Serving> answer = read_health_answer(body);
  return answer ? "" : answer.error().message;
}

Serving read(const std::string& body) {
  const Result<Serving> answer = read_health_answer(body);
  EXPECT_TRUE(answer) << answer.error().message;
  return answer.value_or(Serving::unknown);
}

/// With the prefix of gRPC.
std::string framed(const std::string& message) { return "\0\0\0\0"s + static_cast<char>(message.size()) + message; }

TEST(GrpcMessage, writes_the_request_for_a_service) {
  EXPECT_EQ(make_health_request(""), "\0\0\0\0\0"s) << "an absent field is an empty text";
  EXPECT_EQ(make_health_request("shop"), "\0\0\0\0\x06\x0A\x04shop"s);
  const std::string name(200, 'x');
  EXPECT_EQ(make_health_request(name), "\0\0\0\0\xCB\x0A\xC8\x01"s + name) << "200 takes two bytes";
}

TEST(GrpcMessage, reads_each_status) {
  EXPECT_EQ(read(framed("\x08\x01")), Serving::serving);
  EXPECT_EQ(read(framed("\x08\x02")), Serving::not_serving);
  EXPECT_EQ(read(framed("\x08\x03")), Serving::service_unknown);
  EXPECT_EQ(read(framed("\x08\x00"s)), Serving::unknown);
  EXPECT_EQ(read(framed("")), Serving::unknown) << "an absent field is 0";
}

TEST(GrpcMessage, takes_the_last_of_several_and_passes_over_fields_that_it_does_not_know) {
  EXPECT_EQ(read(framed("\x08\x02\x08\x01")), Serving::serving);
  EXPECT_EQ(read(framed("\x10\x96\x01\x08\x01\x1A\x03\x08\x02\x08\x21"s + "12345678" + "\x25" + "1234")),
            Serving::serving);
  EXPECT_EQ(read(framed("\x08\x01\x0A\x02\x08\x02")), Serving::serving) << "field 1, but no number";
  EXPECT_EQ(read(framed("\x08\x81\x80\x00"s)), Serving::serving) << "written longer than it must be";
}

TEST(GrpcMessage, refuses_what_is_no_answer) {
  EXPECT_EQ(error_of(""), "no message came with it");
  EXPECT_EQ(error_of("\0\0"s), "its message is cut short");
  EXPECT_EQ(error_of("\0\0\0\0\x02\x08"s), "its message is cut short");
  EXPECT_EQ(error_of("\0\xFF\xFF\xFF\xFF\x08\x01"s), "its message is cut short");
  EXPECT_EQ(error_of(framed("\x08\x01") + framed("\x08\x01")), "more than one message");
  EXPECT_EQ(error_of("\x01\0\0\0\x02\x08\x01"s), "its message is compressed, which was not asked for");
  EXPECT_EQ(error_of(framed("\x08\x04")), "its message has the status 4, which the protocol does not know");
  const std::string not_one = "its message is not a HealthCheckResponse";
  EXPECT_EQ(error_of(framed("\x08")), not_one) << "a number is missing";
  EXPECT_EQ(error_of(framed("\x08\x81")), not_one) << "a number does not end";
  EXPECT_EQ(error_of(framed("\x08" + std::string(11, '\x80') + "\x01")), not_one) << "a number without end";
  EXPECT_EQ(error_of(framed("\x12\x05shop")), not_one) << "a text is cut short";
  EXPECT_EQ(error_of(framed("\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s)), not_one) << "a text of all memory";
  EXPECT_EQ(error_of(framed("\x21"s + "1234567")), not_one);
  EXPECT_EQ(error_of(framed("\x25"s + "123")), not_one);
  EXPECT_EQ(error_of(framed("\x0B")), not_one) << "a group";
  EXPECT_EQ(error_of(framed("\x00\x01"s)), not_one) << "field 0";
}

TEST(GrpcMessage, decodes_what_a_server_says) {
  EXPECT_EQ(decode_grpc_message("shutting down"), "shutting down");
  EXPECT_EQ(decode_grpc_message("100%25 %C3%A9%0a"), "100% \xC3\xA9\n");
  EXPECT_EQ(decode_grpc_message("%"), "%");
  EXPECT_EQ(decode_grpc_message("%4"), "%4");
  EXPECT_EQ(decode_grpc_message("%zz %+1 % 1"), "%zz %+1 % 1");
  EXPECT_EQ(decode_grpc_message("%FF"), "\xEF\xBF\xBD") << "not UTF-8";
  EXPECT_LE(decode_grpc_message(std::string(100'000, 'x')).size(), 303U);
}

TEST(GrpcMessage, names_the_statuses_of_grpc) {
  EXPECT_EQ(grpc_status_words("0"), "OK");
  EXPECT_EQ(grpc_status_words("5"), "NOT_FOUND");
  EXPECT_EQ(grpc_status_words("12"), "UNIMPLEMENTED");
  EXPECT_EQ(grpc_status_words("14"), "UNAVAILABLE");
  EXPECT_EQ(grpc_status_words("16"), "UNAUTHENTICATED");
  EXPECT_EQ(grpc_status_words("17"), "\"17\"");
  EXPECT_EQ(grpc_status_words("-1"), "\"-1\"");
  EXPECT_EQ(grpc_status_words(""), "\"\"");
  EXPECT_EQ(grpc_status_words("5 "), "\"5 \"");
}

}  // namespace
}  // namespace candor::probes
