// Answers of name servers. The input's first two bytes choose what was asked for; the rest is the answer.
#include <string>

#include "probes/kinds/dns_message.h"
#include "tests/fuzz/check.h"

namespace candor::probes {
namespace {

using fuzz::require;

void check_record(const DnsRecord& record) {
  require(!record.owner.empty() && record.owner.size() <= 4 * 255, "an owner's name is bounded");
  require(fuzz::is_harmless(record.owner) && fuzz::is_utf8(record.owner), "an owner's name is harmless");
  require(fuzz::is_harmless(record.text) && fuzz::is_utf8(record.text), "data are harmless");
  require(record.text.size() <= 4 * 65535, "data are bounded");
  require(record.ttl <= 0x7FFFFFFF, "a time to live is positive");
}

void check(std::string_view bytes, DnsType asked) {
  const Result<DnsMessage> message = read_dns_message(bytes);
  if (!message) {
    require(!message.error().message.empty() && message.error().message.size() < 100, "an error is a few words");
    return;
  }
  require(message->answers.size() <= bytes.size() / 12, "records are bounded");
  require(!message->truncated || message->answers.empty(), "what was cut off is not read");
  require(message->rcode >= 0 && message->rcode <= 15 && !rcode_name(message->rcode).empty(), "a code has a name");
  for (const DnsRecord& record : message->answers) check_record(record);
  if (message->answers.empty()) return;
  const std::string& name = message->answers.front().owner;
  for (const DnsRecord& record : records_of(*message, name, asked)) {
    require(record.type == asked, "records are of the type that was asked for");
  }
}

void check_question(std::string_view name, DnsType type) {
  const Result<std::string> question = make_dns_question(1, name, type, false);
  if (!question) return;
  require(question->size() <= 12 + 255 + 4, "a question is bounded");
  std::string answer = *question;
  answer[2] = static_cast<char>(0x81);
  require(read_dns_message(answer).has_value(), "our own question can be read");
}

}  // namespace
}  // namespace candor::probes

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using candor::probes::DnsType;
  if (size < 2) return 0;
  const auto type = static_cast<DnsType>(data[0] << 8U | data[1]);
  const std::string_view rest = candor::fuzz::text_of(data + 2, size - 2);
  candor::probes::check(rest, type);
  candor::probes::check_question(rest.substr(0, 300), type);
  return 0;
}
