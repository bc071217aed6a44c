#include "daemon/alerts/payloads.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/signature.h"
#include "base/utf8.h"

namespace candor::alerts {
namespace {

namespace json = boost::json;

constexpr std::size_t most_depth = 16;
constexpr std::size_t most_labels = 128;
constexpr std::size_t most_name_bytes = 256;
constexpr std::size_t most_value_bytes = 4096;
constexpr std::size_t most_generator_bytes = 8192;
constexpr std::size_t most_errors_told = 10;
/// What is told of so many is no use, and takes its time.
constexpr std::size_t most_unread = 1000;
/// What they take in memory is many times what they take as text, which may come compressed.
constexpr std::size_t most_values = 5'000'000;
/// Each of them is compared with each known alert that is missing.
constexpr std::size_t most_unreadable = 50;

/// What Go writes for a time that is not set.
constexpr Instant go_zero = std::chrono::sys_days{std::chrono::year{1} / std::chrono::January / 1};

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

/// Each value but the first stands behind one of three characters.
bool has_too_many_values(std::string_view text) {
  std::size_t values = 1;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == ',' || c == '[' || c == '{') {
      ++values;
    }
  }
  return values > most_values;
}

/// A document whose memory is given back in one piece.
class Document {
 public:
  [[nodiscard]] Result<const json::value*> parse(std::string_view text) {
    if (has_too_many_values(text)) return failure(fmt::format("the text has more than {} values", most_values));
    json::error_code error = read(text);
    // One such byte, in an annotation that a template made, would lose all the alerts beside it.
    if (error) {
      if (const std::optional<std::string> mended = mend_json(text)) error = read(*mended);
    }
    if (error) return failure(fmt::format("the text cannot be read as JSON: {}", error.message()));
    return &value_;
  }

 private:
  json::error_code read(std::string_view text) {
    json::error_code error;
    json::parse_options options;
    options.max_depth = most_depth;
    value_ = json::parse({text.data(), text.size()}, error, &memory_, options);
    return error;
  }

  json::monotonic_resource memory_;
  json::value value_ = json::value(json::storage_ptr{&memory_});
};

const json::value* member(const json::value& of, std::string_view name) {
  const json::object* object = of.if_object();
  const json::value* found = object != nullptr ? object->if_contains({name.data(), name.size()}) : nullptr;
  return found != nullptr && !found->is_null() ? found : nullptr;
}

/// Empty where it is absent or not a text.
std::string_view text_of(const json::value& of, std::string_view name) {
  const json::value* found = member(of, name);
  const json::string* text = found != nullptr ? found->if_string() : nullptr;
  return text != nullptr ? view(*text) : std::string_view{};
}

std::string quoted(std::string_view name) { return fmt::format("\"{}\"", cut_utf8(name, 64)); }

/// At most `most_value_bytes` of a value. What is cut off goes on telling it from others, by a digest of the whole.
std::string shortened(std::string_view value) {
  const Digest digest = sha256(value);
  std::string end = "…";
  for (std::size_t i = 0; i < 8; ++i) end += fmt::format("{:02x}", digest[i]);
  return std::string{cut_utf8(value, most_value_bytes - end.size())} + end;
}

Labels with_short_values(std::vector<Labels::View> pairs) {
  std::deque<std::string> shorter;
  for (Labels::View& pair : pairs) {
    if (pair.second.size() > most_value_bytes) pair.second = shorter.emplace_back(shortened(pair.second));
  }
  return Labels{std::move(pairs)};
}

Result<Labels> read_labels(const json::value& alert) {
  const json::value* found = member(alert, "labels");
  const json::object* object = found != nullptr ? found->if_object() : nullptr;
  if (object == nullptr) return failure("labels: an object of names and texts is required");
  if (object->size() > most_labels) {
    return failure(fmt::format("labels: {} of them, at most {} are taken", object->size(), most_labels));
  }
  std::vector<Labels::View> pairs;
  pairs.reserve(object->size());
  for (const auto& [key, value] : *object) {
    const std::string_view name{key.data(), key.size()};
    const json::string* text = value.if_string();
    if (name.empty()) return failure("labels: a name is empty");
    if (name.size() > most_name_bytes) {
      return failure(fmt::format("labels: the name {} is longer than {} bytes", quoted(name), most_name_bytes));
    }
    if (text == nullptr) return failure(fmt::format("labels: the value of {} is not a text", quoted(name)));
    if (!text->empty()) pairs.emplace_back(name, view(*text));
  }
  if (pairs.empty()) return failure("labels: at least one with a value is required");
  return with_short_values(std::move(pairs));
}

/// Those that are texts: a known alert has none that it could not have.
Labels readable_labels(const json::value& alert) {
  const json::value* found = member(alert, "labels");
  const json::object* object = found != nullptr ? found->if_object() : nullptr;
  if (object == nullptr) return {};
  std::vector<Labels::View> pairs;
  for (const auto& [key, value] : *object) {
    const json::string* text = value.if_string();
    if (text != nullptr && !text->empty()) pairs.emplace_back(std::string_view{key.data(), key.size()}, view(*text));
  }
  return with_short_values(std::move(pairs));
}

Labels read_annotations(const json::value& alert) {
  const json::value* found = member(alert, "annotations");
  const json::object* object = found != nullptr ? found->if_object() : nullptr;
  if (object == nullptr) return {};
  std::vector<Labels::View> pairs;
  pairs.reserve(std::min(object->size(), most_labels));
  for (const auto& [key, value] : *object) {
    if (pairs.size() == most_labels) break;
    const json::string* text = value.if_string();
    const std::string_view name{key.data(), key.size()};
    if (text == nullptr || text->empty() || name.empty() || name.size() > most_name_bytes) continue;
    pairs.emplace_back(name, cut_utf8(view(*text), most_value_bytes));
  }
  return Labels{std::move(pairs)};
}

Result<std::optional<Instant>> read_time(const json::value& alert, std::string_view name) {
  const json::value* found = member(alert, name);
  if (found == nullptr) return std::nullopt;
  const json::string* text = found->if_string();
  Result<Instant> time = text != nullptr ? parse_rfc3339(cut_utf8(view(*text), 64)) : failure("not a text");
  if (!time) return failure(fmt::format("{}: {}", name, time.error().message));
  if (*time == go_zero) return std::nullopt;
  return *time;
}

Result<Alert> read_alert(const json::value& item, std::string_view start_name, Instant now) {
  if (!item.is_object()) return failure("not an object");
  Result<Labels> labels = read_labels(item);
  if (!labels) return std::unexpected(std::move(labels.error()));
  const Result<std::optional<Instant>> starts_at = read_time(item, start_name);
  if (!starts_at) return std::unexpected(starts_at.error());
  const Result<std::optional<Instant>> ends_at = read_time(item, "endsAt");
  if (!ends_at) return std::unexpected(ends_at.error());
  Alert alert;
  alert.labels = *std::move(labels);
  alert.annotations = read_annotations(item);
  alert.ends_at = *ends_at;
  alert.starts_at = *starts_at ? **starts_at : ends_at->value_or(now);
  alert.generator_url = cut_utf8(text_of(item, "generatorURL"), most_generator_bytes);
  return alert;
}

/// Notes in `read` why one alert cannot be read; a failure if there are too many.
template <class Read>
Result<void> note_unread(Read& read, std::size_t place, const std::string& why) {
  ++read.unread;
  if (read.errors.size() < most_errors_told) read.errors.push_back(fmt::format("alert {}: {}", place, why));
  if (read.unread <= most_unread) return {};
  return failure(fmt::format("more than {} alerts cannot be read, such as {}", most_unread, read.errors.front()));
}

/// Calls `take(alert, item)` for each that can be read, and notes which the others may be and why they cannot.
template <class Take>
Result<void> read_each(const json::array& items, std::string_view start_name, Instant now, PulledAlerts& pulled,
                       const Take& take) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    Result<Alert> alert = read_alert(items[i], start_name, now);
    if (alert) {
      take(*std::move(alert), items[i]);
      continue;
    }
    if (Result<void> noted = note_unread(pulled, i, alert.error().message); !noted) return noted;
    if (pulled.unreadable.size() <= most_unreadable) pulled.unreadable.push_back(readable_labels(items[i]));
  }
  if (pulled.unreadable.size() > most_unreadable) pulled.unreadable = {Labels{}};
  return {};
}

/// The `data` of Prometheus's envelope; null where there is none.
Result<const json::value*> data_of(const json::value& answer) {
  if (text_of(answer, "status") != "success") {
    const std::string_view error = text_of(answer, "error");
    return failure(error.empty() ? "its answer is not one of Prometheus's API"
                                 : fmt::format("it answers with an error: {}", cut_utf8(error, 200)));
  }
  return member(answer, "data");
}

/// The `data.NAME` list of it.
Result<const json::array*> list_in_data(const json::value& answer, std::string_view name) {
  const Result<const json::value*> data = data_of(answer);
  if (!data) return std::unexpected(data.error());
  const json::value* list = *data != nullptr ? member(**data, name) : nullptr;
  if (list == nullptr || !list->is_array()) return failure(fmt::format("its answer has no list data.{}", name));
  return &list->get_array();
}

bool evaluated(const json::value& rule) {
  const Result<std::optional<Instant>> last = read_time(rule, "lastEvaluation");
  return last && *last && text_of(rule, "health") == "ok";
}

void read_rule(const json::value& rule, RuleStates& states) {
  if (text_of(rule, "type") != "alerting") return;
  bool& all = states.evaluated.try_emplace(std::string{text_of(rule, "name")}, true).first->second;
  all = all && evaluated(rule);
  const json::value* alerts = member(rule, "alerts");
  if (alerts == nullptr || !alerts->is_array()) return;
  for (const json::value& alert : alerts->get_array()) {
    if (Result<Labels> labels = read_labels(alert)) states.active.insert(*std::move(labels));
  }
}

}  // namespace

Result<PushedAlerts> parse_push(std::string_view body, Instant now) {
  Document document;
  const Result<const json::value*> root = document.parse(body);
  if (!root) return std::unexpected(root.error());
  const json::array* items = (*root)->if_array();
  if (items == nullptr) return failure("a JSON array of alerts is required");
  PushedAlerts pushed;
  std::size_t place = 0;
  for (const json::value& item : *items) {
    Result<Alert> alert = read_alert(item, "startsAt", now);
    if (alert && alert->ends_at && *alert->ends_at < alert->starts_at) {
      alert = failure(fmt::format("endsAt {} is before startsAt {}", format_rfc3339(*alert->ends_at),
                                  format_rfc3339(alert->starts_at)));
    }
    if (alert) {
      pushed.alerts.push_back(*std::move(alert));
    } else if (const Result<void> noted = note_unread(pushed, place, alert.error().message); !noted) {
      return std::unexpected(noted.error());
    }
    ++place;
  }
  return pushed;
}

Result<PulledAlerts> parse_prometheus_alerts(std::string_view body, Instant now) {
  Document document;
  const Result<const json::value*> root = document.parse(body);
  if (!root) return std::unexpected(root.error());
  const Result<const json::array*> items = list_in_data(**root, "alerts");
  if (!items) return std::unexpected(items.error());
  PulledAlerts pulled;
  const Result<void> read = read_each(**items, "activeAt", now, pulled, [&](Alert alert, const json::value& item) {
    const std::string_view state = text_of(item, "state");
    if (state == "inactive") return;
    pulled.alerts.push_back(
        {std::move(alert), state == "firing" ? PulledAlert::State::firing : PulledAlert::State::pending});
  });
  if (!read) return std::unexpected(read.error());
  return pulled;
}

Result<PulledAlerts> parse_alertmanager_alerts(std::string_view body, Instant now) {
  Document document;
  const Result<const json::value*> root = document.parse(body);
  if (!root) return std::unexpected(root.error());
  const json::array* items = (*root)->if_array();
  if (items == nullptr) return failure("its answer is not the list of alerts that Alertmanager's API v2 gives");
  PulledAlerts pulled;
  const Result<void> all = read_each(*items, "startsAt", now, pulled, [&](Alert alert, const json::value& item) {
    const json::value* status = member(item, "status");
    const std::string_view state = status != nullptr ? text_of(*status, "state") : std::string_view{};
    PulledAlert::State read = PulledAlert::State::pending;
    if (state == "active" || state == "unprocessed") read = PulledAlert::State::firing;
    if (state == "suppressed") read = PulledAlert::State::suppressed;
    pulled.alerts.push_back({std::move(alert), read, read_time(item, "updatedAt").value_or(std::nullopt)});
  });
  if (!all) return std::unexpected(all.error());
  return pulled;
}

Result<RuleStates> parse_prometheus_rules(std::string_view body) {
  Document document;
  const Result<const json::value*> root = document.parse(body);
  if (!root) return std::unexpected(root.error());
  const Result<const json::array*> groups = list_in_data(**root, "groups");
  if (!groups) return std::unexpected(groups.error());
  RuleStates states;
  for (const json::value& group : **groups) {
    const json::value* rules = member(group, "rules");
    if (rules == nullptr || !rules->is_array()) return failure("its answer has a group without rules");
    for (const json::value& rule : rules->get_array()) read_rule(rule, states);
  }
  return states;
}

Result<std::optional<Instant>> parse_prometheus_start(std::string_view body) {
  Document document;
  const Result<const json::value*> root = document.parse(body);
  if (!root) return std::unexpected(root.error());
  const Result<const json::value*> data = data_of(**root);
  if (!data) return std::unexpected(data.error());
  return *data != nullptr ? read_time(**data, "startTime") : std::nullopt;
}

Result<std::optional<Instant>> parse_alertmanager_start(std::string_view body) {
  Document document;
  const Result<const json::value*> root = document.parse(body);
  if (!root) return std::unexpected(root.error());
  if (!(*root)->is_object()) return failure("its status is not one of Alertmanager's API");
  return read_time(**root, "uptime");
}

Result<WebhookMessage> parse_webhook(std::string_view body, Instant now) {
  Document document;
  const Result<const json::value*> root = document.parse(body);
  if (!root) return std::unexpected(root.error());
  if (const std::string_view version = text_of(**root, "version"); version != "4") {
    return failure(fmt::format("the body is not a webhook message of version \"4\" but {}",
                               version.empty() ? "has no version" : fmt::format("of version {}", quoted(version))));
  }
  const json::value* items = member(**root, "alerts");
  if (items == nullptr || !items->is_array()) return failure("the webhook message has no list of alerts");
  WebhookMessage message;
  message.receiver = cut_utf8(text_of(**root, "receiver"), most_name_bytes);
  if (const json::value* truncated = member(**root, "truncatedAlerts")) {
    json::error_code error;
    message.truncated = truncated->to_number<std::uint64_t>(error);
    if (error) message.truncated = 0;
  }
  std::size_t place = 0;
  for (const json::value& item : items->get_array()) {
    const std::string_view status = text_of(item, "status");
    Result<Alert> alert = read_alert(item, "startsAt", now);
    if (alert && status != "firing" && status != "resolved") {
      alert = failure(fmt::format("status: {} is neither \"firing\" nor \"resolved\"", quoted(status)));
    }
    if (alert) {
      (status == "firing" ? message.firing : message.resolved).push_back(*std::move(alert));
    } else if (const Result<void> noted = note_unread(message, place, alert.error().message); !noted) {
      return std::unexpected(noted.error());
    }
    ++place;
  }
  return message;
}

std::string join_errors(const std::vector<std::string>& errors, std::size_t unread) {
  std::string text = fmt::format("{}", fmt::join(errors, "; "));
  if (unread > errors.size()) text += fmt::format("; and {} more", unread - errors.size());
  return text;
}

}  // namespace candor::alerts
