#include "probes/kinds/exec.h"

#include <cerrno>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

namespace candor::probes {
namespace {

using What = ExecSeen::What;

/// What to do about a program that could not be started, from what can be seen of its file.
std::string repair_for(const ProgramStart& start, int error) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path program{start.command.front()};
  if (!fs::is_directory(start.directory, ignored)) return "`directory` is no folder that candord can enter";
  if (error == ENOENT && !fs::exists(program, ignored)) {
    const bool plugin = program.string().starts_with("/usr/lib/nagios/plugins/");
    return plugin
               ? "install the package that has it (most are in monitoring-plugins-basic, monitoring-plugins-standard "
                 "and monitoring-plugins-contrib)"
               : "install it, or mend `command`";
  }
  if (error == ENOENT) return "install the interpreter that its first line names, or mend that line";
  if (error == EACCES) return "let candord's user execute it (chmod +x), and enter the folders that lead to it";
  if (error == ENOEXEC) return "it is neither a program of this machine nor a script with #! in its first line";
  if (error == EMFILE || error == ENFILE) return "candord has too many files open: raise LimitNOFILE";
  if (error == EAGAIN || error == ENOMEM) return "the machine or candord's unit has no room for another process";
  return "try it by hand as candord's user";
}

class ExecProbe final : public Probe {
 public:
  ExecProbe(std::shared_ptr<const ExecConfig> config, const Tools& tools)
      : config_(std::move(config)), program_(tools.loop), timer_(tools.loop) {}

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  void start();
  void finish(ExecSeen seen);

  std::shared_ptr<const ExecConfig> config_;
  Program program_;
  net::Timer timer_;
  Stopwatch watch_;
  std::move_only_function<void(Outcome)> done_;
};

void ExecProbe::run(std::move_only_function<void(Outcome)> done) {
  done_ = std::move(done);
  watch_ = Stopwatch{};
  if (!program_.busy()) return start();
  // A process that was killed ends at once, unless it waits for a disk; another one would only wait beside it.
  timer_.after(config_->timeout, [this] {
    program_.kill();
    finish({.what = What::stuck});
  });
  program_.when_gone([this] { start(); });
}

void ExecProbe::start() {
  const int error = program_.start(config_->start, [this](ProgramEnd end) { finish({.end = std::move(end)}); });
  if (error != 0) {
    return timer_.after({}, [this, error] {
      finish({.what = What::not_started, .error = error, .repair = repair_for(config_->start, error)});
    });
  }
  timer_.after(config_->timeout - std::chrono::duration_cast<Duration>(watch_.elapsed()),
               [this] { finish({.what = What::timed_out, .end = program_.kill()}); });
}

/// The last thing it does is to call back: that may destroy the probe.
void ExecProbe::finish(ExecSeen seen) {
  timer_.cancel();
  seen.took = watch_.elapsed();
  Outcome outcome = judge(*config_, seen);
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

}  // namespace

std::unique_ptr<Probe> make_exec_probe(std::shared_ptr<const ExecConfig> config, const Tools& tools) {
  return std::make_unique<ExecProbe>(std::move(config), tools);
}

}  // namespace candor::probes
