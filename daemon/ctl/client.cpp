#include "daemon/ctl/client.h"

#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/net/http_client.h"

namespace candor::ctl {
namespace {

namespace json = boost::json;

/// The sentence of `{"error": "…"}`, or what else the body says in short.
std::string error_of(const net::HttpAnswer& answer) {
  json::error_code error;
  const json::value value = json::parse(answer.body, error);
  if (!error && value.is_object()) {
    if (const json::value* said = value.as_object().if_contains("error"); said != nullptr && said->is_string()) {
      return std::string{said->as_string()};
    }
  }
  return fmt::format("HTTP {}", answer.status);
}

Exit exit_of(int status) {
  if (status == 401 || status == 403) return Exit::no_permission;
  if (status >= 500 || status == 429) return Exit::unavailable;
  return Exit::refused;
}

/// candord answers what changes something once it is on the disk, so a full one has it wait.
std::string silence_words(const net::HttpFailure& failure, bool changes) {
  if (failure.may_have_arrived && changes) {
    return fmt::format(
        "candord has not answered, so this may be done now, later or never: {} (its disk may be full or slow: see "
        "candorctl status, and look before you ask again)",
        failure.what);
  }
  return fmt::format("candord does not answer: {} (is it running? --url or CANDOR_URL says where)", failure.what);
}

}  // namespace

std::expected<std::string, Refusal> call(const Server& server, const std::string& method, const std::string& path,
                                         const std::string& body) {
  net::Loop loop;
  net::Transfers transfers{loop};
  net::HttpClient client{transfers};
  net::HttpRequest request{.method = method, .url = server.url + path, .body = body};
  if (!server.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + server.token.reveal());
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  std::optional<net::HttpOutcome> outcome;
  client.send(std::move(request), [&](net::HttpOutcome answer) {
    outcome.emplace(std::move(answer));
    loop.stop();
  });
  loop.run();
  if (!outcome || !*outcome) {
    const net::HttpFailure failure = outcome ? outcome->error() : net::HttpFailure{.what = "no answer"};
    return std::unexpected(Refusal{Exit::unavailable, silence_words(failure, method != "GET")});
  }
  const net::HttpAnswer& answer = outcome->value();
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  const Exit exit = exit_of(answer.status);
  return std::unexpected(Refusal{exit, error_of(answer)});
}

}  // namespace candor::ctl
