#include "probes/kinds/dns_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::string number16(unsigned number) { return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xFFU)}; }

/// An answer to a question for A of "shop.example", whose name begins at byte 12 and so is also "\xC0\x0C".
std::string message(unsigned flags, unsigned answers, const std::string& records) {
  return number16(77) + number16(flags) + number16(1) + number16(answers) + number16(0) + number16(0) +
         "\4shop\7example\0\0\1\0\1"s + records;
}

const std::string shop = "\xC0\x0C";

std::string record(DnsType type, const std::string& data, const std::string& owner = shop, unsigned record_class = 1) {
  return owner + number16(static_cast<unsigned>(type)) + number16(record_class) + "\0\0\0\x3C"s +
         number16(static_cast<unsigned>(data.size())) + data;
}

std::string text_of(DnsType type, const std::string& data) {
  const Result<DnsMessage> read = read_dns_message(message(0x8180, 1, record(type, data)));
  if (!read) return "error: " + read.error().message;
  if (read->answers.size() != 1) return "no record";
  EXPECT_EQ(read->answers[0].owner, "shop.example");
  EXPECT_EQ(read->answers[0].type, type);
  EXPECT_EQ(read->answers[0].ttl, 60U);
  return read->answers[0].text;
}

std::string error_of(const std::string& bytes) {
  const Result<DnsMessage> read = read_dns_message(bytes);
  return read ? "none" : read.error().message;
}

TEST(DnsMessage, reads_what_the_header_says) {
  const Result<DnsMessage> plain = read_dns_message(message(0x8180, 0, ""));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->rcode, 0);
  EXPECT_FALSE(plain->truncated);
  EXPECT_FALSE(plain->authentic);
  EXPECT_THAT(plain->answers, IsEmpty());
  EXPECT_EQ(read_dns_message(message(0x8183, 0, ""))->rcode, 3);
  EXPECT_TRUE(read_dns_message(message(0x81A0, 0, ""))->authentic);
  EXPECT_TRUE(read_dns_message(message(0x8380, 9, ""))->truncated) << "whose records are not read";
}

TEST(DnsMessage, writes_each_type_as_zone_files_do) {
  EXPECT_EQ(text_of(DnsType::a, "\xC0\0\2\1"s), "192.0.2.1");
  EXPECT_EQ(text_of(DnsType::aaaa, "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\7"), "2001:db8::7");
  EXPECT_EQ(text_of(DnsType::cname, "\3WWW"s + shop), "www.shop.example");
  EXPECT_EQ(text_of(DnsType::ns, "\2ns\0"s), "ns");
  EXPECT_EQ(text_of(DnsType::ptr, shop), "shop.example");
  EXPECT_EQ(text_of(DnsType::mx, "\0\x0A\2mx"s + shop), "10 mx.shop.example");
  EXPECT_EQ(text_of(DnsType::mx, "\0\0\0"s), "0 .") << "RFC 7505: no mail here";
  EXPECT_EQ(text_of(DnsType::soa, "\2ns"s + shop + "\4root"s + shop + "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"s),
            "ns.shop.example root.shop.example 1 2 3 4 5");
  EXPECT_EQ(text_of(DnsType::srv, "\0\x0A\0\5\1\xBB\3pay"s + shop), "10 5 443 pay.shop.example");
  EXPECT_EQ(text_of(DnsType::caa, "\0\5issueca.example"s), "0 issue \"ca.example\"");
  EXPECT_EQ(text_of(DnsType::txt, "\7v=spf1 \4-all"s), "v=spf1 -all") << "its parts are joined";
  EXPECT_EQ(text_of(DnsType::txt, "\0"s), "");
}

TEST(DnsMessage, makes_texts_and_names_harmless) {
  EXPECT_EQ(text_of(DnsType::txt, "\x0B"s + "a\x1B[1m\\\n\xFF\xC2\x9Bz"s), R"(a\027[1m\\\010\255\194\155z)");
  EXPECT_EQ(text_of(DnsType::txt, "\5caf\xC3\xA9"s), "café");
  EXPECT_EQ(text_of(DnsType::ns, "\6A.b\\ \x1B\0"s), R"(a\.b\\\032\027)");
}

TEST(DnsMessage, is_read_whole_up_to_the_longest) {
  std::string records;
  constexpr unsigned most = (65535 - 30) / 16;
  for (unsigned i = 0; i < most; ++i) records += record(DnsType::a, "\xC0\0"s + number16(i));
  const std::string bytes = message(0x8180, most, records);
  ASSERT_GT(bytes.size(), 65500U);
  const Result<DnsMessage> read = read_dns_message(bytes);
  ASSERT_TRUE(read) << read.error().message;
  const std::vector<DnsRecord> found = records_of(*read, "shop.example", DnsType::a);
  ASSERT_EQ(found.size(), 4094U);
  EXPECT_EQ(found.back().text, "192.0.15.253");
}

TEST(DnsMessage, leaves_out_records_of_other_types_and_classes) {
  const std::string records = record(static_cast<DnsType>(46), "signature") +
                              record(DnsType::a, "\xC0\0\2\1"s, shop, 3) + record(DnsType::a, "\xC0\0\2\2"s);
  const Result<DnsMessage> read = read_dns_message(message(0x8180, 3, records));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->answers.size(), 1U);
  EXPECT_EQ(read->answers[0].text, "192.0.2.2");
}

TEST(DnsMessage, is_refused_wherever_it_ends_too_early) {
  const std::string whole = message(0x8180, 1, record(DnsType::mx, "\0\x0A\2mx"s + shop));
  ASSERT_EQ(error_of(whole), "none");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(error_of(whole.substr(0, size)), "none") << size;
  }
}

TEST(DnsMessage, is_refused_where_it_is_none_of_an_answer) {
  EXPECT_EQ(error_of(message(0x0180, 0, "")), "it is a question");
  EXPECT_EQ(error_of(message(0xA980, 0, "")), "it answers something else than a question");
  std::string two = message(0x8180, 0, "");
  two[5] = 2;
  EXPECT_EQ(error_of(two), "it repeats several questions");
  EXPECT_EQ(error_of(message(0x8180, 1001, "")), "it ends too early");
  EXPECT_EQ(text_of(DnsType::a, "\xC0\0\2\1\0"s), "error: a record is longer than what it holds");
  EXPECT_EQ(text_of(DnsType::a, "\xC0\0\2"s), "error: it ends too early");
  EXPECT_EQ(text_of(DnsType::txt, ""), "error: it ends too early");
  EXPECT_EQ(text_of(DnsType::cname, "\3pay"s), "error: it ends too early") << "a name stays within its record";
}

TEST(DnsMessage, follows_compression_backwards_only) {
  const std::string backwards = "error: a compressed name does not point backwards";
  // The record's data begin at byte 42.
  EXPECT_EQ(text_of(DnsType::cname, "\xC0\x2A"), backwards) << "to itself";
  EXPECT_EQ(text_of(DnsType::cname, "\1a\xC0\x2A"), backwards) << "to the name that it ends";
  EXPECT_EQ(text_of(DnsType::cname, "\xC0\x2D\1a\0"s), backwards) << "ahead";
  EXPECT_EQ(text_of(DnsType::cname, "\xC0\x04"), backwards) << "into the header";
  EXPECT_EQ(text_of(DnsType::cname, "\xC0\x11"), "example");
  EXPECT_EQ(text_of(DnsType::cname, "\x40"s + "a"), "error: a label of an unknown type");
  EXPECT_EQ(text_of(DnsType::cname, "\x80"s + "a"), "error: a label of an unknown type");
}

TEST(DnsMessage, bounds_a_name) {
  const std::string label = "\x3F" + std::string(63, 'a');
  EXPECT_EQ(text_of(DnsType::cname, label + label + label + "\x3D" + std::string(61, 'a') + "\0"s).size(), 253U);
  EXPECT_EQ(text_of(DnsType::cname, label + label + label + "\x3E" + std::string(62, 'a') + "\0"s),
            "error: a name of more than 255 bytes");
}

TEST(DnsMessage, asks_as_it_is_told) {
  EXPECT_EQ(make_dns_question(0x1234, "shop.example", DnsType::txt, false),
            "\x12\x34\1\0\0\1\0\0\0\0\0\0\4shop\7example\0\0\x10\0\1"s);
  EXPECT_EQ(make_dns_question(1, ".", DnsType::ns, true), "\0\1\1\x20\0\1\0\0\0\0\0\0\0\0\2\0\1"s);
  EXPECT_EQ(make_dns_question(1, "shop.example.", DnsType::caa, false)->substr(12), "\4shop\7example\0\1\1\0\1"s);
  EXPECT_FALSE(make_dns_question(1, "shop..example", DnsType::a, false));
  EXPECT_FALSE(make_dns_question(1, ".shop", DnsType::a, false));
  EXPECT_FALSE(make_dns_question(1, std::string(64, 'a'), DnsType::a, false));
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  EXPECT_TRUE(make_dns_question(1, longest + "b", DnsType::a, false));
  EXPECT_FALSE(make_dns_question(1, longest + "bc", DnsType::a, false));
}

TEST(DnsMessage, finds_records_over_aliases) {
  const DnsMessage chain{.answers = {{"pay.example", DnsType::a, 9, "192.0.2.1"},
                                     {"www.example", DnsType::cname, 60, "shop.example"},
                                     {"shop.example", DnsType::cname, 60, "pay.example"},
                                     {"other.example", DnsType::a, 60, "192.0.2.9"}}};
  const auto texts = [&](std::string_view name, DnsType type) {
    std::vector<std::string> all;
    for (const DnsRecord& found : records_of(chain, name, type)) all.push_back(found.text);
    return all;
  };
  EXPECT_THAT(texts("WWW.example.", DnsType::a), ElementsAre("192.0.2.1"));
  EXPECT_THAT(texts("www.example", DnsType::cname), ElementsAre("shop.example"));
  EXPECT_THAT(texts("www.example", DnsType::txt), IsEmpty());
  const DnsMessage circle{
      .answers = {{"a.example", DnsType::cname, 1, "b.example"}, {"b.example", DnsType::cname, 1, "a.example"}}};
  EXPECT_THAT(records_of(circle, "a.example", DnsType::a), IsEmpty());
}

TEST(DnsMessage, names_the_codes) {
  EXPECT_EQ(rcode_name(0), "NOERROR");
  EXPECT_EQ(rcode_name(3), "NXDOMAIN");
  EXPECT_EQ(rcode_name(12), "RCODE 12");
}

}  // namespace
}  // namespace candor::probes
