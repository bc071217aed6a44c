#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace candor::log {

enum class Level : std::uint8_t { debug, info, warning, error };

/// One fact of a log line. Where a line is about an incident, a rule, a probe or a delivery, its field has that name:
/// in journald they become CANDOR_INCIDENT, CANDOR_RULE, CANDOR_PROBE and CANDOR_DELIVERY.
struct Field {
  std::string_view name;
  std::string_view value;
};

enum class Sink : std::uint8_t { automatic, stderr_text, journald };

/// Once, before other threads start. `automatic` is journald when standard error is a journal stream (systemd's
/// JOURNAL_STREAM), else text lines on standard error.
void start(Level least, Sink sink = Sink::automatic);

/// While it lives, lines are written by a thread of their own, and nobody waits for their reader. 10,000 lines or 4 MB
/// wait; then new ones are lost, and a line `log_lines_lost` with their number comes once the reader takes lines again.
/// Without it, whoever writes a line waits for the reader. Made after start(), before other threads; ended after them:
/// what still waits is written, a second at most is spent on it, and the log ends.
class Thread {
 public:
  Thread();
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
};

/// Before the process ends where Thread does not: waits for what has not been written, a second at most. Any thread.
void flush();

/// How many lines were lost since Thread began. Any thread while it lives.
[[nodiscard]] std::uint64_t lines_lost();

/// Writes one line: an event token, its fields, and a sentence for whoever reads it. `error` means that a human should
/// act. Any thread. Secrets and URLs with tokens never go in.
void write(Level level, std::string_view event, std::initializer_list<Field> fields, std::string_view message = {});

/// Whether lines of this level are written: asked before costly ones are made. Any thread.
[[nodiscard]] bool shows(Level level);

inline void debug(std::string_view event, std::initializer_list<Field> fields, std::string_view message = {}) {
  write(Level::debug, event, fields, message);
}
inline void info(std::string_view event, std::initializer_list<Field> fields, std::string_view message = {}) {
  write(Level::info, event, fields, message);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields, std::string_view message = {}) {
  write(Level::warning, event, fields, message);
}
inline void error(std::string_view event, std::initializer_list<Field> fields, std::string_view message = {}) {
  write(Level::error, event, fields, message);
}

}  // namespace candor::log
