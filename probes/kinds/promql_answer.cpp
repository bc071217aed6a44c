#include "probes/kinds/promql_answer.h"

#include <charconv>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

namespace json = boost::json;

constexpr std::size_t most_depth = 16;
constexpr std::size_t most_series_bytes = 200;
constexpr std::string_view not_the_api = "the answer is not one of Prometheus's API";

const json::value* member(const json::value& of, std::string_view name) {
  const json::object* object = of.if_object();
  return object != nullptr ? object->if_contains({name.data(), name.size()}) : nullptr;
}

std::string_view text_of(const json::value* value) {
  const json::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string_view{text->data(), text->size()} : std::string_view{};
}

/// As Prometheus writes it: "0.25", "1e-07", "NaN", "+Inf".
std::optional<double> read_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

/// [1435781451.781, "1"]
std::optional<double> read_point(const json::value* value) {
  const json::array* pair = value != nullptr ? value->if_array() : nullptr;
  if (pair == nullptr || pair->size() != 2) return std::nullopt;
  return read_number(text_of(&(*pair)[1]));
}

/// "up{instance="a:9100", job="node"}"
std::string series_words(const json::object& labels, const Hidden& hidden) {
  std::string name;
  std::string rest;
  for (const auto& [key, value] : labels) {
    const std::string_view text = text_of(&value);
    if (key == "__name__") {
      name = cut_utf8(text, most_series_bytes);
    } else if (rest.size() <= most_series_bytes) {
      rest += fmt::format("{}{}={}", rest.empty() ? "" : ", ", cut_utf8({key.data(), key.size()}, most_series_bytes),
                          in_quotes(hidden.out_of(std::string{text})));
    }
  }
  return shorten_utf8(one_line(rest.empty() && !name.empty() ? name : fmt::format("{}{{{}}}", name, rest)),
                      most_series_bytes);
}

Result<std::vector<Sample>> read_vector(const json::value* result, const Hidden& hidden) {
  const json::array* items = result != nullptr ? result->if_array() : nullptr;
  if (items == nullptr) return failure(std::string{not_the_api});
  std::vector<Sample> samples;
  samples.reserve(items->size());
  for (const json::value& item : *items) {
    const json::value* metric = member(item, "metric");
    if (member(item, "histogram") != nullptr) {
      return failure("the query gives histograms and not numbers: take a number of them, as histogram_quantile() does");
    }
    const std::optional<double> value = read_point(member(item, "value"));
    if (metric == nullptr || !metric->is_object() || !value) return failure(std::string{not_the_api});
    samples.push_back({series_words(metric->get_object(), hidden), *value});
  }
  return samples;
}

Result<std::vector<Sample>> read_data(const json::value* data, const Hidden& hidden) {
  const std::string_view type = data != nullptr ? text_of(member(*data, "resultType")) : std::string_view{};
  if (type == "vector") return read_vector(member(*data, "result"), hidden);
  if (type == "scalar") {
    const std::optional<double> value = read_point(member(*data, "result"));
    if (!value) return failure(std::string{not_the_api});
    return std::vector<Sample>{{.series = {}, .value = *value}};
  }
  if (type == "matrix") {
    return failure("the query gives values over a range of time: take one of them, as avg_over_time() does");
  }
  if (type == "string") return failure("the query gives a text and not a number");
  return failure(std::string{not_the_api});
}

json::value parse(std::string_view body, json::error_code& error, json::monotonic_resource& memory) {
  json::parse_options options;
  options.max_depth = most_depth;
  json::value root = json::parse({body.data(), body.size()}, error, &memory, options);
  if (!error) return root;
  // VictoriaMetrics says labels as they are, of whatever bytes.
  const std::optional<std::string> mended = mend_json(body);
  return mended ? json::parse({mended->data(), mended->size()}, error, &memory, options) : root;
}

}  // namespace

std::string read_promql_warning(std::string_view body, const Hidden& hidden) {
  json::monotonic_resource memory;
  json::error_code error;
  const json::value root = parse(body, error, memory);
  const json::value* const warnings = error ? nullptr : member(root, "warnings");
  const json::array* const all = warnings != nullptr ? warnings->if_array() : nullptr;
  if (all == nullptr || all->empty()) return {};
  return in_quotes(hidden.out_of(std::string{text_of(&all->front())}), 300);
}

Result<std::vector<Sample>> read_promql_answer(std::string_view body, const Hidden& hidden) {
  json::monotonic_resource memory;
  json::error_code error;
  const json::value root = parse(body, error, memory);
  if (error) return failure(std::string{not_the_api});
  const std::string_view status = text_of(member(root, "status"));
  if (status == "success") return read_data(member(root, "data"), hidden);
  const std::string_view what = text_of(member(root, "error"));
  if (status != "error" || what.empty()) return failure(std::string{not_the_api});
  return failure("Prometheus says " + in_quotes(hidden.out_of(std::string{what}), 300));
}

}  // namespace candor::probes
