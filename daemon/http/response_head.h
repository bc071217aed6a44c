#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "daemon/http/message.h"

namespace candor::http {

/// What the connection adds to a response.
struct Framing {
  std::string_view date;  ///< as format_date() writes it
  bool http11 = true;     ///< of the request
  bool keep_alive = true;
};

/// Whether responses of this status have a body and a Content-Length (RFC 9110, sections 6.4.1 and 8.6).
[[nodiscard]] bool may_have_body(unsigned status);

/// Appends the status line and the header of `response` to `out`, with the blank line. Date, Content-Length, Connection
/// and Transfer-Encoding are the connection's: where the response names them itself they are left out. Control
/// characters in a value become blanks, so that none can end its line.
void append_head(std::string& out, const Response& response, const Framing& framing);

/// An HTTP date, such as "Mon, 23 Nov 2026 05:44:01 GMT" (RFC 9110, section 5.6.7).
[[nodiscard]] std::string format_date(Instant instant);

}  // namespace candor::http
