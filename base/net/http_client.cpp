#include "base/net/http_client.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/net/easy.h"
#include "base/net/read_guard.h"
#include "base/net/url.h"
#include "base/text.h"

namespace candor::net {
namespace {

constexpr std::size_t most_idle_handles = 64;
/// An answer of which only the status is wanted comes to its end within this, or is broken off.
constexpr Duration most_after_status = std::chrono::seconds{1};
/// What an answer may unpack to in any case, and beyond that how many times its size: 100,000 alike alerts of a
/// Prometheus come to 86 times, 20,000 with the same 2 kB of annotations to 283, zeros alone to 1,000.
constexpr std::size_t unpacked_unseen_bytes = std::size_t{16} << 20U;
constexpr std::size_t most_times_unpacked = 400;

/// One request under way, or its parts kept for the next one.
struct Exchange {
  explicit Exchange(Loop& loop) : after_status(loop) {}

  /// Of the final answer; 0 where none has begun.
  [[nodiscard]] int status() const { return easy.status(); }

  Easy easy;
  HttpRequest request;
  Url url;
  HeaderLines lines;
  std::string body;
  std::size_t body_bytes = 0;  ///< that came
  bool too_large = false;
  bool is_bomb = false;
  Timer after_status;
  std::move_only_function<void(HttpOutcome)> done;
};

/// Whether the body is many times what has come in of it.
bool unpacks_too_far(const Exchange& exchange) {
  if (exchange.body.size() <= unpacked_unseen_bytes) return false;
  curl_off_t received = 0;
  curl_easy_getinfo(exchange.easy.get(), CURLINFO_SIZE_DOWNLOAD_T, &received);
  return exchange.body.size() / most_times_unpacked > static_cast<std::size_t>(received);
}

std::size_t take_body(const char* data, std::size_t, std::size_t size, void* place) {
  auto& exchange = *static_cast<Exchange*>(place);
  ReadGuard::progress();
  exchange.too_large = size > exchange.request.most_bytes - exchange.body_bytes;
  if (exchange.too_large) return CURL_WRITEFUNC_ERROR;
  exchange.body_bytes += size;
  if (!exchange.request.only_status) exchange.body.append(data, size);
  exchange.is_bomb = unpacks_too_far(exchange);
  return exchange.is_bomb ? CURL_WRITEFUNC_ERROR : size;
}

/// What stands in the request's way before anything is sent; empty if nothing does.
std::string refusal(const HttpRequest& request) {
  if (!is_token(request.method)) return "the request's method is not one";
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return "a header's name is not one";
    if (!is_header_value(value)) return fmt::format("header {} holds a control character", name);
  }
  return {};
}

void set_method(CURL* easy, const HttpRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "GET" && request.body.empty()) return;
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_headers(Exchange& exchange) {
  exchange.lines = HeaderLines{};
  bool typed = false;
  for (const auto& [name, value] : exchange.request.headers) {
    exchange.lines.add(name, value);
    typed = typed || lower_case(name) == "content-type";
  }
  if (!typed) exchange.lines.omit("Content-Type");  // libcurl takes every body for a form's
  exchange.lines.omit("Expect");                    // a second's wait for servers that do not know it
  curl_easy_setopt(exchange.easy.get(), CURLOPT_HTTPHEADER, exchange.lines.get());
}

void configure(Exchange& exchange) {
  exchange.easy.reset();
  exchange.body.clear();
  exchange.body_bytes = 0;
  exchange.too_large = exchange.is_bomb = false;
  CURL* const easy = exchange.easy.get();
  curl_easy_setopt(easy, CURLOPT_URL, exchange.url.request.c_str());
  if (!exchange.url.user.empty() || !exchange.url.password.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, exchange.url.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, exchange.url.password.c_str());
  }
  const long timeout = static_cast<long>(std::clamp<Duration::rep>(exchange.request.timeout.count(), 1, 86'400'000));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
  if (!exchange.request.only_status) curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  if (exchange.request.once) exchange.easy.ask_once();
  if (exchange.request.fresh) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  set_method(easy, exchange.request);
  set_headers(exchange);
}

HttpAnswer read_answer(Exchange& exchange) {
  HttpAnswer answer{.status = exchange.status(), .headers = {}, .body = {}};
  curl_header* header = nullptr;
  while ((header = curl_easy_nextheader(exchange.easy.get(), CURLH_HEADER, -1, header)) != nullptr) {
    answer.headers.insert_or_assign(lower_case(header->name), header->value);
  }
  answer.body = std::move(exchange.body);
  return answer;
}

HttpFailure explain(const Exchange& exchange, int code) {
  const std::string peer = exchange.url.authority();
  HttpFailure failed{.what = {}, .may_have_arrived = exchange.easy.sent()};
  if (exchange.too_large) {
    failed.what = fmt::format("answer of {}: larger than {} bytes", peer, exchange.request.most_bytes);
    failed.too_large_status = exchange.status();
    return failed;
  }
  if (exchange.is_bomb) {
    failed.what = fmt::format("answer of {}: unpacks to more than {} times its size", peer, most_times_unpacked);
    return failed;
  }
  const Failure failure = exchange.easy.failure(code);
  const std::string within = " within " + format_duration(exchange.request.timeout);
  switch (failure.stage) {
    case Failure::Stage::name_lookup:
      failed.what =
          fmt::format("look up {}: {}", exchange.url.host, failure.timed_out ? "no answer" + within : failure.reason);
      break;
    case Failure::Stage::connect:
      failed.what = fmt::format("connect to {}: {}", peer, failure.timed_out ? "no answer" + within : failure.reason);
      break;
    case Failure::Stage::tls:
      failed.what =
          fmt::format("TLS handshake with {}: {}", peer, failure.timed_out ? "not done" + within : failure.reason);
      break;
    case Failure::Stage::certificate:
      failed.what = fmt::format("certificate of {} was refused: {}", peer, failure.reason);
      break;
    case Failure::Stage::request:
      failed.what = fmt::format("no answer from {}{}", peer, failure.timed_out ? within : ": " + failure.reason);
      break;
    case Failure::Stage::answer:
    case Failure::Stage::redirect:
      failed.what = fmt::format("answer of {}: {}", peer, failure.timed_out ? "did not end" + within : failure.reason);
      break;
  }
  return failed;
}

}  // namespace

struct HttpClient::Impl : std::enable_shared_from_this<Impl> {
  explicit Impl(Transfers& the_transfers) : transfers(the_transfers) {}
  ~Impl() {
    for (const auto& [key, exchange] : running) transfers.cancel(exchange->easy.get());
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::unique_ptr<Exchange> lay_out(HttpRequest request, Url url) {
    std::unique_ptr<Exchange> exchange;
    if (idle.empty()) {
      exchange = std::make_unique<Exchange>(transfers.loop());
      exchange->easy.on_answer([this, key = exchange.get()] { answer_begins(*key); });
    } else {
      exchange = std::move(idle.back());
      idle.pop_back();
    }
    exchange->request = std::move(request);
    exchange->url = std::move(url);
    configure(*exchange);
    return exchange;
  }

  void send(std::unique_ptr<Exchange> exchange, Done done) {
    exchange->done = std::move(done);
    Exchange* const key = exchange.get();
    running.emplace(key, std::move(exchange));
    transfers.start(key->easy.get(), key->url.authority(), [this, key](int code) { finish(key, code); });
  }

  void answer_begins(Exchange& exchange) {
    if (!exchange.request.only_status || exchange.status() == 0) return;
    exchange.after_status.after(most_after_status, [this, key = &exchange] {
      transfers.cancel(key->easy.get());
      finish(key, CURLE_OK);
    });
  }

  /// The last thing it does is to call back: that may destroy the client.
  void finish(Exchange* key, int code) {
    std::unique_ptr<Exchange> exchange = std::move(running.extract(key).mapped());
    exchange->after_status.cancel();
    const bool answered = exchange->status() != 0 && (code == CURLE_OK || exchange->request.only_status);
    HttpOutcome outcome =
        answered ? HttpOutcome{read_answer(*exchange)} : HttpOutcome{std::unexpect, explain(*exchange, code)};
    auto done = std::move(exchange->done);
    exchange->request = {};
    exchange->body = {};
    if (idle.size() < most_idle_handles) idle.push_back(std::move(exchange));
    done(std::move(outcome));
  }

  /// For a request that cannot be sent at all.
  void refuse(std::string why, Done done) {
    transfers.loop().post([why = std::move(why), done = std::move(done), here = weak_from_this()]() mutable {
      if (!here.expired()) done(HttpOutcome{std::unexpect, std::move(why), false});
    });
  }

  Transfers& transfers;
  std::unordered_map<Exchange*, std::unique_ptr<Exchange>> running;
  std::vector<std::unique_ptr<Exchange>> idle;
};

HttpClient::HttpClient(Transfers& transfers) : impl_(std::make_shared<Impl>(transfers)) {}
HttpClient::~HttpClient() = default;

HttpClient::Ready HttpClient::prepare(HttpRequest request) {
  std::weak_ptr<Impl> weak = impl_;
  Result<Url> url = parse_url(request.url);
  if (std::string why = url ? refusal(request) : "the request's URL " + url.error().message; !why.empty()) {
    return [weak = std::move(weak), why = std::move(why)](Done done) mutable {
      if (const std::shared_ptr<Impl> impl = weak.lock()) impl->refuse(std::move(why), std::move(done));
    };
  }
  // However many wait, they hold no more handles than that.
  if (impl_->idle.empty()) {
    return [weak = std::move(weak), request = std::move(request), url = *std::move(url)](Done done) mutable {
      if (const std::shared_ptr<Impl> impl = weak.lock())
        impl->send(impl->lay_out(std::move(request), std::move(url)), std::move(done));
    };
  }
  return [weak = std::move(weak), exchange = impl_->lay_out(std::move(request), *std::move(url))](Done done) mutable {
    if (const std::shared_ptr<Impl> impl = weak.lock()) impl->send(std::move(exchange), std::move(done));
  };
}

}  // namespace candor::net
