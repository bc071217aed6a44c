#include <algorithm>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "probes/kinds/exec.h"
#include "probes/kinds/settings.h"

namespace candor::probes {
namespace {

constexpr std::size_t most_arguments = 200;
constexpr std::size_t most_variables = 100;
constexpr std::string_view usual_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool has_nul(std::string_view text) { return text.contains('\0'); }

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_variable(std::string_view name) {
  return !name.empty() && !is_digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c); });
}

std::vector<std::string> read_command(const Table& table) {
  constexpr std::string_view example = "such as [\"/usr/lib/nagios/plugins/check_disk\", \"-w\", \"10%\"]";
  if (!table.has("command")) {
    table.refuse("command", "command is missing", std::string{example});
    return {};
  }
  std::optional<std::vector<std::string>> command = table.texts("command");
  if (!command) return {};
  if (command->empty()) {
    table.refuse("command", "command is empty", std::string{example});
  } else if (!command->front().starts_with('/')) {
    table.refuse("command", "command does not begin with the absolute path of a program",
                 "no shell is asked and no path is searched; the arguments are further texts");
  } else if (command->size() > most_arguments) {
    table.refuse("command", fmt::format("command has more than {} arguments", most_arguments),
                 "a script can hold them");
  } else if (std::ranges::any_of(*command, &has_nul)) {
    table.refuse("command", "command holds a NUL, which no argument can");
  }
  return *std::move(command);
}

std::string read_directory(const Table& table) {
  std::string directory = table.text("directory").value_or("/");
  if (!directory.starts_with('/') || has_nul(directory)) {
    table.refuse("directory", "directory is not the absolute path of a folder", "such as \"/var/lib/plugins\"");
  }
  return directory;
}

/// Adds what is configured to the few variables that every program has.
void read_environment(const Table& table, ExecConfig& config) {
  std::map<std::string, std::string> all{{"PATH", std::string{usual_path}}, {"LC_ALL", "C"}};
  const std::optional<Table> lines = table.table("environment");
  const std::vector<std::string> names = lines ? lines->keys() : std::vector<std::string>{};
  if (names.size() > most_variables) {
    table.refuse("environment", fmt::format("environment has more than {} variables", most_variables),
                 "a script can set them");
  }
  for (const std::string& name : names) {
    std::optional<Secret> value = lines->secret(name);
    if (!is_variable(name)) {
      lines->refuse(name, fmt::format("\"{}\" is not a variable's name", name),
                    "letters, digits and _, no digit first");
    } else if (value && has_nul(value->reveal())) {
      lines->refuse(name, fmt::format("variable {} holds a NUL, which none can", name));
    } else if (value) {
      all[name] = value->reveal();
      config.hidden.add(value->reveal());
      config.hidden.add_header(name, value->reveal());
      if (lines->is_table(name)) config.hidden.add_words(value->reveal());
    }
  }
  for (const auto& [name, value] : all) config.start.environment.push_back(fmt::format("{}={}", name, value));
}

std::string canonical(const ExecConfig& config) {
  Settings settings;
  for (const std::string& part : config.start.command) settings.add(part);
  settings.add("environment");
  for (const std::string& variable : config.start.environment) settings.add(variable);
  settings.add("directory").add(config.start.directory);
  return settings.text();
}

}  // namespace

KindConfig read_exec(const Table& table, const ProbeConfig& common) {
  ExecConfig config;
  config.start.command = read_command(table);
  read_environment(table, config);
  config.start.directory = read_directory(table);
  config.timeout = common.timeout;
  KindConfig result{.make = {}, .content = Secret{canonical(config)}};
  result.make = [shared = std::make_shared<const ExecConfig>(std::move(config))](const Tools& tools) {
    return make_exec_probe(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
