#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/folder.h"
#include "tests/unit/probes/probing.h"

namespace candor::probes {
namespace {

using namespace test;
using namespace std::chrono_literals;
using rules::Health;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Read read(const std::string& exec, const std::string& common = "timeout = \"10s\"") {
  return read_kind("exec", exec, common);
}

/// Whether this process has a child, zombies included.
bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

bool is_alive(const std::string& pid) {
  std::ifstream stat{"/proc/" + pid + "/stat"};
  std::string line;
  if (!std::getline(stat, line)) return false;
  const char state = line.at(line.rfind(") ") + 2);
  return state != 'Z' && state != 'X';
}

class ExecProbeTest : public Probing {
 protected:
  ~ExecProbeTest() override { expect_no_zombies(); }

  /// A script's path.
  std::string write(const std::string& text, std::filesystem::perms mode = std::filesystem::perms::owner_all) {
    const std::filesystem::path path = folder / "check";
    std::ofstream{path} << text;
    std::filesystem::permissions(path, mode);
    return path.string();
  }
  std::string script(const std::string& lines) { return write("#!/bin/sh\n" + lines + "\n"); }

  std::unique_ptr<Probe> make(const std::string& command, const std::string& common = "timeout = \"10s\"",
                              const std::string& more = "") {
    return Probing::make(read("command = [\"" + command + "\"]\n" + more, common));
  }

  using Probing::run;
  Outcome run(const std::string& lines, const std::string& common = "timeout = \"10s\"", const std::string& more = "") {
    const std::unique_ptr<Probe> probe = make(script(lines), common, more);
    return run(*probe);
  }

  /// Lets the loop work until `done()`.
  void poll_until(const std::function<bool()>& done) {
    for (const Stopwatch watch; !done();) {
      ASSERT_LT(watch.elapsed(), 20s) << "waited in vain";
      loop.poll();
    }
  }
  void expect_no_zombies() {
    poll_until([] { return !has_children(); });
  }
  std::string content(const std::string& name) const {
    std::string word;
    std::ifstream{folder / name} >> word;
    return word;
  }

  Folder scratch;
  const std::filesystem::path& folder = scratch.path();
};

TEST_F(ExecProbeTest, takes_status_words_and_readings_of_a_plugin) {
  const Outcome ok = run("echo 'DISK OK | /=12MB;;;0;20'");
  EXPECT_EQ(ok.health, Health::ok) << ok.evidence;
  ASSERT_EQ(ok.readings.size(), 1U);
  EXPECT_EQ(ok.readings.front().value, 12);
  EXPECT_GT(ok.phases.total, 0us);
  const Outcome failing = run("echo 'DISK CRITICAL'; exit 2");
  EXPECT_EQ(failing.health, Health::failing);
  EXPECT_TRUE(failing.evidence.starts_with((folder / "check").string() + " says CRITICAL after ")) << failing.evidence;
  EXPECT_TRUE(failing.evidence.ends_with(": \"DISK CRITICAL\"")) << failing.evidence;
  EXPECT_EQ(run("exit 1").health, Health::degraded);
  EXPECT_EQ(run("exit 3").health, Health::unknown);
  EXPECT_EQ(run("exit 4").health, Health::unknown);
}

TEST_F(ExecProbeTest, tells_of_a_death_by_a_signal) {
  const Outcome outcome = run("echo OK; kill -SEGV $$");
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_THAT(outcome.evidence, HasSubstr("died of signal 11 (Segmentation fault)"));
}

TEST_F(ExecProbeTest, asks_no_shell) {
  const Read result = read("command = [\"/bin/echo\", \"$HOME `id`; exit 2 | a=1\"]");
  const std::unique_ptr<Probe> probe = result.probe.make({loop, transfers, names});
  const Outcome outcome = run(*probe);
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  EXPECT_EQ(outcome.readings.size(), 1U);
}

TEST_F(ExecProbeTest, passes_only_the_environment_that_is_configured) {
  ::setenv("CANDOR_OWN", "candords", 1);
  const Outcome outcome =
      run("env | grep -v -e '^PWD=' -e '^_=' | sort | tr '\\n' ' '; exit 2", "", "environment = { MODE = \"fast\" }");
  ::unsetenv("CANDOR_OWN");
  EXPECT_THAT(outcome.evidence,
              HasSubstr("\"LC_ALL=C MODE=fast PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\""));
}

TEST_F(ExecProbeTest, passes_no_descriptor_and_no_ignored_signal) {
  const int open = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  ::signal(SIGPIPE, SIG_IGN);
  const Outcome outcome =
      run("exec 2>&1; grep -q 'SigIgn:.*1...$' /proc/$$/status && printf 'ignored '; "
          "printf '%s: ' \"$(readlink /proc/$$/fd/0)\"; ls -m /proc/$$/fd; exit 2");  // in a pipe the shell has more
  ::signal(SIGPIPE, SIG_DFL);
  ::close(open);
  EXPECT_THAT(outcome.evidence, HasSubstr("\"/dev/null: 0, 1, 10, 2\"")) << "10 is the shell's own";
}

TEST_F(ExecProbeTest, hides_the_secrets_of_the_environment) {
  const Outcome outcome = run("echo \"a $LONG b $INNER c\"; exit 2", "",
                              "environment = { INNER = \"planted\", LONG = \"planted-and-more\" }");
  EXPECT_THAT(outcome.evidence, HasSubstr("\"a *** b *** c\""));
}

TEST_F(ExecProbeTest, hides_what_stands_within_the_secrets_of_the_environment) {
  ::setenv("CANDOR_TEST_DSN", "postgres://bob:sekrit99pw@db/shop", 1);
  const Outcome outcome =
      run("echo no sekrit99pw, no sekritkey99, no /var/plugins; exit 2", "",
          R"(environment = { DSN = { env = "CANDOR_TEST_DSN" }, DB_KEYS = '{"key":"sekritkey99"}', )"
          R"(INC = "/usr/share/plugins:/var/plugins" })");
  ::unsetenv("CANDOR_TEST_DSN");
  EXPECT_THAT(outcome.evidence, HasSubstr("\"no ***, no ***, no /var/plugins\""));
}

TEST_F(ExecProbeTest, runs_in_the_folder_that_it_is_told) {
  EXPECT_THAT(run("pwd; exit 2").evidence, HasSubstr(": \"/\""));
  EXPECT_THAT(run("pwd; exit 2", "", "directory = \"" + folder.string() + "\"").evidence,
              HasSubstr(": \"" + folder.string() + "\""));
}

TEST_F(ExecProbeTest, kills_what_does_not_end_and_ignores_requests_to) {
  const Outcome outcome = run("trap '' TERM INT HUP\nwhile :; do :; done", "timeout = \"50ms\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, (folder / "check").string() + " did not end within 50 ms and was killed");
}

TEST_F(ExecProbeTest, tells_what_it_said_before_it_was_killed) {
  const Outcome outcome = run("echo asking db\nwhile :; do :; done", "timeout = \"2s\"");
  EXPECT_EQ(outcome.evidence, (folder / "check").string() + " did not end within 2 s and was killed: \"asking db\"");
}

TEST_F(ExecProbeTest, kills_the_children_of_what_does_not_end) {
  const std::unique_ptr<Probe> probe = make(script("sleep 1000 & echo $! > child\nwait"), "timeout = \"10s\"",
                                            "directory = \"" + folder.string() + "\"");
  std::optional<Outcome> outcome;
  probe->run([&](Outcome result) { outcome = std::move(result); });
  poll_until([&] { return !content("child").empty(); });
  EXPECT_TRUE(is_alive(content("child")));
  loop.poll();
  EXPECT_FALSE(outcome) << outcome->evidence;
  const std::unique_ptr<Probe> late = make(script("sleep 1000 & echo $! > late\nwait"), "timeout = \"500ms\"",
                                           "directory = \"" + folder.string() + "\"");
  EXPECT_EQ(run(*late).health, Health::failing);
  poll_until([&] { return content("late").empty() || !is_alive(content("late")); });
}

TEST_F(ExecProbeTest, kills_what_left_its_group) {
  const std::unique_ptr<Probe> late =
      make(script("echo $$ > late\nexec perl -e 'setpgrp(0, getpgrp(getppid())) or die; sleep 1000'"),
           "timeout = \"1s\"", "directory = \"" + folder.string() + "\"");
  EXPECT_EQ(run(*late).health, Health::failing);
  poll_until([&] { return content("late").empty() || !is_alive(content("late")); });
}

TEST_F(ExecProbeTest, does_not_wait_for_children_that_hold_the_pipe) {
  const Outcome outcome = run("sleep 1000 & echo $! > " + (folder / "child").string() + "\necho 'OK | a=1'");
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  EXPECT_EQ(outcome.readings.size(), 1U);
  const std::string child = content("child");
  poll_until([&] { return !is_alive(child); });
}

TEST_F(ExecProbeTest, ends_what_writes_without_end) {
  for (const char* where : {"", ">&2"}) {
    const Outcome outcome = run(std::string("exec yes 'a line without end' ") + where);
    EXPECT_EQ(outcome.health, Health::unknown);
    EXPECT_THAT(outcome.evidence, HasSubstr("it wrote more than 1 MB"));
  }
}

TEST_F(ExecProbeTest, drops_what_is_beyond_its_measure) {
  const Outcome outcome = run("echo 'DISK CRITICAL | a=1'\nyes x | head -c 500000\necho '| b=2'\nexit 2");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr("\"DISK CRITICAL\""));
  EXPECT_EQ(outcome.readings.size(), 1U);
}

TEST_F(ExecProbeTest, reads_all_that_was_written_before_the_end) {
  const std::unique_ptr<Probe> probe =
      make(script("printf 'DISK OK |'; for i in 1 2 3 4 5; do printf \" n$i=$i\"; done"));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(run(*probe).readings.size(), 5U);
}

TEST_F(ExecProbeTest, waits_for_the_end_of_what_closed_its_output) {
  const Outcome outcome = run("echo early\nexec >&- 2>&-\nexit 2");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr("\"early\""));
  EXPECT_THAT(run("exec >&- 2>&-\nwhile :; do :; done", "timeout = \"50ms\"").evidence,
              HasSubstr("did not end within"));
}

TEST_F(ExecProbeTest, says_what_to_install_where_the_program_is_missing) {
  const Outcome plugin = run(*make("/usr/lib/nagios/plugins/check_nothing"));
  EXPECT_EQ(plugin.health, Health::unknown);
  EXPECT_EQ(plugin.evidence,
            "/usr/lib/nagios/plugins/check_nothing cannot be started: No such file or directory; install the package "
            "that has it (most are in monitoring-plugins-basic, monitoring-plugins-standard and "
            "monitoring-plugins-contrib)");
  EXPECT_THAT(run(*make("/opt/nothing/here")).evidence, HasSubstr("install it, or mend `command`"));
  EXPECT_THAT(run(*make(write("#!/opt/no/interpreter\n"))).evidence, HasSubstr("install the interpreter"));
  EXPECT_THAT(run("exit 0", "", "directory = \"/nowhere/at/all\"").evidence, HasSubstr("`directory` is no folder"));
}

TEST_F(ExecProbeTest, says_what_to_do_where_the_program_cannot_be_executed) {
  const Outcome denied = run(*make(write("#!/bin/sh\n", std::filesystem::perms::owner_read)));
  EXPECT_EQ(denied.health, Health::unknown);
  EXPECT_THAT(denied.evidence, HasSubstr("cannot be started: Permission denied; let candord's user execute it"));
  EXPECT_THAT(run(*make(write("no program\n"))).evidence, HasSubstr("neither a program of this machine nor a script"));
}

TEST_F(ExecProbeTest, runs_again_and_leaves_nothing_open) {
  const auto open = [] {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{});
  };
  const std::unique_ptr<Probe> probe = make(script("echo OK"));
  EXPECT_EQ(run(*probe).health, Health::ok);
  const auto before = open();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(*probe).health, Health::ok);
  EXPECT_EQ(open(), before);
  EXPECT_FALSE(has_children());
}

TEST_F(ExecProbeTest, ends_in_silence_and_without_a_zombie_when_destroyed) {
  std::unique_ptr<Probe> probe = make(script("sleep 1000 & echo $! > " + (folder / "child").string() + "\nwait"));
  probe->run([](const Outcome&) { FAIL() << "the probe is gone"; });
  poll_until([&] { return !content("child").empty(); });
  const std::string child = content("child");
  probe.reset();
  expect_no_zombies();
  poll_until([&] { return !is_alive(child); });
}

TEST_F(ExecProbeTest, leaves_no_process_when_the_loop_goes_first) {
  auto own = std::make_unique<net::Loop>();
  const Read result = read("command = [\"/bin/sleep\", \"1000\"]");
  std::unique_ptr<Probe> probe = result.probe.make({*own, transfers, names});
  probe->run([](const Outcome&) { FAIL() << "the probe is gone"; });
  probe.reset();
  own.reset();
  siginfo_t info{};
  if (has_children()) {
    EXPECT_EQ(::waitid(P_ALL, 0, &info, WEXITED), 0) << "it was killed, and ends at once";
  }
  EXPECT_FALSE(has_children());
}

TEST_F(ExecProbeTest, may_run_again_or_be_destroyed_when_it_calls_back) {
  std::unique_ptr<Probe> probe = make(script("exit 0"), "timeout = \"10s\"");
  int runs = 0;
  probe->run([&](const Outcome&) {
    ++runs;
    probe->run([&](const Outcome&) {
      ++runs;
      probe.reset();
      loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(runs, 2);
  probe = make(script("while :; do :; done"), "timeout = \"50ms\"");
  probe->run([&](const Outcome&) {
    ++runs;
    probe->run([&](const Outcome& outcome) {
      ++runs;
      EXPECT_THAT(outcome.evidence, HasSubstr("did not end within 50 ms"));
      probe.reset();
      loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(runs, 4);
}

TEST_F(ExecProbeTest, learns_the_exit_status_where_candord_was_started_to_ignore_its_children) {
  ::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(run("exit 2").health, Health::failing);
  ::signal(SIGCHLD, SIG_DFL);
}

TEST(ReadExec, refuses_what_cannot_be_run) {
  EXPECT_THAT(read("").problems, ElementsAre(HasSubstr("command is missing (such as [\"/usr/lib/nagios")));
  EXPECT_THAT(read("command = []").problems, ElementsAre(HasSubstr("command is empty")));
  EXPECT_THAT(read("command = [\"check_disk\"]").problems, ElementsAre(HasSubstr("the absolute path of a program")));
  EXPECT_THAT(read("command = \"check_disk -w 10%\"").problems, ElementsAre(HasSubstr("no shell is asked")));
  EXPECT_THAT(read("command = [\"/bin/a\", 1]").problems, ElementsAre(HasSubstr("command")));
  EXPECT_THAT(read(R"(command = ["/bin/a", "x\u0000y"])").problems, ElementsAre(HasSubstr("NUL")));
  EXPECT_THAT(read("command = \"/bin/a\"\ndirectory = \"tmp\"").problems, ElementsAre(HasSubstr("absolute path")));
  EXPECT_THAT(read("command = \"/bin/a\"\nenvironment = { \"A-B\" = \"x\" }").problems,
              ElementsAre(HasSubstr("\"A-B\" is not a variable's name")));
  EXPECT_THAT(read(R"(command = "/bin/a"
environment = { A = "secret\u0000y" })")
                  .problems,
              ElementsAre(HasSubstr("variable A holds a NUL")));
  EXPECT_THAT(read("command = \"/bin/a\"\nenviroment = { A = \"x\" }").problems,
              ElementsAre(HasSubstr("did you mean \"environment\"?")));
}

TEST(ReadExec, notices_every_change) {
  const std::string base = "command = [\"/bin/a\", \"b\"]";
  const std::string same = read(base).probe.fingerprint;
  EXPECT_EQ(read(base + "\ndirectory = \"/\"").probe.fingerprint, same);
  EXPECT_NE(read("command = [\"/bin/a\", \"c\"]").probe.fingerprint, same);
  EXPECT_NE(read(base + "\ndirectory = \"/tmp\"").probe.fingerprint, same);
  EXPECT_NE(read(base + "\nenvironment = { A = \"x\" }").probe.fingerprint, same);
}

}  // namespace
}  // namespace candor::probes
