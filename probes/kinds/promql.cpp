#include "probes/kinds/promql.h"

#include <curl/curl.h>

#include "probes/kinds/exchange.h"

namespace candor::probes {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20U;

/// For application/x-www-form-urlencoded.
std::string form(const net::Easy& easy, const std::string& query) {
  const std::unique_ptr<char, decltype(&curl_free)> escaped{
      curl_easy_escape(easy.get(), query.data(), static_cast<int>(query.size())), &curl_free};
  if (!escaped) throw std::bad_alloc{};
  return "query=" + std::string{escaped.get()};
}

class PromqlProbe final : public Probe {
 public:
  PromqlProbe(std::shared_ptr<const PromqlConfig> config, const Tools& tools);
  ~PromqlProbe() override { transfers_.cancel(easy_.get()); }
  PromqlProbe(const PromqlProbe&) = delete;
  PromqlProbe& operator=(const PromqlProbe&) = delete;

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  void set_up();
  void finish(int code);
  void conclude(const PromqlSeen& seen);
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  std::shared_ptr<const PromqlConfig> config_;
  net::Transfers& transfers_;
  net::Easy easy_;
  net::HeaderLines lines_;
  std::string form_;
  Body body_{most_bytes};
  LookupCause cause_;
  std::move_only_function<void(Outcome)> done_;
};

PromqlProbe::PromqlProbe(std::shared_ptr<const PromqlConfig> config, const Tools& tools)
    : config_(std::move(config)), transfers_(tools.transfers), form_(form(easy_, config_->query)), cause_(tools) {
  if (!config_->bearer.empty()) lines_.add("Authorization", "Bearer " + config_->bearer.reveal());
  lines_.omit("Expect");  // a second's wait for servers that do not know it
  set_up();
}

void PromqlProbe::set_up() {
  set_target(easy_, config_->url, config_->timeout);
  set_trust(easy_, config_->tls_verify, config_->ca_file);
  set(CURLOPT_POSTFIELDS, form_.c_str());  // libcurl says then that it is a form
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(form_.size()));
  set(CURLOPT_HTTPHEADER, lines_.get());
  set(CURLOPT_ACCEPT_ENCODING, "");
  body_.receive_from(easy_);
}

/// A run after one that had to connect sets all anew, as HttpProbe::begin_step() does and for its reason.
void PromqlProbe::run(std::move_only_function<void(Outcome)> done) {
  if (easy_.connected()) {
    easy_.reset();
    set_up();
  }
  easy_.begin();
  body_.begin();
  done_ = std::move(done);
  transfers_.start(easy_.get(), config_->url.authority(), [this](int code) { finish(code); });
}

void PromqlProbe::finish(int code) {
  PromqlSeen seen{.failure = failure_of(easy_, code, body_),
                  .body = body_.text(),
                  .body_cut = body_.cut(),
                  .phases = phases_of(easy_, config_->url.authority()),
                  .peer = easy_.peer()};
  seen.status = easy_.status();
  cause_.complete(std::move(seen), config_->url.host, net::Names::Family::any, config_->timeout,
                  [this](const PromqlSeen& found) { conclude(found); });
}

/// The last thing it does is to call back: that may destroy the probe.
void PromqlProbe::conclude(const PromqlSeen& seen) {
  Outcome outcome = judge(*config_, seen);
  body_.end();
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

}  // namespace

std::unique_ptr<Probe> make_promql_probe(std::shared_ptr<const PromqlConfig> config, const Tools& tools) {
  return std::make_unique<PromqlProbe>(std::move(config), tools);
}

}  // namespace candor::probes
