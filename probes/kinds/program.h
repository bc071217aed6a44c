#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/net/loop.h"

namespace candor::probes {

/// How to start a program.
struct ProgramStart {
  std::vector<std::string> command;      ///< the absolute path of an executable file, and its arguments; no shell
  std::vector<std::string> environment;  ///< "NAME=value"; there is nothing else in it
  std::string directory;                 ///< where it runs
};

/// How a program ended.
struct ProgramEnd {
  bool signalled = false;  ///< `status` is the signal's number instead of the exit status
  bool flooded = false;    ///< it wrote so much that it was killed
  int status = 0;
  std::string out;       ///< the first 8 kB of standard output
  bool out_cut = false;  ///< there was more
  std::string err;       ///< the first 8 kB of standard error
};

/// Runs one program at a time in a process group of its own, with nothing of candord's but its user and its limits:
/// standard input is /dev/null and no other descriptor is passed on. How much memory candord holds does not matter.
/// When the program ends, what it left behind in its group is killed. Thread: the loop's.
class Program {
 public:
  explicit Program(net::Loop& loop) : loop_(loop) {}
  /// As kill().
  ~Program() { kill(); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// `ended` is called once, from the loop, never from inside. Answers 0, or the errno of what could not be done; then
  /// nothing is called. Not while busy().
  [[nodiscard]] int start(const ProgramStart& what, std::move_only_function<void(ProgramEnd)> ended);
  /// Kills the whole group with SIGKILL; `ended` is not called any more. The process is waited for over the loop, also
  /// after this object's end, so that no zombie stays. Answers what it has said; how it ends is not known yet.
  ProgramEnd kill();
  /// Whether there is a process that has not ended, such as a killed one that waits for a disk.
  [[nodiscard]] bool busy() const;
  /// Calls `gone` once, from the loop, when busy() has become false; not after this object's end or another
  /// when_gone().
  void when_gone(net::Task gone);

 private:
  struct Run;
  net::Loop& loop_;
  std::shared_ptr<Run> run_;
};

}  // namespace candor::probes
