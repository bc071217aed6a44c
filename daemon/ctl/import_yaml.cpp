#include <yaml-cpp/yaml.h>

#include <fmt/format.h>

#include "daemon/ctl/import_source.h"

namespace candor::ctl {

namespace {

constexpr int deepest = 100;

int line_of(const YAML::Node& node) { return node.Mark().is_null() ? 0 : node.Mark().line + 1; }

}  // namespace

/// Follows aliases and merge keys (`<<`).
class YamlReader {
 public:
  Result<Source> read(const std::string& file, const std::string& text) {
    Source root;
    root.file_ = std::make_shared<const std::string>(file);
    try {
      fill_from(root, YAML::LoadAll(text));
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

  /// The first document that says something is the file's, as the tools themselves read it.
  void fill_from(Source& root, const std::vector<YAML::Node>& documents) {
    bool found = false;
    for (const YAML::Node& document : documents) {
      if (!document.IsDefined() || document.IsNull()) continue;
      if (found) {
        drop_document(root, line_of(document));
      } else {
        fill(root, document);
        found = true;
      }
    }
  }

  static void drop_document(Source& root, int line) {
    Source document = root.child("another document");
    document.line_ = line;
    document.kind_ = Source::Kind::scalar;
    document.drop("of a file, only the first one is read");
    root.items_.push_back(std::move(document));
  }

  void fill(Source& to, const YAML::Node& node) {
    if (!enter()) return;
    to.line_ = line_of(node);
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
    if (!enter()) return;
    std::vector<YAML::Node> merged;
    for (const auto& member : node) {
      const std::string key = member.first.IsScalar() ? member.first.Scalar() : "?";
      if (key == "<<") {
        merged.push_back(member.second);
        continue;
      }
      Source made = to.child(key);
      fill(made, member.second);
      made.line_ = line_of(member.first);
      to.add_member(std::move(made));
    }
    for (const YAML::Node& one : merged) merge(to, one);
    leave();
  }

  /// What is merged in does not go before what stands here.
  void merge(Source& to, const YAML::Node& node) {
    if (!enter()) return;
    if (node.IsSequence()) {
      for (const YAML::Node& one : node) merge(to, one);
    } else if (node.IsMap()) {
      Source other = to.child("");
      other.path_ = to.path_;
      other.kind_ = Source::Kind::map;
      fill_map(other, node);
      for (Source& member : other.items_) {
        if (to.find(member.key_) == nullptr) to.items_.push_back(std::move(member));
      }
    } else if (!node.IsNull()) {
      Source made = to.child("<<");
      fill(made, node);
      made.drop("only maps are merged in");
      to.items_.push_back(std::move(made));
    }
    leave();
  }

  std::size_t values_ = 0;
  int depth_ = 0;
  bool too_deep_ = false;
};

Result<Source> load_yaml(const std::string& file) {
  const Result<std::string> text = read_source_file(file);
  if (!text) return std::unexpected(text.error());
  return YamlReader{}.read(file, *text);
}

}  // namespace candor::ctl
