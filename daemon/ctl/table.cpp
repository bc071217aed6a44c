#include "daemon/ctl/table.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <unistd.h>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"

namespace candor::ctl {
namespace {

/// Characters as a terminal shows them: the bytes that do not continue another.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

bool coloured_output() {
  static const bool coloured = [] {
    const char* term = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr &&
           (term == nullptr || std::string_view{term} != "dumb");
  }();
  return coloured;
}

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const char c = text.front();
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t control = control_length(text);
    if (control > 0) {
      shown += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code_point(text.substr(0, control))));
    } else if (is_control(c)) {
      shown += c == '\n' || c == '\t' ? " " : fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
    text.remove_prefix(control > 0 ? control : 1);
  }
  return shown;
}

std::string printable_json(std::string_view json) {
  const std::string whole = to_utf8(json);
  std::string shown;
  for (std::string_view rest = whole; !rest.empty();) {
    const std::size_t control = rest.front() == 0x7F ? 1 : control_length(rest);
    if (control > 0) {
      shown += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code_point(rest.substr(0, control))));
    } else {
      shown += rest.front();
    }
    rest.remove_prefix(std::max<std::size_t>(control, 1));
  }
  return shown;
}

std::string paint(std::string_view word) {
  static const std::map<std::string_view, std::string_view> colours{
      {"ok", "32"},
      {"operational", "32"},
      {"resolved", "32"},
      {"degraded", "33"},
      {"minor", "33"},
      {"degraded_performance", "33"},
      {"monitoring", "33"},
      {"identified", "33"},
      {"unknown", "35"},
      {"major", "31"},
      {"critical", "1;31"},
      {"failing", "31"},
      {"investigating", "31"},
      {"partial_outage", "31"},
      {"major_outage", "1;31"},
  };
  const auto colour = colours.find(word);
  if (colour == colours.end() || !coloured_output()) return printable(word);
  return fmt::format("\x1b[{}m{}\x1b[0m", colour->second, printable(word));
}

TextTable::TextTable(std::vector<std::string> headings) : headings_(std::move(headings)) {}

void TextTable::add(std::vector<std::string> cells) {
  cells.resize(headings_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < headings_.size(); ++column) {
    std::size_t widest = width(headings_[column]);
    for (const auto& row : rows_) widest = std::max(widest, width(row[column]));
    widths.push_back(widest);
  }
  std::string text;
  const auto write_line = [&](const std::vector<std::string>& cells, bool heading) {
    std::string line;
    for (std::size_t column = 0; column < cells.size(); ++column) {
      line += heading ? cells[column] : paint(cells[column]);
      if (column + 1 < cells.size()) line.append(widths[column] - width(cells[column]) + 2, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    text += line + "\n";
  };
  write_line(headings_, true);
  for (const auto& row : rows_) write_line(row, false);
  return text;
}

}  // namespace candor::ctl
