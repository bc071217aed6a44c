#include "probes/kinds/perfdata.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace candor::probes {
namespace {

constexpr std::size_t most_readings = 20;
constexpr std::size_t longest_label = 256;  // as written
constexpr std::size_t longest_name = 64;
constexpr std::size_t longest_unit = 16;
constexpr std::string_view spaces = " \t\r\n\v\f";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes a label and its `=` off the front; a quote within quotes is written twice. Leaves `text` as it is where there
/// is none.
std::optional<std::string> take_label(std::string_view& text) {
  const bool quoted = text.starts_with('\'');
  std::string label;
  std::size_t at = quoted ? 1 : 0;
  for (; at < text.size() && label.size() < longest_label; ++at) {
    const char c = text[at];
    if (quoted && c == '\'') {
      if (!text.substr(at + 1).starts_with('\'')) break;
      ++at;
    } else if (!quoted && (c == '=' || c == '\'' || spaces.contains(c))) {
      break;
    }
    label += c;
  }
  if (quoted) ++at;
  if (trimmed(label, spaces).empty() || !text.substr(std::min(at, text.size())).starts_with('=')) return std::nullopt;
  text.remove_prefix(at + 1);
  return label;
}

/// Takes a finite number off the front.
std::optional<double> take_number(std::string_view& text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || (!is_digit(digits.front()) && digits.front() != '.')) return std::nullopt;  // "inf", "nan"
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool is_unit(std::string_view text) {
  return text.size() <= longest_unit && find_invalid_utf8(text) == std::string_view::npos && one_line(text) == text &&
         std::ranges::none_of(text, [](char c) { return is_digit(c) || std::string_view{"\"'=,.:+-"}.contains(c); });
}

/// Thresholds and bounds are not used, and yet show whether this is performance data.
bool are_ranges(std::string_view text) {
  return std::ranges::count(text, ';') <= 4 &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || std::string_view{";.:~@+-eEU"}.contains(c); });
}

std::string name_from(std::string_view label) {
  return shorten_utf8(one_line(to_utf8(trimmed(label, spaces))), longest_name - std::string_view{"…"}.size());
}

/// Takes one item off the front, or, where there is none, the word that stands there.
std::optional<Reading> take_item(std::string_view& text) {
  const std::optional<std::string> label = take_label(text);
  const std::size_t end = std::min(text.find_first_of(spaces), text.size());
  std::string_view rest = text.substr(0, end);
  text.remove_prefix(end);
  if (!label) return std::nullopt;
  const std::optional<double> value = take_number(rest);
  if (!value) return std::nullopt;
  const std::string_view unit = rest.substr(0, rest.find(';'));
  if (!is_unit(unit) || !are_ranges(rest.substr(unit.size()))) return std::nullopt;
  return Reading{name_from(*label), *value, std::string{unit}};
}

}  // namespace

void read_perfdata(std::string_view text, std::vector<Reading>& readings) {
  while (readings.size() < most_readings) {
    const std::size_t next = text.find_first_not_of(spaces);
    if (next == std::string_view::npos) return;
    text.remove_prefix(next);
    std::optional<Reading> item = take_item(text);
    if (!item || std::ranges::find(readings, item->name, &Reading::name) != readings.end()) continue;
    readings.push_back(*std::move(item));
  }
}

PluginOutput read_plugin_output(std::string_view output, bool cut) {
  PluginOutput result;
  const std::size_t begin = std::min(output.find_first_not_of(spaces), output.size());
  std::string_view rest = output.substr(begin);
  const std::string_view first = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(first.size());
  const std::size_t bar = first.find('|');
  result.text = trimmed(first.substr(0, bar), spaces);
  const auto add = [&](std::string_view text, bool last) {
    const std::size_t end = last && cut ? text.find_last_of(spaces) : text.size();
    if (end != std::string_view::npos) read_perfdata(text.substr(0, end), result.readings);
  };
  if (bar != std::string_view::npos) add(first.substr(bar + 1), rest.empty());
  if (const std::size_t more = rest.find('|'); more != std::string_view::npos) add(rest.substr(more + 1), true);
  return result;
}

}  // namespace candor::probes
