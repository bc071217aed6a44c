#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"

namespace candor::log {

/// A line on its way to its reader: one part where it is text, for journald an entry each.
struct Line {
  Level level{};
  std::chrono::system_clock::time_point at;
  std::vector<std::string> parts;
};

/// Takes lines and writes them on a thread of its own, in their order, so that nobody waits for their reader. What a
/// reader takes too slowly waits within bounds; then new lines are lost and counted, and a line about them comes where
/// they would have been.
class Writer {
 public:
  /// Writes a line; false: it is lost. May wait for the reader. On the writer's thread.
  using Write = std::function<bool(const Line&)>;
  /// The line about `lines` that were lost. On the writer's thread.
  using Lost = std::function<Line(std::uint64_t lines)>;
  /// Of what waits; the lines that are being written were taken from it, and are no more than it holds.
  struct Bounds {
    std::size_t lines = 10'000;
    std::size_t bytes = std::size_t{4} << 20U;
  };

  /// Starts the thread. `patience` is for the end.
  Writer(Write write, Lost lost, Bounds bounds, std::chrono::milliseconds patience);
  /// Writes what waits, as long as its patience lasts. If the reader still takes nothing, the thread is left behind
  /// with what it has, and `write` may be called until the process ends.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Never waits for the reader. Any thread.
  void put(Line line);
  /// Waits until everything put is written or lost; false where that took longer than `patience`. Any thread.
  bool flush(std::chrono::milliseconds patience);
  /// How many lines were lost so far. Any thread.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  ///< the thread's, too
  std::chrono::milliseconds patience_;
};

}  // namespace candor::log
