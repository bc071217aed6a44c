// Other tools' configurations, as their users have them: refused in a line, or imported as a configuration that Candor
// takes, with a remark on all that is left out. The first line chooses the tool; what follows a line of "---8<---" is
// the second file.
#include <optional>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "base/reader.h"
#include "daemon/config/config.h"
#include "daemon/ctl/import.h"
#include "probes/kinds/tls_session.h"
#include "tests/fuzz/check.h"

namespace candor::ctl {
namespace {

using fuzz::require;

/// A file in memory.
class File {
 public:
  explicit File(std::string_view text) : descriptor_(memfd_create("input", 0)) {
    require(write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "a file can be made");
  }
  ~File() { close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

void check_refusal(const std::string& why) { require(!why.empty() && why.size() < 1024, "a refusal is one line"); }

/// Secrets and authorities are where whoever imports keeps them.
bool is_elsewhere(const Problem& problem) {
  return problem.what.ends_with(" is not set") || problem.what.find("cannot read ") != std::string::npos;
}

void check_draft(const Draft& draft) {
  for (const std::string& remark : draft.remarks()) require(!remark.empty(), "a remark says something");
  const std::string text = draft.text();
  require(fuzz::is_utf8(text), "a configuration is UTF-8");
  Problems problems;
  const std::optional<Document> document = Document::parse(text, "candor.toml", problems);
  require(document && problems.list().empty(), text);
  require(document->root().tables("probe").size() == draft.probes(), "each probe is written");
  const File file{text};
  const std::optional<config::Config> config = config::load(file.path(), problems);
  require(config || !problems.list().empty(), "a refusal says why");
  for (const Problem& problem : problems.list()) require(is_elsewhere(problem), problem.text() + "\n" + text);
}

void check(const ImportSource& from, std::string_view text, std::string_view beside) {
  const File file{text};
  Result<Source> source = from.load(file.path());
  if (!source) return check_refusal(source.error().message);
  std::optional<Source> second;
  const File second_file{beside};
  if (!from.beside_option.empty() && !beside.empty()) {
    Result<Source> loaded = load_yaml(second_file.path());
    if (!loaded) return check_refusal(loaded.error().message);
    second = *std::move(loaded);
  }
  Draft draft{"Made by a fuzzer."};
  const Result<void> read = from.read(*source, second ? &*second : nullptr, draft);
  if (!read) return check_refusal(read.error().message);
  draft.add_not_imported(source->leftovers());
  if (second) draft.add_not_imported(second->leftovers());
  check_draft(draft);
}

}  // namespace
}  // namespace candor::ctl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The system's authorities stay: reading them takes longer than all else.
  static const auto authorities = candor::probes::TlsClient::make("");
  using namespace candor;
  std::string_view text = fuzz::text_of(data, size);
  const std::string_view tool = fuzz::take_line(text);
  constexpr std::string_view cut = "\n---8<---\n";
  const std::size_t at = text.find(cut);
  const std::string_view beside = at == std::string_view::npos ? "" : text.substr(at + cut.size());
  for (const ctl::ImportSource& source : ctl::import_sources()) {
    if (source.name == tool) ctl::check(source, text.substr(0, at), beside);
  }
  return 0;
}
