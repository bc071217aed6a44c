#pragma once

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
  /// Each of its words, since a target may repeat one without the rest.
  void add_words(std::string_view secret);
  /// What a header holds whose name says that it is credentials, such as Authorization, X-Api-Key and X-Auth-Token:
  /// each of its words; of Cookie and Set-Cookie the values of the cookies. Of any other nothing.
  void add_header(std::string_view name, std::string_view value);
  /// Each value of a URL's query, also decoded.
  void add_query(std::string_view url);
  /// Of an absolute URL that is a secret by itself: its path and query, whole and in their parts, also decoded.
  void add_path_and_query(std::string_view url);
  void add(const Hidden& more);

  /// The text with "***" in their place. To be called before the text is cut: a cut through a secret would leave its
  /// beginning.
  [[nodiscard]] std::string out_of(std::string text) const;

 private:
  void add_form(std::string_view secret);
  void add_encoded(std::string_view part);
  void add_cookies(std::string_view header);

  std::vector<Secret> all_;  // the longest first, so that one within another does not spare the rest of it
};

}  // namespace candor::probes
