#include "daemon/alerts/pull.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/net/side_thread.h"
#include "base/net/url.h"
#include "daemon/alerts/metrics.h"
#include "daemon/alerts/pull_source.h"

namespace candor::alerts {
namespace {

using Kind = SourceConfig::Kind;

/// 100,000 alerts and more.
constexpr std::size_t most_answer_bytes = std::size_t{128} << 20U;
/// What is longer is not read on the loop.
constexpr std::size_t most_bytes_at_once = std::size_t{256} << 10U;
/// The wall clock may be set while a timer runs, so no wait for it is longer than this before looking again.
constexpr Duration longest_wait = std::chrono::seconds{5};

struct Surroundings {
  net::Loop& loop;
  net::HttpClient& http;
  Intake& intake;
  Metrics& metrics;
  net::SideThread& reader;
};

std::string shown(const std::string& url) {
  const Result<net::Url> parsed = net::parse_url(url);
  std::string text = parsed ? parsed->shown() : std::string{"its URL"};
  if (text.ends_with('/')) text.pop_back();
  return text;
}

/// Whether who answers so has no such API. VictoriaMetrics answers 400 to a path that it does not know.
bool has_no_such_api(int status) { return status == 400 || status == 404 || status == 405 || status == 501; }

/// A trouble that may be found again and again; a human need hear of it once.
struct Noted {
  std::string text;
  Instant since{};

  /// True if it is another than before.
  bool note(std::string now_said, Instant now) {
    if (text.empty()) since = now;
    const bool other = !now_said.empty() && now_said != text;
    text = std::move(now_said);
    return other;
  }
};

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

  [[nodiscard]] std::string silence() const { return source_->silence(); }

  void clock_set(Duration by) {
    source_->clock_set(by);
    unread_.since += by;
    doubt_.since += by;
  }

  void tell_again() { source_->tell_again(); }
  void stood_still() { source_->stood_still(); }
  void heard_nothing(Instant until) { source_->heard_nothing(until); }

  /// Of its last answers.
  void tell_troubles(std::vector<Trouble>& troubles) const {
    if (!unread_.text.empty()) {
      troubles.push_back({fmt::format("source {} names alerts that cannot be read, and what they may be stays as it "
                                      "is: {}",
                                      config_.name, unread_.text),
                          unread_.since});
    }
    if (!doubt_.text.empty()) {
      troubles.push_back({fmt::format("source {} does not say how far it can be trusted, and alerts that it no longer "
                                      "names stay as they are: {}",
                                      config_.name, doubt_.text),
                          doubt_.since});
    }
  }

  void begin() {
    pull();
    look_later();
  }

 private:
  void pull() {
    since_pull_ = Stopwatch{};
    source_->asked();
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

  /// Calls `then` with what `parse` makes of `body`.
  template <class Parse, class Then>
  void read(std::string body, Parse parse, Then then) {
    if (body.size() <= most_bytes_at_once) {
      then(*this, parse(body));
      return;
    }
    around_.reader.run([weak = weak_from_this(), body = std::move(body), parse, then]() -> net::Task {
      return [weak, then, parsed = parse(body)]() mutable {
        if (const std::shared_ptr<Puller> self = weak.lock()) then(*self, std::move(parsed));
      };
    });
  }

  void take(net::HttpOutcome outcome) {
    if (!outcome) {
      failed_.Increment();
      fail(outcome.error().what);
    } else if (outcome->status != 200) {
      refused_.Increment();
      fail(fmt::format("it answers with status {} instead of 200", outcome->status));
    } else {
      const auto parse = config_.kind == Kind::prometheus ? &parse_prometheus_alerts : &parse_alertmanager_alerts;
      read(
          std::move(outcome->body),
          [parse, now = around_.intake.now()](std::string_view body) { return parse(body, now); },
          [](Puller& puller, Result<PulledAlerts> pulled) { puller.take(std::move(pulled)); });
    }
  }

  void take(Result<PulledAlerts> pulled) {
    if (!pulled) {
      refused_.Increment();
      fail(pulled.error().message);
      return;
    }
    ok_.Increment();
    received_.Increment(static_cast<double>(pulled->alerts.size()));
    note(*pulled);
    const bool must_be_sure = source_->answered(std::move(pulled->alerts), pulled->unreadable);
    show_up();
    if (must_be_sure) {
      make_sure();
    } else {
      be_sure();
    }
  }

  void fail(const std::string& why) {
    source_->failed(why);
    show_up();
    pull_later();
  }

  void note(const PulledAlerts& pulled) {
    around_.metrics.invalid.Increment(static_cast<double>(pulled.unread));
    if (unread_.note(join_errors(pulled.errors, pulled.unread), around_.intake.now())) {
      log::warning("alerts_unreadable", {{"source", config_.name}}, unread_.text + "; what they may be stays as it is");
    }
  }

  void make_sure() {
    if (config_.kind == Kind::alertmanager) {
      ask_for_start("/api/v2/status", &parse_alertmanager_start);
      return;
    }
    question("/api/v1/rules?type=alert", &parse_prometheus_rules,
             [](Puller& puller, const std::optional<RuleStates>& rules) {
               if (puller.source_->trust(rules)) {
                 puller.ask_for_start("/api/v1/status/runtimeinfo", &parse_prometheus_start);
               } else {
                 puller.be_sure();
               }
             });
  }

  void ask_for_start(std::string_view path, Result<std::optional<Instant>> (*parse)(std::string_view)) {
    question(path, parse, [](Puller& puller, const std::optional<Instant>& start) {
      puller.source_->trust(start);
      puller.be_sure();
    });
  }

  /// Calls `then` with its answer, or with nothing if it has none to give. Otherwise it is asked again with the next
  /// pull. `path` is a literal.
  template <class Parse, class Then>
  void question(std::string_view path, Parse parse, Then then) {
    ask(path, [path, parse, then](Puller& puller, net::HttpOutcome outcome) {
      if (!outcome) {
        puller.doubt(path, outcome.error().what);
      } else if (has_no_such_api(outcome->status)) {
        then(puller, std::nullopt);
      } else if (outcome->status != 200) {
        puller.doubt(path, fmt::format("it answers with status {} instead of 200", outcome->status));
      } else {
        puller.read(std::move(outcome->body), parse, [path, then](Puller& self, auto answer) {
          if (answer) {
            then(self, *std::move(answer));
          } else {
            self.doubt(path, answer.error().message);
          }
        });
      }
    });
  }

  void doubt(std::string_view path, const std::string& why) {
    if (doubt_.note(fmt::format("GET {}: {}", path, why), around_.intake.now())) {
      log::warning("ends_doubted", {{"source", config_.name}},
                   doubt_.text + "; alerts that it no longer names stay as they are");
    }
    pull_later();
  }

  void be_sure() {
    doubt_.text.clear();
    pull_later();
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
  net::PatientTimer next_look_;
  Stopwatch since_pull_;
  Noted unread_;  ///< what cannot be read
  Noted doubt_;   ///< why nothing ends
  prometheus::Counter& ok_;
  prometheus::Counter& failed_;
  prometheus::Counter& refused_;
  prometheus::Counter& received_;
  prometheus::Gauge* up_ = nullptr;
};

}  // namespace

struct Pulls::Impl {
  Impl(net::Loop& the_loop, net::HttpClient& the_http, Intake& the_intake, prometheus::Registry& registry)
      : loop(the_loop), http(the_http), intake(the_intake), metrics(registry), reader(the_loop) {}

  net::Loop& loop;
  net::HttpClient& http;
  Intake& intake;
  Metrics metrics;
  net::SideThread reader;
  std::map<std::string, std::shared_ptr<Puller>> pullers;
};

Pulls::Pulls(net::Loop& loop, net::HttpClient& http, Intake& intake, prometheus::Registry& registry)
    : impl_(std::make_unique<Impl>(loop, http, intake, registry)) {}

Pulls::~Pulls() = default;

void Pulls::configure(const std::vector<SourceConfig>& sources) {
  // What goes, goes first: its series would otherwise be those of its successor.
  std::erase_if(impl_->pullers,
                [&](const auto& entry) { return std::ranges::find(sources, entry.second->config()) == sources.end(); });
  for (const SourceConfig& source : sources) {
    if (impl_->pullers.contains(source.name)) continue;
    // Made before it has a place: what asks for the time may find that the clock was set, which all are then told.
    const auto puller = std::make_shared<Puller>(
        Surroundings{impl_->loop, impl_->http, impl_->intake, impl_->metrics, impl_->reader}, source);
    impl_->pullers.emplace(source.name, puller);
    puller->begin();
  }
}

std::vector<Trouble> Pulls::troubles() const {
  std::vector<Trouble> troubles;
  for (const auto& [name, puller] : impl_->pullers) puller->tell_troubles(troubles);
  return troubles;
}

std::string Pulls::silence(const std::string& source) const {
  const auto found = impl_->pullers.find(source);
  return found != impl_->pullers.end() ? found->second->silence() : std::string{};
}

void Pulls::clock_set(Duration by) {
  for (const auto& [name, puller] : impl_->pullers) puller->clock_set(by);
}

void Pulls::tell_again() {
  for (const auto& [name, puller] : impl_->pullers) puller->tell_again();
}

void Pulls::stood_still() {
  for (const auto& [name, puller] : impl_->pullers) puller->stood_still();
}

void Pulls::heard_nothing(Instant until) {
  for (const auto& [name, puller] : impl_->pullers) puller->heard_nothing(until);
}

}  // namespace candor::alerts
