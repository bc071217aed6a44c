#include "probes/kinds/grpc.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include "probes/kinds/exchange.h"
#include "probes/kinds/grpc_message.h"

namespace candor::probes {
namespace {

constexpr std::size_t most_bytes = 4096;  // an answer has seven

/// Everything is set once; a run only starts the handle.
class GrpcProbe final : public Probe {
 public:
  GrpcProbe(std::shared_ptr<const GrpcConfig> config, const Tools& tools);
  ~GrpcProbe() override { transfers_.cancel(easy_.get()); }
  GrpcProbe(const GrpcProbe&) = delete;
  GrpcProbe& operator=(const GrpcProbe&) = delete;

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  void set_connection();
  void finish(int code);
  void conclude(const GrpcSeen& seen);
  [[nodiscard]] GrpcSeen look(int code) const;
  [[nodiscard]] std::optional<std::string> trailer(const char* name) const;
  [[nodiscard]] long info(CURLINFO which) const;
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  std::shared_ptr<const GrpcConfig> config_;
  net::Transfers& transfers_;
  net::Easy easy_;
  net::HeaderLines lines_;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> connect_to_{nullptr, &curl_slist_free_all};
  std::string request_;
  Body body_{most_bytes};
  LookupCause cause_;
  std::move_only_function<void(Outcome)> done_;
};

GrpcProbe::GrpcProbe(std::shared_ptr<const GrpcConfig> config, const Tools& tools)
    : config_(std::move(config)),
      transfers_(tools.transfers),
      request_(make_health_request(config_->service)),
      cause_(tools) {
  set_target(easy_, config_->url, config_->timeout);
  set_trust(easy_, config_->tls_verify, config_->ca_file);
  set_connection();
  easy_.post_at_once(request_);
  lines_.add("Content-Type", "application/grpc");
  lines_.add("TE", "trailers");
  lines_.omit("Expect");
  lines_.omit("Accept");
  set(CURLOPT_HTTPHEADER, lines_.get());
  body_.receive_from(easy_);
}

/// Over HTTP/2 libcurl keeps a connection whose peer is gone after a time-out, and asks on it again: each run has its
/// own, and connecting is a part of what is watched.
void GrpcProbe::set_connection() {
  easy_.speak_http2(config_->tls);
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  connect_to_.reset(curl_slist_append(nullptr, ("::" + config_->target.text()).c_str()));
  if (!connect_to_) throw std::bad_alloc{};
  set(CURLOPT_CONNECT_TO, connect_to_.get());
}

void GrpcProbe::run(std::move_only_function<void(Outcome)> done) {
  easy_.begin();
  body_.begin();
  done_ = std::move(done);
  transfers_.start(easy_.get(), config_->target.text(), [this](int code) { finish(code); });
}

void GrpcProbe::finish(int code) {
  cause_.complete(look(code), config_->target.host, net::Names::Family::any, config_->timeout,
                  [this](const GrpcSeen& seen) { conclude(seen); });
}

/// The last thing it does is to call back: that may destroy the probe.
void GrpcProbe::conclude(const GrpcSeen& seen) {
  Outcome outcome = judge(*config_, seen);
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

long GrpcProbe::info(CURLINFO which) const {
  long value = 0;
  curl_easy_getinfo(easy_.get(), which, &value);
  return value;
}

std::optional<std::string> GrpcProbe::trailer(const char* name) const {
  curl_header* header = nullptr;
  if (curl_easy_header(easy_.get(), name, 0, CURLH_TRAILER | CURLH_HEADER, -1, &header) != CURLHE_OK) return {};
  return header->value;
}

GrpcSeen GrpcProbe::look(int code) const {
  return {.failure = failure_of(easy_, code, body_),
          .http2 = info(CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0,
          .status = easy_.status(),
          .grpc_status = trailer("grpc-status"),
          .grpc_message = trailer("grpc-message").value_or(""),
          .body = body_.text(),
          .body_cut = body_.cut(),
          .phases = phases_of(easy_, config_->target.text()),
          .peer = easy_.peer()};
}

}  // namespace

std::unique_ptr<Probe> make_grpc_probe(std::shared_ptr<const GrpcConfig> config, const Tools& tools) {
  return std::make_unique<GrpcProbe>(std::move(config), tools);
}

}  // namespace candor::probes
