#include "daemon/ctl/import_secrets.h"

#include <re2/re2.h>

namespace candor::ctl {

std::string without_secrets(std::string text) {
  if (text.find_first_of("@?#&;") == std::string::npos) return text;
  // "a:80/x?y@z" is an address with a query, or a user with a password: neither is kept.
  RE2::GlobalReplace(&text, R"([^\s/?#:@]+:\d{1,5}(?:/[^\s?#@]*)?[?#]\S*@\S*)", "");
  // Behind a scheme, and behind what could be the beginning of one.
  RE2::GlobalReplace(&text, R"((?s)([A-Za-z][A-Za-z0-9+.-]*:/+)[^\s/?#:@]*(?:[:@].*)?@)", R"(\1)");
  RE2::GlobalReplace(&text, R"(([A-Za-z][A-Za-z0-9+.-]*:/+[^\s?#]*)[?#]\S*)", R"(\1)");
  RE2::GlobalReplace(&text, R"([^\s:/]*:[^\s/]\S*@)", "");
  // A question has nothing behind its mark but other marks.
  RE2::GlobalReplace(&text, R"([?]\S*[^\s[:punct:]]\S*)", "");
  RE2::GlobalReplace(&text, R"([#&;]\S*=\S*)", "");
  return text;
}

}  // namespace candor::ctl
