#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace candor::ctl {

/// A part of a source that an import had no use for.
struct Leftover {
  std::string file;
  std::string path;  ///< "endpoints[3].ui", of keys without what may be a secret in them
  int line = 0;      ///< 0 where it is not known
  std::string why;   ///< may be empty

  /// "config.yaml:31: endpoints[3].ui: why"
  [[nodiscard]] std::string text() const;
};

/// A value of another tool's configuration, and all that is below it. It keeps in mind what an import has read, so that
/// nothing is left out in silence: leftovers() are the rest.
class Source {
 public:
  enum class Kind : std::uint8_t { null, scalar, list, map };

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_map() const { return kind_ == Kind::map; }
  /// Of a member of a map.
  [[nodiscard]] const std::string& key() const { return key_; }
  /// A scalar as it is written; empty for all else.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::vector<Source>& items() { return items_; }

  /// A member of a map, of several of one key the one that counts; null where there is none. That alone does not count
  /// as reading it.
  [[nodiscard]] Source* find(std::string_view key);
  /// A scalar member. Another kind of member is not read.
  std::optional<std::string> read_text(std::string_view key);
  /// true, yes and on are true. What is neither true nor false is dropped, and false.
  std::optional<bool> read_flag(std::string_view key);
  /// The scalars of a list; a scalar counts as a list of one.
  std::vector<std::string> read_texts(std::string_view key);
  /// The scalar members, by their keys.
  std::map<std::string, std::string> read_members();
  /// This and all that is below counts as read.
  void read();
  /// It has no counterpart, for this reason; the first one counts. A member that is absent, null or empty has none.
  void drop(std::string why);
  void drop(std::string_view key, std::string why);

  /// Whether anything of it was read or dropped.
  [[nodiscard]] bool touched() const;
  /// What was not read, each told once only: a part of which nothing was read as a whole.
  [[nodiscard]] std::vector<Leftover> leftovers();

 private:
  friend class YamlReader;
  friend class JsonReader;
  enum class State : std::uint8_t { untouched, read, told };

  [[nodiscard]] bool is_empty() const;
  /// Of members of one key the first counts, and the others are dropped.
  void add_member(Source member);
  void collect(std::vector<Leftover>& found);
  void tell(std::vector<Leftover>& found);
  [[nodiscard]] Source child(std::string key) const;
  [[nodiscard]] Source child(std::size_t index) const;

  std::shared_ptr<const std::string> file_;
  std::string path_;
  std::string key_;
  int line_ = 0;
  Kind kind_ = Kind::null;
  std::string text_;
  std::vector<Source> items_;
  State state_ = State::untouched;
  std::string why_;
};

constexpr std::size_t most_values = 200'000;

/// Without a byte order mark. Errors: a file that cannot be read, is larger than 16 MB or is not UTF-8.
[[nodiscard]] Result<std::string> read_source_file(const std::string& file);

/// Errors: as of read_source_file(); one that is not YAML (or JSON), or holds more than most_values, or too many inside
/// each other. The message does not repeat values, which may be secrets. What follows the first document of a file, and
/// what has a key that stands there already, is dropped, not lost.
[[nodiscard]] Result<Source> load_yaml(const std::string& file);
[[nodiscard]] Result<Source> load_json(const std::string& file);
/// Puts what a text says as JSON in its place. Answers whether it is JSON.
[[nodiscard]] bool unfold_json(Source& text);

}  // namespace candor::ctl
