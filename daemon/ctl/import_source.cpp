#include "daemon/ctl/import_source.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/file.h"

namespace candor::ctl {
namespace {

constexpr std::size_t most_bytes = std::size_t{16} << 20U;

bool is_true(const std::string& text) {
  constexpr std::array<std::string_view, 9> words{"true", "True", "TRUE", "yes", "Yes", "on", "On", "YES", "1"};
  return std::ranges::find(words, text) != words.end();
}

}  // namespace

Result<std::string> read_source_file(const std::string& file) {
  Result<std::string> text = read_file(file, most_bytes, Readable::any);
  if (!text) return failure(fmt::format("cannot read {}: {}", file, text.error().message));
  return text;
}

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

void Source::add_member(Source member) {
  if (find(member.key_) != nullptr) member.drop("this key stands there twice");
  items_.push_back(std::move(member));
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

}  // namespace candor::ctl
