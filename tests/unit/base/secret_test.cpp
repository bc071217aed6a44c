#include "base/secret.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace candor {
namespace {

template <class T>
concept Printable = requires(std::ostream& stream, const T& value) {
  stream << value;
};

TEST(Secret, is_shown_only_to_who_asks_for_it) {
  static_assert(!Printable<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  EXPECT_EQ(Secret{"s3cret"}.reveal(), "s3cret");
  EXPECT_TRUE(Secret{}.empty());
  EXPECT_FALSE(Secret{"x"}.empty());
  EXPECT_EQ(Secret{"x"}, Secret{"x"});
  EXPECT_NE(Secret{"x"}, Secret{"y"});
}

TEST(RedactUrl, keeps_scheme_host_and_port) {
  EXPECT_EQ(redact_url("https://hooks.example.org/services/T0/B0/secret"), "https://hooks.example.org/…");
  EXPECT_EQ(redact_url("https://example.org:8443/?token=secret"), "https://example.org:8443/…");
  EXPECT_EQ(redact_url("https://example.org?token=secret"), "https://example.org/…");
  EXPECT_EQ(redact_url("https://example.org#secret"), "https://example.org/…");
  EXPECT_EQ(redact_url("http://[2001:db8::1]:9093/secret"), "http://[2001:db8::1]:9093/…");
  EXPECT_EQ(redact_url("http://[2001:db8::1]/secret"), "http://[2001:db8::1]/…");
}

TEST(RedactUrl, adds_nothing_where_nothing_is_hidden) {
  EXPECT_EQ(redact_url("https://example.org"), "https://example.org");
  EXPECT_EQ(redact_url("https://example.org/"), "https://example.org");
}

TEST(RedactUrl, drops_user_and_password) {
  EXPECT_EQ(redact_url("https://ana:secret@example.org/x"), "https://example.org/…");
  EXPECT_EQ(redact_url("https://ana:se@cret@example.org"), "https://example.org");
  EXPECT_EQ(redact_url("https://secret@example.org:80"), "https://example.org:80");
}

TEST(RedactUrl, shows_nothing_of_what_it_does_not_understand) {
  EXPECT_EQ(redact_url("secret"), "…");
  EXPECT_EQ(redact_url(""), "…");
  EXPECT_EQ(redact_url("https://ana:sec/ret@example.org/x"), "https://…")
      << "a slash in the password ends the authority early";
}

}  // namespace
}  // namespace candor
