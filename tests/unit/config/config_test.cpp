#include "daemon/config/config.h"

#include <array>
#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/config/reload.h"
#include "tests/unit/config/loading.h"
#include "tests/unit/folder.h"

namespace candor::config {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> ids_of(const std::vector<incident::Component>& components) {
  std::vector<std::string> ids;
  for (const incident::Component& component : components) ids.push_back(component.id);
  return ids;
}

const std::string contact_ana = R"(
[[contact]]
name = "ana"
[[contact.method]]
kind = "webhook"
url = "http://127.0.0.1:1/"
)";

TEST(Config, is_complete_without_a_line_in_it) {
  const Folder folder;
  const Loaded it = load_file(folder.write("candor.toml", ""));
  ASSERT_THAT(it.problems, IsEmpty());
  EXPECT_EQ(it.config->public_address.text(), "127.0.0.1:8080");
  EXPECT_EQ(it.config->admin_address.text(), "127.0.0.1:9180");
  EXPECT_THAT(it.config->policy.holdings, ElementsAre(Key("default")));
  EXPECT_EQ(it.config->file, folder.path() / "candor.toml");
}

TEST(Config, reads_the_files_of_included_folders_in_name_order_after_its_own) {
  const Folder folder;
  folder.write("conf.d/b.toml", "[[component]]\nid = \"b\"\n");
  folder.write("conf.d/a.toml", "[[component]]\nid = \"a\"\n");
  folder.write("conf.d/c.toml.old", "not TOML");
  folder.write("more/a.toml", "[[component]]\nid = \"more\"\n");
  const Loaded it = load_file(folder.write("candor.toml", R"(
include = ["more", "conf.d"]
[[component]]
id = "main"
)"));
  ASSERT_THAT(it.problems, IsEmpty());
  EXPECT_THAT(ids_of(it.config->policy.components), ElementsAre("main", "more", "a", "b"));
}

TEST(Config, refuses_to_include_a_folder_that_is_not_there) {
  const Folder folder;
  const Loaded it = load_file(folder.write("candor.toml", "include = [\"conf.d\"]\n"));
  EXPECT_THAT(it.problems, ElementsAre(HasSubstr("candor.toml:1:11: cannot read the folder ")));
}

TEST(Config, takes_nothing_to_be_missing_that_a_file_with_a_mistake_in_its_syntax_may_define) {
  const Folder folder;
  folder.write("conf.d/a.toml", "[[component]]\nid = \"shop\"\nname = \"Shop\n");
  folder.write("conf.d/b.toml", "[[contact]\n");
  const Loaded it = load_file(folder.write("candor.toml", R"(include = ["conf.d"]
[[rule]]
name = "down"
component = "shop"
when = { probe = 'component="shop"' }
)"));
  EXPECT_THAT(it.problems, ElementsAre(StartsWith("a.toml:3:"), StartsWith("b.toml:1:")));
}

TEST(Config, waits_for_no_pipe_in_an_included_folder) {
  const Folder folder;
  const std::filesystem::path file = folder.write("candor.toml", "include = [\"conf.d\"]\n");
  folder.write("elsewhere", "[[component]]\nid = \"shop\"\n");
  std::filesystem::create_directory(folder.path() / "conf.d");
  std::filesystem::create_symlink(folder.path() / "elsewhere", folder.path() / "conf.d/link.toml");
  EXPECT_THAT(load_file(file).problems, IsEmpty()) << "a link to a file is one";
  ASSERT_EQ(::mkfifo((folder.path() / "conf.d/pipe.toml").c_str(), 0600), 0);
  EXPECT_THAT(load_file(file).problems,
              ElementsAre("pipe.toml:1:1: cannot read this file: is not a regular file (check its path, and that it is "
                          "a file that candord may read)"));
}

TEST(Config, waits_for_no_pipe_at_a_reload) {
  const Folder folder;
  const Loaded running = load_file(folder.write("candor.toml", ""));
  std::filesystem::remove(folder.path() / "candor.toml");
  ASSERT_EQ(::mkfifo((folder.path() / "candor.toml").c_str(), 0600), 0);
  Problems problems;
  EXPECT_FALSE(load_next(*running.config, {"127.0.0.1", 9180}, problems));
  EXPECT_THAT(texts_of(problems),
              ElementsAre(StartsWith("candor.toml:1:1: cannot read this file: is not a regular file (")));
}

TEST(Config, is_read_from_what_a_shell_makes_at_a_start) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string text = "[[component]]\nid = \"shop\"\n";
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const Loaded it = load_file("/dev/fd/" + std::to_string(ends[0]));
  ::close(ends[0]);
  ASSERT_THAT(it.problems, IsEmpty());
  EXPECT_THAT(ids_of(it.config->policy.components), ElementsAre("shop"));
}

TEST(Config, includes_from_the_first_file_only) {
  const Folder folder;
  folder.write("conf.d/a.toml", "include = [\"more\"]\n");
  const Loaded it = load_file(folder.write("candor.toml", "include = [\"conf.d\"]\n"));
  EXPECT_THAT(it.problems,
              ElementsAre(AllOf(HasSubstr("a.toml:1:11: a file that is included includes no others (name the "),
                                HasSubstr("candor.toml)"))));
}

TEST(Config, leaves_hidden_files_in_a_folder_alone) {
  const Folder folder;
  folder.write("conf.d/a.toml", "[[component]]\nid = \"shop\"\n");
  const auto copy = folder.write("conf.d/.a.toml", "[[component]]\nid = \"shop\"\n");
  std::filesystem::create_symlink("ana@desk.4711:1795000000", copy.parent_path() / ".#a.toml");
  const Loaded it = load_file(folder.write("candor.toml", "include = [\"conf.d\"]\n"));
  EXPECT_THAT(it.problems, IsEmpty());
  ASSERT_TRUE(it.config);
  EXPECT_THAT(ids_of(it.config->policy.components), ElementsAre("shop"));
}

TEST(Config, refuses_a_table_that_stands_once_in_each_of_two_files) {
  const Folder folder;
  folder.write("conf.d/a.toml", "\n[page]\nname = \"Other\"\n");
  const Loaded it = load_file(folder.write("candor.toml", "include = [\"conf.d\"]\n[page]\nname = \"Acme\"\n"));
  EXPECT_THAT(it.problems, Contains(AllOf(StartsWith("a.toml:2:1: [page] stands twice (the other is at "),
                                          HasSubstr("candor.toml:2:1)"))));
}

TEST(Config, refuses_a_name_that_stands_once_in_each_of_two_files) {
  const Folder folder;
  const std::string both = contact_ana + R"(
[[component]]
id = "shop"
[[holding]]
name = "calm"
[[escalation]]
name = "first"
steps = [{ notify = ["contact:ana"], wait = "1m" }]
[[probe]]
name = "shop-http"
http.url = "http://127.0.0.1:1/"
[[prometheus]]
name = "main"
url = "http://127.0.0.1:1"
[[rule]]
name = "down"
when = { probe = 'component="shop"' }
)";
  folder.write("conf.d/a.toml", both);
  const Loaded it = load_file(folder.write("candor.toml", "include = [\"conf.d\"]\n" + both));
  EXPECT_THAT(it.problems, ElementsAre(AllOf(HasSubstr("a.toml:3:8: contact \"ana\" stands twice (the other is at "),
                                             HasSubstr("candor.toml:4:8)")),
                                       HasSubstr("a.toml:9:6: component \"shop\" stands twice"),
                                       HasSubstr("a.toml:11:8: holding \"calm\" stands twice"),
                                       HasSubstr("a.toml:13:8: escalation \"first\" stands twice"),
                                       HasSubstr("a.toml:16:8: probe \"shop-http\" stands twice"),
                                       HasSubstr("a.toml:19:8: source \"prometheus:main\" stands twice"),
                                       HasSubstr("a.toml:22:8: ")));
}

TEST(Config, joins_what_stands_in_different_files) {
  const Folder folder;
  folder.write("conf.d/rules.toml", R"(
[[rule]]
name = "shop-down"
component = "shop"
when = { any = [{ probe = 'component="shop"' }, { rule = "database-down" }] }
holding = "calm"
page = "first"
)");
  folder.write("conf.d/shop.toml", R"(
[[rule]]
name = "database-down"
when = { alert = 'alertname="Database"' }
[[component]]
id = "shop"
[[holding]]
name = "calm"
[[escalation]]
name = "first"
steps = [{ notify = ["contact:ana"], wait = "1m" }]
)" + contact_ana);
  const Loaded it = load_file(folder.write("candor.toml", "include = [\"conf.d\"]\n"));
  ASSERT_THAT(it.problems, IsEmpty());
  EXPECT_EQ(it.config->policy.responses.at("shop-down").escalation, "first");
  EXPECT_THAT(it.config->channels, ElementsAre(Key("contact:ana/1")));
}

TEST(Config, names_the_nearest_where_a_reference_leads_nowhere) {
  const Folder folder;
  const Loaded it = load_file(folder.write("candor.toml", contact_ana + R"([[component]]
id = "checkout"
depends_on = ["chekout"]
[[probe]]
name = "shop-http"
component = "checkuot"
http.url = "http://127.0.0.1:1/"
[[holding]]
name = "calm"
[[escalation]]
name = "first"
steps = [{ notify = ["contact:anna"], wait = "1m" }]
[[rule]]
name = "down"
component = "check-out"
holding = "clam"
page = "frist"
when = { rule = "dwon" }
)"));
  EXPECT_THAT(it.problems, ElementsAre(HasSubstr("there is no component \"chekout\" (did you mean \"checkout\"?)"),
                                       HasSubstr("there is no component \"checkuot\" (did you mean \"checkout\"?)"),
                                       HasSubstr("there is no contact \"anna\" (did you mean \"contact:ana\"?)"),
                                       HasSubstr("there is no component \"check-out\" (did you mean \"checkout\"?)"),
                                       HasSubstr("there is no holding \"clam\" (did you mean \"calm\"?)"),
                                       HasSubstr("there is no escalation \"frist\" (did you mean \"first\"?)"),
                                       HasSubstr("\"dwon\"")));
}

TEST(Config, takes_each_probe_for_a_self_check_once) {
  const Folder folder;
  const std::string probe = "[[probe]]\nname = \"far\"\n[probe.tcp]\naddress = \"a.example:53\"\n";
  const auto problems = [&](const std::string& names) {
    return load_file(folder.write("candor.toml", probe + "[self_check]\nprobes = [" + names + "]\n")).problems;
  };
  EXPECT_THAT(problems("\"far\""), IsEmpty());
  EXPECT_THAT(problems("\"far\", \"far\""), ElementsAre("candor.toml:6:10: probes names far twice (once is enough)"));
  EXPECT_THAT(problems(""), ElementsAre(HasSubstr("probes names no probe")));
}

TEST(Config, runs_one_probe_whatever_is_wrong_elsewhere) {
  const Folder folder;
  const auto file = folder.write("candor.toml", R"(
[[probe]]
name = "good"
[probe.http]
url = "http://127.0.0.1/"
[[probe]]
name = "secret"
[probe.http]
url = "http://127.0.0.1/"
bearer = { env = "CANDOR_TEST_THAT_NOBODY_SETS" }
[auth]
tokens = [{ name = "a", scope = "read", secret = { env = "CANDOR_TEST_THAT_NOBODY_SETS" } }]
[[probe]]
name = "typo"
evry = "1s"
[probe.http]
url = "http://127.0.0.1/"
)");
  const auto problems = [&](const std::string& name) {
    Problems found;
    const std::optional<Config> config = load_for_probe(file, name, found);
    EXPECT_EQ(found.list().size(), 3U);
    if (!config) return std::string{"refused"};
    const auto probe = std::ranges::find(config->probes, name, &probes::ProbeConfig::name);
    return std::string{probe != config->probes.end() && probe->make ? "runs" : "is not there"};
  };
  EXPECT_EQ(problems("good"), "runs");
  EXPECT_EQ(problems("secret"), "refused");
  EXPECT_EQ(problems("typo"), "refused");
  EXPECT_EQ(problems("none"), "is not there");
}

TEST(Config, takes_no_heartbeat_for_a_self_check) {
  const Folder folder;
  const auto file = folder.write("candor.toml",
                                 "[[probe]]\nname = \"backup\"\n[probe.heartbeat]\nlate_after = \"1d\"\n"
                                 "[self_check]\nprobes = [\"backup\"]\n");
  EXPECT_THAT(load_file(file).problems,
              ElementsAre(HasSubstr("candor.toml:6:10: backup is a heartbeat: it waits to be told")));
}

TEST(Config, says_which_tables_this_version_does_without) {
  const Folder folder;
  const Loaded it =
      load_file(folder.write("candor.toml", "[[status_page]]\nname = \"acme\"\n[[schedule]]\n[[suport]]\n"));
  EXPECT_THAT(it.problems,
              ElementsAre("candor.toml:1:1: [[status_page]] is not supported by this version (take it out)",
                          "candor.toml:3:1: [[schedule]] is not supported by this version (take it out)",
                          AllOf(HasSubstr("unknown key \"suport\" (known here: alertmanager, alerts, auth, "),
                                Not(HasSubstr("schedule")))));
  EXPECT_THAT(load_file(folder.write("foo.toml", "[foo]\n")).problems,
              ElementsAre(AllOf(HasSubstr("unknown key \"foo\""), Not(HasSubstr("slo")))));
  EXPECT_THAT(
      load_file(folder.write("rule.toml", "[[rule]]\nname = \"r\"\ngroup_by = \"a\"\ngroup = \"a\"\n")).problems,
      AllOf(Contains(HasSubstr("group_by is not supported")),
            Contains(AllOf(HasSubstr("unknown key \"group\""), Not(HasSubstr("group_by"))))));
}

TEST(Config, keeps_the_admin_listener_on_loopback_unless_there_are_tokens) {
  const Folder folder;
  const std::string open = "[listen]\nadmin = \"0.0.0.0:9180\"\n";
  EXPECT_THAT(load_file(folder.write("open.toml", open)).problems,
              ElementsAre(HasSubstr("the admin listener 0.0.0.0:9180 is not loopback and [auth] has no tokens")));
  EXPECT_THAT(load_file(folder.write("none.toml", open + "[auth]\ntokens = []\n")).problems,
              ElementsAre(HasSubstr("none.toml:2:9: the admin listener 0.0.0.0:9180 is not loopback")));
  const std::string token = "[[auth.tokens]]\nname = \"ana\"\nscope = \"read\"\nsecret = \"0123456789abcdef\"\n";
  EXPECT_THAT(load_file(folder.write("guarded.toml", open + token)).problems, IsEmpty());
}

TEST(Config, does_not_hide_wrong_tokens_behind_their_absence) {
  const Folder folder;
  const std::string token = "[[auth.tokens]]\nname = \"ana\"\nscope = \"read\"\nsecret = \"short\"\n";
  EXPECT_THAT(load_file(folder.write("short.toml", "[listen]\nadmin = \"0.0.0.0:9180\"\n" + token)).problems,
              ElementsAre(HasSubstr("short.toml:6:10: ")));
}

TEST(Config, keeps_the_two_listeners_apart) {
  const Folder folder;
  const Loaded it = load_file(folder.write("candor.toml", "[listen]\npublic = \"127.0.0.1:9180\"\n"));
  EXPECT_THAT(
      it.problems,
      ElementsAre(AllOf(HasSubstr("2:10: public 127.0.0.1:9180 and admin 127.0.0.1:9180 take the same connections"),
                        HasSubstr("give each a port of its own"))));
}

TEST(Config, keeps_listeners_apart_of_which_one_takes_in_the_other) {
  const Folder folder;
  const auto problems = [&folder](const std::string& both) {
    return load_file(folder.write("candor.toml", "[listen]\n" + both)).problems;
  };
  EXPECT_THAT(problems("public = \"0.0.0.0:9180\"\n"),
              ElementsAre(HasSubstr("2:10: public 0.0.0.0:9180 and admin 127.0.0.1:9180 take the same connections")));
  EXPECT_THAT(problems("public = \"[::]:9180\"\n"), ElementsAre(HasSubstr("take the same connections")));
  EXPECT_THAT(problems("public = \"0.0.0.0:9181\"\n"), IsEmpty());
}

TEST(Config, knows_the_time_zones_of_this_machine) {
  const Folder folder;
  const auto problems = [&folder](const std::string& zone) {
    std::string text = contact_ana;
    text.insert(text.find("[[contact.method]]"), "timezone = \"" + zone + "\"\n");
    return load_file(folder.write("candor.toml", text)).problems;
  };
  EXPECT_THAT(problems("Europe/Berlin"), IsEmpty());
  EXPECT_THAT(problems("UTC"), IsEmpty());
  EXPECT_THAT(problems("Europe/Berlni"), ElementsAre(HasSubstr("4:12: there is no time zone \"Europe/Berlni\"")));
  EXPECT_THAT(problems("../../etc/passwd"), ElementsAre(HasSubstr("is not the name of a time zone")));
}

TEST(Config, keeps_its_state_where_it_is_told_to_before_where_systemd_says) {
  const Folder folder;
  setenv("STATE_DIRECTORY", "/var/lib/candor", 1);
  const Loaded by_systemd = load_file(folder.write("systemd.toml", ""));
  const Loaded told = load_file(folder.write("told.toml", "daemon.state_dir = \"/srv/candor\"\n"));
  const Loaded elsewhere = load_file(folder.write("elsewhere.toml", "store.url = \"sqlite:/journal/candor.db\"\n"));
  unsetenv("STATE_DIRECTORY");
  EXPECT_EQ(load_file(folder.write("here.toml", "")).config->state_dir, "candor-state");
  EXPECT_EQ(by_systemd.config->journal, "/var/lib/candor/candor.db");
  EXPECT_EQ(told.config->journal, "/srv/candor/candor.db");
  EXPECT_EQ(elsewhere.config->state_dir, "/var/lib/candor");
  EXPECT_EQ(elsewhere.config->journal, "/journal/candor.db");
}

TEST(Config, refuses_another_store_without_repeating_its_password) {
  const Folder folder;
  const Loaded it = load_file(folder.write("candor.toml", "store.url = \"postgresql://ana:hunter2@db/candor\"\n"));
  ASSERT_EQ(it.problems.size(), 1U);
  EXPECT_THAT(it.problems.front(), HasSubstr("is not supported by this version (write \"sqlite:candor.db\")"));
  EXPECT_THAT(it.problems.front(), Not(HasSubstr("hunter2")));
}

TEST(Config, waits_after_a_start_until_every_probe_and_source_could_speak) {
  const Folder folder;
  const auto grace = [&folder](const std::string& text) {
    return load_file(folder.write("candor.toml", text)).config->policy.restart_grace;
  };
  const std::string probe = "[[probe]]\nname = \"p\"\nhttp.url = \"http://127.0.0.1:1/\"\n";
  const std::string source = "[[prometheus]]\nname = \"p\"\nurl = \"http://127.0.0.1:1\"\n";
  EXPECT_EQ(grace(""), 30s);
  EXPECT_EQ(grace(probe + "every = \"1m\"\ntimeout = \"10s\"\n"), 70s);
  EXPECT_EQ(grace(probe + "every = \"1m\"\ntimeout = \"10s\"\nfall = 3\n"), 210s) << "it is sure after three runs";
  EXPECT_EQ(grace(source + "every = \"1m\"\n"), 3min);
  EXPECT_EQ(grace(probe + "every = \"1h\"\n"), 10min);
}

TEST(Config, keeps_a_reload_from_leaving_the_key_of_links_behind) {
  const Folder folder;
  const std::string journal = "[store]\nurl = \"sqlite:/journal/candor.db\"\n";
  const Loaded before = load_file(folder.write("before.toml", journal));
  const Loaded after = load_file(folder.write("after.toml", journal + "[daemon]\nstate_dir = \"elsewhere\"\n"));
  Problems problems;
  refuse_restart(*before.config, *after.config, problems);
  EXPECT_THAT(texts_of(problems), ElementsAre(HasSubstr("after.toml:4:13: [daemon] state_dir cannot change")));
}

TEST(Config, tells_what_a_reload_cannot_change) {
  const Folder folder;
  const auto change = [&folder](const std::string& text) {
    const Loaded before = load_file(folder.write("before.toml", ""));
    const Loaded after = load_file(folder.write("after.toml", text));
    Problems problems;
    refuse_restart(*before.config, *after.config, problems);
    return texts_of(problems);
  };
  EXPECT_THAT(change("[page]\nname = \"Acme\"\n" + contact_ana), IsEmpty());
  EXPECT_THAT(
      change("[daemon]\nlocation = \"fra1\"\n"),
      ElementsAre("after.toml:2:12: [daemon] location cannot change while candord runs (restart it, or take the "
                  "change back)"));
  EXPECT_THAT(change("[store]\nkeep_signal_changes = \"30d\"\n[listen]\npublic = \"127.0.0.1:1\"\n"),
              ElementsAre(HasSubstr("after.toml:2:23: [store] keep_signal_changes cannot change"),
                          HasSubstr("after.toml:4:10: [listen] public cannot change")));
  EXPECT_THAT(change("[daemon]\nstate_dir = \"elsewhere\"\n"),
              ElementsAre(HasSubstr("after.toml:2:13: [daemon] state_dir cannot change")));
  EXPECT_THAT(change("[store]\nurl = \"sqlite:other.db\"\n"), ElementsAre(HasSubstr("after.toml:2:7: the journal's")));
  EXPECT_THAT(change("[listen]\nadmin = \"127.0.0.1:1\"\n"), ElementsAre(HasSubstr("after.toml:2:9: [listen] admin")));
}

TEST(Config, tells_all_that_a_reload_is_refused_for_with_its_place) {
  const Folder folder;
  const Loaded running = load_file(folder.write("candor.toml", ""));
  const auto next = [&](const std::string& text, const http::Address& admin_at = {"127.0.0.1", 9180}) {
    folder.write("candor.toml", text);
    Problems problems;
    const bool loaded = load_next(*running.config, admin_at, problems).has_value();
    EXPECT_EQ(loaded, problems.empty());
    return texts_of(problems);
  };
  EXPECT_THAT(next("[page]\nname = \"Acme\"\n"), IsEmpty());
  EXPECT_THAT(next("[page]\nnam = \"Acme\"\n[daemon]\nlocaton = \"x\"\n"),
              ElementsAre("candor.toml:2:1: unknown key \"nam\" (did you mean \"name\"?)",
                          "candor.toml:4:1: unknown key \"locaton\" (did you mean \"location\"?)"));
  EXPECT_THAT(
      next("[daemon]\nlocation = \"x\"\n[listen]\npublic = \"127.0.0.1:1\"\n"),
      ElementsAre(StartsWith("candor.toml:2:12: [daemon] location"), StartsWith("candor.toml:4:10: [listen] public")));
  EXPECT_THAT(next("", {"0.0.0.0", 9180}),
              ElementsAre("candor.toml:1:1: the admin listener is at 0.0.0.0:9180 and [auth] has no tokens (add tokens "
                          "to [auth], or let it listen on 127.0.0.1)"));
}

TEST(Rules, stand_alone_on_trust) {
  const Folder folder;
  const std::string rule = R"([[rule]]
name = "down"
component = "shop"
holding = "calm"
page = "first"
when = { probe = 'component="shop"' }
)";
  Problems problems;
  const std::optional<incident::Policy> policy = load_rules({folder.write("rules.toml", rule)}, problems);
  EXPECT_THAT(texts_of(problems), IsEmpty());
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->rules.size(), 1U);
}

TEST(Rules, are_checked_without_the_secrets_of_their_configuration) {
  const Folder folder;
  const std::string whole = R"(
[auth]
tokens = [{ name = "ana", scope = "read", secret = { file = "nowhere.token" } }]
[[contact]]
name = "ana"
[[contact.method]]
kind = "webhook"
url = { env = "NOT_SET_HERE" }
[[escalation]]
name = "first"
steps = [{ notify = ["contact:ana"], wait = "5m" }]
[[rule]]
name = "down"
page = "first"
when = { probe = 'component="shop"' }
)";
  Problems problems;
  EXPECT_TRUE(load_rules({folder.write("candor.toml", whole)}, problems));
  EXPECT_THAT(texts_of(problems), IsEmpty());

  EXPECT_FALSE(load_rules({folder.write("candor.toml", whole + "holdin = \"x\"\n[[rul]]\n")}, problems));
  EXPECT_THAT(texts_of(problems), ElementsAre(HasSubstr("unknown key \"holdin\" (did you mean \"holding\"?)"),
                                              HasSubstr("unknown key \"rul\" (did you mean \"rule\"?)")));
}

TEST(Rules, are_held_to_what_is_defined_beside_them) {
  const Folder folder;
  const auto rules = folder.write("rules.toml", R"([[rule]]
name = "down"
component = "shpo"
when = { rule = "database-down" }
)");
  const auto rest = folder.write("rest.toml", "[[component]]\nid = \"shop\"\n");
  Problems problems;
  EXPECT_FALSE(load_rules({rules, rest}, problems));
  EXPECT_THAT(texts_of(problems), ElementsAre(HasSubstr("there is no component \"shpo\" (did you mean \"shop\"?)"),
                                              HasSubstr("names rule \"database-down\", which does not exist")));
}

}  // namespace
}  // namespace candor::config
