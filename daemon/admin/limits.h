#pragma once

#include <cstddef>

namespace candor::admin {

// What the API takes, and what it takes where nobody says. Its description is written with the same numbers.

constexpr std::size_t usual_incidents = 100;  ///< in an answer
constexpr std::size_t most_incidents = 1000;
constexpr std::size_t usual_signals = 500;
constexpr std::size_t most_signals = 5000;
constexpr std::size_t usual_probes = 500;
constexpr std::size_t most_probes = 1000;

constexpr std::size_t most_job_status = 255;          ///< as a process may end with
constexpr std::size_t most_job_message_bytes = 1000;  ///< of a longer one the beginning is kept

}  // namespace candor::admin
