#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include "base/text.h"
#include "base/utf8.h"
#include "probes/kinds/dns.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using rules::Health;
using Texts = std::vector<std::string>;

constexpr std::size_t most_shown = 4;
constexpr std::string_view failing_words = "failing name lookups";
constexpr std::string_view unexpected_words = "unexpected answers";

/// What was found wrong: a sentence's end, and what customers may see of it.
struct Fault {
  std::string what;
  std::string_view symptom = unexpected_words;
};

/// "ask 10.0.0.53:53 for A of pay.acme.example"
std::string question_words(const DnsConfig& config, const DnsSeen& seen) {
  std::string to = seen.resolver.empty() ? "the system's resolver" : seen.resolver;
  if (seen.cut_off) {
    to += " over TCP, as its answer over UDP was cut off,";
  } else if (seen.tcp) {
    to += " over TCP";
  }
  return fmt::format("ask {} for {} of {}", to, config.type_name, shorten_utf8(one_line(config.name), 200));
}

Texts sorted_texts(const std::vector<DnsRecord>& records) {
  Texts texts;
  for (const DnsRecord& record : records) texts.push_back(record.text);
  std::ranges::sort(texts);
  texts.erase(std::ranges::unique(texts).begin(), texts.end());
  return texts;
}

/// "192.0.2.1, 192.0.2.2 and 7 more"
std::string list_words(const DnsConfig& config, const Texts& texts) {
  if (texts.empty()) return fmt::format("no {} record", config.type_name);
  Texts shown;
  for (const std::string& text : texts) {
    if (shown.size() == most_shown) break;
    const std::string quoted = in_quotes(text);
    shown.push_back(config.type == DnsType::txt ? quoted : quoted.substr(1, quoted.size() - 2));
  }
  const std::size_t more = texts.size() - shown.size();
  return fmt::format("{}{}", fmt::join(shown, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

/// The first that is wanted and not there.
const std::string* missing(const Texts& wanted, const Texts& texts) {
  const auto found =
      std::ranges::find_if(wanted, [&](const std::string& text) { return !std::ranges::binary_search(texts, text); });
  return found == wanted.end() ? nullptr : &*found;
}

/// What is wrong with the records, behind "… after 3 ms".
std::optional<std::string> fault_of_records(const DnsConfig& config, const Texts& texts) {
  if (config.equals) {
    if (texts == *config.equals) return std::nullopt;
    return fmt::format(", expected {}{}", list_words(config, *config.equals),
                       config.equals->empty() ? "" : " and nothing else");
  }
  if (texts.empty()) return ", expected one";
  if (const std::string* text = missing(config.contains, texts)) {
    return fmt::format(", {} is missing", list_words(config, {*text}));
  }
  const bool matched = !config.matches || std::ranges::any_of(texts, [&](const std::string& text) {
    return RE2::PartialMatch(text, *config.matches);
  });
  if (matched) return std::nullopt;
  return fmt::format(", none matches {}", in_quotes(config.matches->pattern()));
}

std::optional<Fault> fault_of_answer(const DnsConfig& config, const DnsSeen& seen, const Texts& texts) {
  const std::string after = "after " + words_for(seen.phases.total);
  const int rcode = seen.answer->rcode;
  if (rcode != config.rcode) {
    const bool worse = rcode != 0;
    return Fault{fmt::format("{} {}, expected {}", worse ? rcode_name(rcode) : list_words(config, texts), after,
                             rcode_name(config.rcode)),
                 worse ? failing_words : unexpected_words};
  }
  if (!config.wants_no_records()) {
    if (const auto wrong = fault_of_records(config, texts)) {
      return Fault{fmt::format("{} {}{}", list_words(config, texts), after, *wrong),
                   texts.empty() ? failing_words : unexpected_words};
    }
  }
  if (config.authentic && !seen.answer->authentic) {
    return Fault{fmt::format("{} {}, and the resolver does not say that DNSSEC vouches for it",
                             config.wants_no_records() ? rcode_name(rcode) : list_words(config, texts), after),
                 failing_words};
  }
  return std::nullopt;
}

std::optional<Fault> fault(const DnsConfig& config, const DnsSeen& seen, const Texts& texts) {
  const std::string after = words_for(seen.phases.total);
  if (seen.answer) return fault_of_answer(config, seen, texts);
  if (!seen.unreadable.empty()) {
    return Fault{fmt::format("the answer after {} cannot be read: {}", after, seen.unreadable), failing_words};
  }
  constexpr std::string_view stray = "what came back is no whole answer to the question";
  if (!seen.unreached.empty() && seen.strayed)
    return Fault{fmt::format("{}{}", stray, after_words(seen.phases.total)), failing_words};
  if (!seen.unreached.empty()) return Fault{seen.unreached + after_words(seen.phases.total), failing_words};
  return Fault{fmt::format("no answer within {}{}{}", words_for(config.timeout), seen.strayed ? "; " : "",
                           seen.strayed ? stray : ""),
               failing_words};
}

void add_readings(const std::vector<DnsRecord>& records, Outcome& outcome) {
  outcome.readings.push_back({"answers", static_cast<double>(records.size()), ""});
  if (records.empty()) return;
  const auto lowest = std::ranges::min(records, {}, &DnsRecord::ttl).ttl;
  outcome.readings.push_back({"lowest_ttl", static_cast<double>(lowest), "s"});
}

}  // namespace

Outcome judge(const DnsConfig& config, const DnsSeen& seen) {
  Outcome outcome{.health = Health::ok, .phases = seen.phases};
  if (!seen.impossible.empty()) {
    outcome.health = Health::unknown;
    outcome.evidence = fmt::format("{}: this machine could not: {}", question_words(config, seen), seen.impossible);
    return outcome;
  }
  std::vector<DnsRecord> records;
  if (seen.answer) {
    records = records_of(*seen.answer, config.name, config.type);
    add_readings(records, outcome);
  }
  if (const std::optional<Fault> found = fault(config, seen, sorted_texts(records))) {
    outcome.health = Health::failing;
    outcome.evidence = fmt::format("{}: {}", question_words(config, seen), found->what);
    outcome.symptom = found->symptom;
  } else if (config.degraded_above && seen.phases.total > *config.degraded_above) {
    outcome.health = Health::degraded;
    outcome.evidence = fmt::format("{}: answered in {}, slower than {}", question_words(config, seen),
                                   words_for(seen.phases.total), words_for(*config.degraded_above));
    outcome.symptom = "slow name lookups";
  }
  return outcome;
}

}  // namespace candor::probes
