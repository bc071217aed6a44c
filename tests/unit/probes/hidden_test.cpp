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

/// What is left of a text where `secret` was said.
std::string left_of(const std::string& text, const std::string& secret) {
  Hidden hidden;
  hidden.add_words(secret);
  return hidden.out_of(text);
}

TEST(Hidden, knows_the_strings_and_numbers_of_json_but_not_their_names) {
  const std::string json =
      R"({"username": "bobby", "password":"sekrit99pw", "pin":12345678,"phrase" : "one \"two\" \u00fcber99\/x", "a":["in-array"]})";
  EXPECT_EQ(left_of("sekrit99pw 12345678 in-array", json), "*** *** ***");
  EXPECT_EQ(left_of("one \"two\" über99/x, über99/x", json), "***, ***");
  EXPECT_EQ(left_of(R"(one \"two\" \u00fcber99\/x)", json), "***") << "as it stands";
  EXPECT_EQ(left_of("username, password, phrase and bobby", json), "username, password, phrase and bobby");
}

TEST(Hidden, knows_quoted_texts_within_quoted_texts) {
  EXPECT_EQ(left_of("got sekrit99pw", R"({"payload": "{\"password\":\"sekrit99pw\"}"})"), "got ***");
  EXPECT_EQ(left_of("got sekrit99pw", R"({"form": "user=bob&password=sekrit99pw"})"), "got ***");
}

TEST(Hidden, knows_the_values_of_a_form) {
  const std::string form = "user=bob&password=sekr%2Bit99pw&hint=two+words";
  EXPECT_EQ(left_of("sekr+it99pw sekr%2Bit99pw", form), "*** ***");
  EXPECT_EQ(left_of("password, two words", form), "password, ***");
}

TEST(Hidden, knows_the_parts_of_a_header) {
  EXPECT_EQ(left_of("sekritkey99 AKIAxyz 0123456789abcdef of Signature, Credential",
                    R"(AWS4-HMAC key="sekritkey99", Credential=AKIAxyz, Signature=0123456789abcdef)"),
            "*** *** *** of Signature, Credential");
  EXPECT_EQ(left_of("swordfish, swordfish=1", "user:swordfish;ana:swordfish=1"), "***, ***");
  EXPECT_EQ(left_of("YWJjZGVmZw== c3dvcmRmaXNo12o=", "key:YWJjZGVmZw==,c3dvcmRmaXNo12o="), "*** ***");
  EXPECT_EQ(left_of("<sekrit99pw>", "<p>sekrit99pw</p>"), "<***>");
}

TEST(Hidden, takes_single_quotes_only_where_there_are_no_others_and_no_apostrophe) {
  EXPECT_EQ(left_of("sekrit99pw", "{'pw': 'sekrit99pw'}"), "***");
  EXPECT_EQ(left_of("password sekrit99pw, it'ssekrit99", "n=bob's&password=sekrit99pw&x=it'ssekrit99"),
            "password ***, ***");
  EXPECT_EQ(left_of("sekrit99pw", R"({"a": "b'c", "pw": "sekrit99pw"})"), "***");
  EXPECT_EQ(left_of("sekrit99pw", R"(user="bob&password=sekrit99pw)"), "***") << "without an end";
}

TEST(Hidden, knows_the_password_of_a_url) {
  EXPECT_EQ(left_of("login bob with sekr%40t99 or sekr@t99 failed", "DSN postgres://bob:sekr%40t99@db/shop?ssl=on"),
            "login bob with *** or *** failed");
}

TEST(Hidden, finds_each_of_thousands) {
  std::string json = "[";
  for (int i = 0; i < 5000; ++i) json += "\"sekrit-" + std::to_string(i) + "\",";
  EXPECT_EQ(left_of("sekrit-4711 and sekrit-0, \"\\u0073ekrit-9\", sekrit", json), "*** and ***, \"***\", sekrit");
}

TEST(Hidden, takes_out_the_longest_first_whosever_it_is) {
  Hidden hidden;
  hidden.add("secret");
  hidden.add("the-secret-behind");
  Hidden more;
  more.add("a-secret-before");
  more.add("behind");
  EXPECT_EQ(hidden.out_of("a-secret-before, the-secret-behind, secret, behind", more), "***, ***, ***, ***");
}

TEST(Hidden, leaves_short_ones) {
  Hidden hidden;
  hidden.add("12345");
  EXPECT_EQ(hidden.out_of("HTTP 12345"), "HTTP 12345");
}

}  // namespace
}  // namespace candor::probes
