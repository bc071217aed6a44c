#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.h"

namespace candor::probes {

/// A limit as it was configured: "800 ms", "3 s".
[[nodiscard]] std::string words_for(Duration limit);

/// A time as it was measured, in as many digits as one reads, rounded up so that what exceeds a limit looks so:
/// "13 ms", "1.24 s".
[[nodiscard]] std::string words_for(std::chrono::microseconds measured);

/// Behind what came back: " (after 13 ms)".
[[nodiscard]] std::string after_words(std::chrono::microseconds measured);

/// What a target sent, fit for a sentence: one line of UTF-8 without control characters, in quotes, cut after `most`
/// bytes.
[[nodiscard]] std::string in_quotes(std::string_view text, std::size_t most = 100);

/// What the system means by `error`, an errno: "Connection refused".
[[nodiscard]] std::string error_words(int error);

/// How to mend what keeps this machine from reaching out; empty where that is the target's or the network's doing.
[[nodiscard]] std::string repair_words(int error);

}  // namespace candor::probes
