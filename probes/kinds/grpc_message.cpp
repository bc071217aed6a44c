#include "probes/kinds/grpc_message.h"

#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/net/url.h"
#include "base/utf8.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

constexpr std::size_t prefix_bytes = 5;  // compressed or not, and the length
constexpr unsigned status_field = 1;     // of a HealthCheckResponse
constexpr std::size_t most_message_bytes = 300;

constexpr std::array<std::string_view, 17> statuses{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

void append_varint(std::string& text, std::size_t value) {
  for (; value >= 0x80; value >>= 7U) text += static_cast<char>((value & 0x7FU) | 0x80U);
  text += static_cast<char>(value);
}

/// Takes a base-128 number off the front (protobuf's encoding guide); nothing where it does not end.
std::optional<std::uint64_t> take_varint(std::string_view& text) {
  constexpr std::size_t most_bytes = 10;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < text.size() && i < most_bytes; ++i) {
    const unsigned byte = byte_at(text, i);
    value |= std::uint64_t{byte & 0x7FU} << (7 * i);
    if (byte >= 0x80) continue;
    text.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

/// Whether a field of this wire type was there to be left out.
bool skip_field(std::string_view& text, std::uint64_t wire_type) {
  std::uint64_t size = 0;
  switch (wire_type) {
    case 0:
      return take_varint(text).has_value();
    case 1:
      size = 8;
      break;
    case 2: {
      const std::optional<std::uint64_t> length = take_varint(text);
      if (!length) return false;
      size = *length;
      break;
    }
    case 5:
      size = 4;
      break;
    default:
      return false;
  }
  if (size > text.size()) return false;
  text.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

/// The last one counts, and an absent one is 0, as everywhere in protobuf.
std::optional<std::uint64_t> find_status(std::string_view message) {
  std::uint64_t status = 0;
  while (!message.empty()) {
    const std::optional<std::uint64_t> tag = take_varint(message);
    if (!tag || *tag >> 3U == 0) return std::nullopt;
    if (*tag == status_field << 3U) {
      const std::optional<std::uint64_t> value = take_varint(message);
      if (!value) return std::nullopt;
      status = *value;
    } else if (!skip_field(message, *tag & 7U)) {
      return std::nullopt;
    }
  }
  return status;
}

}  // namespace

std::string make_health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0A';  // field 1, a text
    append_varint(message, service.size());
    message += service;
  }
  std::string framed(1, '\0');
  for (const unsigned shift : {24U, 16U, 8U, 0U}) framed += static_cast<char>(message.size() >> shift & 0xFFU);
  return framed + message;
}

Result<Serving> read_health_answer(std::string_view body) {
  if (body.empty()) return failure("no message came with it");
  if (body.size() < prefix_bytes) return failure("its message is cut short");
  if (body.front() != '\0') return failure("its message is compressed, which was not asked for");
  std::uint64_t length = 0;
  for (std::size_t i = 1; i < prefix_bytes; ++i) length = length << 8U | byte_at(body, i);
  body.remove_prefix(prefix_bytes);
  if (length != body.size())
    return failure(length > body.size() ? "its message is cut short" : "more than one message");
  const std::optional<std::uint64_t> status = find_status(body);
  if (!status) return failure("its message is not a HealthCheckResponse");
  if (*status > static_cast<std::uint64_t>(Serving::service_unknown)) {
    return failure(fmt::format("its message has the status {}, which the protocol does not know", *status));
  }
  return static_cast<Serving>(*status);
}

std::string decode_grpc_message(std::string_view text) {
  const std::string decoded = net::percent_decoded(text.substr(0, 3 * (most_message_bytes + 1)));
  return shorten_utf8(to_utf8(decoded), most_message_bytes);
}

std::string grpc_status_words(std::string_view text) {
  std::size_t number = statuses.size();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool known = error == std::errc{} && end == text.data() + text.size() && number < statuses.size();
  return known ? std::string{statuses[number]} : in_quotes(text, 20);
}

}  // namespace candor::probes
