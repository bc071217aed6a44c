#include "daemon/http/target.h"

#include <gtest/gtest.h>

#include "daemon/http/text.h"

namespace candor::http {
namespace {

struct Reading {
  std::string_view text;
  std::string_view path;
  std::string_view query;
};

TEST(Target, is_a_path_and_a_query) {
  for (const Reading& reading : std::initializer_list<Reading>{
           {"/", "/", ""},
           {"/a/b", "/a/b", ""},
           {"/a?b=c?d", "/a", "b=c?d"},
           {"/a?", "/a", ""},
           {"/a%20b%C3%A9", "/a b\xC3\xA9", ""},
           {"/a%2Eb", "/a.b", ""},
           {"/...", "/...", ""},
           {"/a?b=%2e%2e/%00", "/a", "b=%2e%2e/%00"},
           {"//a", "//a", ""},
           {"http://x/a?b", "/a", "b"},
           {"HTTPS://x:1", "/", ""},
           {"http://x?b", "/", "b"},
       }) {
    const Result<Target> target = read_target(reading.text);
    ASSERT_TRUE(target) << reading.text << ": " << target.error().message;
    EXPECT_EQ(target->path, reading.path);
    EXPECT_EQ(target->query, reading.query);
  }
}

TEST(Target, is_refused_where_programs_might_read_it_differently) {
  for (const std::string_view text :
       {"",          "a",     "*",     "http://", "http:///a",  "ftp://x/a",     "/a#b", "/.",    "/..",   "/a/../b",
        "/a/%2E%2e", "/a%2f", "/a%2F", "/a%5c",   "/a\\",       "/a%",           "/a%1", "/a%g0", "/a%00", "/a%7f",
        "/a%0a",     "/a\tb", "/%C3",  "/%C0%AF", "/%ED%A0%80", "/%F4%90%80%80", "/%80"}) {
    EXPECT_FALSE(read_target(text)) << text;
  }
}

TEST(QueryPart, is_decoded_as_browsers_encode_it) {
  EXPECT_EQ(decode_query_part("a+b%20c%2Bd"), "a b c+d");
  EXPECT_EQ(decode_query_part("100%"), "100%");
  EXPECT_EQ(decode_query_part("%zz%4"), "%zz%4");
}

}  // namespace
}  // namespace candor::http
