// Holds docs/reference/configuration.md against the program: the same tables and keys, and for each key the words,
// bounds and default that the page gives.

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "daemon/incident/policy.h"
#include "probes/kinds/kinds.h"
#include "tests/unit/config/loading.h"
#include "tests/unit/folder.h"

namespace candor::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Keys = std::map<std::string, std::set<std::string>>;

/// What the page says of one key.
struct Row {
  std::string table;
  std::string key;
  std::string type;
  std::string standard;  ///< the default

  [[nodiscard]] std::string name() const { return table.empty() ? key : table + "." + key; }
  [[nodiscard]] bool required() const { return standard == "required"; }
  /// The default where it is written as TOML has it.
  [[nodiscard]] std::optional<std::string> literal() const {
    std::string value;
    return RE2::FullMatch(standard, "`([^`]+)`", &value) ? std::optional{value} : std::nullopt;
  }
};

std::string page_text() {
  std::ifstream stream{CONFIGURATION_PAGE, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// Reads the rows `| key | type | default | meaning |` below the headings that name a table, or several that are alike.
std::vector<Row> read_page(const std::string& text) {
  std::vector<Row> rows;
  std::vector<std::string> tables{""};
  std::string keys;
  std::string type;
  std::string standard;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## Top level")) tables = {""};
    if (RE2::FullMatch(line, R"(##+( `\[*[a-z_.]+\]*`)+)")) {
      tables.clear();
      re2::StringPiece heading{line};
      for (std::string table; RE2::FindAndConsume(&heading, R"(`\[*([a-z_.]+)\]*`)", &table);) tables.push_back(table);
    }
    if (!RE2::FullMatch(line, R"(\| ((?:`[a-z0-9_]+` ?)+)\| (.*?) \| (.*?) \| .*\|)", &keys, &type, &standard))
      continue;
    re2::StringPiece rest{keys};
    for (std::string key; RE2::FindAndConsume(&rest, "`([a-z0-9_]+)`", &key);) {
      for (const std::string& table : tables) rows.push_back({table, key, type, standard});
    }
  }
  return rows;
}

const std::vector<Row>& page() {
  static const std::vector<Row> rows = read_page(page_text());
  return rows;
}

std::vector<std::string> differences(const std::vector<Row>& rows, const Keys& known) {
  Keys documented;
  for (const Row& row : rows) documented[row.table].insert(row.key);
  std::vector<std::string> found;
  const auto miss = [&found](const Keys& all, const Keys& in, std::string_view what) {
    for (const auto& [table, keys] : all) {
      const auto there = in.find(table);
      for (const std::string& key : keys) {
        if (there == in.end() || !there->second.contains(key))
          found.push_back(fmt::format("[{}] {} {}", table, key, what));
      }
    }
  };
  miss(known, documented, "is read and not documented");
  miss(documented, known, "is documented and not read");
  return found;
}

/// One of every table, each with nothing but what the page calls required.
constexpr std::string_view least = R"([daemon]
[store]
[listen]
[page]
[auth]
[[auth.tokens]]
name = "ana"
scope = "read"
secret = "0123456789abcdef"
[[component]]
id = "shop"
[[probe]]
name = "shop-http"
[probe.http]
url = "https://127.0.0.1:1/"
[[probe]]
name = "shop-json"
[probe.http]
url = "http://127.0.0.1:1/"
[[probe.http.json]]
path = "$.status"
exists = true
[[probe]]
name = "shop-steps"
[[probe.http.steps]]
name = "login"
url = "http://127.0.0.1:1/"
[[probe.http.steps]]
name = "token"
url = "http://127.0.0.1:1/"
[[probe.http.steps.json]]
path = "$.token"
exists = true
[[probe.http.steps.capture]]
name = "token"
header = "X-Token"
[self_check]
probes = ["shop-http"]
[[probe]]
name = "shop-dns"
[probe.dns]
name = "shop.example"
[[probe]]
name = "shop-exec"
[probe.exec]
command = "/bin/true"
[[probe]]
name = "shop-backup"
[probe.heartbeat]
late_after = "1d"
[[probe]]
name = "shop-grpc"
[probe.grpc]
address = "127.0.0.1:1"
[[probe]]
name = "shop-icmp"
[probe.icmp]
host = "127.0.0.1"
[[probe]]
name = "shop-time"
[probe.ntp]
address = "127.0.0.1"
[[probe]]
name = "shop-up"
[probe.promql]
url = "http://127.0.0.1:9090"
query = "up"
failing_below = 1
[[probe]]
name = "shop-unit"
[probe.unit]
name = "shop.service"
[[probe]]
name = "shop-tcp"
[probe.tcp]
address = "127.0.0.1:1"
[[probe]]
name = "shop-tls"
[probe.tls]
address = "127.0.0.1:1"
[[probe]]
name = "shop-smtp"
[probe.smtp]
address = "127.0.0.1"
[[probe]]
name = "shop-imap"
[probe.imap]
address = "127.0.0.1"
[[probe]]
name = "shop-ssh"
[probe.ssh]
address = "127.0.0.1"
[[probe]]
name = "shop-redis"
[probe.redis]
address = "127.0.0.1"
[[probe]]
name = "shop-mysql"
[probe.mysql]
address = "127.0.0.1"
[[probe]]
name = "shop-postgres"
[probe.postgres]
address = "127.0.0.1"
[[probe]]
name = "shop-mqtt"
[probe.mqtt]
address = "127.0.0.1"
[[probe]]
name = "shop-socket"
[probe.websocket]
url = "wss://127.0.0.1:1"
[[prometheus]]
name = "main"
url = "http://127.0.0.1:9090"
[[alertmanager]]
name = "main"
url = "http://127.0.0.1:9093"
[alerts]
[[rule]]
name = "shop-down"
[rule.when]
probe = 'component="shop"'
[rule.playbook]
url = "https://runbooks.acme.example/shop"
[[holding]]
name = "calm"
[cadence]
[[contact]]
name = "ana"
[[contact.method]]
kind = "webhook"
url = "http://127.0.0.1:1/"
[[escalation]]
name = "first"
[[escalation.steps]]
notify = ["contact:ana"]
wait = "5m"
)";

/// Another line without which a key has no use.
std::string beside(const Row& row) {
  if (!row.key.starts_with("cert_") || row.table == "probe.tls" || row.table == "probe.http") return {};
  return row.table == "probe.postgres" ? "starttls = true\n" : "tls = true\n";
}

/// `least` with another value for one key, or without that key: in the first table of several.
std::string with(const Row& row, const std::optional<std::string>& value) {
  const std::string table = row.table == "condition" ? "rule.when" : row.table;
  const std::string line_of_key = row.key + " = ";
  std::string text;
  std::string here;
  int tables = 0;  // of this name
  std::istringstream lines{std::string{least}};
  for (std::string line; std::getline(lines, line);) {
    const bool heading = RE2::FullMatch(line, R"(\[+([a-z_.]+)\]+)", &here);
    if (heading && here == table) ++tables;
    const bool meant = here == table && tables == 1;
    if (!meant || !line.starts_with(line_of_key)) text += line + "\n";
    if (heading && meant && value) text += line_of_key + *value + "\n" + beside(row);
  }
  return text;
}

bool stands_in_least(const Row& row) { return with(row, std::nullopt) != least; }

class ConfigurationReference : public testing::Test {
 protected:
  [[nodiscard]] Loaded load(const std::string& text) const { return load_file(folder_.write("candor.toml", text)); }
  [[nodiscard]] Loaded load(const Row& row, const std::optional<std::string>& value) const {
    return load(with(row, value));
  }
  void expect_taken(const Row& row, const std::string& value) const {
    EXPECT_THAT(load(row, value).problems, IsEmpty()) << row.name() << " = " << value;
  }

 private:
  Folder folder_;
};

TEST_F(ConfigurationReference, has_every_key_that_is_read_and_no_other) {
  EXPECT_THAT(differences(page(), known_keys()), IsEmpty());
}

TEST_F(ConfigurationReference, would_be_found_wrong) {
  const Keys known{{"page", {"name", "url"}}};
  const std::string good = "## `[page]`\n\n| `name` | text | `\"Status\"` | it |\n| `url` | link | none | it |\n";
  EXPECT_THAT(differences(read_page(good), known), IsEmpty());
  EXPECT_THAT(differences(read_page(good + "| `title` | text | none | it |\n"), known),
              ElementsAre("[page] title is documented and not read"));
  EXPECT_THAT(differences(read_page("## `[page]`\n\n| `name` | text | none | it |\n"), known),
              ElementsAre("[page] url is read and not documented"));
}

TEST_F(ConfigurationReference, has_the_table_of_every_kind_of_probe) {
  for (const probes::Kind& kind : probes::kinds()) {
    EXPECT_TRUE(known_keys().contains(fmt::format("probe.{}", kind.name)))
        << kind.name << ": its sample in kinds.cpp is not a table that can be read";
  }
}

TEST_F(ConfigurationReference, says_which_keys_are_required) {
  EXPECT_THAT(load(std::string{least}).problems, IsEmpty());
  for (const Row& row : page()) {
    const bool table = RE2::PartialMatch(row.type, "table|condition");
    if (row.required() && !table) {
      EXPECT_TRUE(stands_in_least(row)) << row.name();
      EXPECT_FALSE(load(row, std::nullopt).config) << row.name() << " is required, and yet may be left out";
    } else if (!table && !row.standard.starts_with("one of ")) {
      EXPECT_FALSE(stands_in_least(row)) << row.name() << " is not required";
    }
  }
}

TEST_F(ConfigurationReference, names_the_words_that_a_key_takes) {
  for (const Row& row : page()) {
    if (row.table.empty() || row.type.starts_with("list") || !row.type.starts_with('`')) continue;
    re2::StringPiece rest{row.type};
    for (std::string word; RE2::FindAndConsume(&rest, "`([A-Za-z_]+)`", &word);) {
      expect_taken(row, fmt::format("\"{}\"", word));
    }
    EXPECT_FALSE(load(row, "\"nonsense\"").config) << row.name();
  }
}

TEST_F(ConfigurationReference, gives_the_bounds_of_durations_and_numbers) {
  const RE2 form{R"(^(duration|number)(?:, (?:(\S+) to ([^\s,]+)|at least ([^\s,]+)|at most ([^\s,]+)))?)"};
  for (const Row& row : page()) {
    std::string type, from, to, at_least, at_most;
    if (!RE2::PartialMatch(row.type, form, &type, &from, &to, &at_least, &at_most)) continue;
    const std::string lowest = from + at_least;
    const std::string highest = to + at_most;
    // The next value beyond the bound, as TOML writes it.
    const auto beyond = [&type](const std::string& bound, int step) {
      if (type == "number") return std::to_string(std::stoll(bound) + step);
      return fmt::format("\"{}\"", format_duration(*parse_duration(bound) + Duration{step}));
    };
    EXPECT_FALSE(type == "number" && (lowest.empty() || highest.empty())) << row.name() << ": give the bounds";
    if (lowest.empty()) {
      expect_taken(row, "\"0s\"");
    } else {
      expect_taken(row, beyond(lowest, 0));
      EXPECT_FALSE(load(row, beyond(lowest, -1)).config) << row.name() << " below " << lowest;
    }
    if (!highest.empty()) {
      expect_taken(row, beyond(highest, 0));
      EXPECT_FALSE(load(row, beyond(highest, 1)).config) << row.name() << " above " << highest;
    }
  }
}

std::string as_text(std::string_view text) { return fmt::format("\"{}\"", text); }
std::string as_text(Duration duration) { return as_text(format_duration(duration)); }

/// What the program goes by where `least` says nothing, as TOML writes it.
std::map<std::string, std::string> values_of(const Config& config) {
  const incident::Policy& policy = config.policy;
  const probes::ProbeConfig& probe = config.probes.front();
  const alerts::SourceConfig& prometheus = config.sources.front();
  const alerts::SourceConfig& alertmanager = config.sources.back();
  const incident::Response& response = policy.responses.at("shop-down");
  const auto& leaf = std::get<rules::SignalLeaf>(policy.rules.front().when.node);
  const incident::HoldingText& holding = policy.holdings.at("calm");
  return {
      {"daemon.location", as_text(config.location)},
      {"store.url", as_text("sqlite:" + config.journal.lexically_relative(config.state_dir).string())},
      {"store.keep_signal_changes", as_text(config.keep_signal_changes)},
      {"listen.public", as_text(config.public_address.text())},
      {"listen.admin", as_text(config.admin_address.text())},
      {"page.name", as_text(config.page.name)},
      {"page.unseen_after", as_text(config.page.unseen_after)},
      {"probe.every", as_text(probe.every)},
      {"probe.timeout", as_text(probe.timeout)},
      {"probe.fall", fmt::to_string(probe.fall)},
      {"probe.rise", fmt::to_string(probe.rise)},
      {"prometheus.every", as_text(prometheus.every)},
      {"prometheus.timeout", as_text(prometheus.timeout)},
      {"alertmanager.every", as_text(alertmanager.every)},
      {"alertmanager.timeout", as_text(alertmanager.timeout)},
      {"alerts.resolve_timeout", as_text(config.resolve_timeout)},
      {"rule.status", as_text(to_string(response.status))},
      {"rule.impact", as_text(to_string(response.impact))},
      {"rule.resolve_after", as_text(response.resolve_after)},
      {"rule.reopen_within", as_text(response.reopen_within)},
      {"rule.holding", as_text(response.holding)},
      {"condition.health", as_text(to_string(leaf.health))},
      {"condition.at_least", fmt::to_string(leaf.at_least.count)},
      {"condition.for", as_text(leaf.hold)},
      {"holding.after", as_text(holding.after)},
      {"holding.title", as_text(holding.title)},
      {"cadence.critical", as_text(policy.cadence.at(incident::Impact::critical))},
      {"cadence.major", as_text(policy.cadence.at(incident::Impact::major))},
      {"cadence.minor", as_text(policy.cadence.at(incident::Impact::minor))},
      {"escalation.repeat", fmt::to_string(policy.oncall.escalations.at("first").repeat)},
  };
}

std::vector<std::string> fingerprints(const Config& config) {
  std::vector<std::string> all;
  for (const probes::ProbeConfig& probe : config.probes) all.push_back(probe.fingerprint);
  return all;
}

TEST_F(ConfigurationReference, gives_the_defaults_that_the_program_uses) {
  // A channel keeps its settings to itself.
  const std::set<std::string> unseen{"contact.method.timeout"};
  const Loaded plain = load(std::string{least});
  ASSERT_THAT(plain.problems, IsEmpty());
  std::map<std::string, std::string> used = values_of(*plain.config);
  for (const Row& row : page()) {
    const std::optional<std::string> written = row.literal();
    if (!written || unseen.contains(row.name())) continue;
    if (row.table.starts_with("probe.")) {
      // A probe keeps its settings to itself too, but equal ones have equal fingerprints.
      const Loaded said = load(row, *written);
      ASSERT_THAT(said.problems, IsEmpty()) << row.name();
      EXPECT_EQ(fingerprints(*said.config), fingerprints(*plain.config)) << row.name();
      continue;
    }
    const auto found = used.find(row.name());
    ASSERT_NE(found, used.end()) << row.name() << ": nothing compares its default; add it to values_of()";
    EXPECT_EQ(*written, found->second) << row.name();
    expect_taken(row, *written);
    used.erase(found);
  }
  EXPECT_THAT(used, IsEmpty()) << "the page does not give these defaults";
}

TEST_F(ConfigurationReference, shows_the_holding_that_stands_by_default) {
  std::string block;
  ASSERT_TRUE(RE2::PartialMatch(page_text(), "(?s)```toml\n(\\[\\[holding\\]\\]\n.*?)```", &block));
  const Loaded shown = load(block);
  ASSERT_THAT(shown.problems, IsEmpty());
  const incident::HoldingText text = shown.config->policy.holdings.at("default");
  const incident::HoldingText usual = incident::default_holding();
  EXPECT_EQ(text.after, usual.after);
  EXPECT_EQ(text.title, usual.title);
  EXPECT_EQ(text.body, usual.body);
  EXPECT_EQ(text.support, usual.support);
}

}  // namespace
}  // namespace candor::config
