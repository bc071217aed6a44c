#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace candor::probes {

/// What no sentence may show though a target repeats it.
class Hidden {
 public:
  /// Also as it stands in a URL and within JSON. One of fewer than six bytes is not hidden: it would take words away
  /// that have nothing to do with it.
  void add(std::string_view secret);
  /// A user's password, and both as Basic authentication sends them.
  void add_basic(const std::string& user, const std::string& password);
  /// Each of its words, and what stands within them in quotes, as the value of a field or between colons, since a
  /// target may repeat one without the rest: of JSON the strings and numbers, of a form the values, also decoded, of a
  /// URL the password. Not the names of members and fields.
  void add_words(std::string_view secret);
  /// What a header, or a variable of an environment, holds whose name says that it is credentials, such as
  /// Authorization, X-Api-Key and X-Auth-Token: its words as add_words() has them; of Cookie and Set-Cookie the values
  /// of the cookies. Of any other nothing.
  void add_header(std::string_view name, std::string_view value);
  /// Each value of a URL's query, also decoded.
  void add_query(std::string_view url);
  /// Of an absolute URL that is a secret by itself: its path and query, whole and in their parts, also decoded.
  void add_path_and_query(std::string_view url);
  void add(const Hidden& more);

  /// The text with "***" in their place. To be called before the text is cut: a cut through a secret would leave its
  /// beginning.
  [[nodiscard]] std::string out_of(std::string text) const;
  /// Takes out what `more` hides too, which costs less than a copy with both.
  [[nodiscard]] std::string out_of(std::string text, const Hidden& more) const;

 private:
  /// The longest first, so that one within another does not spare the rest of it.
  struct Longer {
    bool operator()(const Secret& a, const Secret& b) const;
  };

  void add_form(std::string_view secret);
  void add_encoded(std::string_view part);
  void add_cookies(std::string_view header);
  void add_text(std::string_view text, int levels);
  void add_field(std::string_view field);
  void add_value(std::string_view value);
  [[nodiscard]] std::vector<std::string_view> candidates_for(std::string_view text, const Hidden& more) const;

  std::set<Secret, Longer> all_;
};

}  // namespace candor::probes
