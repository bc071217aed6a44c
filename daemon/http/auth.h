#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/reader.h"
#include "base/secret.h"

namespace candor::http {

/// What a token allows; each scope includes those before it.
enum class Scope : std::uint8_t { read, support, responder, admin };

[[nodiscard]] std::string_view to_string(Scope scope);

struct Identity {
  std::string name;
  Scope scope = Scope::read;
};

/// The admin API's bearer tokens. Only SHA-256 digests are kept; a check takes the same time for every token and for
/// none (all digests are compared, each in constant time).
class Tokens {
 public:
  void add(std::string name, Scope scope, const Secret& secret);
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// Of an `Authorization: Bearer …` header's value.
  [[nodiscard]] std::optional<Identity> check(std::string_view authorization) const;

  friend bool operator==(const Tokens&, const Tokens&) = default;

 private:
  struct Entry {
    std::string name;
    Scope scope;
    std::array<unsigned char, 32> digest;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries_;
};

/// Reads `[auth]`. Short secrets (under 16 characters) and names twice are problems.
[[nodiscard]] Tokens read_tokens(const std::optional<Table>& auth);

}  // namespace candor::http
