#include "daemon/http/request_parser.h"

#include <algorithm>

#include "base/text.h"
#include "daemon/http/target.h"

namespace candor::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

/// So that a length nobody means to send costs no memory.
constexpr std::uint64_t most_reserved_bytes = 64 * 1024;

/// Of what is left of a chunked body: its last chunk and the blank line, `0`, line end, line end. Beast 1.81 asserts
/// that so much is offered behind a last chunk's head (boostorg/beast#2861).
constexpr std::size_t least_chunked_rest = 5;

/// A browser sends 20; each is worth more memory than it has bytes.
constexpr int most_fields = 100;
constexpr std::size_t bytes_beside_a_field = 160;  ///< two strings, their blocks, and room for the next fields

constexpr const char* too_large_head = "the request's head is too large";
/// Beside its parts: ` HTTP/1.1` and the like, or `: ` and the line's end.
constexpr std::size_t request_line_extra = 12;
constexpr std::size_t field_extra = 4;

bool is_host(std::string_view host) {
  return std::ranges::none_of(host, [](char c) { return c == ' ' || c == '/' || c == '@' || c == '?' || c == '#'; });
}

}  // namespace

RequestParser::RequestParser(std::size_t head_bytes, std::size_t body_bytes)
    : head_bytes_left_(head_bytes), head_bytes_(head_bytes) {
  // Beast's limit is for what it is offered at once; count_head() limits the sum, however small the pieces come in.
  header_limit(static_cast<std::uint32_t>(head_bytes));
  body_limit(body_bytes);
  eager(true);
}

RequestParser::Progress RequestParser::feed(std::string_view& input) {
  const bool in_chunks = is_header_done() && chunked();
  if (input.empty() || (in_chunks && input.size() < least_chunked_rest)) return Progress::needs_more;
  Error error;
  const std::size_t taken = put({input.data(), input.size()}, error);
  input.remove_prefix(taken);
  if (error && error != beast::http::error::need_more) return refuse_for(error);
  if (!is_header_done()) {
    if (input.size() > head_bytes_left_) return refuse(431, too_large_head);
  } else if (!is_done() && input.size() > head_bytes_) {
    return refuse(400, "a chunk of the body has too long a head");
  }
  return is_done() ? Progress::complete : Progress::needs_more;
}

std::size_t RequestParser::taken_bytes() const {
  return head_bytes_ - head_bytes_left_ + static_cast<std::size_t>(fields_) * bytes_beside_a_field +
         request_.body.capacity();
}

void RequestParser::on_request_impl(beast::http::verb, Text method, Text target, int version, Error& error) {
  count_head(method.size() + target.size() + request_line_extra, error);
  if (error) return;
  version_ = version;
  request_.method.assign(method.data(), method.size());
  Result<Target> read = read_target(view(target));
  if (!read) return refuse(400, std::move(read.error().message), error);
  request_.path = std::move(read->path);
  request_.query = std::move(read->query);
  request_.headers.reserve(8);
}

void RequestParser::on_field_impl(field name, Text name_text, Text value, Error& error) {
  if (is_header_done()) return;  // a trailer
  if (++fields_ > most_fields) return refuse(431, "the request's head has too many fields", error);
  count_head(name_text.size() + value.size() + field_extra, error);
  if (error) return;
  switch (name) {
    case field::host:
      if (++hosts_ > 1 || !is_host(view(value)))
        return refuse(400, "the Host header is malformed or there twice", error);
      break;
    case field::transfer_encoding:
      transfer_encoded_ = true;
      if (!equal_ignoring_case(view(value), "chunked")) {
        return refuse(501, "of all transfer encodings only chunked is supported", error);
      }
      break;
    case field::content_encoding:
      if (!equal_ignoring_case(view(value), "identity")) {
        return refuse(415, "an encoded body is not taken; send it as it is, without Content-Encoding", error);
      }
      break;
    case field::expect:
      if (!equal_ignoring_case(view(value), "100-continue")) {
        return refuse(417, "of all expectations only 100-continue is supported", error);
      }
      expects_continue_ = version_ == 11;
      break;
    default:
      break;
  }
  request_.headers.emplace_back(lower_case(view(name_text)), view(value));
}

void RequestParser::on_header_impl(Error& error) {
  if (version_ == 11 && hosts_ == 0) return refuse(400, "the Host header is missing", error);
  if (version_ == 10 && transfer_encoded_) return refuse(400, "HTTP/1.0 has no transfer encodings", error);
}

std::size_t RequestParser::on_body_impl(Text body, Error&) {
  if (request_.body.empty())
    request_.body.reserve(std::min(content_length_remaining().value_or(0), most_reserved_bytes));
  request_.body.append(body.data(), body.size());
  return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, Text body, Error& error) {
  return on_body_impl(body, error);
}

void RequestParser::count_head(std::size_t bytes, Error& error) {
  if (bytes > head_bytes_left_) return refuse(431, too_large_head, error);
  head_bytes_left_ -= bytes;
}

void RequestParser::refuse(unsigned status, std::string message, Error& error) {
  refusal_ = {status, std::move(message)};
  error = beast::http::error::bad_value;  // any will do: feed() finds the refusal
}

RequestParser::Progress RequestParser::refuse(unsigned status, std::string message) {
  refusal_ = {status, std::move(message)};
  return Progress::refused;
}

RequestParser::Progress RequestParser::refuse_for(const Error& error) {
  using enum beast::http::error;
  if (!refusal_.message.empty()) return Progress::refused;
  if (error == header_limit) return refuse(431, too_large_head);
  if (error == body_limit) return refuse(413, "the request's body is too large");
  if (error == bad_method) return refuse(400, "the request's method is not a token");
  if (error == bad_target) return refuse(400, "the request's target is malformed");
  if (error == bad_version) return refuse(400, "the request is neither HTTP/1.1 nor HTTP/1.0");
  if (error == bad_content_length || error == multiple_content_length || error == bad_transfer_encoding) {
    return refuse(400, "the length of the request's body is said in contradictory or malformed ways");
  }
  if (error == bad_chunk || error == bad_chunk_extension) return refuse(400, "a chunk of the body is malformed");
  return refuse(400, "the request's head is malformed");
}

}  // namespace candor::http
