#include "daemon/ctl/import_draft.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include "base/text.h"
#include "base/utf8.h"
#include "daemon/ctl/import_check.h"
#include "daemon/ctl/import_secrets.h"

namespace candor::ctl {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_name = 80;
/// As much as Candor takes: no source has a limit by itself.
constexpr const char* most_body_bytes = "67108864";

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Fit for the names of probes and the ids of components.
std::string plain_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool plain = is_alphanumeric(c) || c == '_' || c == '.';
    if (plain) name += c;
    if (!plain && !name.empty() && name.back() != '-') name += '-';
  }
  name = name.substr(0, longest_name);
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "probe" : name;
}

/// Lines of a comment; a text from outside cannot end it.
std::string comment(std::string_view text) { return fmt::format("# {}\n", one_line(to_utf8(text))); }

std::string commented(const std::string& text) {
  std::string lines;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    lines += fmt::format("#{}{}\n", line.empty() ? "" : " ", line);
    rest.remove_prefix(end + 1);
  }
  return lines;
}

bool is_label_name(const std::string& name) {
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

std::string component_of(const DraftProbe& probe) {
  std::string text = fmt::format("[[component]]\nid = {}\nname = {}\n", toml_text(probe.name), toml_text(probe.title));
  if (!probe.group.empty()) text += fmt::format("group = {}\n", toml_text(probe.group));
  return text;
}

std::string rule_of(const DraftProbe& probe) {
  return fmt::format("[[rule]]\nname = \"{0}-down\"\ncomponent = \"{0}\"\nwhen = {{ probe = 'component=\"{0}\"' }}\n",
                     probe.name);
}

std::string text_of(const DraftProbe& probe) {
  std::string remarks;
  for (const std::string& line : probe.unfit) remarks += comment("not imported: as a comment only: " + line);
  for (const std::string& line : probe.changed) remarks += comment("changed: " + line);
  for (const Leftover& leftover : probe.not_imported) remarks += comment("not imported: " + leftover.text());
  std::string text = toml_of(probe);
  if (!probe.title.empty()) text = fmt::format("{}\n{}\n{}", component_of(probe), text, rule_of(probe));
  return remarks + (!probe.unfit.empty() ? commented(text) : text);
}

}  // namespace

std::string toml_text(std::string_view text) {
  std::string literal = "\"";
  for (const char c : to_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      literal += fmt::format("\\{}", c);
    } else if (c == '\n') {
      literal += "\\n";
    } else if (c == '\r') {
      literal += "\\r";
    } else if (c == '\t') {
      literal += "\\t";
    } else if (is_control(c)) {
      literal += fmt::format("\\u{:04X}", byte);
    } else {
      literal += c;
    }
  }
  return literal + '"';
}

std::string toml_list(const std::vector<std::string>& literals) {
  return fmt::format("[{}]", fmt::join(literals, ", "));
}

std::string toml_file(std::string_view name) { return fmt::format("{{ file = {} }}", toml_text(name)); }

std::string toml_duration(Duration duration) { return toml_text(format_duration(duration)); }

std::string toml_of(const DraftProbe& probe) {
  std::string text = fmt::format("[[probe]]\nname = {}\n", toml_text(probe.name));
  if (!probe.title.empty()) text += fmt::format("component = {}\n", toml_text(probe.name));
  for (const auto& [key, literal] : probe.common) text += fmt::format("{} = {}\n", key, literal);
  std::vector<std::string> labels;
  for (const auto& [name, value] : probe.labels) labels.push_back(fmt::format("{} = {}", name, toml_text(value)));
  if (!labels.empty()) text += fmt::format("labels = {{ {} }}\n", fmt::join(labels, ", "));
  text += fmt::format("[probe.{}]\n", probe.kind);
  for (const auto& [key, literal] : probe.settings) text += fmt::format("{} = {}\n", key, literal);
  return text;
}

Duration DraftProbe::within(std::string_view key, Duration wanted, Duration least, Duration most) {
  const Duration used = std::clamp(wanted, least, most);
  if (used != wanted) {
    changed.push_back(
        fmt::format("{} was {}; Candor's bound is {}", key, format_duration(wanted), format_duration(used)));
  }
  return used;
}

void DraftProbe::set_times(Duration wanted_every, Duration wanted_timeout) {
  every = within("every", wanted_every, 100ms, 24h);
  timeout = within("timeout", wanted_timeout, 10ms, 5min);
  common.emplace_back("every", toml_duration(every));
  common.emplace_back("timeout", toml_duration(timeout));
}

void DraftProbe::set_retry_interval(Duration again) {
  const Duration used = within("retry_interval", again, 100ms, std::max<Duration>(again, 100ms));
  if (used > every) {
    changed.push_back(fmt::format("runs after a failure were {} apart; here they are never rarer than others, {}",
                                  format_duration(again), format_duration(every)));
    return;
  }
  common.emplace_back("retry_interval", toml_duration(used));
  changed.emplace_back("retry_interval counts until it is well again, not only until it is failing");
}

void DraftProbe::set_late_after(Duration wanted) {
  set("late_after", toml_duration(within("late_after", wanted, 1s, 24h * 400)));
}

void DraftProbe::set_count(std::string key, int wanted) {
  const int used = std::clamp(wanted, 1, 100);
  if (used != wanted) changed.push_back(fmt::format("{} was {}; Candor's bound is {}", key, wanted, used));
  common.emplace_back(std::move(key), fmt::format("{}", used));
}

bool DraftProbe::has(std::string_view key) const {
  return std::ranges::any_of(settings, [key](const auto& setting) { return setting.first == key; });
}

void DraftProbe::set(std::string key, std::string literal) {
  if (has(key)) {
    changed.push_back(fmt::format("there is more than one {}; the last one counts", key));
    std::erase_if(settings, [&key](const auto& setting) { return setting.first == key; });
  }
  settings.emplace_back(std::move(key), std::move(literal));
}

void DraftProbe::set_degraded_above(Duration limit) {
  if (limit < 1ms) {
    changed.emplace_back("a limit of 0 for the time of an answer was left out: no answer is that fast");
    return;
  }
  if (limit >= timeout) {
    changed.push_back(fmt::format("a limit of {} for the time of an answer was left out: the timeout of {} comes first",
                                  format_duration(limit), format_duration(timeout)));
    return;
  }
  set("degraded_above", toml_duration(limit));
  changed.emplace_back("a slow answer was a failure; here it is degraded");
}

void DraftProbe::set_label(const std::string& key, const std::string& value) {
  const bool ours = key == "probe" || key == "component" || key == "kind" || key == "location";
  const bool twice = std::ranges::any_of(labels, [&](const auto& label) { return label.first == key; });
  if (is_label_name(key) && !ours && !twice) {
    labels.emplace_back(key, without_secrets(value));
    if (labels.back().second != value) {
      changed.push_back(fmt::format("of its label {}, what may be a secret was left out", key));
    }
    return;
  }
  changed.push_back(fmt::format("the label {} was left out: {}", toml_text(without_secrets(key)),
                                twice ? "there is one of this name already" : "its name cannot be used"));
}

std::string Draft::free_name(const std::string& wanted) {
  std::string name = wanted;
  while (!names_.insert(name).second) {
    int& number = numbers_.try_emplace(wanted, 1).first->second;
    name = fmt::format("{}-{}", wanted, ++number);
  }
  return name;
}

void Draft::add(DraftProbe probe) {
  probe.name = free_name(plain_name(probe.name));
  if (probe.has("body_matches") || probe.has("json")) probe.set("body_limit_bytes", most_body_bytes);
  if (probe.unfit.empty()) {
    for (const std::string& why : refusals_of(probe)) probe.unfit.push_back("Candor would refuse it: " + why);
  }
  probes_.push_back(std::move(probe));
}

std::size_t Draft::probes() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(probes_, [](const DraftProbe& it) { return it.unfit.empty(); }));
}

void Draft::add_not_imported(std::vector<Leftover> leftovers) {
  for (Leftover& leftover : leftovers) not_imported_.push_back(std::move(leftover));
}

std::set<std::string> Draft::variables() const {
  std::set<std::string> names;
  for (const DraftProbe& probe : probes_) {
    if (!probe.unfit.empty()) continue;
    for (const auto& [key, literal] : probe.settings) {
      re2::StringPiece rest{literal};
      for (std::string name; RE2::FindAndConsume(&rest, R"re(\{ env = "(\w+)" \})re", &name);) names.insert(name);
    }
  }
  return names;
}

std::string Draft::text() const {
  std::string text = comment(made_by_);
  text += comment(
      "Look through what is marked with \"not imported\" and \"changed\", and check it: candorctl config check FILE");
  text += comment(
      "Secrets are written out as the source has them: { env = … }, { file = … } and { credential = … } are better "
      "places.");
  if (std::ranges::any_of(probes_, [](const DraftProbe& probe) { return !probe.title.empty(); })) {
    text += comment(
        "Each rule opens an incident on the public page as soon as its probe is failing; who is paged: page = "
        "\"ESCALATION\".");
  }
  if (const std::set<std::string> needed = variables(); !needed.empty()) {
    text +=
        comment(fmt::format("It needs variables of the environment, also to be checked: {}.", fmt::join(needed, ", ")));
  }
  if (!not_imported_.empty()) text += '\n';
  for (const Leftover& leftover : not_imported_) text += comment("not imported: " + leftover.text());
  for (const DraftProbe& probe : probes_) text += '\n' + text_of(probe);
  return text;
}

std::vector<std::string> Draft::remarks() const {
  std::vector<std::string> lines;
  for (const Leftover& leftover : not_imported_) lines.push_back("not imported: " + leftover.text());
  for (const DraftProbe& probe : probes_) {
    for (const Leftover& leftover : probe.not_imported) lines.push_back("not imported: " + leftover.text());
    for (const std::string& line : probe.unfit)
      lines.push_back(fmt::format("not imported: {}: as a comment only: {}", probe.name, line));
    for (const std::string& line : probe.changed) lines.push_back(fmt::format("changed: {}: {}", probe.name, line));
  }
  return lines;
}

}  // namespace candor::ctl
