#include "daemon/alerts/listing.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "rules/filter.h"

namespace candor::alerts {
namespace {

constexpr std::string_view receiver = "candor";
/// Of the work that may be done while everything else waits.
constexpr Duration longest_part = std::chrono::milliseconds{1};

void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_labels(std::string& out, const Labels& labels) {
  out += '{';
  bool first = true;
  for (const auto& [name, value] : labels) {
    if (!first) out += ',';
    first = false;
    append_text(out, name);
    out += ':';
    append_text(out, value);
  }
  out += '}';
}

void append_alert(std::string& out, const rules::SignalId& id, const rules::Signal& signal, const Expiry& expiry,
                  std::uint64_t fingerprint) {
  out += "{\"labels\":";
  append_labels(out, id.labels);
  out += ",\"annotations\":";
  append_labels(out, signal.alert->annotations);
  out += fmt::format(",\"startsAt\":\"{}\",\"endsAt\":\"{}\",\"updatedAt\":\"{}\",\"generatorURL\":",
                     format_rfc3339(signal.alert->starts_at), format_rfc3339(expiry.ends_at),
                     format_rfc3339(expiry.updated_at));
  append_text(out, signal.alert->generator_url);
  out += fmt::format(
      ",\"fingerprint\":\"{}\",\"receivers\":[{{\"name\":\"{}\"}}],\"status\":{{\"state\":\"active\",\"silencedBy\":[],"
      "\"inhibitedBy\":[],\"mutedBy\":[]}}}}",
      format_fingerprint(fingerprint), receiver);
}

/// As go-openapi reads truth values (swag.ConvertBool).
Result<bool> read_truth(const http::Request& request, std::string_view name) {
  const std::optional<std::string> text = request.query_value(name);
  if (!text || *text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  return failure(fmt::format("{} must be true or false", name));
}

}  // namespace

Result<ListQuery> read_list_query(const http::Request& request) {
  ListQuery query;
  for (const std::string_view name : {"active", "silenced", "inhibited", "unprocessed"}) {
    const Result<bool> wanted = read_truth(request, name);
    if (!wanted) return std::unexpected(wanted.error());
    if (name == "active" && !*wanted) query.any = false;
  }
  Result<rules::Matchers> filter = rules::parse_filter(request.query_values("filter"));
  if (!filter) return failure(fmt::format("filter: {}", filter.error().message));
  query.filter = *std::move(filter);
  if (const std::optional<std::string> wanted = request.query_value("receiver"); wanted && !wanted->empty()) {
    const Result<rules::Matcher> matcher = rules::parse_filter_regex("receiver", *wanted);
    if (!matcher) return failure(fmt::format("receiver: {}", matcher.error().message));
    if (!matcher->matches({{"receiver", std::string{receiver}}})) query.any = false;
  }
  return query;
}

Listing::Listing(ListQuery query, Form form) : query_(std::move(query)), form_(form), looked_(!query_.any) {}

Result<std::optional<std::string>> Listing::go_on(const rules::Signals& signals, const PushBook& book, Instant now) {
  if (!looked_) {
    const Result<bool> looked = look(signals);
    if (!looked) return std::unexpected(looked.error());
    if (!*looked) return std::nullopt;
    looked_ = true;
    std::ranges::sort(found_);
  }
  if (!write(signals, book, now)) return std::nullopt;
  return std::move(*this).whole();
}

Result<bool> Listing::look(const rules::Signals& signals) {
  const Stopwatch part;
  bool late = false;
  const auto all = alerts_of(signals, "push");
  for (auto at = resume_at_ ? signals.lower_bound(*resume_at_) : all.begin(); at != all.end(); ++at) {
    const auto& [id, signal] = *at;
    if (part.elapsed() > longest_part) {
      looking_ += std::chrono::duration_cast<Duration>(part.elapsed());
      resume_at_ = id;
      return false;
    }
    const auto matches = [&, &labels = id.labels](const rules::Matcher& one) {
      late = looking_ + part.elapsed() > rules::longest_filtering;
      return !late && one.matches(labels);
    };
    const bool fires = signal.health == rules::Health::failing && signal.alert;
    const bool wanted = fires && std::ranges::all_of(query_.filter.all, matches);
    if (late) return failure(rules::filtering_took_too_long());
    if (wanted) found_.emplace_back(id.labels.fingerprint(), id);
  }
  return true;
}

bool Listing::write(const rules::Signals& signals, const PushBook& book, Instant now) {
  const Stopwatch part;
  for (; written_ < found_.size(); ++written_) {
    if (part.elapsed() > longest_part) return false;
    const auto& [fingerprint, id] = found_[written_];
    const auto known = signals.find(id);
    if (known == signals.end() || known->second.health != rules::Health::failing || !known->second.alert) continue;
    const Expiry expiry = book.expiry(id.labels, known->second);
    if (expiry.ends_at <= now) continue;
    if (!out_.empty()) out_ += ',';
    append_alert(out_, id, known->second, expiry, fingerprint);
  }
  return true;
}

std::string Listing::whole() && {
  if (out_.empty()) return "[]";
  std::string_view before = "[";
  std::string_view after = "]";
  if (form_ == Form::groups) {
    before = R"([{"labels":{},"receiver":{"name":"candor"},"alerts":[)";
    after = "]}]";
  }
  out_.insert(0, before);
  out_ += after;
  return std::move(out_);
}

std::string json_text(std::string_view text) {
  std::string out;
  append_text(out, text);
  return out;
}

}  // namespace candor::alerts
