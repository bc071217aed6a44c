// What steps of an http probe make of an answer: paths into JSON, captures, and what they fill in. The first line is a
// path, the second a text with variables, the rest a body.
#include <boost/json.hpp>
#include <re2/re2.h>

#include "base/net/easy.h"
#include "probes/kinds/captures.h"
#include "probes/kinds/json_wanted.h"
#include "probes/kinds/words.h"
#include "tests/fuzz/check.h"

namespace candor::probes {
namespace {

using fuzz::require;

std::string_view cut_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void check_path(const JsonPath& path, std::string_view body) {
  require(JsonPath::parse(path.text()).has_value(), "a path can be read again");
  const auto quote = [](std::string_view text) { return in_quotes(text); };
  const std::optional<std::string> misfit = find_misfit({{.path = path, .equals = "ok"}}, body, quote);
  const std::optional<std::string> absent = find_misfit({{.path = path, .exists = false}}, body, quote);
  require(misfit || absent, "a value that is ok is there");
  for (const auto& words : {misfit, absent}) {
    if (!words) continue;
    const std::size_t most = path.text().size() + 400;
    require(!words->empty() && words->size() <= most, "what is wrong is bounded");
    require(fuzz::is_harmless(words->substr(0, words->find(path.text()))), "what is wrong is harmless");
  }
}

void check_capture(const Capture& capture, std::string_view body, std::string_view with_variables) {
  const Result<std::string> value = take(capture, body, nullptr);
  if (!value) return require(!value.error().message.empty(), "an error says why");
  require(net::is_header_value(*value) && value->size() <= 8192, "a captured value fits into one line of a header");
  const Captured captured{{"v", *value}};
  const std::string filled = fill(with_variables, captured, Fill::percent_encoded);
  if (!variables_in(with_variables).contains("v")) require(filled == with_variables, "other texts stay");
  const std::string alone = fill("{{v}}", captured, Fill::percent_encoded);
  require(alone.find_first_of("/?#&=+ \"<>{}") == std::string::npos, "what stands in a URL cannot change its parts");
}

}  // namespace
}  // namespace candor::probes

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor::probes;
  std::string_view body = candor::fuzz::text_of(data, size);
  const std::string_view path_text = cut_line(body);
  const std::string_view with_variables = cut_line(body);
  const candor::Result<JsonPath> path = JsonPath::parse(path_text);
  if (path) check_path(*path, body);
  if (path) check_capture({"v", *path}, body, with_variables);
  static const auto pattern = std::make_shared<const RE2>("\"token\": *\"([^\"]*)\"");
  check_capture({"v", pattern}, body, with_variables);
  return 0;
}
