#include "probes/kinds/hidden.h"

#include <gtest/gtest.h>

namespace candor::probes {
namespace {

TEST(Hidden, is_taken_out_however_it_is_written) {
  Hidden hidden;
  hidden.add("a b/c\"d\\e");
  EXPECT_EQ(hidden.out_of("got a b/c\"d\\e."), "got ***.");
  EXPECT_EQ(hidden.out_of("GET /?t=a%20b%2Fc%22d%5Ce HTTP/1.1"), "GET /?t=*** HTTP/1.1");
  EXPECT_EQ(hidden.out_of(R"({"t": "a b/c\"d\\e"})"), R"({"t": "***"})");
}

TEST(Hidden, is_taken_out_of_what_is_written_with_backslashes) {
  Hidden hidden;
  hidden.add("it's a \"q\\uote ünï 😀");
  EXPECT_EQ(hidden.out_of(R"({"a\tb": "it's a \"q\\uote \u00fcn\u00ef \ud83d\ude00"})"), R"({"a\tb": "***"})");
  EXPECT_EQ(hidden.out_of(R"('it\'s a "q\\uote \xc3\xbcn\303\257 \U0001F600\n')"), R"('***\n')") << "Python and C";
  EXPECT_EQ(hidden.out_of(R"(it\'s\ a\ \"q\\uote\ ünï\ 😀 \u12 \)"), R"(*** \u12 \)") << "a shell";
  hidden.add("line1secret\nline2secret/\x01");
  EXPECT_EQ(hidden.out_of(R"(no 'line1secret\nline2secret\/\x01line1secret\nline2secret\/\u0001' \ud83d C:\new)"),
            R"(no '***' \ud83d C:\new)");
}

TEST(Hidden, knows_what_basic_authentication_sends) {
  Hidden hidden;
  hidden.add_basic("ana", "swordfish");
  EXPECT_EQ(hidden.out_of("Basic YW5hOnN3b3JkZmlzaA== of swordfish"), "Basic *** of ***");
}

TEST(Hidden, knows_the_values_of_a_query) {
  Hidden hidden;
  hidden.add_query("/ws?tok=wsquery99&b=2&key=another-one#part");
  EXPECT_EQ(hidden.out_of("/ws?tok=wsquery99&b=2&key=another-one"), "/ws?tok=***&b=2&key=***");
}

TEST(Hidden, knows_the_values_of_a_query_decoded_too) {
  Hidden hidden;
  hidden.add_query("/?token=s3cr3t%2fwith%2Bslash%3D%3D&phrase=two+words%21&half=100%-sure&cut=percent%2");
  EXPECT_EQ(hidden.out_of("s3cr3t/with+slash== s3cr3t%2fwith%2Bslash%3D%3D s3cr3t%2Fwith%2Bslash%3D%3D"),
            "*** *** ***");
  EXPECT_EQ(hidden.out_of("two+words%21, two words!, two+words!"), "***, ***, ***");
  EXPECT_EQ(hidden.out_of("100%-sure percent%2"), "*** ***");
}

TEST(Hidden, knows_path_and_query_of_a_url_that_is_secret_itself) {
  Hidden hidden;
  hidden.add_path_and_query("https://hooks.acme.example/services/T000/XXslack%2FSECRET?also-secret&b=swordfish");
  EXPECT_EQ(hidden.out_of("no /services/T000/XXslack%2FSECRET?also-secret&b=swordfish here"), "no *** here");
  EXPECT_EQ(hidden.out_of("no /services/T000/XXslack%2FSECRET here"), "no *** here");
  EXPECT_EQ(hidden.out_of("XXslack/SECRET, also-secret, swordfish"), "***, ***, ***");
  EXPECT_EQ(hidden.out_of("https://hooks.acme.example/"), "https://hooks.acme.example/");
  hidden.add_path_and_query("https://hooks.acme.example");
  hidden.add_path_and_query("https://hooks.acme.example/");
  EXPECT_EQ(hidden.out_of("https://hooks.acme.example/"), "https://hooks.acme.example/");
}

TEST(Hidden, knows_headers_that_hold_credentials_by_their_names) {
  Hidden hidden;
  hidden.add_header("X-Auth-Token", "Key the-token-1");
  hidden.add_header("Accept", "application/json");
  hidden.add_header("WWW-Authenticate", "Basic realm=shopkeepers");
  EXPECT_EQ(hidden.out_of("the-token-1 application/json shopkeepers"), "*** application/json shopkeepers");
}

TEST(Hidden, knows_what_a_header_of_basic_authentication_says_decoded) {
  Hidden hidden;
  hidden.add_header("Authorization", "Basic bWU6aGRycGFzczk5OQ==");
  EXPECT_EQ(hidden.out_of("me:hdrpass999, hdrpass999 of me, bWU6aGRycGFzczk5OQ=="), "***, *** of me, ***");
  hidden.add_header("Proxy-Authorization", "basic  YTp+fn4+Pj4+P34/fg==");
  EXPECT_EQ(hidden.out_of("a:~~~>>>>?~?~ ~~~>>>>?~?~"), "*** ***");
  hidden.add_header("Authorization", "Basic not!base64");
  hidden.add_header("Authorization", "Basic ");
  EXPECT_EQ(hidden.out_of("a Basic word"), "a Basic word");
}

TEST(Hidden, knows_the_values_of_cookies) {
  Hidden hidden;
  hidden.add_header("Set-Cookie",
                    "sid=5e551on1d; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/shop; HttpOnly, b=\"an0ther\", "
                    "c={\"a\":\"bracketed\",\"b\":\"behind-a-comma\"}; SameSite=Strict");
  EXPECT_EQ(hidden.out_of("Wed, 21 Oct 2026 07:28:00 GMT /shop HttpOnly Strict"),
            "Wed, 21 Oct 2026 07:28:00 GMT /shop HttpOnly Strict");
  EXPECT_EQ(hidden.out_of("got 5e551on1d and an0ther"), "got *** and ***");
  EXPECT_EQ(hidden.out_of("c={\"a\":\"bracketed\",\"b\":\"behind-a-comma\"}"), "c=***\",\"***");
  hidden.add_header("Cookie", "theme=dark; id=f1r5t-l0ve; nameless1");
  EXPECT_EQ(hidden.out_of("theme=dark f1r5t-l0ve nameless1"), "theme=dark *** ***");
}

TEST(Hidden, leaves_short_ones) {
  Hidden hidden;
  hidden.add("12345");
  EXPECT_EQ(hidden.out_of("HTTP 12345"), "HTTP 12345");
}

}  // namespace
}  // namespace candor::probes
