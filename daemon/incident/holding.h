#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace candor::incident {

/// The facts that a template may name.
struct Facts {
  std::string component;    ///< what customers call it
  std::string symptom;      ///< what customers see
  std::string since;        ///< when it began
  std::string next_update;  ///< when the next words come
};

/// The names of the facts, for messages.
[[nodiscard]] const std::vector<std::string>& fact_names();

/// Whether a template can be filled: `{{name}}` of a known fact, and nothing else between braces. Texts are plain text,
/// escaped where they are shown, so a template needs no unescaped form and no sections. Errors name what to write.
[[nodiscard]] Result<void> check_template(std::string_view text);

/// Fills a checked template. The first letter is made a capital one, since a fact may stand at the start.
[[nodiscard]] std::string fill(const std::string& text, const Facts& facts);

/// The templates of a policy: each is parsed once, when it is first filled.
class Templates {
 public:
  Templates();
  ~Templates();
  Templates(Templates&&) noexcept;
  Templates& operator=(Templates&&) noexcept;

  /// As fill().
  [[nodiscard]] std::string fill(const std::string& text, const Facts& facts);

 private:
  struct Parsed;
  std::map<std::string, std::unique_ptr<Parsed>> parsed_;  ///< by text
};

/// "14:02 UTC", with the day where that is not `now`'s.
[[nodiscard]] std::string say_when(Instant instant, Instant now);

}  // namespace candor::incident
