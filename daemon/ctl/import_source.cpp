#include "daemon/ctl/import_source.h"

#include <algorithm>
#include <array>
#include <yaml-cpp/yaml.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/file.h"

namespace candor::ctl {
namespace {

constexpr std::size_t most_bytes = std::size_t{16} << 20U;
constexpr std::size_t most_values = 200'000;
constexpr int deepest = 100;

Result<std::string> load(const std::string& file) {
  Result<std::string> text = read_file(file, most_bytes, Readable::any);
  if (!text) return failure(fmt::format("cannot read {}: {}", file, text.error().message));
  return text;
}

bool is_true(const std::string& text) {
  constexpr std::array<std::string_view, 9> words{"true", "True", "TRUE", "yes", "Yes", "on", "On", "YES", "1"};
  return std::ranges::find(words, text) != words.end();
}

}  // namespace

std::string Leftover::text() const {
  const std::string at = line > 0 ? fmt::format("{}:{}", file, line) : file;
  return fmt::format("{}: {}{}{}", at, path, why.empty() ? "" : ": ", why);
}

Source* Source::find(std::string_view key) {
  const auto found = std::ranges::find(items_, key, &Source::key_);
  return is_map() && found != items_.end() ? &*found : nullptr;
}

std::optional<std::string> Source::read_text(std::string_view key) {
  Source* const member = find(key);
  if (member == nullptr || member->kind_ != Kind::scalar) return std::nullopt;
  member->read();
  return member->text_;
}

std::optional<bool> Source::read_flag(std::string_view key) {
  const std::optional<std::string> word = read_text(key);
  return word ? std::optional{is_true(*word)} : std::nullopt;
}

std::vector<std::string> Source::read_texts(std::string_view key) {
  if (std::optional<std::string> one = read_text(key)) return {*std::move(one)};
  std::vector<std::string> all;
  Source* const member = find(key);
  if (member == nullptr || member->kind_ != Kind::list) return all;
  for (Source& item : member->items_) {
    if (item.kind_ != Kind::scalar) continue;
    item.read();
    all.push_back(item.text_);
  }
  return all;
}

void Source::read() {
  if (state_ == State::untouched) state_ = State::read;
  for (Source& item : items_) item.read();
}

void Source::drop(std::string why) {
  if (why_.empty()) why_ = std::move(why);
}

void Source::drop(std::string_view key, std::string why) {
  Source* const member = find(key);
  if (member != nullptr && member->kind_ != Kind::null) member->drop(std::move(why));
}

std::vector<Leftover> Source::leftovers() {
  std::vector<Leftover> found;
  collect(found);
  return found;
}

bool Source::touched() const {
  return state_ != State::untouched || !why_.empty() || std::ranges::any_of(items_, &Source::touched);
}

void Source::collect(std::vector<Leftover>& found) {
  const bool container = kind_ == Kind::list || kind_ == Kind::map;
  if (state_ == State::told || kind_ == Kind::null || (container && items_.empty())) return;
  if (!why_.empty() || !touched()) return tell(found);
  for (Source& item : items_) item.collect(found);
}

void Source::tell(std::vector<Leftover>& found) {
  found.push_back({*file_, path_.empty() ? "everything" : path_, line_, why_});
  state_ = State::told;
}

Source Source::child(std::string key) const {
  Source made;
  made.file_ = file_;
  made.path_ = path_.empty() ? key : fmt::format("{}.{}", path_, key);
  made.key_ = std::move(key);
  return made;
}

Source Source::child(std::size_t index) const {
  Source made;
  made.file_ = file_;
  made.path_ = fmt::format("{}[{}]", path_, index);
  return made;
}

/// Follows aliases and merge keys (`<<`).
class YamlReader {
 public:
  Result<Source> read(const std::string& file, const std::string& text) {
    Source root;
    root.file_ = std::make_shared<const std::string>(file);
    try {
      fill(root, YAML::Load(text));
    } catch (const YAML::Exception& error) {
      return failure(fmt::format("{}:{}: not YAML: {}", file, error.mark.line + 1, error.msg));
    }
    if (values_ > most_values) return failure(fmt::format("{} holds more than {} values", file, most_values));
    if (too_deep_) return failure(fmt::format("{}: more than {} values inside each other", file, deepest));
    return root;
  }

 private:
  /// Whether one more value may be read; if so, leave() follows.
  bool enter() {
    if (++values_ > most_values || depth_ >= deepest) {
      too_deep_ = too_deep_ || depth_ >= deepest;
      return false;
    }
    ++depth_;
    return true;
  }
  void leave() { --depth_; }

  void fill(Source& to, const YAML::Node& node) {
    if (!enter()) return;
    to.line_ = node.Mark().is_null() ? 0 : node.Mark().line + 1;
    if (node.IsScalar()) {
      to.kind_ = Source::Kind::scalar;
      to.text_ = node.Scalar();
    } else if (node.IsSequence()) {
      to.kind_ = Source::Kind::list;
      for (const YAML::Node& item : node) {
        Source made = to.child(to.items_.size());
        fill(made, item);
        to.items_.push_back(std::move(made));
      }
    } else if (node.IsMap()) {
      to.kind_ = Source::Kind::map;
      fill_map(to, node);
    }
    leave();
  }

  void fill_map(Source& to, const YAML::Node& node) {
    if (!node.IsMap() || !enter()) return;
    for (const auto& member : node) {
      const std::string key = member.first.IsScalar() ? member.first.Scalar() : "?";
      if (key == "<<" || to.find(key) != nullptr) continue;
      Source made = to.child(key);
      fill(made, member.second);
      made.line_ = member.first.Mark().line + 1;
      to.items_.push_back(std::move(made));
    }
    // What is merged in does not go before what stands here.
    const YAML::Node merged = node["<<"];
    if (merged && merged.IsMap()) fill_map(to, merged);
    if (merged && merged.IsSequence()) {
      for (const YAML::Node& one : merged) fill_map(to, one);
    }
    leave();
  }

  std::size_t values_ = 0;
  int depth_ = 0;
  bool too_deep_ = false;
};

class JsonReader {
 public:
  static Result<Source> read(const std::string& file, const std::string& text) {
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse(text, error);
    if (error) return failure(fmt::format("{}: not JSON: {}", file, error.message()));
    Source root;
    root.file_ = std::make_shared<const std::string>(file);
    fill(root, value);
    return root;
  }

 private:
  static void fill(Source& to, const boost::json::value& value) {
    if (const auto* object = value.if_object()) {
      to.kind_ = Source::Kind::map;
      for (const auto& [key, member] : *object) {
        Source made = to.child(std::string{key});
        fill(made, member);
        to.items_.push_back(std::move(made));
      }
    } else if (const auto* array = value.if_array()) {
      to.kind_ = Source::Kind::list;
      for (const boost::json::value& item : *array) {
        Source made = to.child(to.items_.size());
        fill(made, item);
        to.items_.push_back(std::move(made));
      }
    } else if (!value.is_null()) {
      to.kind_ = Source::Kind::scalar;
      to.text_ = scalar(value);
    }
  }

  static std::string scalar(const boost::json::value& value) {
    if (const auto* text = value.if_string()) return {text->data(), text->size()};
    if (const auto* number = value.if_double()) return fmt::format("{}", *number);
    return boost::json::serialize(value);
  }
};

Result<Source> load_yaml(const std::string& file) {
  const Result<std::string> text = load(file);
  if (!text) return std::unexpected(text.error());
  return YamlReader{}.read(file, *text);
}

Result<Source> load_json(const std::string& file) {
  const Result<std::string> text = load(file);
  if (!text) return std::unexpected(text.error());
  return JsonReader::read(file, *text);
}

}  // namespace candor::ctl
