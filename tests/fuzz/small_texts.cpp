// Small parsers and what makes bytes from outside harmless. The first byte chooses one; the rest is its text.
#include <algorithm>
#include <string>

#include "base/net/url.h"
#include "base/signature.h"
#include "base/text.h"
#include "base/time.h"
#include "daemon/ctl/table.h"
#include "daemon/http/response_head.h"
#include "daemon/http/server.h"
#include "daemon/http/text.h"
#include "tests/fuzz/check.h"

namespace candor {
namespace {

using fuzz::require;

void check_duration(std::string_view text) {
  const Result<Duration> read = parse_duration(text);
  if (!read) return require(read.error().message.size() <= text.size() + 128, "an error is bounded");
  require(*read >= Duration{0}, "a duration is not negative");
  const Result<Duration> back = parse_duration(format_duration(*read));
  require(back && *back == *read, "a duration that is written is read as the same");
}

void check_instant(std::string_view text) {
  const Result<Instant> read = parse_rfc3339(text);
  if (!read) return require(read.error().message.size() <= text.size() + 128, "an error is bounded");
  const Result<Instant> back = parse_rfc3339(format_rfc3339(*read));
  require(back && *back == *read, "an instant that is written is read as the same");
  require(!format_for_people(*read).empty(), "an instant can be shown");
}

void check_address(std::string_view text) {
  const Result<http::Address> read = http::Address::parse(text);
  if (!read) return;
  const Result<http::Address> back = http::Address::parse(read->text());
  require(back && *back == *read && back->loopback() == read->loopback(),
          "an address that is written is read as the same");
}

void check_url(std::string_view text) {
  const Result<net::Url> read = net::parse_url(std::string{text});
  if (!read) return require(read.error().message.size() < 256, "an error does not repeat an URL");
  require(read->scheme == "http" || read->scheme == "https", "an URL is http's");
  require(!read->host.empty() && read->port != 0 && read->path.starts_with('/'), "an URL has its parts");
  require(read->request.find('#') == std::string::npos, "a fragment is not sent");
  const Result<net::Url> back = net::parse_url(read->request);
  require(back && back->authority() == read->authority() && back->path == read->path && back->request == read->request,
          "what is asked for is read as the same");
  require(back->user.empty() && back->password.empty(), "credentials are not in what is asked for");
}

void check_base64(std::string_view text) {
  require(decode_base64url(encode_base64url(text)) == text, "what is encoded is decoded as the same");
  if (const std::optional<std::string> bytes = decode_base64url(text)) {
    require(encode_base64url(*bytes) == text, "one text for one value");
  }
}

void check_shown(std::string_view text) {
  const std::string line = one_line(text);
  require(fuzz::is_harmless(line) && line.size() <= text.size() * 3, "a log line is one line");
  const std::string shown = ctl::printable(text);
  require(fuzz::is_harmless(shown) && shown.size() <= text.size() * 4, "what a terminal shows is harmless");
  require(ctl::printable(shown) == shown, "what is harmless stays as it is");
  const std::string valid = to_utf8(text);
  require(fuzz::is_utf8(valid) && (!fuzz::is_utf8(text) || valid == text), "bytes from outside become UTF-8");
  require(shorten_utf8(valid, 20).size() <= 23 && fuzz::is_utf8(shorten_utf8(valid, 20)),
          "a text is cut between characters");
}

void check_head(std::string_view text) {
  http::Response response = http::Response::text(200, "body");
  response.headers.emplace_back("X-Said", std::string{text});
  std::string head;
  http::append_head(head, response, {.date = "Mon, 23 Nov 2026 05:44:01 GMT"});
  require(head.ends_with("\r\n\r\n") && head.find("\r\n\r\n") == head.size() - 4, "a value cannot end the head");
  http::Response plain = http::Response::text(200, "body");
  plain.headers.emplace_back("X-Said", "x");
  std::string usual;
  http::append_head(usual, plain, {.date = "Mon, 23 Nov 2026 05:44:01 GMT"});
  const auto lines = [](std::string_view whole) { return std::count(whole.begin(), whole.end(), '\n'); };
  require(lines(head) == lines(usual), "a value cannot begin a line");
}

void check_encoding(std::string_view text) {
  const std::optional<std::string> bytes = http::percent_decode(text);
  require(!bytes || bytes->size() <= text.size(), "decoding adds nothing");
  require(http::decode_query_part(text).size() <= text.size(), "decoding adds nothing");
  require(lower_case(lower_case(text)) == lower_case(text), "lower case stays lower case");
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor;
  std::string_view text = fuzz::text_of(data, size);
  if (text.empty()) return 0;
  const char choice = text.front();
  text.remove_prefix(1);
  switch (choice) {
    case 'd':
      check_duration(text);
      break;
    case 'i':
      check_instant(text);
      break;
    case 'a':
      check_address(text);
      break;
    case 'u':
      check_url(text);
      break;
    case 'b':
      check_base64(text);
      break;
    case 's':
      check_shown(text);
      break;
    case 'h':
      check_head(text);
      break;
    case 'e':
      check_encoding(text);
      break;
    default:
      break;
  }
  return 0;
}
