#include "probes/probe.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/signature.h"
#include "probes/kinds/kinds.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_name = 100;

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == ':' || c == '-';
  });
}

/// Prometheus's rule for label names.
bool is_label_name(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

std::optional<Duration> read_retry_interval(const Table& table, Duration every) {
  const std::optional<Duration> again = table.duration("retry_interval", 100ms);
  if (again && *again > every) {
    table.refuse("retry_interval", fmt::format("retry_interval is longer than every, {}", format_duration(every)),
                 "it is for looking sooner than that at what is not well");
  }
  return again;
}

Labels read_labels(const Table& table) {
  Labels labels;
  const std::optional<Table> own = table.table("labels");
  if (!own) return labels;
  for (const std::string& name : own->keys()) {
    std::optional<std::string> value = own->text(name);
    if (name == "probe" || name == "component" || name == "kind" || name == "location") {
      own->refuse(name, fmt::format("label {} is set by the probe itself", name), "leave it out");
    } else if (!is_label_name(name)) {
      own->refuse(name, fmt::format("\"{}\" is not a label's name", name), "letters, digits and _, no digit first");
    } else if (value) {
      labels.set(name, *std::move(value));
    }
  }
  return labels;
}

/// Reads the one kind's table; answers what makes the fingerprint of it.
std::string read_kind(const Table& table, ProbeConfig& config) {
  std::string content;
  std::vector<std::string_view> known;
  std::vector<std::string> given;
  for (const Kind& kind : kinds()) {
    known.push_back(kind.name);
    if (!table.has(kind.name)) continue;
    given.emplace_back(kind.name);
    config.kind = kind.name;
    const std::optional<Table> own = table.table(kind.name);
    if (!own) continue;
    KindConfig read = kind.read(*own, config);
    config.make = std::move(read.make);
    content = read.content.reveal();
  }
  if (given.empty()) {
    table.refuse("", "the probe has no kind",
                 fmt::format("add a table such as [probe.{}]; kinds: {}", known.front(), fmt::join(known, ", ")));
  } else if (given.size() > 1) {
    table.refuse(given.back(), fmt::format("the probe has {} kinds: {}", given.size(), fmt::join(given, ", ")),
                 "exactly one kind's table");
  }
  return content;
}

/// A digest, so that no secret stays in it.
std::string fingerprint_of(const ProbeConfig& config, std::string_view content) {
  std::string text;
  for (const std::string_view part :
       {std::string_view{config.name}, std::string_view{config.component}, std::string_view{config.kind}}) {
    text += fmt::format("{}:{};", part.size(), part);
  }
  text += fmt::format("{} {} {} {} {} {};", config.every.count(), config.retry_interval.value_or(Duration{0}).count(),
                      config.timeout.count(), config.fall, config.rise, config.labels.text());
  text += content;
  const Digest digest = sha256(text);
  return encode_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

Labels ProbeConfig::signal_labels(const std::string& location) const {
  Labels all = labels;
  all.set("probe", name);
  all.set("component", component);
  all.set("kind", kind);
  all.set("location", location);
  return all;
}

ProbeConfig read_probe(const Table& table) {
  ProbeConfig config;
  config.name = table.required_text("name");
  if (!config.name.empty() && !is_name(config.name)) {
    table.refuse("name", "the probe's name holds other characters than letters, digits and _ . : -, or is too long",
                 fmt::format("at most {} characters", longest_name));
  }
  config.component = table.text("component").value_or("");
  config.every = table.duration("every", 100ms, 24h).value_or(config.every);
  config.retry_interval = read_retry_interval(table, config.every);
  config.timeout = table.duration("timeout", 10ms, 5min).value_or(config.timeout);
  config.fall = static_cast<std::uint32_t>(table.integer("fall", 1, 100).value_or(config.fall));
  config.rise = static_cast<std::uint32_t>(table.integer("rise", 1, 100).value_or(config.rise));
  config.labels = read_labels(table);
  const std::string content = read_kind(table, config);
  config.fingerprint = fingerprint_of(config, content);
  return config;
}

}  // namespace candor::probes
