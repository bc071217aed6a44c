#include "daemon/ctl/import_source.h"

#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/file.h"
#include "base/utf8.h"
#include "daemon/ctl/import_secrets.h"

namespace candor::ctl {
namespace {

constexpr std::size_t most_bytes = std::size_t{16} << 20U;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_true(const std::string& text) { return RE2::FullMatch(text, "(?i)true|yes|y|on|1"); }
bool is_false(const std::string& text) { return RE2::FullMatch(text, "(?i)(false|no|n|off|0)?"); }

/// "3:14", as editors count: the column is that of a character.
std::string place_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::string_view line = before.substr(before.rfind('\n') + 1);
  const auto begins_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return fmt::format("{}:{}", std::ranges::count(before, '\n') + 1, std::ranges::count_if(line, begins_character) + 1);
}

}  // namespace

Result<std::string> read_source_file(const std::string& file) {
  Result<std::string> text = read_file(file, most_bytes, Readable::any);
  if (!text) return failure(fmt::format("cannot read {}: {}", file, text.error().message));
  if (text->starts_with(byte_order_mark)) text->erase(0, byte_order_mark.size());
  // The tools would refuse such a byte, or put another character in its place.
  if (const std::size_t at = find_invalid_utf8(*text); at != std::string::npos) {
    return failure(fmt::format("{}:{}: the byte 0x{:02X} is not UTF-8: save the file as UTF-8", file,
                               place_of(*text, at), static_cast<unsigned char>((*text)[at])));
  }
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
  if (!word) return std::nullopt;
  if (!is_true(*word) && !is_false(*word)) drop(key, "it is neither true nor false; false is taken");
  return is_true(*word);
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

std::map<std::string, std::string> Source::read_members() {
  std::map<std::string, std::string> members;
  if (!is_map()) return members;
  for (const Source& item : items_) {
    if (const auto value = read_text(item.key_)) members.emplace(item.key_, *value);
  }
  return members;
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
  if (member != nullptr && !member->is_empty()) member->drop(std::move(why));
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
  if (find(member.key_) != nullptr) member.drop("this key stands there twice; the first one counts");
  items_.push_back(std::move(member));
}

bool Source::is_empty() const {
  const bool container = kind_ == Kind::list || kind_ == Kind::map;
  return kind_ == Kind::null || (container && items_.empty());
}

void Source::collect(std::vector<Leftover>& found) {
  if (state_ == State::told || (why_.empty() && is_empty())) return;
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
  const std::string plain = without_secrets(key);
  made.path_ = path_.empty() ? plain : fmt::format("{}.{}", path_, plain);
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
