#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

namespace candor {

struct Position {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

/// One mistake in a configuration.
struct Problem {
  Position at;
  std::string what;
  std::string hint;

  /// `file:line:column: what (hint)`, one line without control characters.
  [[nodiscard]] std::string text() const;
};

/// Collects every mistake, so that whoever wrote the file sees all of them at once.
class Problems {
 public:
  void add(Position at, std::string what, std::string hint = {});
  [[nodiscard]] bool empty() const { return list_.empty(); }
  /// In the order of files, lines and columns, each once.
  [[nodiscard]] std::vector<Problem> list() const;

 private:
  std::vector<Problem> list_;
};

/// The nearest of `known` to a mistyped `word`, if one is near enough to be meant.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

struct DocumentState;

/// One table of a TOML document, as one room reads it. Every question names a key, which makes that key a known one; a
/// key that no room has asked for by the end is an error (Document::refuse_unknown). A question about an absent key
/// answers nothing; one about a value of the wrong type, unit or range records the problem and answers nothing, so a
/// reader asks on and all mistakes come out together. A cheap handle that keeps its document alive.
class Table {
 public:
  [[nodiscard]] bool has(std::string_view key) const;
  /// Whether `key` is a table, such as a secret that is not written here.
  [[nodiscard]] bool is_table(std::string_view key) const;
  /// Where the table begins, or the value of `key` stands.
  [[nodiscard]] Position position() const;
  [[nodiscard]] Position position(std::string_view key) const;

  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  /// As text(), and an absent or empty one is a problem too; answers "" then.
  [[nodiscard]] std::string required_text(std::string_view key) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most) const;
  /// A finite number, with a point or without.
  [[nodiscard]] std::optional<double> number(std::string_view key) const;
  /// A text as parse_duration reads it.
  [[nodiscard]] std::optional<Duration> duration(std::string_view key, Duration least = Duration{0},
                                                 Duration most = Duration{std::numeric_limits<std::int64_t>::max() /
                                                                          4}) const;
  /// A list of texts; a single text counts as a list of one.
  [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view key) const;
  /// A table whose values are all texts, such as headers.
  [[nodiscard]] std::map<std::string, std::string> texts_by_name(std::string_view key) const;
  /// A TOML date, as "2026-09-01".
  [[nodiscard]] std::optional<std::string> date(std::string_view key) const;
  /// An integer or a text, such as at_least = 2 or "50%".
  [[nodiscard]] std::optional<std::variant<std::int64_t, std::string>> integer_or_text(std::string_view key) const;
  /// A text, a number or true and false: what a value in JSON may be compared with.
  [[nodiscard]] std::optional<std::variant<bool, std::int64_t, double, std::string>> scalar(std::string_view key) const;
  /// A text, { env = "NAME" }, { file = "PATH" } (relative to the configuration) or { credential = "NAME" } (systemd).
  /// A secret that cannot be had is a problem, which names its source and never its value.
  [[nodiscard]] std::optional<Secret> secret(std::string_view key) const;

  [[nodiscard]] std::optional<Table> table(std::string_view key) const;
  [[nodiscard]] std::vector<Table> tables(std::string_view key) const;

  /// One of a few words.
  template <class T>
  [[nodiscard]] std::optional<T> choice(std::string_view key,
                                        const std::vector<std::pair<std::string_view, T>>& choices) const {
    const std::optional<std::string> word = text(key);
    if (!word) return std::nullopt;
    std::vector<std::string> known;
    for (const auto& [name, value] : choices) {
      if (name == *word) return value;
      known.emplace_back(name);
    }
    refuse_choice(key, *word, known);
    return std::nullopt;
  }

  /// Records that the value of `key` is wrong, or, where the key is absent, the table.
  void refuse(std::string_view key, std::string what, std::string hint = {}) const;

  /// The keys that stand in the table, whether known or not.
  [[nodiscard]] std::vector<std::string> keys() const;

 private:
  friend class Document;
  Table(std::shared_ptr<DocumentState> document, const void* node, std::string path);
  void refuse_choice(std::string_view key, const std::string& word, const std::vector<std::string>& known) const;
  [[nodiscard]] const void* ask(std::string_view key) const;
  [[nodiscard]] std::string path_of(std::string_view key) const;

  std::shared_ptr<DocumentState> document_;
  const void* node_;
  std::string path_;  ///< of the keys that lead here, joined by dots
};

/// One TOML file. Problems found while reading any of its tables go to `problems`, which must outlive the tables.
class Document {
 public:
  /// Nothing where the file cannot be read or is not TOML; `problems` says why.
  [[nodiscard]] static std::optional<Document> load(const std::filesystem::path& file, Problems& problems,
                                                    Readable what = Readable::regular);
  [[nodiscard]] static std::optional<Document> parse(std::string_view text, std::string file_name, Problems& problems);

  [[nodiscard]] Table root() const;

  /// Once every room has read its tables: each key that none asked for is a problem with the nearest known one as hint.
  /// With `under`, only in the tables that stand below one of these paths, and at the top.
  void refuse_unknown(const std::vector<std::string>& under = {}) const;

  /// The keys that rooms have asked for, by the path of their table (`probe.http`; the root is ""): what a reference
  /// documents.
  [[nodiscard]] std::map<std::string, std::set<std::string>> known_keys() const;

 private:
  explicit Document(std::shared_ptr<DocumentState> state) : state_(std::move(state)) {}
  std::shared_ptr<DocumentState> state_;
};

}  // namespace candor
