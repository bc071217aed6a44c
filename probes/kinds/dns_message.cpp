#include "probes/kinds/dns_message.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <map>
#include <netinet/in.h>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"

namespace candor::probes {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t longest_name = 255;  // RFC 1035, section 3.1: on the wire, lengths included
constexpr std::size_t longest_label = 63;
constexpr std::uint16_t class_in = 1;

std::string escaped(unsigned char byte) { return fmt::format("\\{:03}", byte); }

void append_label(std::string& name, std::string_view label) {
  if (!name.empty()) name += '.';
  for (const char c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F) {
      name += escaped(byte);
    } else {
      if (c == '.' || c == '\\') name += '\\';
      name += lower_case(c);
    }
  }
}

std::string text_of(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const char first = bytes.front();
    const std::size_t length = utf8_length(bytes);
    if (length == 0 || is_control(first) || control_length(bytes) > 0) {
      for (const char c : bytes.substr(0, std::max<std::size_t>(length, 1))) {
        text += escaped(static_cast<unsigned char>(c));
      }
    } else {
      if (first == '\\') text += '\\';
      text += bytes.substr(0, length);
    }
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

/// Reads on from a place of the message up to an end that only shrinks. Once something is wrong with the message, all
/// cursors on it are at their end and read zeros.
class Cursor {
 public:
  Cursor(std::string_view message, std::string& problem)
      : message_(message), end_(message.size()), problem_(&problem) {}

  [[nodiscard]] std::size_t left() const { return problem_->empty() ? end_ - at_ : 0; }
  [[nodiscard]] bool failed() const { return !problem_->empty(); }
  void fail(std::string what) {
    if (problem_->empty()) *problem_ = std::move(what);
  }
  /// Empty where there is less.
  std::string_view take(std::size_t size) {
    if (size > left()) fail("it ends too early");
    if (size > left()) return {};
    at_ += size;
    return message_.substr(at_ - size, size);
  }
  std::uint8_t byte() {
    const std::string_view next = take(1);
    return next.empty() ? 0 : static_cast<std::uint8_t>(next.front());
  }
  std::uint16_t number16() {
    const int high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  std::uint32_t number32() {
    const std::uint32_t high = number16();
    return high << 16U | number16();
  }
  std::string name();
  /// The next `size` bytes as a cursor of their own, whose names may still point to what is before them.
  Cursor part(std::size_t size) {
    Cursor inner = *this;
    take(size);
    inner.end_ = at_;
    return inner;
  }

 private:
  std::string_view message_;
  std::size_t at_ = 0;
  std::size_t end_;
  std::string* problem_;
};

std::string Cursor::name() {
  std::string name;
  std::size_t on_wire = 1;
  Cursor reader = *this;
  std::size_t begun = at_;  // of the run of labels that is read; a pointer must lead to before it
  bool pointed = false;
  for (;;) {
    const unsigned length = reader.byte();
    if (length >= 0xC0) {
      const std::size_t target = (length & 0x3FU) << 8U | reader.byte();
      if (!pointed) at_ = reader.at_;
      pointed = true;
      if (target < header_size || target >= begun) fail("a compressed name does not point backwards");
      begun = reader.at_ = target;
      continue;
    }
    if (length > longest_label) fail("a label of an unknown type");
    if (length == 0) break;
    on_wire += length + 1;
    if (on_wire > longest_name) fail("a name of more than 255 bytes");
    append_label(name, reader.take(length));
  }
  if (!pointed) at_ = reader.at_;
  return name.empty() ? "." : name;
}

std::string address(Cursor& data, int family) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::string_view bytes = data.take(family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr));
  if (!bytes.empty()) inet_ntop(family, bytes.data(), text.data(), text.size());
  return text.data();
}

std::string soa(Cursor& data) {
  std::string text = data.name();
  text += ' ' + data.name();
  for (int i = 0; i < 5; ++i) text += fmt::format(" {}", data.number32());
  return text;
}

std::string txt(Cursor& data) {
  std::string joined;
  do {
    joined += data.take(data.byte());
  } while (data.left() > 0);
  return text_of(joined);
}

/// RFC 8659, section 4.1
std::string caa(Cursor& data) {
  const unsigned flags = data.byte();
  const std::string tag = text_of(data.take(data.byte()));
  return fmt::format("{} {} \"{}\"", flags, tag, text_of(data.take(data.left())));
}

std::string srv(Cursor& data) {
  std::string text;
  for (int i = 0; i < 3; ++i) text += fmt::format("{} ", data.number16());
  return text + data.name();
}

std::string mx(Cursor& data) {
  const unsigned preference = data.number16();
  return fmt::format("{} {}", preference, data.name());
}

/// Nothing for types that are not ours.
std::optional<std::string> data_text(std::uint16_t type, Cursor& data) {
  switch (static_cast<DnsType>(type)) {
    case DnsType::a:
      return address(data, AF_INET);
    case DnsType::aaaa:
      return address(data, AF_INET6);
    case DnsType::ns:
    case DnsType::cname:
    case DnsType::ptr:
      return data.name();
    case DnsType::soa:
      return soa(data);
    case DnsType::mx:
      return mx(data);
    case DnsType::txt:
      return txt(data);
    case DnsType::srv:
      return srv(data);
    case DnsType::caa:
      return caa(data);
  }
  return std::nullopt;
}

std::optional<DnsRecord> read_record(Cursor& cursor) {
  DnsRecord record{.owner = cursor.name()};
  const std::uint16_t type = cursor.number16();
  const std::uint16_t record_class = cursor.number16();
  record.type = static_cast<DnsType>(type);
  record.ttl = cursor.number32();
  if (record.ttl > 0x7FFFFFFFU) record.ttl = 0;  // RFC 2181, section 8
  const std::uint16_t size = cursor.number16();
  Cursor data = cursor.part(size);
  if (record_class != class_in) return std::nullopt;
  std::optional<std::string> text = data_text(type, data);
  if (!text) return std::nullopt;
  if (data.left() > 0) data.fail("a record is longer than what it holds");
  record.text = *std::move(text);
  return record;
}

DnsMessage read(Cursor& cursor) {
  DnsMessage message;
  cursor.number16();  // the id is for whoever matches answers to questions
  const unsigned flags = cursor.number16();
  const unsigned questions = cursor.number16();
  const std::size_t answers = cursor.number16();
  cursor.number32();
  if ((flags & 0x8000U) == 0) cursor.fail("it is a question");
  if ((flags & 0x7800U) != 0) cursor.fail("it answers something else than a question");
  message.truncated = (flags & 0x0200U) != 0;
  message.authentic = (flags & 0x0020U) != 0;
  message.rcode = static_cast<int>(flags & 0x000FU);
  if (message.truncated) return message;
  if (questions > 1) cursor.fail("it repeats several questions");
  if (questions == 1) {
    (void)cursor.name();
    cursor.number32();
  }
  for (std::size_t i = 0; i < answers && !cursor.failed(); ++i) {
    if (std::optional<DnsRecord> record = read_record(cursor)) message.answers.push_back(*std::move(record));
  }
  return message;
}

void put16(std::string& bytes, unsigned number) {
  bytes += static_cast<char>(number >> 8U);
  bytes += static_cast<char>(number & 0xFFU);
}

}  // namespace

Result<DnsMessage> read_dns_message(std::string_view bytes) {
  std::string problem;
  Cursor cursor{bytes, problem};
  DnsMessage message = read(cursor);
  if (!problem.empty()) return failure(std::move(problem));
  return message;
}

Result<std::string> make_dns_question(std::uint16_t id, std::string_view name, DnsType type, bool authentic) {
  std::string question;
  put16(question, id);
  put16(question, authentic ? 0x0120U : 0x0100U);
  for (const unsigned count : {1U, 0U, 0U, 0U}) put16(question, count);
  const std::size_t begun = question.size();
  if (name.ends_with('.')) name.remove_suffix(1);
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty()) return failure("a label is empty");
    if (label.size() > longest_label) return failure("a label has more than 63 bytes");
    question += static_cast<char>(label.size());
    question += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  question += '\0';
  if (question.size() - begun > longest_name) return failure("the name has more than 253 bytes");
  put16(question, static_cast<unsigned>(type));
  put16(question, class_in);
  return question;
}

std::vector<DnsRecord> records_of(const DnsMessage& message, std::string_view name, DnsType type) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string owner = lower_case(name);
  if (owner.empty()) owner = ".";
  std::multimap<std::string_view, const DnsRecord*> left;
  for (const DnsRecord& record : message.answers) left.emplace(record.owner, &record);
  std::vector<DnsRecord> found;
  for (std::string_view next = owner; found.empty();) {
    const auto [begin, end] = left.equal_range(next);
    if (begin == end) break;  // or aliases in a circle
    for (auto it = begin; it != end; ++it) {
      const DnsRecord& record = *it->second;
      if (record.type == type) found.push_back(record);
      if (record.type == DnsType::cname) next = record.text;
    }
    left.erase(begin, end);
  }
  return found;
}

std::string rcode_name(int rcode) {
  constexpr std::array<std::string_view, 11> names{"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                                   "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};
  const auto at = static_cast<std::size_t>(rcode);
  return at < names.size() ? std::string{names.at(at)} : fmt::format("RCODE {}", rcode);
}

}  // namespace candor::probes
