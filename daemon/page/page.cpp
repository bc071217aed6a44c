#include "daemon/page/page.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "base/text.h"

namespace candor::page {
namespace {

const std::shared_ptr<const std::string>& no_body() {
  static const auto empty = std::make_shared<const std::string>();
  return empty;
}

/// Takes the part before the next `separator` off `list`, trimmed.
std::string_view take(std::string_view& list, char separator) {
  const std::size_t end = std::min(list.find(separator), list.size());
  const std::string_view part = trimmed(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return part;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

/// Whether the parameters of a coding say q=0, in any of its spellings.
bool refused(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = take(parameters, ';');
    if (!same_word(take(parameter, '='), "q")) continue;
    const std::string_view weight = trimmed(parameter);
    return !weight.empty() && weight.find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

bool is_api(std::string_view path) { return path.starts_with("/api/"); }

http::Response starting() {
  return {.status = 503,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-store"},
                      {"Retry-After", "1"}},
          .body = std::make_shared<const std::string>("This page is starting. Try again in a moment.\n")};
}

/// Other sites' scripts may read the API and nothing else; anyone may only read.
http::Response refuse_method(const http::Request& request) {
  http::Response response{.status = 405, .headers = {{"Allow", "GET, HEAD, OPTIONS"}}, .body = no_body()};
  if (request.method != "OPTIONS") return response;
  response.status = 204;
  if (is_api(request.path)) {
    response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    response.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    response.headers.emplace_back("Access-Control-Allow-Headers", "*");
    response.headers.emplace_back("Access-Control-Max-Age", "86400");
  }
  return response;
}

http::Response not_found(const http::Request& request, const Site& site) {
  if (is_api(request.path)) {
    http::Response response{.status = 404, .headers = common_headers(Document::Kind::json)};
    response.body = std::make_shared<const std::string>(R"({"error":"there is nothing at this path"})");
    return response;
  }
  const Variant& page = site.not_found->identity();
  return {.status = 404, .headers = page.headers, .body = page.body};
}

http::Response answer(const http::Request& request, const Document& document) {
  const Variant* smaller = accepts_gzip(request.header("accept-encoding")) ? &document.gzip() : nullptr;
  const Variant& variant = smaller != nullptr && smaller->body ? *smaller : document.identity();
  const std::string_view known = request.header("if-none-match");
  if (!known.empty() && names_etag(known, variant.etag)) {
    return {.status = 304, .headers = variant.not_modified, .body = no_body()};
  }
  return {.status = 200, .headers = variant.headers, .body = variant.body};
}

}  // namespace

void Page::publish(std::shared_ptr<const Site> site) {
  static std::atomic<std::uint64_t> numbers = 0;
  const std::lock_guard lock{mutex_};
  site_.swap(site);
  number_.store(++numbers, std::memory_order_release);
}

const std::shared_ptr<const Site>& Page::newest() const {
  struct Seen {
    std::uint64_t number = 0;
    std::shared_ptr<const Site> site;
  };
  thread_local Seen seen;
  if (number_.load(std::memory_order_acquire) == seen.number) return seen.site;
  const std::shared_ptr<const Site> outdated = std::move(seen.site);  // freed after the lock
  const std::lock_guard lock{mutex_};
  seen.number = number_.load(std::memory_order_relaxed);
  seen.site = site_;
  return seen.site;
}

void Page::handle(const http::Request& request, http::Reply reply) const {
  if (request.method != "GET" && request.method != "HEAD") {
    reply(refuse_method(request));
    return;
  }
  const std::shared_ptr<const Site>& site = newest();
  if (!site) {
    reply(starting());
    return;
  }
  const Document* document = site->find(request.path);
  if (document == nullptr) return reply(site->whole ? not_found(request, *site) : starting());
  reply(answer(request, *document));
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view parameters = take(accept_encoding, ',');
    const std::string_view coding = take(parameters, ';');
    if (same_word(coding, "gzip") || same_word(coding, "x-gzip")) return !refused(parameters);
    if (coding == "*") any = !refused(parameters);
  }
  return any;
}

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    std::string_view tag = take(if_none_match, ',');
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
  }
  return false;
}

}  // namespace candor::page
