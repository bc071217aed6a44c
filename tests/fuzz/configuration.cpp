// A configuration file, whole or rules alone: taken or refused with places, the same way each time.
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <unistd.h>

#include "daemon/config/reload.h"
#include "probes/kinds/tls_session.h"
#include "tests/fuzz/check.h"

namespace candor::config {
namespace {

using fuzz::require;

/// Where the input stands as a file, for this process alone.
class Folder {
 public:
  Folder() { std::filesystem::create_directories(path_); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::filesystem::path write(std::string_view text) const {
    std::ofstream stream{path_ / "candor.toml", std::ios::binary | std::ios::trunc};
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    return path_ / "candor.toml";
  }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() / ("candor-fuzz." + std::to_string(getpid()));
};

void check_problems(const Problems& problems, const std::filesystem::path& file, std::size_t size) {
  const std::vector<Problem> list = problems.list();
  require(list.size() <= 4 * size + 64, "as many problems as there is room for");
  for (const Problem& problem : list) {
    const std::string text = problem.text();
    // One that includes its own folder is named by that way, too.
    require(text.starts_with(file.parent_path().string() + "/") && text.find("candor.toml:") != std::string::npos,
            "a problem names its file");
    require(problem.at.line >= 1 && problem.at.column >= 1, "a problem names its place");
    require(problem.at.line <= size + 1, "a problem stands within the file");
    require(fuzz::is_harmless(text), "a problem is one line that a terminal can show");
    require(text.size() <= 4 * size + 1024, "a problem is bounded");
  }
}

void check_same(const Problems& a, const Problems& b) {
  const std::vector<Problem> first = a.list();
  const std::vector<Problem> second = b.list();
  require(first.size() == second.size(), "the same file has the same problems");
  for (std::size_t i = 0; i < first.size(); ++i) {
    require(first[i].text() == second[i].text(), "the same file has the same problems");
  }
}

void check(std::string_view text) {
  static const Folder folder;
  const std::filesystem::path file = folder.write(text);
  Problems problems;
  Problems problems_again;
  const std::optional<Config> config = load(file, problems);
  const std::optional<Config> again = load(file, problems_again);
  require(config.has_value() == problems.empty(), "a configuration is taken when nothing is wrong with it");
  check_problems(problems, file, text.size());
  check_same(problems, problems_again);
  if (config) {
    refuse_restart(*config, *again, problems);
    require(problems.empty() && config->tokens == again->tokens, "it is read alike each time");
    require(config->probes.size() == again->probes.size(), "it is read alike each time");
    const bool open = !config->admin_address.loopback();
    require(!open || !config->tokens.empty(), "nobody listens to the world without tokens");
    for (const probes::ProbeConfig& probe : config->probes) {
      require(probe.every > Duration{0} && probe.timeout > Duration{0}, "a probe has a pace");
    }
  }
  Problems rule_problems;
  const std::optional<incident::Policy> rules = load_rules({file}, rule_problems);
  require(rules.has_value() == rule_problems.empty(), "rules are taken when nothing is wrong with them");
  check_problems(rule_problems, file, text.size());
}

}  // namespace
}  // namespace candor::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The system's authorities stay: reading them takes longer than all else.
  static const auto authorities = candor::probes::TlsClient::make("");
  candor::config::check(candor::fuzz::text_of(data, size));
  return 0;
}
