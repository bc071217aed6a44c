#include "daemon/ctl/client.h"

#include <algorithm>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/net/http_client.h"
#include "base/net/url.h"
#include "base/text.h"

namespace candor::ctl {
namespace {

namespace json = boost::json;

/// An incident that goes on for weeks has a long timeline.
constexpr std::size_t most_bytes = std::size_t{64} << 20U;

bool is_success(int status) { return status >= 200 && status < 300; }

/// The sentence of `{"error": "…"}`, or nothing.
std::string error_of(const net::HttpAnswer& answer) {
  json::error_code error;
  const json::value value = json::parse(answer.body, error);
  if (!error && value.is_object()) {
    if (const json::value* said = value.as_object().if_contains("error"); said != nullptr && said->is_string()) {
      return std::string{said->as_string()};
    }
  }
  return {};
}

/// As the public listener refuses what only the admin listener has (daemon/page/page.cpp).
bool is_public_page(const net::HttpAnswer& answer, const std::string& error) {
  const auto allowed = answer.headers.find("allow");
  return (answer.status == 404 && error == "there is nothing at this path") ||
         (answer.status == 405 && allowed != answer.headers.end() && allowed->second == "GET, HEAD, OPTIONS");
}

/// Why this cannot be the secret of a token; nothing where it can.
std::string wrong_token(std::string_view token) {
  const std::size_t end = token.find_last_not_of("\r\n");
  const std::string_view line = token.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (holds_controls(line)) return "CANDOR_TOKEN holds a control character, so it is no token";
  if (line.size() == token.size()) return {};
  return "CANDOR_TOKEN ends with a line break, which is no part of a token: take it out, as CANDOR_TOKEN=$(cat FILE) "
         "does";
}

Exit exit_of(const net::HttpAnswer& answer) {
  const int status = answer.status;
  // Who has sent wrong tokens for a while gets 429 instead of 401, with the same challenge.
  const bool too_many_wrong = status == 429 && answer.headers.contains("www-authenticate");
  if (status == 401 || status == 403 || too_many_wrong) return Exit::no_permission;
  if (status >= 500 || status == 429) return Exit::unavailable;
  return Exit::refused;
}

Refusal too_large(const net::HttpFailure& failure, bool changes) {
  return {Exit::too_large, fmt::format("{}candord's answer is too large to be shown ({})",
                                       changes ? "this is done, and " : "", failure.what)};
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

Refusal refusal_of(const Server& server, const net::HttpAnswer& answer) {
  const std::string error = error_of(answer);
  const std::string url = shown_url(server);
  if (is_public_page(answer, error)) {
    return {Exit::unavailable,
            fmt::format("{} is candord's public page, not its admin listener: set --url or CANDOR_URL to "
                        "the address of the admin listener, http://127.0.0.1:9180 unless configured",
                        url)};
  }
  if (answer.status >= 300 && answer.status < 400) {
    return {
        Exit::unavailable,
        fmt::format("{} redirects elsewhere (HTTP {}), as candord's admin listener never does: set --url or CANDOR_URL "
                    "to the admin listener itself",
                    url, answer.status)};
  }
  if (!error.empty()) return {exit_of(answer), error};
  if (answer.status == 404 || answer.status == 405) return not_candord(server);
  return {exit_of(answer),
          fmt::format("what is at {} answers with HTTP {}, and not as candord does (--url or CANDOR_URL says where its "
                      "admin listener is)",
                      url, answer.status)};
}

}  // namespace

std::string check_server_url(const std::string& url) {
  constexpr std::string_view form = "write it as http://HOST:PORT";
  const Result<net::Url> parsed = net::parse_url(url);
  if (!parsed) return fmt::format("it {}; {}", parsed.error().message, form);
  const std::size_t end = url.find_first_of("/?#", parsed->scheme.size() + 3);
  const bool has_more = end != std::string::npos && url.substr(end) != "/";
  return has_more ? fmt::format("it names more than a host and a port; {}", form) : std::string{};
}

std::string shown_url(const Server& server) {
  const Result<net::Url> url = net::parse_url(server.url);
  return url ? url->shown() : server.url;
}

Refusal not_candord(const Server& server) {
  return {Exit::unavailable,
          fmt::format("what answers at {} is not candord's admin listener (--url or CANDOR_URL says where it is)",
                      shown_url(server))};
}

std::expected<std::string, Refusal> call(const Server& server, const std::string& method, const std::string& path,
                                         const std::string& body) {
  if (std::string why = wrong_token(server.token.reveal()); !why.empty()) {
    return std::unexpected(Refusal{Exit::no_permission, std::move(why)});
  }
  net::Loop loop;
  net::Transfers transfers{loop};
  net::HttpClient client{transfers};
  net::HttpRequest request{.method = method, .url = server.url + path, .body = body, .most_bytes = most_bytes};
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
    const bool changes = method != "GET";
    if (is_success(failure.too_large_status)) return std::unexpected(too_large(failure, changes));
    return std::unexpected(Refusal{Exit::unavailable, silence_words(failure, changes)});
  }
  const net::HttpAnswer& answer = outcome->value();
  if (is_success(answer.status)) return answer.body;
  return std::unexpected(refusal_of(server, answer));
}

}  // namespace candor::ctl
