#include "daemon/ctl/import_check.h"

#include <algorithm>

#include <re2/re2.h>

#include "base/reader.h"
#include "probes/probe.h"

namespace candor::ctl {
namespace {

bool is_elsewhere(const std::string& literal) {
  return literal.starts_with("{ env = ") || literal.starts_with("{ file = ");
}

/// What a secret that is kept elsewhere could be.
std::string stand_in(const DraftProbe& probe, const std::string& key) {
  if (key == "url")
    return probe.kind == "websocket" ? R"("wss://stand-in.invalid/")" : R"("https://stand-in.invalid/")";
  if (key == "proxy") return R"("http://stand-in.invalid:3128")";
  return R"("stand-in")";
}

/// The probe as it can be read where its files and variables are not.
DraftProbe with_stand_ins(DraftProbe probe) {
  // Of a certificate and its key that are elsewhere, no more can be judged than that they stand together.
  const auto is_client = [](const auto& setting) { return setting.first.starts_with("client_"); };
  const bool pair = std::ranges::count_if(probe.settings, is_client) == 2;
  const bool unseen = std::ranges::any_of(
      probe.settings, [&](const auto& setting) { return is_client(setting) && is_elsewhere(setting.second); });
  std::erase_if(probe.settings, [&](const auto& setting) {
    return setting.first == "ca_file" || (pair && unseen && is_client(setting));
  });
  for (auto& [key, literal] : probe.settings) {
    if (is_elsewhere(literal)) literal = stand_in(probe, key);
    // Of headers and steps. What stands in a text has its quotation marks escaped.
    RE2::GlobalReplace(&literal, R"(\{ (?:env|file) = "(?:[^"\\]|\\.)*" \})", R"("stand-in")");
  }
  return probe;
}

}  // namespace

std::vector<std::string> refusals_of(const DraftProbe& probe) {
  Problems problems;
  if (const auto document = Document::parse(toml_of(with_stand_ins(probe)), "", problems)) {
    for (const Table& table : document->root().tables("probe")) (void)probes::read_probe(table);
    document->refuse_unknown();
  }
  std::vector<std::string> why;
  for (const Problem& problem : problems.list()) why.push_back(problem.what);
  return why;
}

}  // namespace candor::ctl
