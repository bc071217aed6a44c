// Targets of requests and the routes they lead to: one meaning for each, and none that escapes its folder.
#include <string>

#include "daemon/http/message.h"
#include "daemon/http/router.h"
#include "daemon/http/target.h"
#include "tests/fuzz/check.h"

namespace candor::http {
namespace {

using fuzz::require;

/// Percent-encodes everything that could be taken for something else.
std::string encode(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '/' || (c >= 'a' && c <= 'z')) {
      text += c;
    } else {
      text += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return text;
}

Handler say(std::string_view what) {
  return [what](const Request& request, Reply reply) {
    for (const auto& [name, value] : request.parameters) {
      require(value.find('/') == std::string::npos, "a parameter is one segment");
      require(request.path.find(value) != std::string::npos, "a parameter is a part of the path");
    }
    reply(Response::text(200, std::string{what}));
  };
}

const Router& router() {
  static const Router made = [] {
    Router routes;
    routes.on("GET", "/", say("home"));
    routes.on("GET", "/incidents/{id}", say("incident"));
    routes.on("GET", "/incidents/new", say("new"));
    routes.on("POST", "/ack/{token}", say("ack"));
    routes.on("GET", "/api/v2/{kind}/{name}.json", say("api"));
    return routes;
  }();
  return made;
}

void dispatch(std::string method, const Target& target) {
  Request request;
  request.method = std::move(method);
  request.path = target.path;
  request.query = target.query;
  int answers = 0;
  router().dispatch(std::move(request), [&](const Response& response) {
    ++answers;
    require(response.status == 200 || response.status == 204 || response.status == 404 || response.status == 405,
            "a route answers, or there is none");
  });
  require(answers == 1, "one answer a request");
}

void check(std::string_view text) {
  const Result<Target> target = read_target(text);
  if (!target) {
    require(fuzz::is_harmless(target.error().message) && target.error().message.size() < 200,
            "a refusal is short and repeats nothing");
    return;
  }
  const std::string& path = target->path;
  require(path.starts_with('/') && fuzz::is_utf8(path), "a path is absolute and UTF-8");
  require(path.size() <= text.size() + 1 && target->query.size() <= text.size(), "decoding adds nothing");
  for (const char c : path) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F && c != '\\', "a path is plain");
  const std::string closed = path + "/";
  require(closed.find("/./") == std::string::npos && closed.find("/../") == std::string::npos, "no dot segments");
  const Result<Target> again = read_target(encode(path));
  require(again && again->path == path && again->query.empty(), "an encoded path is read again as the same");

  Request request;
  request.query = target->query;
  for (const auto& [name, value] : request.query_pairs()) {
    require(name.size() + value.size() <= request.query.size(), "decoding adds nothing");
    require(!request.query_values(name).empty(), "a name of the query is found");
  }
  for (const char* method : {"GET", "HEAD", "POST", "OPTIONS", "BREW"}) dispatch(method, *target);
}

}  // namespace
}  // namespace candor::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  candor::http::check(candor::fuzz::text_of(data, size));
  return 0;
}
