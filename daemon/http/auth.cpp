#include "daemon/http/auth.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/signature.h"
#include "base/text.h"

namespace candor::http {
namespace {

constexpr std::size_t least_secret_bytes = 16;
constexpr std::size_t most_name_bytes = 64;

const std::vector<std::pair<std::string_view, Scope>> scopes{
    {"read", Scope::read}, {"support", Scope::support}, {"responder", Scope::responder}, {"admin", Scope::admin}};

std::string_view bytes(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

/// The token of `Bearer TOKEN` (RFC 6750, section 2.1); empty for anything else.
std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size()) return {};
  if (!equal_ignoring_case(authorization.substr(0, scheme.size()), scheme)) return {};
  return trimmed(authorization.substr(scheme.size()));
}

/// Names are shown in the journal and on the console, as `token:NAME`.
bool is_name(std::string_view text) {
  return text.size() <= most_name_bytes && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                  c == '.' || c == '@';
         });
}

}  // namespace

std::string_view to_string(Scope scope) { return scopes.at(static_cast<std::size_t>(scope)).first; }

void Tokens::add(std::string name, Scope scope, const Secret& secret) {
  entries_.push_back({std::move(name), scope, sha256(secret.reveal())});
}

std::optional<Identity> Tokens::check(std::string_view authorization) const {
  const Digest given = sha256(bearer_token(authorization));
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    if (equal_in_constant_time(bytes(entry.digest), bytes(given))) found = &entry;
  }
  if (found == nullptr) return std::nullopt;
  return Identity{found->name, found->scope};
}

Tokens read_tokens(const std::optional<Table>& auth) {
  Tokens tokens;
  if (!auth) return tokens;
  std::set<std::string> names;
  std::set<std::string> secrets;
  for (const Table& table : auth->tables("tokens")) {
    std::string name = table.required_text("name");
    if (!is_name(name)) {
      table.refuse("name", fmt::format("\"{}\" is not a token's name", name),
                   "up to 64 letters, digits and any of - _ . @");
    }
    if (!name.empty() && !names.insert(name).second) {
      table.refuse("name", fmt::format("there are two tokens named \"{}\"", name), "give each its own name");
    }
    const std::optional<Scope> scope = table.choice<Scope>("scope", scopes);
    if (!table.has("scope")) table.refuse("scope", "scope is missing", "read, support, responder or admin");
    const std::optional<Secret> secret = table.secret("secret");
    if (!table.has("secret")) table.refuse("secret", "secret is missing", "such as { file = \"ana.token\" }");
    if (!secret) continue;
    if (const std::string_view text = secret->reveal(); text.find_first_of("\r\n") != std::string_view::npos) {
      table.refuse("secret", "the secret has more than one line, which no request can send",
                   "a token is one line; openssl rand -hex 32 makes a good one");
    } else if (std::ranges::any_of(text, is_control)) {
      table.refuse("secret", "the secret holds a control character, which no request can send",
                   "openssl rand -hex 32 makes a good one");
    } else if (text.starts_with("\xEF\xBB\xBF")) {
      table.refuse("secret", "the secret begins with a byte order mark, which is not seen and no client sends",
                   "save its file as UTF-8 without one");
    } else if (text.size() < least_secret_bytes) {
      table.refuse("secret", fmt::format("the secret is shorter than {} characters", least_secret_bytes),
                   "openssl rand -hex 32 makes a good one");
    } else if (trimmed(text) != text) {
      table.refuse("secret", "the secret begins or ends with a blank, which no request can send");
    } else if (!secrets.insert(secret->reveal()).second) {
      table.refuse("secret", "another token has the same secret, so nobody could tell them apart",
                   "openssl rand -hex 32 makes a new one");
    } else if (scope) {
      tokens.add(std::move(name), *scope, *secret);
    }
  }
  return tokens;
}

}  // namespace candor::http
