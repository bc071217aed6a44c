#include "probes/kinds/program.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/priority.h"

namespace candor::probes {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

constexpr std::size_t most_kept = 8192;
constexpr std::size_t most_written = std::size_t{1} << 20U;  // more is a program that does not end by itself

/// A file descriptor that is closed.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  ~File() { reset(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct Pipe {
  File read;
  File write;
  /// errno, or 0.
  int open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
    read.reset(ends[0]);
    write.reset(ends[1]);
    return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
  }
};

/// A program and its group, which it may have left.
void end_all(pid_t pid) {
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));  // as execve() has it
  list.push_back(nullptr);
  return list;
}

/// Whoever started candord may have had it ignore SIGCHLD, and then the kernel keeps no exit status.
void keep_exit_statuses() {
  struct sigaction now {};
  if (::sigaction(SIGCHLD, nullptr, &now) != 0) return;
  if (now.sa_handler != SIG_IGN && (now.sa_flags & SA_NOCLDWAIT) == 0) return;
  struct sigaction wanted {};
  wanted.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &wanted, nullptr);
}

/// posix_spawn's two parts, which are freed.
struct Spawn {
  Spawn() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~Spawn() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  int prepare(const ProgramStart& what, int out, int err);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

int Spawn::prepare(const ProgramStart& what, int out, int err) {
  sigset_t all;
  sigset_t none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  int error = ::posix_spawn_file_actions_addchdir_np(&actions, what.directory.c_str());
  if (error == 0) error = ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  // Not every library closes its descriptors for programs that are started.
  if (error == 0) error = ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  return error;
}

/// What is read from one pipe.
struct Stream {
  explicit Stream(asio::io_context& context) : from(context) {}

  /// Reads once; answers whether there may be more.
  bool take() {
    std::array<char, 16384> buffer;
    const ssize_t size = ::read(from.native_handle(), buffer.data(), buffer.size());
    if (size < 0) return errno == EINTR;
    written += static_cast<std::size_t>(size);
    kept.append(buffer.data(), std::min(static_cast<std::size_t>(size), most_kept - kept.size()));
    ended = size == 0;
    return !ended;
  }
  void close() {
    boost::system::error_code ignored;
    from.close(ignored);
  }

  Descriptor from;
  std::string kept;
  std::size_t written = 0;
  bool ended = false;
};

}  // namespace

/// One process, from its start until it has been waited for. What waits for it on the loop keeps it.
struct Program::Run : std::enable_shared_from_this<Run> {
  explicit Run(asio::io_context& context) : exit(context), out(context), err(context) {}
  ~Run() {
    if (pid > 0) end_group();
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  int start(const ProgramStart& what);
  void watch();
  void read(Stream& stream);
  void exited();
  void end_group();
  void abandon();
  ProgramEnd said();
  void finish(const siginfo_t& how);

  pid_t pid = 0;    // 0 before the start and once it has been waited for
  Descriptor exit;  // readable when the process has ended
  Stream out;
  Stream err;
  bool flooded = false;
  std::move_only_function<void(ProgramEnd)> ended;
  net::Task gone;
};

int Program::Run::start(const ProgramStart& what) {
  Pipe out_pipe;
  Pipe err_pipe;
  if (const int error = out_pipe.open(); error != 0) return error;
  if (const int error = err_pipe.open(); error != 0) return error;
  Spawn spawn;
  if (const int error = spawn.prepare(what, out_pipe.write.get(), err_pipe.write.get()); error != 0) return error;
  keep_exit_statuses();
  const std::vector<char*> arguments = pointers(what.command);
  const std::vector<char*> environment = pointers(what.environment);
  pid_t started = 0;
  if (const int error = ::posix_spawn(&started, what.command.front().c_str(), &spawn.actions, &spawn.attributes,
                                      arguments.data(), environment.data());
      error != 0) {
    return error;
  }
  let_give_way(started);
  // Debian 12's <sys/pidfd.h> cannot be used from C++.
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, started, 0));
  if (process < 0) {
    const int error = errno;
    ::kill(-started, SIGKILL);
    ::waitpid(started, nullptr, 0);
    return error;
  }
  pid = started;
  exit.assign(process);
  out.from.assign(out_pipe.read.release());
  err.from.assign(err_pipe.read.release());
  return 0;
}

void Program::Run::watch() {
  exit.async_wait(Descriptor::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->exited();
  });
}

void Program::Run::read(Stream& stream) {
  stream.from.async_wait(Descriptor::wait_read,
                         [self = shared_from_this(), &stream](const boost::system::error_code& error) {
                           if (error || !stream.from.is_open()) return;
                           stream.take();
                           if (stream.ended) return stream.close();
                           if (stream.written <= most_written) return self->read(stream);
                           self->flooded = true;
                           stream.close();
                           if (self->pid > 0) end_all(self->pid);
                         });
}

/// Until it has been waited for, no other process or group can have its number.
void Program::Run::exited() {
  if (pid == 0) return;
  for (Stream* stream : {&out, &err}) {
    while (stream->from.is_open() && stream->written <= most_written && stream->take()) continue;
    stream->close();
  }
  end_all(pid);
  siginfo_t how{};
  const int waited = ::waitid(P_PID, static_cast<id_t>(pid), &how, WEXITED | WNOHANG);
  if (waited == 0 && how.si_pid == 0) return watch();
  pid = 0;
  if (waited != 0) how = {};  // nobody knows: no exit status
  finish(how);
}

ProgramEnd Program::Run::said() {
  return {.out = std::move(out.kept), .out_cut = out.written > most_kept, .err = std::move(err.kept)};
}

/// The last thing it does is to call back: that may start the next program or destroy this object's owner.
void Program::Run::finish(const siginfo_t& how) {
  boost::system::error_code ignored;
  exit.close(ignored);
  if (auto call = std::exchange(ended, nullptr)) {
    ProgramEnd end = said();
    end.signalled = how.si_code != CLD_EXITED;
    end.flooded = flooded;
    end.status = how.si_status;
    call(std::move(end));
  } else if (auto told = std::exchange(gone, nullptr)) {
    told();
  }
}

/// As far as it can be done without waiting.
void Program::Run::end_group() {
  end_all(pid);
  siginfo_t how{};
  if (::waitid(P_PID, static_cast<id_t>(pid), &how, WEXITED | WNOHANG) == 0 && how.si_pid == 0) return;
  pid = 0;
}

void Program::Run::abandon() {
  ended = nullptr;
  gone = nullptr;
  out.close();
  err.close();
  if (pid == 0) return;
  end_group();
  boost::system::error_code ignored;
  if (pid == 0) exit.close(ignored);
}

int Program::start(const ProgramStart& what, std::move_only_function<void(ProgramEnd)> ended) {
  auto run = std::make_shared<Run>(loop_.context());
  if (const int error = run->start(what); error != 0) return error;
  run->ended = std::move(ended);
  run->watch();
  run->read(run->out);
  run->read(run->err);
  run_ = std::move(run);
  return 0;
}

ProgramEnd Program::kill() {
  if (!run_) return {};
  run_->abandon();
  return run_->said();
}

bool Program::busy() const { return run_ && run_->pid != 0; }

void Program::when_gone(net::Task gone) { run_->gone = std::move(gone); }

}  // namespace candor::probes
