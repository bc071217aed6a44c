#include "base/long_key.h"

#include <algorithm>
#include <string>

namespace candor {
namespace {

/// Outside strings and comments a value has one dot at most, so whatever has many, between what ends keys, is a key.
class Scan {
 public:
  explicit Scan(std::string_view toml) : rest_(toml) {}

  std::optional<LongKey> run() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '#') {
        take(std::min(rest_.find('\n'), rest_.size()));
      } else if (c == '"' || c == '\'') {
        begin();
        take_string(c);
      } else if (std::string_view{"=,[]{}\n"}.contains(c)) {
        parts_ = 0;
        take(1);
      } else {
        if (c != ' ' && c != '\t') begin();
        if (c == '.' && ++parts_ > most_key_parts) return began_;
        take(1);
      }
    }
    return std::nullopt;
  }

 private:
  void begin() {
    if (parts_ > 0) return;
    parts_ = 1;
    began_ = {line_, column_};
  }

  void take(std::size_t bytes) {
    for (const char c : rest_.substr(0, bytes)) {
      const bool goes_on = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;  // a character of UTF-8
      if (c == '\n') {
        ++line_;
        column_ = 1;
      } else if (!goes_on) {
        ++column_;
      }
    }
    rest_.remove_prefix(bytes);
  }

  void take_string(char quote) {
    const std::string three(3, quote);
    const bool long_one = rest_.starts_with(three);
    const std::string_view end = long_one ? three : std::string_view{three}.substr(0, 1);
    std::size_t at = end.size();
    while (at < rest_.size() && !rest_.substr(at).starts_with(end)) {
      if (!long_one && rest_[at] == '\n') return take(at);
      at += quote == '"' && rest_[at] == '\\' ? 2 : 1;
    }
    at += end.size();
    // Up to two quotation marks may stand before the three that end it.
    for (int more = 0; long_one && more < 2 && at < rest_.size() && rest_[at] == quote; ++more) ++at;
    take(std::min(at, rest_.size()));
  }

  std::string_view rest_;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
  std::size_t parts_ = 0;  ///< of what stands here, so far; 0 where nothing does
  LongKey began_;
};

}  // namespace

std::optional<LongKey> find_long_key(std::string_view toml) { return Scan(toml).run(); }

}  // namespace candor
