#include "daemon/figures.h"

#include <array>
#include <map>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace candor {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Registry;

Gauge& gauge(Registry& registry, const char* name, const char* help, const prometheus::Labels& labels = {}) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
}
Counter& counter(Registry& registry, const char* name, const char* help, const prometheus::Labels& labels = {}) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}

constexpr std::array impacts{incident::Impact::none, incident::Impact::minor, incident::Impact::major,
                             incident::Impact::critical};

/// A counter that follows a figure counted elsewhere.
void follow(Counter& shown, std::uint64_t counted) {
  const double behind = static_cast<double>(counted) - shown.Value();
  if (behind > 0) shown.Increment(behind);
}

}  // namespace

struct Figures::Impl {
  Registry& registry;
  std::map<incident::Impact, Gauge*> open;
  std::map<incident::Impact, Counter*> opened;
  prometheus::Histogram& disclosure_delay;
  Counter& pages;
  Counter& exhausted;
  Gauge& unowned;
  std::map<rules::Health, Gauge*> signals;
  Counter& commits;
  Counter& events;
  Gauge& queued;
  Gauge& bytes;
  Gauge& works;
  Gauge& end_lost;
  Gauge& history_works;
  Counter& lines_lost;
  std::map<std::string, Counter*> reloads;
  Gauge& reload_good;
  Gauge& reload_time;

  struct Listener {
    Gauge& connections;
    Counter& requests;
    Counter& refused;
    Counter& bytes;

    Listener(Registry& registry, const char* name)
        : connections(gauge(registry, "candor_http_connections", "Open connections.", {{"listener", name}})),
          requests(counter(registry, "candor_http_requests_total", "Requests answered.", {{"listener", name}})),
          refused(counter(registry, "candor_http_refused_total", "Requests and connections that a limit refused.",
                          {{"listener", name}})),
          bytes(counter(registry, "candor_http_sent_bytes_total", "Bytes sent to clients.", {{"listener", name}})) {}

    void sample(const http::Traffic& traffic) {
      connections.Set(static_cast<double>(traffic.connections));
      follow(requests, traffic.requests);
      follow(refused, traffic.refused);
      follow(bytes, traffic.bytes_sent);
    }
  };
  Listener public_listener;
  Listener admin_listener;
  Counter& wrong_tokens;

  explicit Impl(Registry& the_registry)
      : registry(the_registry),
        disclosure_delay(prometheus::BuildHistogram()
                             .Name("candor_incident_disclosure_delay_seconds")
                             .Help("From the first failing observation to the first public words.")
                             .Register(registry)
                             .Add({}, prometheus::Histogram::BucketBoundaries{1, 5, 15, 30, 60, 120, 300, 900, 3600})),
        pages(counter(registry, "candor_oncall_steps_total", "Escalation steps taken.")),
        exhausted(counter(registry, "candor_oncall_exhausted_total", "Escalations that ended with nobody acking.")),
        unowned(gauge(registry, "candor_incident_unowned", "Open incidents that nobody leads.")),
        commits(counter(registry, "candor_store_commits_total", "Transactions committed to the journal.")),
        events(counter(registry, "candor_store_events_total", "Events committed to the journal.")),
        queued(gauge(registry, "candor_store_queued_batches", "Batches that are not yet on the disk.")),
        bytes(gauge(registry, "candor_store_size_bytes", "Size of the journal and its write-ahead log.")),
        works(gauge(registry, "candor_store_writable",
                    "1 while the journal can be written, 0 while nothing is taken in.")),
        end_lost(gauge(registry, "candor_store_end_lost",
                       "1 if this start found the journal's end damaged: the last things accepted are gone.")),
        history_works(gauge(registry, "candor_store_history_writable",
                            "1 while the history of probes can be written, 0 while it is not kept.")),
        lines_lost(counter(registry, "candor_log_lines_lost_total",
                           "Lines of the log that whoever reads it did not take in time.")),
        reload_good(gauge(registry, "candor_config_last_reload_successful", "1 if the latest configuration was good.")),
        reload_time(gauge(registry, "candor_config_last_reload_success_timestamp_seconds",
                          "When a configuration was last taken over.")),
        public_listener(registry, "public"),
        admin_listener(registry, "admin"),
        wrong_tokens(counter(registry, "candor_http_wrong_tokens_total",
                             "Requests with a token that is not one of those configured.")) {
    for (const incident::Impact impact : impacts) {
      const prometheus::Labels labels{{"impact", std::string{to_string(impact)}}};
      open[impact] = &gauge(registry, "candor_incident_open", "Incidents that are open.", labels);
      opened[impact] = &counter(registry, "candor_incident_opened_total", "Incidents opened.", labels);
    }
    for (const rules::Health health :
         {rules::Health::ok, rules::Health::degraded, rules::Health::failing, rules::Health::unknown}) {
      signals[health] = &gauge(registry, "candor_rules_signals", "Signals by health.",
                               {{"health", std::string{rules::to_string(health)}}});
    }
    for (const char* result : {"good", "bad"}) {
      reloads[result] =
          &counter(registry, "candor_config_reloads_total", "Configurations loaded.", {{"result", result}});
    }
    gauge(registry, "candor_build_info", "1, with the version of this candord.", {{"version", CANDOR_VERSION}}).Set(1);
  }
};

Figures::Figures(Registry& registry) : impl_(std::make_unique<Impl>(registry)) {}
Figures::~Figures() = default;

void Figures::count(const incident::Event& event, const incident::State& state) {
  if (const auto* opened = std::get_if<incident::IncidentOpened>(&event.change))
    impl_->opened[opened->impact]->Increment();
  if (std::holds_alternative<incident::Paged>(event.change)) impl_->pages.Increment();
  if (std::holds_alternative<incident::EscalationExhausted>(event.change)) impl_->exhausted.Increment();
  if (std::holds_alternative<incident::UpdatePosted>(event.change)) {
    const auto found = state.incidents.find(event.incident);
    if (found != state.incidents.end() && found->second.published_at == event.at) {
      const Duration delay = event.at - found->second.failing_since;
      impl_->disclosure_delay.Observe(std::chrono::duration<double>(delay).count());
    }
  }
}

void Figures::config_loaded(bool good, Instant at) {
  impl_->reloads[good ? "good" : "bad"]->Increment();
  impl_->reload_good.Set(good ? 1 : 0);
  if (good) impl_->reload_time.Set(static_cast<double>(to_ms(at)) / 1000);
}

void Figures::sample(const Sample& sample) {
  std::map<incident::Impact, double> open;
  double unowned = 0;
  for (const std::string& id : sample.state.open) {
    const incident::Incident& it = sample.state.incidents.at(id);
    ++open[it.impact];
    if (it.lead.empty()) ++unowned;
  }
  for (const incident::Impact impact : impacts) impl_->open[impact]->Set(open[impact]);
  impl_->unowned.Set(unowned);
  std::map<rules::Health, double> health;
  for (const auto& [id, signal] : sample.state.signals) ++health[signal.health];
  for (const auto& [which, shown] : impl_->signals) shown->Set(health[which]);
  follow(impl_->commits, sample.journal.commits);
  follow(impl_->events, sample.journal.events);
  impl_->queued.Set(static_cast<double>(sample.journal.queued));
  impl_->bytes.Set(static_cast<double>(sample.journal.bytes));
  impl_->works.Set(sample.journal_works ? 1 : 0);
  impl_->end_lost.Set(sample.journal_end_lost ? 1 : 0);
  impl_->history_works.Set(sample.history_works ? 1 : 0);
  follow(impl_->lines_lost, sample.log_lines_lost);
  impl_->public_listener.sample(sample.public_traffic);
  impl_->admin_listener.sample(sample.admin_traffic);
  follow(impl_->wrong_tokens, sample.wrong_tokens);
}

}  // namespace candor
