#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/net/authorities.h"
#include "base/net/easy.h"
#include "base/net/easy_info.h"
#include "base/net/handshake.h"
#include "base/text.h"

namespace candor::net {
namespace {

/// RFC 1928, section 6; SOCKS4 knows one reason.
std::string_view socks_words(long error) {
  switch (error) {
    case CURLPX_REPLY_GENERAL_SERVER_FAILURE:
      return "general failure";
    case CURLPX_REPLY_NOT_ALLOWED:
      return "not allowed";
    case CURLPX_REPLY_NETWORK_UNREACHABLE:
      return "network unreachable";
    case CURLPX_REPLY_HOST_UNREACHABLE:
      return "host unreachable";
    case CURLPX_REPLY_CONNECTION_REFUSED:
      return "connection refused";
    case CURLPX_REPLY_TTL_EXPIRED:
      return "time to live expired";
    case CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED:
      return "no such addresses are supported";
    case CURLPX_REQUEST_FAILED:
      return "request rejected or failed";
    default:
      return {};
  }
}

}  // namespace

/// libcurl's times do not tell: those of connect and TLS are not set before both are done, and after a redirect all
/// are sums.
Failure::Stage Easy::reached() const {
  using enum Failure::Stage;
  if (opened_) return shaking_hands_ ? tls : connect;
  if (!sent_) return name_lookup;
  return waiting_ ? request : answer;
}

std::string Easy::system_error(std::string otherwise) const {
  const long error = info<long>(get(), CURLINFO_OS_ERRNO);
  return error != 0 ? std::generic_category().message(static_cast<int>(error)) : std::move(otherwise);
}

/// libcurl tells the last address's error only, and none of a socket that could not be opened. Of several addresses
/// the last often is one that this machine has no way to, such as IPv6 where that is off: that says nothing of those
/// before it, so the target is not excused.
Failure Easy::not_connected() const {
  using enum Failure::Stage;
  const bool opened = sockets_ > 0;
  const int error = opened ? static_cast<int>(info<long>(get(), CURLINFO_OS_ERRNO)) : cannot_open_;
  Failure failure{connect, false, error != 0 ? std::generic_category().message(error) : "no connection"};
  if (first_tried_ != tried_ && opened) {
    failure.reason += fmt::format("; {} did not connect either", first_tried_);
  } else if (is_own_lack(error)) {
    failure.ours = true;
    failure.error = error;
  }
  return failure;
}

Failure Easy::refused_by_socks(int code) const {
  using enum Failure::Stage;
  const long error = info<long>(get(), CURLINFO_PROXY_ERROR);
  switch (error) {
    case CURLPX_RESOLVE_HOST:
      return {name_lookup, false, "no address was found, or no resolver answered"};
    case CURLPX_NO_AUTH:
    case CURLPX_USER_REJECTED:
    case CURLPX_IDENTD:
    case CURLPX_IDENTD_DIFFER:
      return {connect, false, "the proxy wants another user or password", true, true};
    default:
      break;
  }
  const std::string_view words = socks_words(error);
  if (words.empty()) return {reached(), false, detail(code)};
  return {connect, false, fmt::format("the proxy answered \"{}\"", words), false, true};
}

/// What the peer said of why it ends TLS, such as "tlsv13 alert certificate required". In TLS 1.3 that can come when
/// the handshake is long over for this side (RFC 8446, section 4.4.2.4).
std::string Easy::alert() const {
  const std::string_view words = message_.data();
  const std::size_t begin = words.find("::");
  if (begin == std::string_view::npos || words.find(" alert ", begin) == std::string_view::npos) return {};
  return one_line(words.substr(begin + 2, words.find(',', begin) - begin - 2));
}

/// libcurl's own words, without the prefixes that say what our sentence says already.
std::string Easy::detail(int code) const {
  std::string_view words = message_.front() != '\0' ? message_.data() : curl_easy_strerror(static_cast<CURLcode>(code));
  for (const std::string_view prefix : {"SSL certificate problem: ", "SSL: ", "OpenSSL "}) {
    if (words.starts_with(prefix)) words.remove_prefix(prefix.size());
  }
  if (words.starts_with("SSL_connect: SSL_ERROR_SYSCALL")) return system_error("the connection was closed");
  // "OpenSSL/3.0.19: error:0A000126:SSL routines::unexpected eof while reading"
  constexpr std::string_view routines = "SSL routines::";
  if (const std::size_t at = words.find(routines); at != std::string_view::npos) {
    words.remove_prefix(at + routines.size());
  }
  return one_line(words.substr(0, 200));
}

/// libcurl's words have OpenSSL's code in them, as in "error:0A00010B:SSL routines::wrong version number".
Failure Easy::failed_handshake(int code) const {
  const std::string_view words = message_.data();
  constexpr std::string_view before = "error:";
  unsigned long error = 0;
  if (const std::size_t at = words.find(before); at != std::string_view::npos) {
    const std::string_view digits = words.substr(at + before.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), error, 16);
  }
  return error != 0 ? handshake_failure(error) : Failure{.stage = Failure::Stage::tls, .reason = detail(code)};
}

std::string Easy::refusal(int code) const {
  return above_->empty() ? detail(code) : fmt::format("{}: that of the authority above it, {}", detail(code), *above_);
}

std::string Easy::bad_authorities(int code) const {
  if (!std::string_view{message_.data()}.starts_with("error signaled by")) return detail(code);
  return fmt::format("the system's authorities in {} cannot be read", system_authorities_file());
}

/// libcurl drops the line that it did not take; only its words tell.
std::string Easy::weird_reply() const {
  const std::string_view words = message_.data();
  return words.starts_with("Invalid Content-Length") ? "its Content-Length is not a length" : "it is not HTTP";
}

/// A line of more than 100 kB is a lack of memory for libcurl; of more than 300 kB in all only its words tell.
bool Easy::head_too_long(int code) const {
  return sent_ &&
         (code == CURLE_OUT_OF_MEMORY || std::string_view{message_.data()}.starts_with("Too large response headers"));
}

Failure Easy::failure(int code) const {
  using enum Failure::Stage;
  if (refused_redirect(code)) return {redirect, false, refused_};
  if (unanswered_) return {request, false, "the connection was closed"};
  if (trailers_too_long()) return {answer, false, "its trailers are too long"};
  if (tunnel_head_too_long()) return {connect, false, "the proxy's answer to CONNECT is too long", false, true};
  if (head_too_long(code)) return {answer, false, "its head is too long"};
  if (const long answer = info<long>(get(), CURLINFO_HTTP_CONNECTCODE); (!sent_ || opened_) && answer >= 300) {
    // 407: the proxy does not know us, and has not tried to reach the peer (RFC 9110, section 15.5.8). Some say 401.
    const bool asks_who = answer == 407 || answer == 401;
    return {connect, false, fmt::format("the proxy answered HTTP {} to CONNECT", answer), asks_who, true};
  }
  switch (code) {
    case CURLE_OK:
      return {answer, false, "its head breaks off"};
    case CURLE_OPERATION_TIMEDOUT:
      return {reached(), true, ""};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {name_lookup, false, "no address was found, or no resolver answered"};
    case CURLE_COULDNT_CONNECT:
      return not_connected();
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return {certificate, false, refusal(code)};
    case CURLE_PROXY:
      return refused_by_socks(code);
    case CURLE_SSL_CACERT_BADFILE:
      return {.stage = tls, .reason = bad_authorities(code), .ours = true};
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ENGINE_INITFAILED:
      return {.stage = tls, .reason = detail(code), .ours = true};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
      return failed_handshake(code);
    case CURLE_GOT_NOTHING:
      // Over HTTP/2 libcurl calls the peer's end by other names, and this is its own, at what it cannot read.
      if (http2_only_) return {answer, false, "it is not HTTP/2"};
      return {request, false, "the connection was closed"};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      if (std::string why = waiting_ ? alert() : ""; !why.empty()) return {tls, false, std::move(why)};
      if (std::string_view{message_.data()}.contains("chunked-encoding"))
        return {answer, false, "its chunked encoding is malformed"};
      return {reached(), false, system_error("the connection broke")};
    case CURLE_PARTIAL_FILE:
      if (waiting_) return {request, false, "the connection was closed"};  // of a stream of HTTP/2
      return {answer, false, "it was cut short"};
    case CURLE_BAD_CONTENT_ENCODING:
      return {answer, false, "its encoding is broken"};
    case CURLE_ABORTED_BY_CALLBACK:
      return {reached(), false, "it sent without end"};
    case CURLE_URL_MALFORMAT:
      return {redirect, false, "a redirect to what is no address"};
    case CURLE_TOO_MANY_REDIRECTS:
      return {redirect, false, "too many redirects"};
    case CURLE_UNSUPPORTED_PROTOCOL:
      if (info<long>(get(), CURLINFO_RESPONSE_CODE) / 100 == 3) {
        return {redirect, false, "a redirect to an address that is not http or https"};
      }
      [[fallthrough]];
    case CURLE_WEIRD_SERVER_REPLY:
      return {answer, false, weird_reply()};
    default:
      return {reached(), false, detail(code)};
  }
}

}  // namespace candor::net
