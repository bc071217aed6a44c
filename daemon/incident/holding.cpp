#include "daemon/incident/holding.h"

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/reader.h"
#include "base/text.h"

namespace candor::incident {
namespace {

namespace mustache = kainjow::mustache;

}  // namespace

const std::vector<std::string>& fact_names() {
  static const std::vector<std::string> names{"component", "symptom", "since", "next_update"};
  return names;
}

Result<void> check_template(std::string_view text) {
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const std::size_t end = text.find("}}", at);
    if (end == std::string_view::npos) return failure("\"{{\" is never closed; write {{component}}");
    const std::string name{trimmed(text.substr(at + 2, end - at - 2))};
    if (!name.empty() && std::string_view{"{&#^/!>="}.find(name.front()) != std::string_view::npos) {
      return failure(fmt::format("\"{{{{{}\" is not for these texts; write {{{{name}}}} with one of {}", name.front(),
                                 fmt::join(fact_names(), ", ")));
    }
    if (std::ranges::find(fact_names(), name) == fact_names().end()) {
      const std::optional<std::string> near = nearest(name, fact_names());
      return failure(fmt::format("{{{{{}}}}} is not known; {}", name,
                                 near ? fmt::format("did you mean {{{{{}}}}}?", *near)
                                      : fmt::format("one of {}", fmt::join(fact_names(), ", "))));
    }
    at = end + 2;
  }
  return {};
}

struct Templates::Parsed {
  explicit Parsed(const std::string& text) : mustache(text) {
    mustache.set_custom_escape([](const std::string& plain) { return plain; });
  }
  [[nodiscard]] std::string fill(const Facts& facts);

  mustache::mustache mustache;
};

std::string Templates::Parsed::fill(const Facts& facts) {
  mustache::data data;
  data.set("component", facts.component);
  data.set("symptom", facts.symptom);
  data.set("since", facts.since);
  data.set("next_update", facts.next_update);
  std::string result;
  mustache.render(data, [&result](const std::string& piece) { result += piece; });
  if (!result.empty() && result.front() >= 'a' && result.front() <= 'z') {
    result.front() = static_cast<char>(result.front() - 'a' + 'A');
  }
  return result;
}

Templates::Templates() = default;
Templates::~Templates() = default;
Templates::Templates(Templates&&) noexcept = default;
Templates& Templates::operator=(Templates&&) noexcept = default;

std::string Templates::fill(const std::string& text, const Facts& facts) {
  std::unique_ptr<Parsed>& parsed = parsed_[text];
  if (!parsed) parsed = std::make_unique<Parsed>(text);
  return parsed->fill(facts);
}

std::string fill(const std::string& text, const Facts& facts) { return Templates{}.fill(text, facts); }

std::string say_when(Instant instant, Instant now) {
  const bool same_day = std::chrono::floor<std::chrono::days>(instant) == std::chrono::floor<std::chrono::days>(now);
  return same_day ? format_hour(instant) : format_for_people(instant);
}

}  // namespace candor::incident
