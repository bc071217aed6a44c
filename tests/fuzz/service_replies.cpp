// What MySQL, PostgreSQL, LDAP, MQTT, or whatever stands where they should be, says in packets: the first byte chooses
// one.
#include <string>

#include "probes/kinds/replies.h"
#include "tests/fuzz/check.h"

namespace candor::probes {
namespace {

using fuzz::require;

void check(Reply (*read)(std::string_view said), std::string_view said) {
  const Reply whole = read(said);
  require(whole.words.size() <= said.size() + 64, "words are bounded by what was said");
  const bool speaks = whole.is == Reply::Is::refused || whole.is == Reply::Is::asks;
  require(whole.words.empty() || speaks, "only a refusal and a question have words");
  require(whole.is != Reply::Is::asks || !whole.words.empty(), "what is asked for is told");
  require(whole.size <= said.size(), "no more is expected than there is");
  const Reply earlier = read(said.substr(0, said.size() / 2));
  require(earlier.is == Reply::Is::unfinished ||
              (earlier.is == whole.is && earlier.words == whole.words && earlier.size == whole.size),
          "what has been judged stays so, whatever follows");
}

}  // namespace
}  // namespace candor::probes

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor::probes;
  std::string_view said = candor::fuzz::text_of(data, size);
  if (said.empty()) return 0;
  const char choice = said.front();
  said.remove_prefix(1);
  switch (choice) {
    case 'g':
      check(&read_mysql_greeting, said);
      break;
    case 'l':
      check(&read_mysql_login, said);
      break;
    case 'p':
      check(&read_postgres_login, said);
      break;
    case 'd':
      check(&read_ldap_consent, said);
      break;
    case 'm':
      check(&read_mqtt_consent, said);
      break;
    default:
      break;
  }
  return 0;
}
