#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/console.h"
#include "base/memory.h"
#include "base/net/names.h"
#include "base/utf8.h"
#include "daemon/ctl/backup.h"
#include "daemon/ctl/checks.h"
#include "daemon/ctl/import.h"
#include "daemon/ctl/incidents.h"
#include "daemon/ctl/probe_run.h"
#include "daemon/ctl/probes.h"

namespace {

using namespace candor::ctl;

/// The type of an option's value, as --help shows it.
constexpr const char* a_file = "FILE";

/// The commands, each with the action that carries it out.
class Commands {
 public:
  Commands() {
    root_.set_version_flag("--version", "candorctl " CANDOR_VERSION);
    root_.require_subcommand(1);
    root_.fallthrough();
    root_.add_option("--url", session_.server.url, "the daemon's admin listener")
        ->envname("CANDOR_URL")
        ->check(check_server_url)
        ->capture_default_str();
    root_.add_flag("--json", session_.json, "print JSON");
    if (const char* token = std::getenv("CANDOR_TOKEN")) session_.server.token = candor::Secret{token};
    root_.footer(
        "CANDOR_URL says where the daemon is, CANDOR_TOKEN who you are.\n"
        "Exit status: 0 done, 1 refused (of probe run: 1 degraded, 2 failing, 3 unknown), 64 wrong usage, 69 no "
        "daemon, 74 no output, 76 an answer that is too large, 77 not allowed, 78 mistakes in a configuration.");
    add_status();
    add_incident();
    add_ack();
    add_probe();
    add_checks();
    add_backup();
    add_import();
    refuse_impossible_values(root_);
  }

  int run(int argc, char** argv) {
    try {
      root_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const bool incomplete = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
      if (incomplete && tell_unknown_command()) return static_cast<int>(Exit::usage);
      return root_.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
    }
    if (session_.server.url.ends_with('/')) session_.server.url.pop_back();
    return static_cast<int>(action_());
  }

 private:
  static bool every(const CLI::App*) { return true; }

  /// No value may be empty, as a shell makes one of a variable that is not set. Words are UTF-8 that somebody sees; the
  /// name of a file may be anything.
  static void refuse_impossible_values(CLI::App& command) {
    for (CLI::Option* option : command.get_options()) {
      if (option->get_items_expected_max() == 0) continue;
      if (option->get_type_name() == a_file) {
        option->check([](const std::string& text) { return text.empty() ? "it is empty" : ""; });
        continue;
      }
      option->check([](const std::string& text) {
        if (candor::find_invalid_utf8(text) != std::string::npos) return "it is not UTF-8";
        return candor::shows_nothing(text) ? "it is empty: nobody sees anything of it" : "";
      });
    }
    for (CLI::App* inner : command.get_subcommands(every)) refuse_impossible_values(*inner);
  }

  /// CLI11 says only that a command is missing where it met a word that is none.
  bool tell_unknown_command() const {
    std::vector<std::string> words = root_.remaining(true);
    std::erase_if(words, [](const std::string& word) { return word.starts_with('-'); });
    if (words.empty()) return false;
    const CLI::App* group = &root_;
    while (!group->get_subcommands().empty()) group = group->get_subcommands().front();
    std::vector<std::string> known;
    std::string meant;
    for (const CLI::App* command : group->get_subcommands(every)) {
      known.push_back(command->get_name());
      for (const CLI::App* inner : command->get_subcommands(every)) {
        if (meant.empty() && inner->get_name() == words.front())
          meant = fmt::format("; did you mean {} {}?", command->get_name(), inner->get_name());
      }
    }
    candor::say_error(fmt::format("candorctl: there is no command {}{}{}\nIt is one of {}. Run with --help for more.",
                                  group == &root_ ? "" : group->get_name() + " ", words.front(), meant,
                                  fmt::join(known, ", ")));
    return true;
  }

  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help, std::function<Exit()> action) {
    CLI::App* command = parent.add_subcommand(name, help);
    command->callback([this, action = std::move(action)] { action_ = action; });
    return command;
  }

  void add_status() {
    add(root_, "status", "how things are: components, open incidents, what is wrong with us",
        [this] { return status(session_); });
  }

  void add_id(CLI::App* command) { command->add_option("incident", id_, "the incident's id")->required(); }

  void add_words(CLI::App* command) {
    command->add_option("--title", words_.title, "one line");
    command->add_option("--impact", words_.impact, "none, minor, major or critical");
    command
        ->add_option("--component", words_.components, "ID=STATUS, such as checkout=partial_outage; repeat it for more")
        ->allow_extra_args(false);
  }

  void add_incident() {
    CLI::App* incident = root_.add_subcommand("incident", "read and lead incidents");
    incident->require_subcommand(1);
    incident->fallthrough();

    CLI::App* list =
        add(*incident, "list", "the latest incidents", [this] { return list_incidents(session_, open_, limit_); });
    list->add_flag("--open", open_, "only those that are open");
    const std::string unless_given = fmt::format("{} unless given, with --open {}", usual_incidents, most_incidents);
    list->add_option("--limit", limit_, "how many at the most: " + unless_given)
        ->check(CLI::Range(std::size_t{1}, most_incidents));

    add_id(add(*incident, "show", "one incident with everything that happened",
               [this] { return show_incident(session_, id_); }));

    CLI::App* open = add(*incident, "open", "open one by hand", [this] { return open_incident(session_, words_); });
    add_words(open);
    open->get_option("--title")->required();
    open->add_option("--body", words_.body, "the first public words; without them only responders see it");
    open->add_option("--page", words_.escalation, "the escalation to page");

    CLI::App* update =
        add(*incident, "update", "tell customers", [this] { return update_incident(session_, id_, words_); });
    add_id(update);
    add_words(update);
    update->add_option("--body", words_.body, "the words")->required();
    update->add_option("--status", words_.status, "investigating, identified or monitoring");

    CLI::App* resolve =
        add(*incident, "resolve", "end it", [this] { return resolve_incident(session_, id_, words_.body); });
    add_id(resolve);
    resolve->add_option("--body", words_.body, "the last public words");

    CLI::App* edit = add(*incident, "edit", "change the holding response before it is public",
                         [this] { return edit_holding(session_, id_, words_.title, words_.body); });
    add_id(edit);
    edit->add_option("--title", words_.title, "one line; as it is without it");
    edit->add_option("--body", words_.body, "the words")->required();

    CLI::App* veto = add(*incident, "veto", "keep the holding response from becoming public",
                         [this] { return veto_incident(session_, id_, reason_); });
    add_id(veto);
    veto->add_option("--reason", reason_, "why; it is recorded")->required();

    CLI::App* lead =
        add(*incident, "lead", "take it over, and its end with it", [this] { return take_lead(session_, id_, lead_); });
    add_id(lead);
    lead->add_option("--lead", lead_, "who; your token's name without it");
  }

  void add_ack() {
    CLI::App* command =
        add(root_, "ack", "answer a page: you are on it", [this] { return ack(session_, id_, contact_); });
    add_id(command);
    command->add_option("--contact", contact_, "in whose name; your token's without it");
  }

  void add_probe() {
    CLI::App* probe = root_.add_subcommand("probe", "what is probed, and how it does");
    probe->require_subcommand(1);
    probe->fallthrough();

    CLI::App* list = add(*probe, "list", "how they do now", [this] { return list_probes(session_, probes_); });
    list->add_option("--health", probes_.health, "only those that are ok, degraded, failing or unknown");
    list->add_option("--after", probes_.after, "only those whose names come after this one");
    list->add_option("--limit", probes_.limit, "how many at the most")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));

    CLI::App* show =
        add(*probe, "show", "how one does now, and how it did", [this] { return show_probe(session_, id_, history_); });
    show->add_option("name", id_, "the probe's name")->required();
    show->add_option("--resolution", history_.resolution,
                     "minute, hour or day: what a line stands for; hour without it");
    show->add_option("--from", history_.from, "since when, such as 2026-11-23T05:00:00Z");
    show->add_option("--to", history_.to, "until when; now without it");

    CLI::App* run = add(*probe, "run", "run one probe once, here and now, as a Nagios plugin does",
                        [this] { return run_probe(id_, file_, session_.json); });
    run->add_option("name", id_, "the probe's name")->required();
    run->add_option("--config", file_, "the configuration")->type_name(a_file)->capture_default_str();
  }

  void add_checks() {
    CLI::App* config = root_.add_subcommand("config", "the configuration");
    config->require_subcommand(1);
    config->fallthrough();
    add(*config, "check", "print every mistake", [this] { return check_config(file_, session_.json); })
        ->add_option("file", file_, "the configuration")
        ->type_name(a_file)
        ->capture_default_str();

    add(*config, "keys", "every key that a configuration may have", [this] { return list_keys(session_.json); });

    CLI::App* rules = root_.add_subcommand("rules", "detection rules");
    rules->require_subcommand(1);
    rules->fallthrough();
    add(*rules, "check", "print every mistake, or each rule as it was understood",
        [this] {
          return check_rules({files_.begin(), files_.end()}, session_.json);
        })
        ->add_option("files", files_, "files with [[rule]] tables")
        ->type_name(a_file)
        ->required();
  }

  void add_backup() {
    CLI::App* command = add(root_, "backup", "copy the journal, also while candord runs",
                            [this] { return back_up(journal_, copy_, session_.json); });
    command->add_option("file", copy_, "the copy, a new file")->type_name(a_file)->required();
    command->add_option("--journal", journal_, "the journal")
        ->type_name(a_file)
        ->envname("CANDOR_JOURNAL")
        ->capture_default_str();
  }

  void add_import() {
    CLI::App* import = root_.add_subcommand("import", "make a configuration of another tool's");
    import->require_subcommand(1);
    import->fallthrough();
    for (const ImportSource& source : import_sources()) {
      CLI::App* command = add(*import, std::string{source.name}, std::string{source.help},
                              [this, &source] { return import_configuration(source, file_, beside_, session_.json); });
      command->add_option("file", file_, "the other tool's configuration")->type_name(a_file)->required();
      if (source.beside_option.empty()) continue;
      command->add_option(std::string{source.beside_option}, beside_, std::string{source.beside_help})
          ->type_name(a_file);
    }
  }

  CLI::App root_{"candorctl: reads and leads what candord watches"};
  Session session_;
  std::function<Exit()> action_;
  std::string id_, contact_, reason_, lead_;
  std::string file_ = "/etc/candor/candor.toml";
  std::string journal_ = "/var/lib/candor/candor.db", copy_;
  std::string beside_;
  std::vector<std::string> files_;
  NewWords words_;
  ProbeChoice probes_;
  HistoryChoice history_;
  bool open_ = false;
  std::size_t limit_ = 0;  ///< 0: none was given
};

/// Whether what was printed is where it should be, which a full disk may tell only now.
bool all_is_written() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

int tell_no_output() {
  candor::say_error("candorctl: what it printed could not be written, or not all of it (is the disk full?)");
  return static_cast<int>(Exit::no_output);
}

}  // namespace

int main(int argc, char** argv) {
  candor::occupy_standard_descriptors();
  candor::keep_memory_private();  // before the token is read from the environment, which holds it too
  candor::net::ask_resolvers_briefly();
  try {
    const int exit = Commands{}.run(argc, argv);
    return all_is_written() ? exit : tell_no_output();
  } catch (const std::exception& error) {
    if (std::ferror(stdout) != 0) return tell_no_output();
    candor::say_error(fmt::format("candorctl failed: {}", error.what()));
    return 70;
  }
}
