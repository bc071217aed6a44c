#include "probes/figures.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/compile.h>

namespace candor::probes {
namespace {

using std::chrono::microseconds;

struct Bucket {
  microseconds most;
  std::string_view le;
};
constexpr std::array<Bucket, 11> buckets{{{microseconds{5'000}, "0.005"},
                                          {microseconds{10'000}, "0.01"},
                                          {microseconds{25'000}, "0.025"},
                                          {microseconds{50'000}, "0.05"},
                                          {microseconds{100'000}, "0.1"},
                                          {microseconds{250'000}, "0.25"},
                                          {microseconds{500'000}, "0.5"},
                                          {microseconds{1'000'000}, "1"},
                                          {microseconds{2'500'000}, "2.5"},
                                          {microseconds{5'000'000}, "5"},
                                          {microseconds{10'000'000}, "10"}}};
constexpr std::array<std::string_view, 5> phase_names{"name_lookup", "connect", "tls", "first_byte", "total"};
constexpr std::array<std::string_view, 4> health_names{"ok", "degraded", "failing", "unknown"};
constexpr std::size_t total = 4;

/// A label's value, with Prometheus's escapes.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

class Text {
 public:
  explicit Text(const std::vector<ProbeFigures>& probes) : probes_(probes) {}

  std::string take() {
    family("candor_probes_up", "gauge",
           "1 while the probe's health is ok or degraded, 0 while it is failing or unknown.");
    for (const ProbeFigures& probe : probes_)
      add(FMT_COMPILE("candor_probes_up{{probe=\"{}\"}} {}\n"), probe.name, probe.up ? 1 : 0);
    family("candor_probes_runs_total", "counter", "Runs of the probe by what they found, before fall and rise.");
    for (const ProbeFigures& probe : probes_) add_runs(probe);
    family("candor_probes_duration_seconds", "histogram",
           "Time that runs of the probe took, by phase: total is the whole, the others count their own time only.");
    for (const ProbeFigures& probe : probes_) add_phases(probe);
    family("candor_probes_certificate_expiry_timestamp_seconds", "gauge",
           "When the first of the certificates expires that the target showed last.");
    for (const ProbeFigures& probe : probes_) add_certificate(probe);
    family("candor_probes_reading", "gauge",
           "What the probe's last run measured besides its time, such as a packet loss.");
    for (const ProbeFigures& probe : probes_) add_readings(probe);
    return std::move(text_);
  }

 private:
  template <class... Values>
  void add(const auto& format, const Values&... values) {
    fmt::format_to(std::back_inserter(text_), format, values...);
  }
  void family(std::string_view name, std::string_view type, std::string_view help) {
    add(FMT_COMPILE("# HELP {} {}\n# TYPE {} {}\n"), name, help, name, type);
  }
  void add_runs(const ProbeFigures& probe) {
    for (std::size_t i = 0; i < health_names.size(); ++i) {
      add(FMT_COMPILE("candor_probes_runs_total{{probe=\"{}\",health=\"{}\"}} {}\n"), probe.name, health_names.at(i),
          probe.runs.at(i));
    }
  }
  void add_phases(const ProbeFigures& probe) {
    const bool all = probes_.size() <= most_with_phases;
    for (std::size_t i = all ? 0 : total; i < phase_names.size(); ++i) {
      const ProbeFigures::Histogram& histogram = probe.phases.at(i);
      // A kind without such a phase has no series of it.
      const bool seen = std::ranges::any_of(histogram.counts, [](std::uint32_t count) { return count > 0; });
      if (seen || i == total)
        add_histogram(fmt::format("probe=\"{}\",phase=\"{}\"", probe.name, phase_names.at(i)), histogram);
    }
  }
  void add_histogram(std::string_view labels, const ProbeFigures::Histogram& histogram) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      count += histogram.counts.at(i);
      add(FMT_COMPILE("candor_probes_duration_seconds_bucket{{{},le=\"{}\"}} {}\n"), labels, buckets.at(i).le, count);
    }
    count += histogram.counts.back();
    add(FMT_COMPILE("candor_probes_duration_seconds_bucket{{{},le=\"+Inf\"}} {}\n"), labels, count);
    add(FMT_COMPILE("candor_probes_duration_seconds_sum{{{}}} {}\n"), labels, histogram.seconds);
    add(FMT_COMPILE("candor_probes_duration_seconds_count{{{}}} {}\n"), labels, count);
  }
  void add_certificate(const ProbeFigures& probe) {
    if (!probe.certificate_ends) return;
    add(FMT_COMPILE("candor_probes_certificate_expiry_timestamp_seconds{{probe=\"{}\"}} {}\n"), probe.name,
        to_ms(*probe.certificate_ends) / 1000);
  }
  void add_readings(const ProbeFigures& probe) {
    for (const Reading& reading : probe.readings) {
      add(FMT_COMPILE("candor_probes_reading{{probe=\"{}\",name=\"{}\",unit=\"{}\"}} {}\n"), probe.name,
          escaped(reading.name), escaped(reading.unit), reading.value);
    }
  }

  const std::vector<ProbeFigures>& probes_;
  std::string text_;
};

}  // namespace

void ProbeFigures::Histogram::observe(microseconds time) {
  const auto fits = std::ranges::find_if(buckets, [time](const Bucket& bucket) { return time <= bucket.most; });
  ++counts.at(static_cast<std::size_t>(fits - buckets.begin()));
  seconds += std::chrono::duration<double>(time).count();
}

void ProbeFigures::record(const Outcome& outcome, rules::Health health) {
  up = is_up(health);
  ++runs.at(std::to_underlying(outcome.health));
  const Phases& spent = outcome.phases;
  const std::array times{spent.name_lookup, spent.connect, spent.tls, spent.first_byte};
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times.at(i) > microseconds{0}) phases.at(i).observe(times.at(i));
  }
  phases.at(total).observe(spent.total);
  certificate_ends.reset();
  for (const Certificate& certificate : outcome.certificates) {
    certificate_ends = std::min(certificate_ends.value_or(certificate.expires), certificate.expires);
  }
  readings = outcome.readings;
}

std::string exposition(const std::vector<ProbeFigures>& probes) { return Text{probes}.take(); }

}  // namespace candor::probes
