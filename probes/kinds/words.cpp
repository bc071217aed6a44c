#include "probes/kinds/words.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/utf8.h"

namespace candor::probes {
namespace {

std::string in_seconds(std::int64_t ms) {
  std::string text = fmt::format("{}.{:03}", ms / 1000, ms % 1000);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

}  // namespace

std::string words_for(Duration limit) {
  return limit < std::chrono::seconds{1} ? fmt::format("{} ms", limit.count()) : in_seconds(limit.count());
}

std::string words_for(std::chrono::microseconds measured) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(measured);
  return ms < std::chrono::seconds{1} ? fmt::format("{} ms", ms.count()) : in_seconds((ms.count() + 9) / 10 * 10);
}

std::string in_quotes(std::string_view text, std::size_t most) {
  return fmt::format("\"{}{}\"", log::one_line(cut_utf8(text, most)), text.size() > most ? "…" : "");
}

}  // namespace candor::probes
