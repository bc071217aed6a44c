#include "base/net/handshake.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace candor::net {
namespace {

/// Nothing else in a handshake of ours is written in ASN.1. The first error is of its reader, the last one SSL's.
bool is_of_a_malformed_certificate(unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return ERR_GET_LIB(error) == ERR_LIB_ASN1;
  return ERR_GET_REASON(error) == ERR_R_ASN1_LIB || ERR_GET_REASON(error) == SSL_R_CERT_LENGTH_MISMATCH;
}

}  // namespace

Failure handshake_failure(unsigned long error) {
  const char* const words = ERR_reason_error_string(error);
  const std::string reason = words != nullptr ? words : "it failed";
  if (is_of_a_malformed_certificate(error)) {
    return {.stage = Failure::Stage::certificate,
            .reason = fmt::format("it is malformed (OpenSSL says \"{}\")", reason)};
  }
  const bool in_clear = ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER;
  return {.stage = Failure::Stage::tls, .reason = in_clear ? "it does not speak TLS" : reason};
}

}  // namespace candor::net
