#include "base/reader.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "base/file.h"
#include "base/long_key.h"
#include "base/text.h"

namespace candor {

struct DocumentState {
  std::string file;
  std::filesystem::path folder;
  toml::table root;
  Problems* problems;
  /// For each table that a room was given: the keys it asked for.
  std::map<const toml::table*, std::set<std::string, std::less<>>> asked;
  std::map<const toml::table*, std::set<std::string, std::less<>>> refused;  ///< what is wrong already
  std::map<const toml::table*, std::string> paths;
  std::map<std::string, std::set<std::string>> known;  ///< the same, by path
};

namespace {

Position position_of(const DocumentState& document, const toml::source_region& source) {
  return {document.file, static_cast<std::uint32_t>(source.begin.line),
          static_cast<std::uint32_t>(source.begin.column)};
}

const toml::table& as_table(const void* node) { return *static_cast<const toml::table*>(node); }
const toml::node& as_node(const void* node) { return *static_cast<const toml::node*>(node); }

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a point";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date with a time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

constexpr std::size_t most_document_bytes = std::size_t{16} << 20U;
constexpr std::size_t most_secret_bytes = std::size_t{1} << 20U;

/// Without the line end that editors leave behind a token.
std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

constexpr std::string_view secret_forms =
    "a text, { env = \"NAME\" }, { file = \"PATH\" } or { credential = \"NAME\" }";

/// What to do where a secret is not to be had.
std::string_view how_to_give(std::string_view kind) {
  if (kind == "env") return "set it where candord is started, in a unit with Environment= or EnvironmentFile=";
  if (kind == "credential") return "give it in candord's unit with LoadCredential=NAME:PATH";
  return "write the secret into it, and let candord's user read it";
}

/// As names of environment variables are (POSIX, XBD 8.1). What is not may be the secret itself, put where its
/// variable's name belongs.
bool is_variable_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && std::ranges::all_of(name, fits) && (name.front() < '0' || name.front() > '9');
}

Result<std::string> find_secret(std::string_view kind, const std::string& name, const std::filesystem::path& folder) {
  if (kind == "env") {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') {
      return failure(is_variable_name(name) ? "environment variable " + name + " is not set"
                                            : "the environment variable whose name stands here is not set");
    }
    return std::string{value};
  }
  std::filesystem::path file = folder / name;
  if (kind == "credential") {
    const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
    if (credentials == nullptr) {
      return failure("credential " + name + " is not there: CREDENTIALS_DIRECTORY is not set");
    }
    if (name.find('/') != std::string::npos) return failure("a credential's name holds no slash");
    file = std::filesystem::path{credentials} / name;
  }
  Result<std::string> text = read_file(file, most_secret_bytes);
  if (!text) return failure("cannot read " + file.string() + ": " + text.error().message);
  std::string value = without_line_end(*std::move(text));
  if (value.empty()) return failure(file.string() + " is empty");
  return value;
}

/// A name that somebody mistyped is no longer; what it costs to compare grows with the square.
constexpr std::size_t longest_typo_bytes = 100;

/// Two letters that changed places are one edit. `limit` where it is that or more.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) >= limit) return limit;
  std::vector<std::size_t> before;
  std::vector<std::size_t> last;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    if (std::min(*std::ranges::min_element(row), *std::ranges::min_element(last)) >= limit) return limit;
  }
  return row[b.size()];
}

}  // namespace

std::string Problem::text() const {
  std::string text = fmt::format("{}:{}:{}: {}", at.file, at.line, at.column, what);
  if (!hint.empty()) text += fmt::format(" ({})", hint);
  return one_line(text);
}

void Problems::add(Position at, std::string what, std::string hint) {
  list_.push_back({std::move(at), std::move(what), std::move(hint)});
}

std::vector<Problem> Problems::list() const {
  std::vector<Problem> sorted = list_;
  const auto place = [](const Problem& p) { return std::tie(p.at.file, p.at.line, p.at.column, p.what); };
  std::ranges::stable_sort(sorted, {}, place);
  const auto repeated = std::ranges::unique(sorted, {}, place);
  sorted.erase(repeated.begin(), repeated.end());
  return sorted;
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  if (word.size() > longest_typo_bytes) return best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    if (const std::size_t distance = edit_distance(word, candidate, least); distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

Table::Table(std::shared_ptr<DocumentState> document, const void* node, std::string path)
    : document_(std::move(document)), node_(node), path_(std::move(path)) {
  document_->asked.try_emplace(&as_table(node_));
  document_->paths.try_emplace(&as_table(node_), path_);
}

const void* Table::ask(std::string_view key) const {
  document_->asked[&as_table(node_)].emplace(key);
  document_->known[path_].emplace(key);
  return as_table(node_).get(key);
}

std::string Table::path_of(std::string_view key) const {
  return path_.empty() ? std::string{key} : fmt::format("{}.{}", path_, key);
}

bool Table::has(std::string_view key) const { return ask(key) != nullptr; }

bool Table::is_table(std::string_view key) const {
  const void* const found = ask(key);
  return found != nullptr && as_node(found).as_table() != nullptr;
}

Position Table::position() const { return position_of(*document_, as_table(node_).source()); }

Position Table::position(std::string_view key) const {
  const toml::node* value = as_table(node_).get(key);
  return value != nullptr ? position_of(*document_, value->source()) : position();
}

void Table::refuse(std::string_view key, std::string what, std::string hint) const {
  document_->refused[&as_table(node_)].emplace(key);
  document_->problems->add(position(key), std::move(what), std::move(hint));
}

void Table::refuse_choice(std::string_view key, const std::string& word, const std::vector<std::string>& known) const {
  const std::optional<std::string> near = nearest(word, known);
  refuse(key, fmt::format("\"{}\" is not a value of {}", word, key),
         near ? fmt::format("did you mean \"{}\"?", *near) : fmt::format("one of {}", fmt::join(known, ", ")));
}

std::optional<std::string> Table::text(std::string_view key) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = as_node(found).as_string()) return value->get();
  refuse(key, fmt::format("{} is {}, not a text", key, kind_of(as_node(found))), "put it in quotation marks");
  return std::nullopt;
}

std::string Table::required_text(std::string_view key) const {
  const bool present = has(key);
  std::optional<std::string> value = text(key);
  const std::string hint = fmt::format("write {} = \"…\"", key);
  if (!present) refuse(key, fmt::format("{} is missing", key), hint);
  if (value && value->empty()) refuse(key, fmt::format("{} is empty", key), hint);
  return value.value_or("");
}

std::optional<bool> Table::boolean(std::string_view key) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = as_node(found).as_boolean()) return value->get();
  refuse(key, fmt::format("{} is {}, not true or false", key, kind_of(as_node(found))), "without quotation marks");
  return std::nullopt;
}

std::optional<std::int64_t> Table::integer(std::string_view key, std::int64_t least, std::int64_t most) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  const auto* value = as_node(found).as_integer();
  if (value == nullptr) {
    refuse(key, fmt::format("{} is {}, not a whole number", key, kind_of(as_node(found))),
           fmt::format("{} to {}, without quotation marks", least, most));
    return std::nullopt;
  }
  if (value->get() < least || value->get() > most) {
    refuse(key, fmt::format("{} = {} is out of range", key, value->get()), fmt::format("{} to {}", least, most));
    return std::nullopt;
  }
  return value->get();
}

std::optional<double> Table::number(std::string_view key) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = as_node(found).as_integer()) return static_cast<double>(value->get());
  const auto* value = as_node(found).as_floating_point();
  if (value == nullptr) {
    refuse(key, fmt::format("{} is {}, not a number", key, kind_of(as_node(found))),
           "such as 5 or 0.5, without quotation marks");
    return std::nullopt;
  }
  if (std::isfinite(value->get())) return value->get();
  refuse(key, fmt::format("{} = {} is not a finite number", key, value->get()));
  return std::nullopt;
}

std::optional<Duration> Table::duration(std::string_view key, Duration least, Duration most) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  const auto* value = as_node(found).as_string();
  if (value == nullptr) {
    refuse(key, fmt::format("{} is {}, not a duration", key, kind_of(as_node(found))), "such as \"30s\"");
    return std::nullopt;
  }
  const Result<Duration> duration = parse_duration(value->get());
  if (!duration) {
    refuse(key, fmt::format("{}: {}", key, duration.error().message));
    return std::nullopt;
  }
  if (*duration < least) {
    refuse(key, fmt::format("{} = \"{}\" is too short", key, value->get()), "at least " + format_duration(least));
    return std::nullopt;
  }
  if (*duration > most) {
    refuse(key, fmt::format("{} = \"{}\" is too long", key, value->get()), "at most " + format_duration(most));
    return std::nullopt;
  }
  return *duration;
}

std::optional<std::vector<std::string>> Table::texts(std::string_view key) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = as_node(found).as_string()) return std::vector{value->get()};
  const auto* list = as_node(found).as_array();
  if (list == nullptr) {
    refuse(key, fmt::format("{} is {}, not a list of texts", key, kind_of(as_node(found))),
           fmt::format("such as {} = [\"…\", \"…\"]", key));
    return std::nullopt;
  }
  std::vector<std::string> values;
  for (const toml::node& item : *list) {
    if (const auto* value = item.as_string()) {
      values.push_back(value->get());
    } else {
      document_->problems->add(position_of(*document_, item.source()),
                               fmt::format("an item of {} is {}, not a text", key, kind_of(item)),
                               "put it in quotation marks");
    }
  }
  return values;
}

std::map<std::string, std::string> Table::texts_by_name(std::string_view key) const {
  std::map<std::string, std::string> values;
  if (const std::optional<Table> names = table(key)) {
    for (const std::string& name : names->keys()) {
      if (std::optional<std::string> value = names->text(name)) values.emplace(name, *std::move(value));
    }
  }
  return values;
}

std::optional<std::string> Table::date(std::string_view key) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = as_node(found).as_date()) {
    const toml::date day = value->get();
    return fmt::format("{:04}-{:02}-{:02}", day.year, day.month, day.day);
  }
  refuse(key, fmt::format("{} is {}, not a date", key, kind_of(as_node(found))),
         "such as 2026-09-01, without quotation marks");
  return std::nullopt;
}

std::optional<std::variant<std::int64_t, std::string>> Table::integer_or_text(std::string_view key) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = as_node(found).as_integer()) return value->get();
  if (const auto* value = as_node(found).as_string()) return value->get();
  refuse(key, fmt::format("{} is {}, not a whole number or a text", key, kind_of(as_node(found))),
         "such as 2 or \"50%\"");
  return std::nullopt;
}

std::optional<std::variant<bool, std::int64_t, double, std::string>> Table::scalar(std::string_view key) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = as_node(found).as_boolean()) return value->get();
  if (const auto* value = as_node(found).as_integer()) return value->get();
  if (const auto* value = as_node(found).as_string()) return value->get();
  if (as_node(found).is_floating_point()) return number(key);
  refuse(key, fmt::format("{} is {}, not a text, a number, true or false", key, kind_of(as_node(found))));
  return std::nullopt;
}

std::optional<Secret> Table::secret(std::string_view key) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = as_node(found).as_string()) {
    if (!value->get().empty()) return Secret{value->get()};
    refuse(key, fmt::format("{} is empty", key), std::string{secret_forms});
    return std::nullopt;
  }
  if (as_node(found).as_table() == nullptr) {
    refuse(key, fmt::format("{} is {}, not a secret", key, kind_of(as_node(found))), std::string{secret_forms});
    return std::nullopt;
  }
  const Table source{document_, found, path_of(key)};
  std::optional<Secret> secret;
  int sources = 0;
  for (const std::string_view kind : {"env", "file", "credential"}) {
    const std::optional<std::string> name = source.text(kind);
    if (!name) continue;
    ++sources;
    Result<std::string> value = find_secret(kind, *name, document_->folder);
    if (value) {
      secret.emplace(*std::move(value));
    } else {
      source.refuse(kind, fmt::format("{}: {}", key, value.error().message), std::string{how_to_give(kind)});
    }
  }
  if (sources != 1) {
    refuse(key, fmt::format("{} needs exactly one of env, file and credential", key), std::string{secret_forms});
  }
  return sources == 1 ? secret : std::nullopt;
}

std::optional<Table> Table::table(std::string_view key) const {
  const void* found = ask(key);
  if (found == nullptr) return std::nullopt;
  if (const toml::table* value = as_node(found).as_table()) return Table{document_, value, path_of(key)};
  refuse(key, fmt::format("{} is {}, not a table", key, kind_of(as_node(found))),
         fmt::format("write [{}], or {} = {{ … }}", path_of(key), key));
  return std::nullopt;
}

std::vector<Table> Table::tables(std::string_view key) const {
  const void* found = ask(key);
  std::vector<Table> values;
  if (found == nullptr) return values;
  const auto* list = as_node(found).as_array();
  if (list == nullptr) {
    refuse(key, fmt::format("{} is {}, not a list of tables", key, kind_of(as_node(found))),
           fmt::format("write [[{}]]", path_of(key)));
    return values;
  }
  for (const toml::node& item : *list) {
    if (const toml::table* value = item.as_table()) {
      values.push_back(Table{document_, value, path_of(key)});
    } else {
      document_->problems->add(position_of(*document_, item.source()),
                               fmt::format("an item of {} is {}, not a table", key, kind_of(item)), "write { … }");
    }
  }
  return values;
}

std::vector<std::string> Table::keys() const {
  std::vector<std::string> names;
  for (const auto& [key, value] : as_table(node_)) names.emplace_back(key.str());
  return names;
}

std::optional<Document> Document::load(const std::filesystem::path& file, Problems& problems, Readable what) {
  const Result<std::string> text = read_file(file, most_document_bytes, what);
  if (!text) {
    problems.add({file.string(), 1, 1}, "cannot read this file: " + text.error().message,
                 "check its path, and that it is a file that candord may read");
    return std::nullopt;
  }
  return parse(*text, file.string(), problems);
}

std::optional<Document> Document::parse(std::string_view text, std::string file_name, Problems& problems) {
  if (const std::optional<LongKey> key = find_long_key(text)) {
    problems.add({std::move(file_name), key->line, key->column},
                 fmt::format("a key has more than {} parts", most_key_parts),
                 "its parts are what the dots divide; no table lies that deep");
    return std::nullopt;
  }
  try {
    auto state = std::make_shared<DocumentState>();
    state->file = file_name;
    state->folder = std::filesystem::path{file_name}.parent_path();
    state->problems = &problems;
    state->root = toml::parse(text, std::string_view{file_name});
    return Document{std::move(state)};
  } catch (const toml::parse_error& error) {
    problems.add({file_name, static_cast<std::uint32_t>(error.source().begin.line),
                  static_cast<std::uint32_t>(error.source().begin.column)},
                 std::string{error.description()}, "this is not TOML");
    return std::nullopt;
  }
}

Table Document::root() const { return Table{state_, &state_->root, ""}; }

std::map<std::string, std::set<std::string>> Document::known_keys() const { return state_->known; }

void Document::refuse_unknown(const std::vector<std::string>& under) const {
  const auto meant = [&under](const std::string& path) {
    return under.empty() || path.empty() || std::ranges::any_of(under, [&path](const std::string& top) {
             return path == top || path.starts_with(top + ".");
           });
  };
  for (const auto& [table, asked] : state_->asked) {
    if (!meant(state_->paths.at(table))) continue;
    for (const auto& [key, value] : *table) {
      if (asked.contains(key.str()) || state_->refused[table].contains(key.str())) continue;
      const std::vector<std::string> known{asked.begin(), asked.end()};
      const std::optional<std::string> near = nearest(key.str(), known);
      state_->problems->add(position_of(*state_, key.source()), fmt::format("unknown key \"{}\"", key.str()),
                            near            ? fmt::format("did you mean \"{}\"?", *near)
                            : known.empty() ? "no key is known here"
                                            : fmt::format("known here: {}", fmt::join(known, ", ")));
    }
  }
}

}  // namespace candor
