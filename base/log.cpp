#include "base/log.h"

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <spdlog/details/os.h>
#include <spdlog/pattern_formatter.h>
#include <systemd/sd-journal.h>

#include "base/log_writer.h"
#include "base/text.h"
#include "base/utf8.h"

namespace candor::log {
namespace {

constexpr std::chrono::milliseconds most_for_the_end{1000};

bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat file {};
  if (stream == nullptr || fstat(STDERR_FILENO, &file) != 0) return false;
  return fmt::format("{}:{}", file.st_dev, file.st_ino) == stream;
}

int syslog_priority(Level level) {
  switch (level) {
    case Level::debug:
      return LOG_DEBUG;
    case Level::info:
      return LOG_INFO;
    case Level::warning:
      return LOG_WARNING;
    case Level::error:
      return LOG_ERR;
  }
  return LOG_ERR;
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string upper(std::string_view name) {
  std::string text{name};
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : (c == '-' || c == '.' ? '_' : c);
  return text;
}

bool write_journald(const Line& line) {
  std::vector<iovec> vectors;
  vectors.reserve(line.parts.size());
  for (const std::string& entry : line.parts) vectors.push_back({const_cast<char*>(entry.data()), entry.size()});
  int answer = -EINTR;
  while (answer == -EINTR) answer = sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size()));
  return answer >= 0;
}

/// Waits for whoever reads it; false where nobody does.
bool write_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // whoever gave it to candord made it so
      pollfd room{STDERR_FILENO, POLLOUT, 0};
      (void)::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

std::string_view color_of(Level level) {
  switch (level) {
    case Level::debug:
      return "\033[36m";
    case Level::info:
      return "\033[32m";
    case Level::warning:
      return "\033[33m\033[1m";
    case Level::error:
      return "\033[31m\033[1m";
  }
  return "";
}

/// Writes lines with their time and level, in colors on a terminal.
class TextLines {
 public:
  bool write(const Line& line) {
    const spdlog::details::log_msg message{line.at, {}, "candor", spdlog_level(line.level), line.parts.front()};
    spdlog::memory_buf_t buffer;
    formatter_.format(message, buffer);
    std::string text{buffer.data(), buffer.size()};
    if (colors_) {
      text.insert(message.color_range_end, "\033[m");
      text.insert(message.color_range_start, color_of(line.level));
    }
    return write_stderr(text);
  }

 private:
  bool colors_ = spdlog::details::os::in_terminal(stderr) && spdlog::details::os::is_color_terminal();
  spdlog::pattern_formatter formatter_{"%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc, "\n"};
};

Writer::Write write_to(bool journald) {
  if (journald) return write_journald;
  return [lines = std::make_shared<TextLines>()](const Line& line) { return lines->write(line); };
}

Line make_line(bool for_journald, Level level, std::string_view event, std::initializer_list<Field> fields,
               std::string_view message) {
  std::string text{event};
  for (const Field& field : fields) {
    const bool quote = field.value.empty() || field.value.find_first_of(" \"=\n\t") != std::string_view::npos;
    text += quote ? fmt::format(" {}={:?}", field.name, field.value) : fmt::format(" {}={}", field.name, field.value);
  }
  if (!message.empty()) text += fmt::format(": {}", message);
  Line line{.level = level, .at = std::chrono::system_clock::now(), .parts = {}};
  line.parts.push_back(one_line(text));
  if (!for_journald) return line;
  line.parts.front().insert(0, "MESSAGE=");
  line.parts.push_back(fmt::format("PRIORITY={}", syslog_priority(level)));
  line.parts.push_back(fmt::format("CANDOR_EVENT={}", event));
  line.parts.emplace_back("SYSLOG_IDENTIFIER=candord");
  for (const Field& field : fields) line.parts.push_back(fmt::format("CANDOR_{}={}", upper(field.name), field.value));
  return line;
}

struct Output {
  bool started = false;
  bool to_journald = false;
  Level least = Level::info;
  Writer::Write write;
  std::mutex writing;  ///< where there is no writer
  std::unique_ptr<Writer> writer;
};

/// Set by start() and Thread while no other thread exists, read-only in between.
Output output;

}  // namespace

void start(Level least, Sink sink) {
  output.least = least;
  output.to_journald = sink == Sink::journald || (sink == Sink::automatic && stderr_is_journal());
  output.write = write_to(output.to_journald);
  output.started = true;
}

Thread::Thread() {
  const auto lost = [journald = output.to_journald](std::uint64_t lines) {
    return make_line(journald, Level::warning, "log_lines_lost", {{"lines", fmt::to_string(lines)}},
                     "whoever reads the log did not take them in time");
  };
  output.writer = std::make_unique<Writer>(output.write, lost, Writer::Bounds{}, most_for_the_end);
}

Thread::~Thread() {
  output.started = false;
  output.writer = nullptr;
}

void flush() {
  if (output.writer) output.writer->flush(most_for_the_end);
}

std::uint64_t lines_lost() { return output.writer ? output.writer->lost() : 0; }

bool shows(Level level) { return level >= output.least && output.started; }

void write(Level level, std::string_view event, std::initializer_list<Field> fields, std::string_view message) {
  if (!shows(level)) return;
  Line line = make_line(output.to_journald, level, event, fields, message);
  if (output.writer) return output.writer->put(std::move(line));
  const std::lock_guard lock(output.writing);
  (void)output.write(line);
}

}  // namespace candor::log
