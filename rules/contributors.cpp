#include "rules/contributors.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"

namespace candor::rules {
namespace {

constexpr std::size_t most_named = 3;
constexpr std::size_t most_labels = 3;
constexpr std::size_t most_label_bytes = 64;
constexpr std::size_t most_evidence_bytes = 500;

struct Label {
  std::string_view name;
  std::string_view value;
};

/// A part of an identity as it may stand in evidence: not long, and with a blank for each control character, since
/// evidence goes to terminals and chats, and whoever sends alerts chooses their labels.
std::string plain(std::string_view text) { return one_line(shorten_utf8(text, most_label_bytes)); }

/// What tells a reader where to look comes first.
std::size_t rank_of(const Label& label) {
  constexpr std::array<std::string_view, 6> telling{"location", "instance", "service", "namespace", "job", "severity"};
  return static_cast<std::size_t>(std::ranges::find(telling, label.name) - telling.begin());
}

/// `checkout-http (location=fra1)`: the probe's or the alert's name and the few labels that tell it from its like.
std::string summary_of(const PackedId& id) {
  const std::vector<std::string_view> words = id.words();
  const std::string_view named_by = id.kind() == SignalKind::probe ? "probe" : "alertname";
  std::string_view name = words.front();
  std::vector<Label> labels;
  for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
    const Label label{words[i], words[i + 1]};
    if (label.name == named_by) {
      name = label.value;
    } else if (label.name != "component" && label.name != "kind") {
      labels.push_back(label);
    }
  }
  std::ranges::stable_sort(labels, {}, rank_of);
  std::string text;
  for (const Label& label : labels | std::views::take(most_labels)) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", plain(label.name), plain(label.value));
  }
  const std::string whole = plain(name);
  return text.empty() ? whole : fmt::format("{} ({})", whole, text);
}

}  // namespace

void put_in_order(std::vector<Contributor>& contributors) {
  std::ranges::sort(contributors, ContributorOrder{});
  std::unordered_set<const SignalTable::value_type*> seen;
  std::erase_if(contributors, [&seen](const Contributor& one) { return !seen.insert(one.signal).second; });
}

std::string evidence_of(const std::vector<Contributor>& contributors, bool cut) {
  std::string text;
  for (const Contributor& one : contributors | std::views::take(most_named)) {
    const auto& [id, signal] = *one.signal;
    const std::string_view seen = signal.words ? std::string_view{signal.words->evidence} : std::string_view{};
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", summary_of(id),
                        shorten_utf8(seen.empty() ? to_string(signal.health.health) : seen, most_evidence_bytes));
  }
  if (contributors.size() > most_named) {
    text += fmt::format("; and {}{} more", cut ? "over " : "", contributors.size() - most_named);
  }
  return text;
}

std::string symptom_of(const std::vector<Contributor>& contributors) {
  for (const Contributor& one : contributors) {
    const auto& words = one.signal->second.words;
    if (words && !words->symptom.empty()) return words->symptom;
  }
  return {};
}

}  // namespace candor::rules
