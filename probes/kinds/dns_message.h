#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// DNS messages (RFC 1035, section 4), as far as a probe needs them. Pure.

namespace candor::probes {

/// The types that can be asked for, with their numbers on the wire.
enum class DnsType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  caa = 257,
};

struct DnsRecord {
  std::string owner;  ///< as read_dns_message() writes names
  DnsType type = DnsType::a;
  std::uint32_t ttl = 0;  ///< seconds
  std::string text;       ///< the data as zone files have it, see read_dns_message()
};

/// What an answer says: its header, and the records of its answer section that have one of the types above.
struct DnsMessage {
  bool truncated = false;
  bool authentic = false;  ///< the resolver says that DNSSEC vouches for it (AD)
  int rcode = 0;
  std::vector<DnsRecord> answers;
};

/// Reads an answer. Names are in lower case and without the last dot, the root is "."; what is no letter, digit or
/// punctuation in them is `\DDD`, a dot inside a label `\.`. Numbers and names of a record are separated by spaces; the
/// parts of a TXT are joined, and in it control characters and bytes that are not UTF-8 are `\DDD`, a backslash is
/// doubled. Compression points backwards only, and a name has up to 255 bytes. Records are bounded by the bytes alone,
/// of which each takes 12. Errors, a few words: anything that is not as it must be. Authority and additional sections
/// are not looked at; an answer that says that it was truncated is not read beyond its header.
[[nodiscard]] Result<DnsMessage> read_dns_message(std::string_view bytes);

/// The message that asks for `type` of `name`, recursively. With `authentic` the resolver is told that AD is understood
/// (RFC 6840, section 5.7). Errors: not a name that DNS can carry.
[[nodiscard]] Result<std::string> make_dns_question(std::uint16_t id, std::string_view name, DnsType type,
                                                    bool authentic);

/// The records of `type` that `name` has, over the aliases (CNAME) that the answer holds.
[[nodiscard]] std::vector<DnsRecord> records_of(const DnsMessage& message, std::string_view name, DnsType type);

/// "NXDOMAIN", "RCODE 12"
[[nodiscard]] std::string rcode_name(int rcode);

}  // namespace candor::probes
