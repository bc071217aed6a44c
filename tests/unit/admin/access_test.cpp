#include <gmock/gmock.h>

#include "house.h"

namespace candor::admin {
namespace {

class Access : public AdminTest {
 protected:
  /// Gives the API one token of each scope; its secret is made from the scope's name.
  void demand_tokens() {
    http::Tokens tokens;
    for (const http::Scope scope :
         {http::Scope::read, http::Scope::support, http::Scope::responder, http::Scope::admin}) {
      tokens.add(std::string{to_string(scope)}, scope, Secret{secret(scope)});
    }
    guard.replace(std::move(tokens));
  }
  static std::string secret(http::Scope scope) { return "the-secret-of-" + std::string{to_string(scope)}; }

  unsigned status(std::string method, std::string path, std::string with = {}) {
    token = std::move(with);
    return send(std::move(method), std::move(path), "{}").status;
  }
};

TEST_F(Access, to_health_and_readiness_needs_no_token) {
  demand_tokens();
  EXPECT_EQ(status("GET", "/-/healthy"), 200U);
  EXPECT_EQ(status("GET", "/-/ready"), 200U);
}

TEST_F(Access, to_everything_else_needs_one) {
  demand_tokens();
  for (const auto& [method, pattern] : router.routes()) {
    if (pattern == "/-/healthy" || pattern == "/-/ready") continue;
    EXPECT_EQ(status(method, pattern), 401U) << method << " " << pattern;
    EXPECT_EQ(status(method, pattern, "not-a-token-at-all"), 401U) << method << " " << pattern;
    operations.at += 1min;  // so that wrong tokens are not too many
  }
  EXPECT_TRUE(operations.commands.empty());
}

TEST_F(Access, to_reading_needs_read_to_writing_responder_and_to_reloading_admin) {
  demand_tokens();
  for (const auto& [method, pattern] : router.routes()) {
    if (pattern == "/-/healthy" || pattern == "/-/ready") continue;
    const http::Scope least = pattern == "/-/reload"                                      ? http::Scope::admin
                              : method == "GET" && pattern != "/api/v1/heartbeat/{probe}" ? http::Scope::read
                                                                                          : http::Scope::responder;
    for (const http::Scope scope :
         {http::Scope::read, http::Scope::support, http::Scope::responder, http::Scope::admin}) {
      const unsigned told = status(method, pattern, secret(scope));
      if (scope < least) {
        EXPECT_EQ(told, 403U) << method << " " << pattern << " with " << to_string(scope);
      } else {
        EXPECT_NE(told, 401U) << method << " " << pattern << " with " << to_string(scope);
        EXPECT_NE(told, 403U) << method << " " << pattern << " with " << to_string(scope);
      }
    }
  }
}

TEST_F(Access, without_tokens_is_everybodys_who_is_local) {
  EXPECT_EQ(status("POST", "/-/reload"), 200U);
  EXPECT_EQ(ask({.method = "GET", .path = "/api/v1/status", .headers = {{"host", "evil.example"}}}).status, 403U);
  EXPECT_EQ(ask({.method = "POST", .path = "/-/reload", .headers = {{"origin", "https://evil.example"}}}).status, 403U);
}

}  // namespace
}  // namespace candor::admin
