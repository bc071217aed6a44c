#pragma once

#include <string>

#include "daemon/http/message.h"

namespace candor::admin {

/// What is true now and for whom it was meant: no cache keeps it, no browser guesses its type.
[[nodiscard]] inline http::Response private_response(http::Response response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "Cache-Control") return response;
  }
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

[[nodiscard]] inline http::Response json_response(unsigned status, std::string body) {
  return private_response(http::Response::json(status, std::move(body)));
}
[[nodiscard]] inline http::Response text_response(unsigned status, const std::string& text) {
  return private_response(http::Response::text(status, text + "\n"));
}

}  // namespace candor::admin
