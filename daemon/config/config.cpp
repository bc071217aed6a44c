#include "daemon/config/config.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <span>

#include <fmt/format.h>

#include "base/refused_key.h"
#include "daemon/config/unique_names.h"
#include "probes/kinds/kinds.h"

namespace candor::config {
namespace {

namespace fs = std::filesystem;

/// Tables of the design that later versions read.
constexpr std::array<std::string_view, 5> unbuilt_tables{"schedule", "status_page", "support", "slo", "maintenance"};

/// What may stand at the top of a file.
constexpr std::array<std::string_view, 16> top_level{
    "self_check", "daemon", "store",      "listen",       "page", "auth",    "alerts",  "cadence",
    "component",  "probe",  "prometheus", "alertmanager", "rule", "holding", "contact", "escalation"};

/// One of every table, so that each room's reader asks for what it knows. Probes come by the table of kinds.
constexpr std::string_view every_table = R"(
[daemon]
[store]
[listen]
[page]
[alerts]
[cadence]
[self_check]
probes = ["p"]
[auth]
tokens = [{ name = "a", scope = "read", secret = "0123456789abcdef" }]
[[component]]
id = "c"
[[prometheus]]
name = "p"
url = "http://127.0.0.1:9090"
[[alertmanager]]
name = "a"
url = "http://127.0.0.1:9093"
[[rule]]
name = "r"
when = { any = [{ all = [{ probe = 'a="b"' }] }, { alert = 'a="b"' }, { not = { rule = "s" } }] }
unless = { rule = "s" }
playbook = { url = "https://example.com/" }
[[holding]]
name = "default"
[[contact]]
name = "a"
[[contact.method]]
kind = "webhook"
url = "https://example.com/"
[[escalation]]
name = "e"
steps = [{ notify = ["contact:a"], wait = "1m" }]
)";

/// Reads documents into one configuration, room by room: what others refer to first.
class Loader {
 public:
  explicit Loader(Problems& problems) : problems_(problems) {}

  void load_file(const fs::path& file, Readable what) {
    std::optional<Document> document = Document::load(file, problems_, what);
    if (document) documents_.push_back(*std::move(document));
  }

  void load_includes(const fs::path& main_file) {
    if (documents_.empty()) return;
    const Table root = documents_.front().root();
    for (const std::string& name : root.texts("include").value_or(std::vector<std::string>{})) {
      const fs::path folder = main_file.parent_path() / name;
      std::error_code error;
      std::vector<fs::path> files;
      for (fs::directory_iterator entry{folder, error}; !error && entry != fs::directory_iterator{};
           entry.increment(error)) {
        const fs::path found = entry->path().filename();
        const bool hidden = found.native().starts_with('.');  // such as an editor's lock, a link that leads nowhere
        if (found.extension() == ".toml" && !hidden) files.push_back(entry->path());
      }
      if (error) {
        root.refuse("include", fmt::format("cannot read the folder {}: {}", folder.string(), error.message()),
                    "make it, or take it out of include");
      }
      std::ranges::sort(files);
      for (const fs::path& file : files) load_file(file, Readable::regular);
    }
  }

  void load_text(std::string_view text) {
    std::optional<Document> document = Document::parse(text, "every-table.toml", problems_);
    if (document) documents_.push_back(*std::move(document));
  }

  [[nodiscard]] std::map<std::string, std::set<std::string>> known_keys() const {
    return documents_.front().known_keys();
  }

  Config read() {
    read_daemon();
    config_.tokens = http::read_tokens(single("auth"));
    read_listeners();
    config_.page = page::read_page(single("page"));
    read_components();
    read_holdings();
    config_.policy.cadence = incident::read_cadence(single("cadence"));
    read_contacts();
    read_escalations();
    read_probes();
    read_self_check();
    read_sources();
    read_rules();
    refuse_unbuilt();
    refuse_includes_of_the_included();
    for (const Document& document : documents_) document.refuse_unknown();
    config_.policy.restart_grace = restart_grace();
    return std::move(config_);
  }

  /// Whether it stands in the table of the probe `name`, which ends where the next table begins. After read().
  [[nodiscard]] bool is_in_probe(const Position& place, std::string_view name) const {
    std::optional<Position> begin;
    for (const Table& table : all("probe")) {
      const Position here = table.position();
      if (table.text("name") == name && here.file == place.file && here.line <= place.line) begin = here;
    }
    return begin && std::ranges::none_of(begins_of_tables(), [&](const Position& next) {
             return next.file == place.file && next.line > begin->line && next.line <= place.line;
           });
  }

  /// The rules, and of the rest only the names that they may use: no secret is looked up, no other table judged.
  /// What no file here defines is taken to be defined elsewhere.
  incident::Policy read_rules_alone() {
    read_components();
    read_holdings();
    incident::Policy& policy = config_.policy;
    for (const Table& table : all("escalation")) {
      if (const auto name = table.text("name")) policy.oncall.escalations[*name].name = *name;
    }
    take_names_on_trust();
    read_rules();
    refuse_unbuilt();
    for (const Document& document : documents_) {
      for (const std::string_view name : top_level) (void)document.root().has(name);
      (void)document.root().has("include");
      document.refuse_unknown({"rule", "component", "holding"});
    }
    return std::move(config_.policy);
  }

 private:
  std::vector<Table> all(std::string_view name) const {
    std::vector<Table> tables;
    for (const Document& document : documents_) {
      for (Table& table : document.root().tables(name)) tables.push_back(std::move(table));
    }
    return tables;
  }

  std::vector<Position> begins_of_tables() const {
    std::vector<Position> begins;
    for (const Document& document : documents_) {
      const Table root = document.root();
      for (const std::string_view name : top_level) {
        if (root.is_table(name)) {
          begins.push_back(root.position(name));
        } else {
          for (const Table& table : root.tables(name)) begins.push_back(table.position());
        }
      }
    }
    return begins;
  }

  std::optional<Table> single(std::string_view name) const {
    std::optional<Table> found;
    for (const Document& document : documents_) {
      const Table root = document.root();
      std::optional<Table> here = root.table(name);
      if (here && found) {
        const Position first = found->position();
        root.refuse(name, fmt::format("[{}] stands twice", name),
                    fmt::format("the other is at {}:{}:{}", first.file, first.line, first.column));
      } else if (here) {
        found = std::move(here);
      }
    }
    return found;
  }

  void read_daemon() {
    const std::optional<Table> daemon = single("daemon");
    const char* from_systemd = std::getenv("STATE_DIRECTORY");
    config_.state_dir = from_systemd != nullptr ? fs::path{from_systemd} : fs::path{"candor-state"};
    if (daemon) {
      config_.location = daemon->text("location").value_or(config_.location);
      if (const auto folder = daemon->text("state_dir")) config_.state_dir = *folder;
      note_place(Lasting::location, *daemon, "location");
      note_place(Lasting::state_dir, *daemon, "state_dir");
      note_place(Lasting::journal, *daemon, "state_dir");
    }
    std::string url = "sqlite:candor.db";
    if (const std::optional<Table> store = single("store")) {
      url = store->text("url").value_or(url);
      if (store->has("url")) note_place(Lasting::journal, *store, "url");
      note_place(Lasting::keep_signal_changes, *store, "keep_signal_changes");
      config_.keep_signal_changes =
          store->duration("keep_signal_changes", std::chrono::hours{1}).value_or(config_.keep_signal_changes);
      if (!url.starts_with("sqlite:") || url == "sqlite:") {
        store->refuse("url", fmt::format("store \"{}\" is not supported by this version", redact_url(url)),
                      "write \"sqlite:candor.db\"");
      }
    }
    config_.journal = config_.state_dir / url.substr(std::min(url.size(), std::string_view{"sqlite:"}.size()));
  }

  void note_place(Lasting setting, const Table& table, std::string_view key) {
    config_.places.insert_or_assign(setting, table.position(key));
  }

  static void read_address(const Table& table, std::string_view key, http::Address& address) {
    const std::optional<std::string> text = table.text(key);
    if (!text) return;
    if (Result<http::Address> parsed = http::Address::parse(*text)) {
      address = *std::move(parsed);
    } else {
      table.refuse(key, parsed.error().message);
    }
  }

  void read_listeners() {
    const std::optional<Table> listen = single("listen");
    if (!listen) return;
    read_address(*listen, "public", config_.public_address);
    read_address(*listen, "admin", config_.admin_address);
    note_place(Lasting::public_address, *listen, "public");
    note_place(Lasting::admin_address, *listen, "admin");
    if (config_.public_address.overlaps(config_.admin_address)) {
      listen->refuse(listen->has("public") ? "public" : "admin",
                     fmt::format("public {} and admin {} take the same connections", config_.public_address.text(),
                                 config_.admin_address.text()),
                     "give each a port of its own: whoever sees the page must not reach the API");
    }
    // Tokens that are written and wrong are reported as such, and once.
    const bool tokens_written = std::ranges::any_of(documents_, [](const Document& document) {
      const std::optional<Table> auth = document.root().table("auth");
      return auth && !auth->tables("tokens").empty();
    });
    if (!config_.admin_address.loopback() && !tokens_written) {
      listen->refuse(
          "admin",
          fmt::format("the admin listener {} is not loopback and [auth] has no tokens", config_.admin_address.text()),
          "add tokens to [auth], or listen on 127.0.0.1");
    }
  }

  void read_components() {
    UniqueNames names{"component", "id"};
    for (const Table& table : all("component")) {
      incident::Component component = incident::read_component(table);
      names.take(table, component.id);
      config_.policy.components.push_back(std::move(component));
    }
    const std::set<std::string> known = component_ids();
    for (const Table& table : all("component")) {
      for (const std::string& other : table.texts("depends_on").value_or(std::vector<std::string>{})) {
        check_known(table, "depends_on", "component", other, known);
      }
    }
  }

  void read_holdings() {
    incident::Policy& policy = config_.policy;
    UniqueNames names{"holding"};
    for (const Table& table : all("holding")) {
      auto [name, text] = incident::read_holding(table);
      names.take(table, name);
      policy.holdings.emplace(std::move(name), std::move(text));
    }
    policy.holdings.try_emplace("default", incident::default_holding());
  }

  void read_contacts() {
    UniqueNames names{"contact"};
    for (const Table& table : all("contact")) {
      oncall::Contact contact = oncall::read_contact(table);
      std::size_t number = 0;
      for (const Table& method : table.tables("method")) {
        if (deliver::ChannelConfig channel = deliver::read_channel(method); channel.make) {
          config_.channels[fmt::format("contact:{}/{}", contact.name, ++number)] = std::move(channel);
        }
      }
      check_timezone(table, contact.timezone);
      names.take(table, contact.name);
      const std::string name = contact.name;
      config_.policy.oncall.contacts.emplace(name, std::move(contact));
    }
  }

  static void check_timezone(const Table& table, const std::string& zone) {
    const fs::path known = "/usr/share/zoneinfo";
    std::error_code error;
    if (zone.empty() || !fs::is_directory(known, error) || fs::is_regular_file(known / zone, error)) return;
    table.refuse("timezone", fmt::format("there is no time zone \"{}\"", zone), "such as \"Europe/Berlin\" or \"UTC\"");
  }

  void read_escalations() {
    oncall::Directory& oncall = config_.policy.oncall;
    UniqueNames names{"escalation"};
    for (const Table& table : all("escalation")) {
      oncall::Escalation escalation = oncall::read_escalation(table, oncall.contacts);
      names.take(table, escalation.name);
      const std::string name = escalation.name;
      oncall.escalations.emplace(name, std::move(escalation));
    }
  }

  /// Probes of what has nothing to do with what is watched.
  void read_self_check() {
    const std::optional<Table> table = single("self_check");
    if (!table) return;
    const std::optional<std::vector<std::string>> names = table->texts("probes");
    if (!table->has("probes") || (names && names->empty())) {
      table->refuse("probes", "probes names no probe", "such as [\"dns-elsewhere\", \"search-engine\"]");
    }
    for (const std::string& name : names.value_or(std::vector<std::string>{})) {
      const auto probe = std::ranges::find(config_.probes, name, &probes::ProbeConfig::name);
      if (probe == config_.probes.end()) {
        check_known(*table, "probes", "probe", name, probe_names());
        continue;
      }
      if (probe->self_check) table->refuse("probes", fmt::format("probes names {} twice", name), "once is enough");
      if (probe->kind == "heartbeat") {
        table->refuse("probes", fmt::format("{} is a heartbeat: it waits to be told, and cannot be asked", name),
                      "name probes that ask something outside, such as a name server elsewhere");
      }
      probe->self_check = true;
    }
  }

  void read_probes() {
    UniqueNames names{"probe"};
    const std::set<std::string> components = component_ids();
    for (const Table& table : all("probe")) {
      probes::ProbeConfig probe = probes::read_probe(table);
      names.take(table, probe.name);
      if (!probe.component.empty()) check_known(table, "component", "component", probe.component, components);
      config_.probes.push_back(std::move(probe));
    }
  }

  void read_sources() {
    if (const std::optional<Table> alerts = single("alerts")) {
      config_.resolve_timeout = alerts->duration("resolve_timeout", std::chrono::seconds{1}, std::chrono::hours{24})
                                    .value_or(config_.resolve_timeout);
    }
    UniqueNames names{"source"};
    const auto take = [&](const Table& table, alerts::SourceConfig source) {
      names.take(table, source.name);
      config_.sources.push_back(std::move(source));
    };
    for (const Table& table : all("prometheus")) take(table, alerts::read_prometheus(table));
    for (const Table& table : all("alertmanager")) take(table, alerts::read_alertmanager(table));
  }

  void read_rules() {
    incident::Policy& policy = config_.policy;
    for (const Table& table : all("rule")) {
      rules::Rule rule = rules::read_rule(table);
      incident::Response response = incident::read_response(table, policy);
      policy.responses.emplace(rule.name, std::move(response));
      policy.rules.push_back(std::move(rule));
    }
    rules::check_rules(policy.rules, problems_);
  }

  void take_names_on_trust() {
    incident::Policy& policy = config_.policy;
    const bool no_components = policy.components.empty();
    const bool no_escalations = policy.oncall.escalations.empty();
    const bool no_holdings = policy.holdings.size() == 1;
    for (const Table& table : all("rule")) {
      if (const auto name = table.text("component"); name && no_components) {
        policy.components.push_back({.id = *name, .name = *name});
      }
      if (const auto name = table.text("page"); name && no_escalations) policy.oncall.escalations[*name].name = *name;
      if (const auto name = table.text("holding"); name && no_holdings) {
        policy.holdings.try_emplace(*name, incident::default_holding());
      }
    }
  }

  void refuse_unbuilt() {
    for (const std::string_view name : unbuilt_tables) {
      for (const Document& document : documents_) {
        refuse_if_present(document.root(), name, fmt::format("[[{}]] is not supported by this version", name),
                          "take it out");
      }
    }
  }

  void refuse_includes_of_the_included() {
    const std::string first = documents_.front().root().position().file;
    for (const Document& included : std::span{documents_}.subspan(1)) {
      refuse_if_present(included.root(), "include", "a file that is included includes no others",
                        fmt::format("name the folder in include of {}", first));
    }
  }

  [[nodiscard]] std::set<std::string> component_ids() const {
    std::set<std::string> ids;
    for (const incident::Component& component : config_.policy.components) ids.insert(component.id);
    return ids;
  }

  [[nodiscard]] std::set<std::string> probe_names() const {
    std::set<std::string> names;
    for (const probes::ProbeConfig& probe : config_.probes) names.insert(probe.name);
    return names;
  }

  void check_known(const Table& table, std::string_view key, std::string_view noun, const std::string& name,
                   const std::set<std::string>& known) const {
    if (known.contains(name)) return;
    const std::optional<std::string> near = nearest(name, {known.begin(), known.end()});
    table.refuse(key, fmt::format("there is no {} \"{}\"", noun, name),
                 near ? fmt::format("did you mean \"{}\"?", *near) : fmt::format("add a [[{}]]", noun));
  }

  /// Time for each probe to run as often as its health needs to worsen, and each source to be asked three times.
  [[nodiscard]] Duration restart_grace() const {
    Duration grace = std::chrono::seconds{30};
    for (const probes::ProbeConfig& probe : config_.probes) {
      grace = std::max(grace, probe.fall * (probe.every + probe.timeout));
    }
    for (const alerts::SourceConfig& source : config_.sources) grace = std::max(grace, 3 * source.every);
    return std::min<Duration>(grace, std::chrono::minutes{10});
  }

  Problems& problems_;
  std::vector<Document> documents_;
  Config config_;
};

}  // namespace

std::optional<Config> load(const fs::path& file, Problems& problems, Readable what) {
  Loader loader{problems};
  loader.load_file(file, what);
  if (!problems.empty()) return std::nullopt;
  loader.load_includes(file);
  // What a file that cannot be read would define is missing everywhere else.
  if (!problems.empty()) return std::nullopt;
  Config config = loader.read();
  config.file = file;
  if (!problems.empty()) return std::nullopt;
  return config;
}

std::optional<Config> load_for_probe(const fs::path& file, std::string_view name, Problems& problems) {
  Loader loader{problems};
  loader.load_file(file, Readable::any);
  if (problems.empty()) loader.load_includes(file);
  if (!problems.empty()) return std::nullopt;
  Config config = loader.read();
  config.file = file;
  const std::vector<Problem> found = problems.list();
  const bool its_own =
      std::ranges::any_of(found, [&](const Problem& problem) { return loader.is_in_probe(problem.at, name); });
  return its_own ? std::nullopt : std::optional{std::move(config)};
}

std::optional<incident::Policy> load_rules(const std::vector<fs::path>& files, Problems& problems) {
  Loader loader{problems};
  for (const fs::path& file : files) loader.load_file(file, Readable::any);
  if (!problems.empty()) return std::nullopt;
  incident::Policy policy = loader.read_rules_alone();
  if (!problems.empty()) return std::nullopt;
  return policy;
}

std::map<std::string, std::set<std::string>> known_keys() {
  Problems nobody_minds;
  Loader loader{nobody_minds};
  std::string text{every_table};
  for (const probes::Kind& kind : probes::kinds()) {
    text += fmt::format("[[probe]]\nname = \"{0}\"\n[probe.{0}]\n{1}\n", kind.name, kind.sample);
  }
  loader.load_text(text);
  (void)loader.read();
  std::map<std::string, std::set<std::string>> known;
  for (auto& [path, keys] : loader.known_keys()) {
    const bool condition = path.starts_with("rule.when") || path.starts_with("rule.unless");
    known[condition ? "condition" : path].merge(std::set{keys});
  }
  known[""].insert("include");
  return known;
}

}  // namespace candor::config
