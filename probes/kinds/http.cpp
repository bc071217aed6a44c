#include "probes/kinds/http.h"

#include <algorithm>

#include <curl/curl.h>

#include "probes/kinds/exchange.h"

namespace candor::probes {
namespace {

/// Everything is set once; a run only starts the handle.
class HttpProbe final : public Probe {
 public:
  HttpProbe(std::shared_ptr<const HttpConfig> config, const Tools& tools);
  ~HttpProbe() override { transfers_.cancel(easy_.get()); }
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  static std::size_t take_body(const char* data, std::size_t, std::size_t size, void* self);
  void set_request();
  void set_headers();
  void set_connection();
  void finish(int code);
  [[nodiscard]] HttpSeen look(int code) const;
  void name(HttpSeen& seen) const;
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  std::shared_ptr<const HttpConfig> config_;
  net::Transfers& transfers_;
  net::Easy easy_;
  net::HeaderLines lines_;
  std::string body_;
  std::size_t body_size_ = 0;
  bool body_cut_ = false;
  std::move_only_function<void(Outcome)> done_;
};

HttpProbe::HttpProbe(std::shared_ptr<const HttpConfig> config, const Tools& tools)
    : config_(std::move(config)), transfers_(tools.transfers) {
  set_request();
  set_headers();
  set_connection();
}

void HttpProbe::set_request() {
  set_target(easy_, config_->url, config_->timeout);
  set(CURLOPT_WRITEFUNCTION, &HttpProbe::take_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_ACCEPT_ENCODING, "");
  const std::string& body = config_->body.reveal();
  if (config_->method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (config_->method != "GET" || !body.empty()) {
    set(CURLOPT_POSTFIELDS, body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    // A POST stays without: libcurl then turns it into a GET where a redirect asks for that.
    if (config_->method != "POST") set(CURLOPT_CUSTOMREQUEST, config_->method.c_str());
  }
}

void HttpProbe::set_headers() {
  bool typed = false;
  for (const auto& [name, value] : config_->headers) {
    lines_.add(name, value.reveal());
    typed = typed || curl_strequal(name.c_str(), "content-type") != 0;
  }
  if (!config_->body.empty()) {
    if (!typed) lines_.omit("Content-Type");  // libcurl takes every body for a form's
    lines_.omit("Expect");                    // a second's wait for servers that do not know it
  }
  set(CURLOPT_HTTPHEADER, lines_.get());
}

void HttpProbe::set_connection() {
  set(CURLOPT_FOLLOWLOCATION, config_->redirects > 0 ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, static_cast<long>(config_->redirects));
  if (!config_->keep_alive) {
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
  }
  set_trust(easy_, config_->tls_verify, config_->ca_file);
}

std::size_t HttpProbe::take_body(const char* data, std::size_t, std::size_t size, void* self) {
  auto& probe = *static_cast<HttpProbe*>(self);
  // A redirect's body never comes here: libcurl drops what it follows.
  const std::size_t taken = std::min(size, probe.config_->body_limit_bytes - probe.body_size_);
  probe.body_size_ += taken;
  if (probe.config_->body_matches) probe.body_.append(data, taken);
  probe.body_cut_ = taken < size;
  return probe.body_cut_ ? CURL_WRITEFUNC_ERROR : size;
}

void HttpProbe::run(std::move_only_function<void(Outcome)> done) {
  easy_.begin();
  body_.clear();
  body_size_ = 0;
  body_cut_ = false;
  done_ = std::move(done);
  transfers_.start(easy_.get(), [this](int code) { finish(code); });
}

/// The last thing it does is to call back: that may destroy the probe.
void HttpProbe::finish(int code) {
  HttpSeen seen = look(code);
  if (!is_as_expected(*config_, seen)) name(seen);
  Outcome outcome = judge(*config_, seen);
  if (body_.capacity() > std::size_t{64} << 10U) std::string{}.swap(body_);
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

HttpSeen HttpProbe::look(int code) const {
  HttpSeen seen{.body = body_, .body_cut = body_cut_, .phases = phases_of(easy_)};
  if (code != CURLE_OK && !body_cut_) seen.failure = easy_.failure(code);
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  seen.status = static_cast<int>(status);
  return seen;
}

void HttpProbe::name(HttpSeen& seen) const {
  long redirects = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_COUNT, &redirects);
  const char* last = nullptr;
  if (redirects > 0) curl_easy_getinfo(easy_.get(), CURLINFO_EFFECTIVE_URL, &last);
  const Result<net::Url> redirected = last != nullptr ? net::parse_url(last) : failure("not redirected");
  const net::Url& asked = redirected ? *redirected : config_->url;
  seen.peer = easy_.peer();
  seen.asked = asked.host;
  seen.asked_port = asked.authority();
  if (redirected) seen.redirected_to = redact_url(redirected->request);
}

}  // namespace

std::unique_ptr<Probe> make_http_probe(std::shared_ptr<const HttpConfig> config, const Tools& tools) {
  return std::make_unique<HttpProbe>(std::move(config), tools);
}

}  // namespace candor::probes
