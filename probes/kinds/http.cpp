#include "probes/kinds/http.h"

#include <algorithm>
#include <new>

#include <curl/curl.h>
#include <fmt/format.h>

#include "probes/kinds/exchange.h"
#include "probes/kinds/redirects.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Phases sum(Phases all, const Phases& more) {
  all.name_lookup += more.name_lookup;
  all.connect += more.connect;
  all.tls += more.tls;
  all.first_byte += more.first_byte;
  all.total += more.total;
  return all;
}

/// The values of those that a handle knows, which it writes with their names and more before them.
std::vector<std::string> cookies_of(const net::Easy& easy) {
  curl_slist* known = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_COOKIELIST, &known);
  const List owner{known, &curl_slist_free_all};
  std::vector<std::string> values;
  for (; known != nullptr; known = known->next) {
    const std::string_view line = known->data;
    values.emplace_back(line.substr(line.rfind('\t') + 1));
  }
  return values;
}

/// One question is set once, and a run only starts the handle; steps are set one after the other.
class HttpProbe final : public Probe {
 public:
  HttpProbe(std::shared_ptr<const HttpConfig> config, const Tools& tools);
  ~HttpProbe() override { transfers_.cancel(easy_.get()); }
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  [[nodiscard]] std::size_t at() const { return flow_ ? flow_->at : 0; }
  [[nodiscard]] const HttpStep& step() const { return config_->steps[at()]; }
  /// With what earlier steps captured.
  [[nodiscard]] std::string filled(const std::string& text, Fill how) const;
  void set_up();
  void set_request();
  void set_headers();
  [[nodiscard]] std::string judge_redirect(const net::Redirect& redirect);
  void set_connection();
  void set_client_certificate();
  void look_at_session();
  void begin_step();
  void finish(int code);
  void conclude(HttpSeen seen);
  [[nodiscard]] HttpSeen look(int code);
  [[nodiscard]] HttpPlace place_of(const std::optional<net::Failure>& failure) const;
  [[nodiscard]] bool is_beyond_proxy(const std::optional<net::Failure>& failure, const net::Url& asked) const;
  void end(Outcome outcome);
  [[nodiscard]] long info(CURLINFO which) const;
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  /// What tells one connection of TLS from another, whose session may lie in the same place.
  struct Connection {
    const void* session = nullptr;
    long local_port = 0;
    bool operator==(const Connection&) const = default;
  };

  std::shared_ptr<const HttpConfig> config_;
  net::Transfers& transfers_;
  net::Easy easy_;
  net::HeaderLines lines_;
  net::HeaderLines lines_elsewhere_;  // for other origins, where a redirect leads
  bool has_body_ = false;             // the request at hand, of several that redirects led to
  List connect_to_{nullptr, &curl_slist_free_all};
  Body body_;
  std::shared_ptr<const HttpSession> session_;  // of all in this run, whose certificate ends first
  std::shared_ptr<const HttpSession> last_;     // that was looked at, in an earlier run too
  Connection looked_at_;                        // its own
  LookupCause cause_;
  std::move_only_function<void(Outcome)> done_;

  /// Of a run with steps.
  struct Flow {
    std::size_t at = 0;
    Captured captured;
    std::string body;  // of the request, with its variables filled in
    Stopwatch begun;
    Phases before;  // of the steps before
  };
  std::unique_ptr<Flow> flow_;  // null where the probe is one question
};

HttpProbe::HttpProbe(std::shared_ptr<const HttpConfig> config, const Tools& tools)
    : config_(std::move(config)), transfers_(tools.transfers), body_(config_->body_limit_bytes), cause_(tools) {
  easy_.on_answer([this] { look_at_session(); });
  easy_.on_redirect([this](const net::Redirect& redirect) { return judge_redirect(redirect); });
  if (!step().name.empty()) {  // only steps have one
    flow_ = std::make_unique<Flow>();
    return;
  }
  set_up();
}

void HttpProbe::set_up() {
  set_request();
  set_headers();
  set_connection();
}

std::string HttpProbe::filled(const std::string& text, Fill how) const {
  return flow_ ? fill(text, flow_->captured, how) : text;
}

void HttpProbe::set_request() {
  set_target(easy_, step().url, config_->timeout);
  if (flow_) {
    set(CURLOPT_URL, filled(step().url.request, Fill::percent_encoded).c_str());
    // What a step is given, later ones send. An empty line is no cookie and has libcurl keep them; a COOKIEFILE would
    // be leaked with each reset (https://github.com/curl/curl/pull/10709).
    set(CURLOPT_COOKIELIST, "");
    set(CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>((config_->timeout - flow_->begun.elapsed()) / 1ms)));
    flow_->body = filled(step().body.reveal(), Fill::as_is);
  }
  body_.receive_from(easy_);
  set(CURLOPT_ACCEPT_ENCODING, "");
  const std::string& body = flow_ ? flow_->body : step().body.reveal();
  if (step().method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (step().method != "GET" || !body.empty()) {
    set(CURLOPT_POSTFIELDS, body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    // A POST stays without: libcurl then turns it into a GET where a redirect asks for that.
    if (step().method != "POST") set(CURLOPT_CUSTOMREQUEST, step().method.c_str());
  }
}

void HttpProbe::set_headers() {
  bool typed = false;
  lines_ = net::HeaderLines{};
  lines_elsewhere_ = net::HeaderLines{};
  for (const auto& [name, value] : step().headers) {
    lines_.add(name, filled(value.reveal(), Fill::as_is));
    if (step().sent_everywhere.contains(name)) lines_elsewhere_.add(name, filled(value.reveal(), Fill::as_is));
    typed = typed || curl_strequal(name.c_str(), "content-type") != 0;
  }
  if (!step().body.empty()) {
    if (!typed) lines_.omit("Content-Type");  // libcurl takes every body for a form's
    lines_.omit("Expect");                    // a second's wait for servers that do not know it
  }
  if (config_->client.redirects > 0) {
    for (net::HeaderLines* lines : {&lines_, &lines_elsewhere_}) lines->add(std::string{probe_header}, "http");
  }
  if (step().bearer.empty()) return;
  set(CURLOPT_XOAUTH2_BEARER, filled(step().bearer.reveal(), Fill::as_is).c_str());
  set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
}

/// What libcurl is about to send there is settled here too: it makes the request anew after this, and of all headers it
/// keeps back Authorization and Cookie only.
std::string HttpProbe::judge_redirect(const net::Redirect& redirect) {
  const Result<net::Url> there = net::parse_url(redirect.url);
  const bool at_home = there && same_origin(*there, step().url);
  set(CURLOPT_HTTPHEADER, at_home ? lines_.get() : lines_elsewhere_.get());
  has_body_ = has_body_ && !drops_body(redirect.status);
  if (has_body_ && !at_home) return refuse_body(redirect, step().url);
  return config_->client.proxy.empty() ? refuse_inward(redirect) : "";
}

void HttpProbe::set_connection() {
  const HttpClient& client = config_->client;
  set(CURLOPT_FOLLOWLOCATION, client.redirects > 0 ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, static_cast<long>(client.redirects));
  // libcurl finds an open connection by the host alone: one to another family's address or in another version too. And
  // over HTTP/2 it keeps one whose peer is gone after a time-out.
  if (!client.keep_alive || client.http2 || client.family != net::Names::Family::any) {
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
  }
  if (client.http2) easy_.speak_http2(step().url.scheme == "https");
  if (client.family == net::Names::Family::ipv4) set(CURLOPT_IPRESOLVE, static_cast<long>(CURL_IPRESOLVE_V4));
  if (client.family == net::Names::Family::ipv6) set(CURLOPT_IPRESOLVE, static_cast<long>(CURL_IPRESOLVE_V6));
  if (!client.resolve.empty()) {
    const net::Url& url = step().url;
    const std::string line = fmt::format("{0}:{1}:{2}:{1}", url.host, url.port, client.resolve);
    connect_to_.reset(curl_slist_append(nullptr, line.c_str()));
    if (!connect_to_) throw std::bad_alloc{};
    set(CURLOPT_CONNECT_TO, connect_to_.get());
  }
  if (!client.proxy.empty()) set(CURLOPT_PROXY, client.proxy.reveal().c_str());
  set_trust(easy_, client.tls_verify, client.ca_file);
  set_client_certificate();
}

void HttpProbe::set_client_certificate() {
  const auto set_pem = [this](CURLoption option, const Secret& secret) {
    if (secret.empty()) return;
    // libcurl does not write to it, and the configuration lives as long as the handle.
    curl_blob blob{const_cast<char*>(secret.reveal().data()), secret.reveal().size(), CURL_BLOB_NOCOPY};
    set(option, &blob);
  };
  set_pem(CURLOPT_SSLCERT_BLOB, config_->client.client_certificate);
  set_pem(CURLOPT_SSLKEY_BLOB, config_->client.client_key);
}

/// The first line of an answer is when the session of its connection can be looked at. It may be one that another probe
/// made.
void HttpProbe::look_at_session() {
  curl_tlssessioninfo* session = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_TLS_SSL_PTR, &session);
  if (session == nullptr || session->backend != CURLSSLBACKEND_OPENSSL || session->internals == nullptr) return;
  const Connection connection{session->internals, info(CURLINFO_LOCAL_PORT)};
  if (flow_ || connection != looked_at_) {
    last_ = std::make_shared<HttpSession>(look_at(session->internals), at(), place_of(std::nullopt));
    looked_at_ = connection;
  }
  if (!session_ || last_->expires() < session_->expires()) session_ = last_;
}

void HttpProbe::run(std::move_only_function<void(Outcome)> done) {
  done_ = std::move(done);
  session_.reset();
  if (flow_) {
    *flow_ = Flow{};
    set(CURLOPT_COOKIELIST, "ALL");  // forgets those of the last run
  }
  begin_step();
}

/// libcurl asks again where a server closes a connection just as it is asked on it, but of all transfers of a handle
/// for five times only, unless that is reset: after each run that had to connect.
void HttpProbe::begin_step() {
  if (flow_ || (config_->client.keep_alive && easy_.connected())) {
    easy_.reset();
    set_up();
  }
  set(CURLOPT_HTTPHEADER, lines_.get());  // a redirect may have changed them
  has_body_ = !step().body.empty();
  easy_.begin();
  body_.begin(step().needs_body());
  transfers_.start(easy_.get(), step().url.authority(), [this](int code) { finish(code); });
}

void HttpProbe::finish(int code) {
  HttpSeen seen = look(code);
  if (!LookupCause::is_wanted(seen.failure)) return conclude(std::move(seen));
  const HttpPlace place = place_of(seen.failure);
  const bool by_proxy = !config_->client.proxy.empty();
  const std::string host = by_proxy && place.peer.empty() ? config_->client.proxy_host : place.asked;
  cause_.complete(std::move(seen), host, config_->client.family, config_->timeout,
                  [this](HttpSeen found) { conclude(std::move(found)); });
}

void HttpProbe::conclude(HttpSeen seen) {
  std::optional<HttpFault> fault = find_fault(*config_, at(), seen);
  if (flow_ && (!fault || fault->health == rules::Health::degraded)) {
    if (std::optional<HttpFault> lost = capture(step(), seen, flow_->captured)) fault = std::move(lost);
  }
  if (fault) {
    seen.place = place_of(seen.failure);
    end(tell(*config_, at(), seen, *fault));
  } else if (at() + 1 < config_->steps.size()) {
    flow_->before = seen.phases;
    ++flow_->at;
    begin_step();
  } else {
    end({.health = rules::Health::ok, .phases = seen.phases});
  }
}

/// The last thing it does is to call back: that may destroy the probe.
void HttpProbe::end(Outcome outcome) {
  if (session_) outcome.certificates = session_->tls.shown;
  body_.end();
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

HttpSeen HttpProbe::look(int code) {
  HttpSeen seen{.failure = failure_of(easy_, code, body_), .body = body_.text(), .body_cut = body_.cut()};
  seen.refused_redirect = easy_.refused_redirect(code);
  seen.phases = phases_of(easy_, config_->client.resolve.empty() ? step().url.authority() : easy_.peer());
  if (flow_) seen.phases = sum(flow_->before, seen.phases);
  seen.session = session_.get();
  if (flow_) {
    seen.captured = &flow_->captured;
    seen.cookies = cookies_of(easy_);
  }
  seen.status = easy_.status();
  if (config_->client.http2) seen.version = info(CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0 ? 20 : 11;
  if (seen.session != nullptr) seen.now = wall_now();
  for (const HeaderWanted& wanted : step().header_matches) seen.headers.push_back(header_of(easy_, wanted.name));
  for (const Capture& capture : step().captures) {
    if (const auto* from = std::get_if<Capture::Header>(&capture.from))
      seen.headers.push_back(header_of(easy_, from->name));
  }
  return seen;
}

HttpPlace HttpProbe::place_of(const std::optional<net::Failure>& failure) const {
  const char* last = nullptr;
  if (info(CURLINFO_REDIRECT_COUNT) > 0) curl_easy_getinfo(easy_.get(), CURLINFO_EFFECTIVE_URL, &last);
  const Result<net::Url> redirected = last != nullptr ? net::parse_url(last) : candor::failure("not redirected");
  const net::Url& asked = redirected ? *redirected : step().url;
  HttpPlace place{.peer = easy_.peer(), .asked = asked.host, .asked_port = asked.authority(), .redirected_to = {}};
  if (redirected) place.redirected_to = redact_url(redirected->request);
  if (config_->client.proxy.empty()) return place;
  if (place.peer.empty()) {  // the first that is looked up is the proxy
    place.asked = "proxy " + config_->client.proxy_host;
    return place;
  }
  place.peer = "proxy " + place.peer;
  if (is_beyond_proxy(failure, asked)) {
    place.peer = place.asked_port = place.asked_port + " through " + place.peer;
  } else if (failure) {
    place.peer = place.asked_port = place.peer + " for " + place.asked;
  }
  return place;
}

/// Whether it was the target that was spoken with, by way of the proxy, or that the proxy could not reach.
bool HttpProbe::is_beyond_proxy(const std::optional<net::Failure>& failure, const net::Url& asked) const {
  using enum net::Failure::Stage;
  const std::string& proxy = config_->client.proxy.reveal();
  const bool tunnel = asked.scheme == "https" || proxy.starts_with("socks");
  if (!failure) return tunnel;
  if (failure->by_proxy) return true;
  const auto stage = failure->stage;
  if (stage == name_lookup) return false;
  if (stage == connect) return tunnel && failure->timed_out;  // mostly it was the proxy that waited
  const bool shaking_hands = stage == tls || stage == certificate;
  return tunnel && !(shaking_hands && proxy.starts_with("https") && info(CURLINFO_HTTP_CONNECTCODE) == 0);
}

long HttpProbe::info(CURLINFO which) const {
  long value = 0;
  curl_easy_getinfo(easy_.get(), which, &value);
  return value;
}

}  // namespace

std::unique_ptr<Probe> make_http_probe(std::shared_ptr<const HttpConfig> config, const Tools& tools) {
  return std::make_unique<HttpProbe>(std::move(config), tools);
}

}  // namespace candor::probes
