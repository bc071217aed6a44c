#include "daemon/roster.h"

#include <utility>

#include "daemon/alerts/push_book.h"

namespace candor {
namespace {

constexpr Duration remember_senders = std::chrono::hours{24};
constexpr Duration between_tidyings = std::chrono::hours{6};

/// The sources that are known: those of the configuration, and the two ways in that are always there.
std::set<std::string> sources_of(const config::Config& config) {
  std::set<std::string> sources{"push", "webhook"};
  for (const alerts::SourceConfig& source : config.sources) sources.insert(source.name);
  return sources;
}

bool is_sender(const std::string& source) { return source.starts_with("push:"); }

}  // namespace

Roster::Roster(net::Loop& loop, const config::Config& config, Desk& desk, alerts::Push& push)
    : config_(config), desk_(desk), push_(push), again_(loop) {}

std::vector<rules::Observation> Roster::fresh() const {
  std::vector<rules::Observation> fresh;
  for (const probes::ProbeConfig& probe : config_.probes) {
    rules::Observation seen;
    seen.id = {rules::SignalKind::probe, "probe", probe.signal_labels(config_.location)};
    if (!desk_.state().signals.contains(seen.id)) fresh.push_back(std::move(seen));
  }
  return fresh;
}

void Roster::observe_fresh() {
  if (std::vector seen = fresh(); !seen.empty()) desk_.observe(std::move(seen), [](const Result<void>&) {});
}

void Roster::await_sources() {
  for (const alerts::SourceConfig& source : config_.sources) {
    if (!desk_.state().sources.contains(source.name)) desk_.source_awaited(source.name);
  }
}

void Roster::forget_what_is_gone() {
  forget_signals();
  forget_senders();
  forget_heartbeats();
  tidy_again();
}

void Roster::tidy_again() {
  again_.after(between_tidyings, [this] {
    tidy_again();
    if (desk_.trouble().empty()) forget_what_is_gone();
  });
}

void Roster::forget_signals() {
  std::set<Labels> probes;
  for (const probes::ProbeConfig& probe : config_.probes) probes.insert(probe.signal_labels(config_.location));
  const std::set<std::string> sources = sources_of(config_);
  std::vector<rules::SignalId> gone;
  for (const auto& [id, signal] : desk_.state().signals) {
    const bool known = id.kind == rules::SignalKind::probe ? probes.contains(id.labels) : sources.contains(id.source);
    if (!known) gone.push_back(id);
  }
  desk_.forget(gone);
}

void Roster::forget_senders() {
  const std::set<std::string> sources = sources_of(config_);
  const std::set<std::string> senders = alerts::senders_of(desk_.state().signals);
  const Instant long_ago = wall_now() - remember_senders;
  std::vector<std::string> silent;
  for (const auto& [name, source] : desk_.state().sources) {
    const bool known = is_sender(name) ? source.since >= long_ago || senders.contains(name) : sources.contains(name);
    if (!known) silent.push_back(name);
  }
  for (const std::string& name : silent) {
    if (is_sender(name)) push_.forget(name);
    desk_.source_forgotten(name);
  }
}

void Roster::forget_heartbeats() {
  const std::set<std::string> awaited = heartbeats();
  std::vector<std::string> done;
  for (const auto& [probe, heartbeat] : desk_.state().heartbeats) {
    if (!awaited.contains(probe)) done.push_back(probe);
  }
  for (const std::string& probe : done) desk_.heartbeat_forgotten(probe);
}

std::set<std::string> Roster::heartbeats() const {
  std::set<std::string> names;
  for (const probes::ProbeConfig& probe : config_.probes) {
    if (probe.kind == "heartbeat") names.insert(probe.name);
  }
  return names;
}

}  // namespace candor
