#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

#include "daemon/http/message.h"

namespace candor::http {

/// Why a request is not served.
struct Refusal {
  unsigned status = 400;
  std::string message;
};

/// Turns the bytes of one request into a Request, without a copy in between, and refuses what different programs might
/// understand differently (RFC 9112, sections 3 and 6). One parser a request.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  RequestParser(std::size_t head_bytes, std::size_t body_bytes);

  enum class Progress : std::uint8_t { needs_more, complete, refused };
  /// Takes bytes from the front of `input`; what is left must be offered again with more behind it.
  [[nodiscard]] Progress feed(std::string_view& input);

  /// Of `refused`.
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  /// Whether the client waits for a 100 (Continue) before it sends its body (RFC 9110, section 10.1.1).
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  [[nodiscard]] bool http11() const { return version_ == 11; }
  [[nodiscard]] Request& request() { return request_; }
  /// About what the request takes of memory so far.
  [[nodiscard]] std::size_t taken_bytes() const;

 private:
  using Error = boost::beast::error_code;
  using Text = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version, Error& error) override;
  void on_response_impl(int, Text, int, Error&) override {}
  void on_field_impl(boost::beast::http::field field, Text name, Text value, Error& error) override;
  void on_header_impl(Error& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(Text body, Error& error) override;
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, Error& error) override;
  void on_finish_impl(Error&) override {}

  void count_head(std::size_t bytes, Error& error);
  void refuse(unsigned status, std::string message, Error& error);
  Progress refuse(unsigned status, std::string message);
  Progress refuse_for(const Error& error);

  Request request_;
  Refusal refusal_;
  std::size_t head_bytes_left_;
  std::size_t head_bytes_;  ///< at most, and so much of framing between two parts of a chunked body
  int version_ = 11;
  int hosts_ = 0;
  int fields_ = 0;
  bool transfer_encoded_ = false;
  bool expects_continue_ = false;
};

}  // namespace candor::http
