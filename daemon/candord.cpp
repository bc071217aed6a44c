#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <malloc.h>
#include <sys/resource.h>
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/console.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/net/names.h"
#include "daemon/app.h"
#include "daemon/service.h"

namespace {

/// Between starts that end the same way: a socket that systemd holds starts the service anew with each connection,
/// whatever the unit says of restarts.
constexpr candor::Duration while_nothing_is_mended = std::chrono::seconds{10};

void print_problems(const candor::Problems& problems) {
  const std::vector<candor::Problem> list = problems.list();
  for (const candor::Problem& problem : list) candor::say_error(problem.text());
  candor::say_error(fmt::format("{} mistake{} in the configuration", list.size(), list.size() == 1 ? "" : "s"));
}

/// Many visitors keep a connection each: as many descriptors as the system allows. What is large, such as a snapshot,
/// goes back to the system when it is freed.
void prepare_process() {
  (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
  }
}

/// What only a human can mend ends slowly where systemd holds the sockets.
int end_with(int exit_status, bool held_sockets, const std::string& why) {
  const bool stays = exit_status == EX_CONFIG || exit_status == EX_DATAERR;
  if (stays && held_sockets) {
    candor::Service::linger(why + " (systemctl restart candord, once it is mended)", while_nothing_is_mended);
  }
  return exit_status;
}

int fail(const candor::Failure& failure, bool held_sockets = false) {
  candor::log::error("candord_failed", {}, failure.message);
  return end_with(failure.exit_status, held_sockets, failure.message);
}

int fail(const std::exception& error) {
  return fail(
      {fmt::format("an unexpected error ended candord: {}; please report it with the log", error.what()), EX_SOFTWARE});
}

/// An error that no thread caught: it is the log's last line.
[[noreturn]] void die() {
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::exception& error) {
    (void)fail(error);
  } catch (...) {  // it has no words
  }
  candor::log::flush();
  std::abort();
}

int watch(candor::config::Config config, bool held_sockets) {
  const candor::log::Thread log;
  try {
    const std::expected<void, candor::Failure> ended = candor::run_daemon(std::move(config));
    return ended ? EX_OK : fail(ended.error(), held_sockets);
  } catch (const std::exception& error) {
    return fail(error);
  }
}

}  // namespace

int main(int argc, char** argv) {
  candor::occupy_standard_descriptors();
  candor::keep_memory_private();  // the environment may hold secrets already
  std::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads any longer ends nothing
  CLI::App command{"candord: sees an outage, tells customers, pages the person who will lead"};
  command.set_version_flag("--version", "candord " CANDOR_VERSION);
  std::string file = "/etc/candor/candor.toml";
  bool check = false;
  bool verbose = false;
  command.add_option("--config,-c", file, "the configuration")
      ->check([](const std::string& text) { return text.empty() ? "it is empty" : ""; })
      ->capture_default_str();
  command.add_flag("--check", check, "read the configuration, print every mistake, and end");
  command.add_flag("--verbose,-v", verbose, "log details");
  try {
    command.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return command.exit(error) == 0 ? EX_OK : EX_USAGE;
  }

  prepare_process();
  const bool held_sockets = candor::Service::holds_sockets();
  candor::Problems problems;
  std::optional<candor::config::Config> config = candor::config::load(file, problems);
  if (!config) {
    print_problems(problems);
    const std::string first = problems.list().front().text();
    return check ? EX_CONFIG : end_with(EX_CONFIG, held_sockets, "the configuration is wrong: " + first);
  }
  if (check) {
    candor::print_line(
        stdout, fmt::format("{}: the configuration is good: {} probes, {} rules, {} components", file,
                            config->probes.size(), config->policy.rules.size(), config->policy.components.size()));
    return EX_OK;
  }

  candor::net::ask_resolvers_briefly();
  candor::log::start(verbose ? candor::log::Level::debug : candor::log::Level::info);
  std::set_terminate(die);
  return watch(*std::move(config), held_sockets);
}
