#include "daemon/incident/codec.h"

#include <concepts>
#include <iterator>
#include <stdexcept>
#include <type_traits>

#include <boost/json.hpp>
#include <fmt/compile.h>

#include "daemon/incident/fields.h"
#include "daemon/incident/unseen.h"

namespace candor::incident {
namespace {

namespace json = boost::json;

// Two archives read what fields.h describes: Writer makes JSON of a value, Reader a value of JSON. A field that is
// empty is not written, so journals stay small and old ones stay readable.

struct DecodeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class T>
concept Enumeration = std::is_enum_v<T>;
template <class T>
concept Number = std::integral<T> && !std::same_as<T, bool>;

bool from_text(std::string_view text, auto& value) {
  using T = std::remove_reference_t<decltype(value)>;
  std::optional<T> found;
  if constexpr (std::same_as<T, rules::Health>) found = rules::health_from(text);
  if constexpr (std::same_as<T, rules::SignalKind>) found = rules::signal_kind_from(text);
  if constexpr (std::same_as<T, rules::Finding>) found = rules::finding_from(text);
  if constexpr (std::same_as<T, Status>) found = status_from(text);
  if constexpr (std::same_as<T, Impact>) found = impact_from(text);
  if constexpr (std::same_as<T, ComponentStatus>) found = component_status_from(text);
  if constexpr (std::same_as<T, Delivery::Kind>) found = delivery_kind_from(text);
  if constexpr (std::same_as<T, DeliveryEnd>) found = delivery_end_from(text);
  if constexpr (std::same_as<T, Holding::Stage>) {
    if (text == "none") found = Holding::Stage::none;
    if (text == "waiting") found = Holding::Stage::waiting;
    if (text == "posted") found = Holding::Stage::posted;
    if (text == "vetoed") found = Holding::Stage::vetoed;
  }
  if (found) value = *found;
  return found.has_value();
}

std::string_view text_of(Holding::Stage stage) {
  switch (stage) {
    case Holding::Stage::none:
      return "none";
    case Holding::Stage::waiting:
      return "waiting";
    case Holding::Stage::posted:
      return "posted";
    case Holding::Stage::vetoed:
      return "vetoed";
  }
  return "none";
}
std::string_view text_of(Enumeration auto value) { return to_string(value); }

/// The text as a JSON string. Its bytes need not be UTF-8.
void write_text(std::string& to, std::string_view text) {
  constexpr std::string_view short_escapes = "btn?fr";  // of the control characters 8 to 13
  to += '"';
  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    to.append(text, written, at - written);
    written = at + 1;
    if (byte >= 0x20) {
      to += {'\\', text[at]};
    } else if (byte >= 8 && byte <= 13 && byte != 11) {
      to += {'\\', short_escapes[byte - 8U]};
    } else {
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", byte);
    }
  }
  to.append(text, written);
  to += '"';
}

/// Writes at the end of a text: a snapshot is as large as the state, and nothing else of that size is made for it.
class Writer {
 public:
  explicit Writer(std::string& text) : text_(text) { text_ += '{'; }

  template <class T>
  void operator()(std::string_view name, const T& value) {
    // An enumeration or a number may have a default other than its first value or zero.
    constexpr bool always = Enumeration<T> || Number<T>;
    if (!always && value == T{}) return;
    if (text_.back() != '{') text_ += ',';
    text_.append("\"").append(name).append("\":");
    write(text_, value);
  }
  void close() { text_ += '}'; }

  static void write(std::string& to, const std::string& v) { write_text(to, v); }
  static void write(std::string& to, std::string_view v) { write_text(to, v); }
  static void write(std::string& to, bool v) { to += v ? "true" : "false"; }
  static void write(std::string& to, Number auto v) { fmt::format_to(std::back_inserter(to), FMT_COMPILE("{}"), v); }
  static void write(std::string& to, Duration v) { write(to, v.count()); }
  static void write(std::string& to, Instant v) { write(to, to_ms(v)); }
  static void write(std::string& to, Enumeration auto v) { write_text(to, text_of(v)); }
  template <class T>
  static void write(std::string& to, const std::optional<T>& v) {
    if (v) return write(to, *v);
    to += "null";
  }
  template <class T>
  static void write(std::string& to, const std::vector<T>& items) {
    write_list(to, items);
  }
  static void write(std::string& to, const std::set<std::string>& items) { write_list(to, items); }
  static void write(std::string& to, const rules::Signals& signals) { write_list(to, signals); }
  template <class T>
  static void write(std::string& to, const std::map<std::string, T>& items) {
    write_members(to, items);
  }
  static void write(std::string& to, const PendingDeliveries& pending) { write_members(to, pending); }
  static void write(std::string& to, const Labels& labels) { write_members(to, labels); }
  template <class T>
  requires std::is_class_v<T>
  static void write(std::string& to, const T& v) {
    Writer writer{to};
    describe(writer, v);
    writer.close();
  }

 private:
  static void write_members(std::string& to, const auto& members) {
    to += '{';
    for (const auto& [name, value] : members) {
      if (to.back() != '{') to += ',';
      write_text(to, name);
      to += ':';
      write(to, value);
    }
    to += '}';
  }
  static void write_list(std::string& to, const auto& items) {
    to += '[';
    for (const auto& item : items) {
      if (to.back() != '[') to += ',';
      write(to, item);
    }
    to += ']';
  }
  static void write(std::string& to, const rules::Signals::value_type& it) {
    to += '[';
    write(to, it.first);
    to += ',';
    write(to, it.second);
    to += ']';
  }

  std::string& text_;
};

template <class T>
std::string written(const T& value) {
  std::string text;
  Writer::write(text, value);
  return text;
}

class Reader {
 public:
  explicit Reader(const json::value& value) : object_(as_object(value)) {}

  template <class T>
  void operator()(std::string_view name, T& value) {
    const json::value* found = object_.if_contains(name);
    if (found == nullptr || found->is_null()) return;
    try {
      read(*found, value);
    } catch (const DecodeError& error) {
      throw DecodeError(fmt::format("{}: {}", name, error.what()));
    }
  }

  static void read(const json::value& v, std::string& to) { to = view(as_text(v)); }
  static void read(const json::value& v, bool& to) {
    if (!v.is_bool()) throw DecodeError("not true or false");
    to = v.get_bool();
  }
  template <std::integral T>
  static void read(const json::value& v, T& to) {
    json::error_code error;
    to = v.to_number<T>(error);
    if (error) throw DecodeError("not a number that fits");
  }
  static void read(const json::value& v, Instant& to) {
    std::int64_t ms = 0;
    read(v, ms);
    to = from_ms(ms);
  }
  static void read(const json::value& v, Duration& to) {
    std::int64_t ms = 0;
    read(v, ms);
    to = Duration{ms};
  }
  static void read(const json::value& v, Enumeration auto& to) {
    std::string text;
    read(v, text);
    if (!from_text(text, to)) throw DecodeError(fmt::format("\"{}\" is not known", text));
  }
  static void read(const json::value& v, Labels& to) {
    std::vector<Labels::View> pairs;
    for (const auto& [name, value] : as_object(v)) pairs.emplace_back(view(name), view(as_text(value)));
    to = Labels{std::move(pairs)};
  }
  template <class T>
  static void read(const json::value& v, std::optional<T>& to) {
    read(v, to.emplace());
  }
  template <class T>
  static void read(const json::value& v, std::vector<T>& to) {
    for (const json::value& item : as_array(v)) read(item, to.emplace_back());
  }
  template <class T>
  static void read(const json::value& v, std::map<std::string, T>& to) {
    for (const auto& [name, value] : as_object(v)) read(value, to[std::string{name}]);
  }
  static void read(const json::value& v, PendingDeliveries& to) {
    PendingDeliveries::ById read_ones;
    read(v, read_ones);
    for (auto& [id, delivery] : read_ones) to.put(id, std::move(delivery));
  }
  static void read(const json::value& v, std::set<std::string>& to) {
    for (const json::value& item : as_array(v)) {
      std::string text;
      read(item, text);
      to.insert(std::move(text));
    }
  }
  static void read(const json::value& v, rules::Signals& to) {
    for (const json::value& item : as_array(v)) {
      const json::array& pair = as_array(item);
      if (pair.size() != 2) throw DecodeError("a signal is not a pair");
      rules::SignalId id;
      read(pair[0], id);
      read(pair[1], to[std::move(id)]);
    }
  }
  template <class T>
  requires std::is_class_v<T>
  static void read(const json::value& v, T& to) {
    Reader reader{v};
    describe(reader, to);
  }

 private:
  static std::string_view view(const auto& text) { return {text.data(), text.size()}; }
  static const json::string& as_text(const json::value& v) {
    const json::string* text = v.if_string();
    if (text == nullptr) throw DecodeError("not a text");
    return *text;
  }
  static const json::object& as_object(const json::value& v) {
    const json::object* object = v.if_object();
    if (object == nullptr) throw DecodeError("not an object");
    return *object;
  }
  static const json::array& as_array(const json::value& v) {
    const json::array* array = v.if_array();
    if (array == nullptr) throw DecodeError("not a list");
    return *array;
  }
  const json::object& object_;
};

template <class T>
void decode_into(std::string_view text, T& value) {
  json::error_code error;
  json::monotonic_resource memory;
  // What was seen of the world need not be UTF-8, and the journal gives back the bytes that it was given.
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  const json::value parsed = json::parse(text, error, &memory, options);
  if (error) throw DecodeError("not JSON: " + error.message());
  Reader::read(parsed, value);
}

template <class T>
Result<T> decode(std::string_view text, std::string_view what) {
  try {
    T value{};
    decode_into(text, value);
    return value;
  } catch (const DecodeError& error) {
    return failure(fmt::format("{} cannot be read: {}", what, error.what()));
  }
}

template <std::size_t index = 0>
Change decode_alternative(std::string_view name, std::string_view text) {
  if constexpr (index == std::variant_size_v<Change>) {
    throw DecodeError("no such kind of event");
  } else {
    Change change{std::in_place_index<index>};
    if (token(change) != name) return decode_alternative<index + 1>(name, text);
    decode_into(text, std::get<index>(change));
    return change;
  }
}

}  // namespace

void encode(const Change& change, std::string& to) {
  std::visit([&to](const auto& alternative) { Writer::write(to, alternative); }, change);
}

std::string encode(const Change& change) {
  std::string text;
  encode(change, text);
  return text;
}

Result<Change> decode_change(std::string_view name, std::string_view text) {
  try {
    return decode_alternative(name, text);
  } catch (const DecodeError& error) {
    return failure(fmt::format("event {} cannot be read: {}", name, error.what()));
  }
}

std::string encode(const Delivery& delivery) { return written(delivery); }
Result<Delivery> decode_delivery(std::string_view text) { return decode<Delivery>(text, "delivery"); }

std::string encode(const State& state) { return written(state); }
Result<State> decode_state(std::string_view text) {
  Result<State> state = decode<State>(text, "snapshot");
  if (!state) return state;
  // A snapshot may say it of who pushes, too, whom nobody asks.
  for (auto& [name, source] : state->sources) {
    if (!is_asked(name)) source.unheard.reset();
  }
  return state;
}

}  // namespace candor::incident
