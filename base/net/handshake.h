#pragma once

#include "base/net/failure.h"

namespace candor::net {

/// What stopped a TLS handshake, by an error code of OpenSSL's (ERR_get_error(3)), in words that help.
[[nodiscard]] Failure handshake_failure(unsigned long error);

}  // namespace candor::net
