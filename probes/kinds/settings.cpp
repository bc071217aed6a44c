#include "probes/kinds/settings.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <re2/re2.h>

namespace candor::probes {

using namespace std::chrono_literals;

Settings& Settings::add(std::string_view setting) {
  text_ += fmt::format("{}:{};", setting.size(), setting);
  return *this;
}

std::shared_ptr<const re2::RE2> read_pattern(const Table& table, std::string_view key) {
  const std::optional<std::string> pattern = table.text(key);
  if (!pattern) return nullptr;
  auto regex = std::make_shared<const RE2>(*pattern, RE2::Quiet);
  if (regex->ok()) return regex;
  table.refuse(key, fmt::format("{} is not a regular expression: {}", key, regex->error()), "RE2 syntax");
  return nullptr;
}

std::optional<Duration> read_degraded_above(const Table& table, Duration timeout) {
  const std::optional<Duration> limit = table.duration("degraded_above", 1ms);
  if (limit && *limit >= timeout) {
    table.refuse("degraded_above", fmt::format("degraded_above = \"{}\" is never reached", format_duration(*limit)),
                 fmt::format("the probe's timeout of {} comes first", format_duration(timeout)));
  }
  return limit;
}

std::string read_ca_file(const Table& table, bool tls_verify, std::string& content) {
  const std::optional<std::string> name = table.text("ca_file");
  if (!name) return {};
  if (!tls_verify) table.refuse("ca_file", "ca_file has no use with tls_verify = false");
  const std::filesystem::path file = std::filesystem::path{table.position("ca_file").file}.parent_path() / *name;
  std::error_code error;
  std::ifstream stream{file, std::ios::binary};
  if (!std::filesystem::is_regular_file(file, error) || !stream) {
    table.refuse("ca_file", fmt::format("cannot read {}", file.string()), "a file of certificates in PEM form");
    return {};
  }
  content.assign(std::istreambuf_iterator<char>{stream}, {});
  if (content.find("-----BEGIN ") == std::string::npos) {
    table.refuse("ca_file", fmt::format("{} holds no certificate in PEM form", file.string()));
  }
  return file.string();
}

}  // namespace candor::probes
