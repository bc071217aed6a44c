#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace candor::ctl {

/// Whether standard output is a terminal that wants colour (no NO_COLOR, no dumb TERM).
[[nodiscard]] bool coloured_output();

/// Text for a terminal: escape sequences and other control characters of the outside world are made visible, never
/// sent.
[[nodiscard]] std::string printable(std::string_view text);

/// JSON for a terminal: control characters beyond ASCII, which JSON texts may hold as they are, become `\u202e`, which
/// means the same; a byte that is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string printable_json(std::string_view json);

/// A word in the colour of how bad it is, on a terminal only: statuses, impacts and healths; others stay plain.
[[nodiscard]] std::string paint(std::string_view word);

/// Columns wide enough for their cells, with a heading line. A last column may be long and is not padded.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> headings);
  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace candor::ctl
