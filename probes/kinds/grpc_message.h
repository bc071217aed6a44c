#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace candor::probes {

// gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md) and its health protocol (grpc/doc/health-checking.md), as far as one
// check needs them. All pure.

/// grpc.health.v1.HealthCheckResponse.ServingStatus
enum class Serving : std::uint8_t { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };

/// A HealthCheckRequest with the prefix that gRPC puts before each message.
[[nodiscard]] std::string make_health_request(std::string_view service);

/// The one HealthCheckResponse that an answer's body must hold. Errors are a few words about it.
[[nodiscard]] Result<Serving> read_health_answer(std::string_view body);

/// The trailer grpc-message: percent-decoded, cut after some 300 bytes; what is not encoded well stays as it is.
[[nodiscard]] std::string decode_grpc_message(std::string_view text);

/// "UNAVAILABLE" for "14"; the text itself, made harmless and short, where gRPC knows no such status.
[[nodiscard]] std::string grpc_status_words(std::string_view text);

}  // namespace candor::probes
