#include "base/log.h"

#include <array>
#include <cstdlib>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-journal.h>

#include "base/utf8.h"

namespace candor::log {
namespace {

struct Output {
  bool to_journald = false;
  Level least = Level::info;
  std::shared_ptr<spdlog::logger> text;
};

/// Set once by start() before any other thread exists, read-only afterwards.
Output output;

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

void write_journald(Level level, std::string_view event, std::initializer_list<Field> fields, const std::string& line) {
  std::vector<std::string> entries{"MESSAGE=" + line, fmt::format("PRIORITY={}", syslog_priority(level)),
                                   fmt::format("CANDOR_EVENT={}", event), "SYSLOG_IDENTIFIER=candord"};
  for (const Field& field : fields) entries.push_back(fmt::format("CANDOR_{}={}", upper(field.name), field.value));
  std::vector<iovec> vectors;
  vectors.reserve(entries.size());
  for (std::string& entry : entries) vectors.push_back({entry.data(), entry.size()});
  sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size()));
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t control = control_length(text);
    line += control > 0 || static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    text.remove_prefix(control > 0 ? control : 1);
  }
  return line;
}

void start(Level least, Sink sink) {
  output.least = least;
  output.to_journald = sink == Sink::journald || (sink == Sink::automatic && stderr_is_journal());
  output.text = std::make_shared<spdlog::logger>("candor", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  output.text->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  output.text->set_level(spdlog_level(least));
}

bool shows(Level level) { return level >= output.least && output.text; }

void write(Level level, std::string_view event, std::initializer_list<Field> fields, std::string_view message) {
  if (!shows(level)) return;
  std::string line{event};
  for (const Field& field : fields) {
    const bool quote = field.value.empty() || field.value.find_first_of(" \"=\n\t") != std::string_view::npos;
    line += quote ? fmt::format(" {}={:?}", field.name, field.value) : fmt::format(" {}={}", field.name, field.value);
  }
  if (!message.empty()) line += fmt::format(": {}", message);
  line = one_line(line);
  if (output.to_journald) {
    write_journald(level, event, fields, line);
  } else {
    output.text->log(spdlog_level(level), line);
  }
}

}  // namespace candor::log
