// Requests as bytes on a connection, several behind each other: the same ones however the bytes come in, within their
// limits, and none that another program could read differently.
#include <algorithm>
#include <string>
#include <vector>

#include "daemon/http/request_parser.h"
#include "tests/fuzz/check.h"

namespace candor::http {
namespace {

using fuzz::require;
using Progress = RequestParser::Progress;

constexpr std::size_t head_bytes = 512;
constexpr std::size_t body_bytes = 256;

struct Exchange {
  Progress progress = Progress::needs_more;
  Request request;
  bool keep_alive = false;
  unsigned refused = 0;  ///< the status
  std::size_t rest = 0;  ///< bytes behind it
};

bool same(const Request& a, const Request& b) {
  return a.method == b.method && a.path == b.path && a.query == b.query && a.headers == b.headers && a.body == b.body;
}

/// As Session does: what the parser leaves is offered again with `step` bytes more.
Exchange read(std::string_view bytes, std::size_t step) {
  RequestParser parser{head_bytes, body_bytes};
  Exchange exchange;
  std::size_t left = 0;
  std::size_t given = 0;
  while (exchange.progress == Progress::needs_more && given < bytes.size()) {
    given = std::min(bytes.size(), given + step);
    std::string_view offered = bytes.substr(left, given - left);
    const std::size_t before = offered.size();
    exchange.progress = parser.feed(offered);
    require(offered.size() <= before, "a parser takes from the front");
    left += before - offered.size();
    require(exchange.progress != Progress::needs_more || given - left <= head_bytes + step, "what is held is bounded");
  }
  if (exchange.progress == Progress::refused) {
    const unsigned status = parser.refusal().status;
    exchange.refused = status;
    require(status == 400 || status == 413 || status == 417 || status == 431 || status == 501, "a refusal's status");
    require(fuzz::is_harmless(parser.refusal().message) && parser.refusal().message.size() < 200,
            "a refusal is short and repeats nothing");
  }
  if (exchange.progress == Progress::complete) {
    exchange.keep_alive = parser.keep_alive();
    exchange.request = std::move(parser.request());
    exchange.rest = bytes.size() - left;
  }
  return exchange;
}

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

void check_request(const Request& request) {
  require(is_token(request.method), "a method is a token");
  require(request.path.starts_with('/') && fuzz::is_utf8(request.path), "a path is absolute and UTF-8");
  require(request.body.size() <= body_bytes, "a body is within its limit");
  std::size_t head = request.method.size() + request.path.size() + request.query.size();
  std::size_t lengths = 0;
  std::size_t codings = 0;
  std::size_t hosts = 0;
  for (const auto& [name, value] : request.headers) {
    head += name.size() + value.size();
    require(is_token(name), "a header's name is a token");
    require(std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }), "a header's name is lower case");
    require(value.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos, "a header's value is one line");
    lengths += name == "content-length" ? 1 : 0;
    codings += name == "transfer-encoding" ? 1 : 0;
    hosts += name == "host" ? 1 : 0;
  }
  require(head <= head_bytes, "a head is within its limit");
  require(hosts <= 1, "one Host at most");
  require(codings <= 1 && (codings == 0 || lengths == 0), "the body's length is said in one way");
}

void check(std::string_view bytes) {
  for (int requests = 0; !bytes.empty() && requests < 16; ++requests) {
    const Exchange whole = read(bytes, bytes.size());
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
      const Exchange pieces = read(bytes, step);
      // A head is counted with its framing when it comes at once, so at its limit, to a few bytes, these may differ.
      if (whole.refused == 431 || pieces.refused == 431) continue;
      // What is malformed and not yet whole may be refused at once or wait for its end.
      require((pieces.progress == Progress::complete) == (whole.progress == Progress::complete),
              "a request is judged alike however it comes in");
      if (whole.progress != Progress::complete) continue;
      require(same(pieces.request, whole.request), "a request says the same however it comes in");
      require(pieces.keep_alive == whole.keep_alive, "a connection is kept alike");
      // In pieces, what is behind the request has not been offered yet.
      require(pieces.rest == whole.rest, "a request ends at the same place");
    }
    if (whole.progress != Progress::complete) return;
    check_request(whole.request);
    require(whole.rest < bytes.size(), "a request takes some bytes");
    bytes.remove_prefix(bytes.size() - whole.rest);
  }
}

}  // namespace
}  // namespace candor::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  candor::http::check(candor::fuzz::text_of(data, size));
  return 0;
}
