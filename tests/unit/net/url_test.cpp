#include "base/net/url.h"

#include <gtest/gtest.h>

namespace candor::net {
namespace {

TEST(Url, takes_an_url_apart_and_keeps_credentials_out_of_what_is_shown) {
  const Result<Url> url = parse_url("https://ana:p%40ss@pay.acme.example:8443/health/z?token=x#part");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->user, "ana");
  EXPECT_EQ(url->password, "p@ss");
  EXPECT_EQ(url->host, "pay.acme.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->authority(), "pay.acme.example:8443");
  EXPECT_EQ(url->request, "https://pay.acme.example:8443/health/z?token=x");
  EXPECT_EQ(url->shown(), "https://pay.acme.example:8443/health/z");
}

TEST(Url, knows_the_usual_ports_and_the_empty_path) {
  const Result<Url> plain = parse_url("http://acme.example");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->path, "/");
  EXPECT_EQ(plain->shown(), "http://acme.example/");
  EXPECT_EQ(parse_url("https://acme.example/a")->authority(), "acme.example:443");
  EXPECT_EQ(parse_url("https://acme.example:80/a")->shown(), "https://acme.example:80/a");
  EXPECT_EQ(parse_url("http://[::1]:8080/a")->authority(), "[::1]:8080");
}

TEST(Url, refuses_what_is_not_an_http_url_without_repeating_it) {
  for (const char* text :
       {"", "acme.example", "/path", "http://", "http:///path", "ftp://acme.example/", "file:///etc/passwd",
        "http://acme.example:0/", "http://acme.example:99999/", "http://ac me.example/", "http://acme.example:secret/",
        "http://a%0d%0a:secret@acme.example/", "javascript://acme", "http://%3333/", "https:/x://y"}) {
    const Result<Url> url = parse_url(text);
    EXPECT_FALSE(url) << text;
    EXPECT_EQ((url ? "" : url.error().message).find("secret"), std::string::npos) << text;
  }
  EXPECT_FALSE(parse_url(std::string{"http://acme.example\0.evil.example/", 34}));
  EXPECT_FALSE(parse_url("http://acme.example/\r\nX: y"));
}

TEST(Url, refuses_a_host_beyond_ascii_which_no_name_server_knows) {
  const Result<Url> url = parse_url(
      "https://ana:secret@b\xC3\xBC"
      "cher.example/");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message, "has a host that is not in ASCII; write its ASCII form (xn--…)");
  EXPECT_TRUE(
      parse_url("https://xn--bcher-kva.example/b\xC3\xBC"
                "cher?q=\xC3\xBC"));
}

}  // namespace
}  // namespace candor::net
