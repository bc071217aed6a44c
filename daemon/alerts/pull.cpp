#include "daemon/alerts/pull.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/net/url.h"
#include "daemon/alerts/metrics.h"
#include "daemon/alerts/pull_source.h"

namespace candor::alerts {
namespace {

using Kind = SourceConfig::Kind;

/// 100,000 alerts and more.
constexpr std::size_t most_answer_bytes = std::size_t{128} << 20U;
/// The wall clock may be set while a timer runs, so no wait for it is longer than this before looking again.
constexpr Duration longest_wait = std::chrono::seconds{5};

struct Surroundings {
  net::Loop& loop;
  net::HttpClient& http;
  Intake& intake;
  Metrics& metrics;
};

std::string shown(const std::string& url) {
  const Result<net::Url> parsed = net::parse_url(url);
  std::string text = parsed ? parsed->shown() : std::string{"its URL"};
  if (text.ends_with('/')) text.pop_back();
  return text;
}

/// One source under way. Requests hold it weakly: their answers come to nothing once it is no longer configured.
class Puller : public std::enable_shared_from_this<Puller> {
 public:
  Puller(Surroundings surroundings, SourceConfig config)
      : around_(surroundings),
        config_(std::move(config)),
        source_(std::make_shared<PullSource>(around_.intake, config_.name, shown(config_.url), config_.every)),
        next_pull_(around_.loop),
        next_look_(around_.loop),
        ok_(around_.metrics.pulls.Add({{"source", config_.name}, {"result", "ok"}})),
        failed_(around_.metrics.pulls.Add({{"source", config_.name}, {"result", "failed"}})),
        refused_(around_.metrics.pulls.Add({{"source", config_.name}, {"result", "refused"}})),
        received_(around_.metrics.received.Add({{"source", config_.name}})) {}

  ~Puller() {
    for (prometheus::Counter* pulls : {&ok_, &failed_, &refused_}) around_.metrics.pulls.Remove(pulls);
    around_.metrics.received.Remove(&received_);
    if (up_ != nullptr) around_.metrics.source_up.Remove(up_);
  }
  Puller(const Puller&) = delete;
  Puller& operator=(const Puller&) = delete;

  [[nodiscard]] const SourceConfig& config() const { return config_; }

  void clock_set(Duration by) {
    source_->clock_set(by);
    noted_since_ += by;
  }

  /// Of its last answer.
  [[nodiscard]] Pulls::Unreadable unreadable() const { return {config_.name, noted_, noted_since_}; }

  void begin() {
    pull();
    look_later();
  }

 private:
  void pull() {
    since_pull_ = Stopwatch{};
    ask(config_.kind == Kind::prometheus ? "/api/v1/alerts" : "/api/v2/alerts",
        [](Puller& puller, net::HttpOutcome outcome) { puller.take(std::move(outcome)); });
  }

  template <class Then>
  void ask(std::string_view path, Then then) {
    net::HttpRequest request;
    request.url = config_.url + std::string{path};
    request.headers = {{"Accept", "application/json"}};
    if (!config_.bearer.empty()) request.headers.emplace_back("Authorization", "Bearer " + config_.bearer.reveal());
    request.timeout = config_.timeout;
    request.most_bytes = most_answer_bytes;
    around_.http.send(std::move(request), [weak = weak_from_this(), then = std::move(then)](auto outcome) mutable {
      if (const std::shared_ptr<Puller> self = weak.lock()) then(*self, std::move(outcome));
    });
  }

  void take(net::HttpOutcome outcome) {
    if (!outcome) {
      failed_.Increment();
      fail(outcome.error().what);
    } else if (outcome->status != 200) {
      refused_.Increment();
      fail(fmt::format("it answers with status {} instead of 200", outcome->status));
    } else if (Result<PulledAlerts> pulled = parse(outcome->body); !pulled) {
      refused_.Increment();
      fail(pulled.error().message);
    } else {
      ok_.Increment();
      received_.Increment(static_cast<double>(pulled->alerts.size()));
      note(pulled->errors);
      const bool must_be_sure = source_->answered(std::move(pulled->alerts), pulled->unreadable);
      show_up();
      if (must_be_sure) {
        make_sure();
        return;
      }
    }
    pull_later();
  }

  [[nodiscard]] Result<PulledAlerts> parse(const std::string& body) const {
    const Instant now = around_.intake.now();
    return config_.kind == Kind::prometheus ? parse_prometheus_alerts(body, now) : parse_alertmanager_alerts(body, now);
  }

  void fail(const std::string& why) {
    source_->failed(why);
    show_up();
  }

  /// A source may repeat the same unreadable alert in each answer; a human need hear of it once.
  void note(const std::vector<std::string>& errors) {
    around_.metrics.invalid.Increment(static_cast<double>(errors.size()));
    std::string text = join_errors(errors);
    if (noted_.empty()) noted_since_ = around_.intake.now();
    if (!text.empty() && text != noted_) {
      log::warning("alerts_unreadable", {{"source", config_.name}}, text + "; what they may be stays as it is");
    }
    noted_ = std::move(text);
  }

  void make_sure() {
    ask(config_.kind == Kind::prometheus ? "/api/v1/rules?type=alert" : "/api/v2/status",
        [](Puller& puller, net::HttpOutcome outcome) {
          // Who does not answer now is asked again with the next pull.
          if (outcome) puller.trust(*outcome);
          puller.pull_later();
        });
  }

  void trust(const net::HttpAnswer& answer) {
    if (config_.kind == Kind::prometheus) {
      source_->trust(answer.status == 200 ? parse_prometheus_rules(answer.body) : failure("no rules"));
    } else {
      source_->trust(answer.status == 200 ? parse_alertmanager_start(answer.body) : failure("no status"));
    }
  }

  void show_up() {
    const std::optional<bool> answering = source_->answering();
    if (!answering) return;
    if (up_ == nullptr) up_ = &around_.metrics.source_up.Add({{"source", config_.name}});
    up_->Set(*answering ? 1 : 0);
  }

  void pull_later() {
    const std::chrono::microseconds rest = std::chrono::microseconds{config_.every} - since_pull_.elapsed();
    next_pull_.after(rest, [this] { pull(); });
  }

  void look_later() {
    const std::optional<Instant> due = source_->due();
    const Duration wait = due ? *due - around_.intake.now() : longest_wait;
    next_look_.after(std::clamp(wait, Duration{1}, longest_wait), [this] {
      source_->waited();
      show_up();
      look_later();
    });
  }

  Surroundings around_;
  SourceConfig config_;
  std::shared_ptr<PullSource> source_;
  net::Timer next_pull_;
  net::Timer next_look_;
  Stopwatch since_pull_;
  std::string noted_;  ///< what cannot be read, and since when that is so
  Instant noted_since_{};
  prometheus::Counter& ok_;
  prometheus::Counter& failed_;
  prometheus::Counter& refused_;
  prometheus::Counter& received_;
  prometheus::Gauge* up_ = nullptr;
};

}  // namespace

struct Pulls::Impl {
  net::Loop& loop;
  net::HttpClient& http;
  Intake& intake;
  Metrics metrics;
  std::map<std::string, std::shared_ptr<Puller>> pullers;
};

Pulls::Pulls(net::Loop& loop, net::HttpClient& http, Intake& intake, prometheus::Registry& registry)
    : impl_(std::make_unique<Impl>(loop, http, intake, Metrics{registry},
                                   std::map<std::string, std::shared_ptr<Puller>>{})) {}

Pulls::~Pulls() = default;

void Pulls::configure(const std::vector<SourceConfig>& sources) {
  // What goes, goes first: its series would otherwise be those of its successor.
  std::erase_if(impl_->pullers,
                [&](const auto& entry) { return std::ranges::find(sources, entry.second->config()) == sources.end(); });
  for (const SourceConfig& source : sources) {
    std::shared_ptr<Puller>& puller = impl_->pullers[source.name];
    if (puller) continue;
    puller = std::make_shared<Puller>(Surroundings{impl_->loop, impl_->http, impl_->intake, impl_->metrics}, source);
    puller->begin();
  }
}

std::vector<Pulls::Unreadable> Pulls::unreadable() const {
  std::vector<Unreadable> list;
  for (const auto& [name, puller] : impl_->pullers) {
    if (Unreadable one = puller->unreadable(); !one.errors.empty()) list.push_back(std::move(one));
  }
  return list;
}

void Pulls::clock_set(Duration by) {
  for (const auto& [name, puller] : impl_->pullers) puller->clock_set(by);
}

}  // namespace candor::alerts
