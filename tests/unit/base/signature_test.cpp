#include "base/signature.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

std::string hex(const Digest& digest) {
  std::string text;
  for (const unsigned char byte : digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

// FIPS 180-4's examples.
TEST(Sha256, gives_the_known_digests) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

// RFC 4231, cases 1, 2 and 6.
TEST(Hmac, gives_the_known_digests) {
  EXPECT_EQ(hex(sign(Secret{std::string(20, '\x0b')}, "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(sign(Secret{"Jefe"}, "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(sign(Secret{std::string(131, '\xaa')}, "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, takes_an_empty_key_and_an_empty_text) {
  EXPECT_EQ(hex(sign(Secret{}, "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(EqualInConstantTime, compares_bytes) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
  EXPECT_FALSE(equal_in_constant_time("", "a"));
  EXPECT_FALSE(equal_in_constant_time(std::string_view{"a\0b", 3}, std::string_view{"a\0c", 3}));
}

// RFC 4648, section 10, without the padding.
TEST(Base64url, writes_and_reads_the_known_texts) {
  const std::pair<std::string_view, std::string_view> known[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
  for (const auto& [bytes, text] : known) {
    EXPECT_EQ(encode_base64url(bytes), text);
    EXPECT_EQ(decode_base64url(text), bytes);
  }
}

TEST(Base64url, reads_back_every_byte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t cut = 0; cut < 4; ++cut) {
    EXPECT_EQ(decode_base64url(encode_base64url(bytes.substr(cut))), bytes.substr(cut));
  }
}

TEST(Base64url, takes_exactly_one_text_for_each_value) {
  EXPECT_FALSE(decode_base64url("Zg==")) << "padding";
  EXPECT_FALSE(decode_base64url("Z")) << "a dangling character";
  EXPECT_FALSE(decode_base64url("Zm9vY")) << "a dangling character";
  EXPECT_FALSE(decode_base64url("Zh")) << "stray bits";
  EXPECT_FALSE(decode_base64url("Zm9")) << "stray bits";
  for (const std::string_view text : {"Zm+v", "Zm/v", "Zm v", "Zm\nv", "Zm9v\n", " Zm9v", "Zmäv"}) {
    EXPECT_FALSE(decode_base64url(text)) << text;
  }
  EXPECT_FALSE(decode_base64url(std::string_view{"Zm9v\0", 5}));
}

}  // namespace
}  // namespace candor
