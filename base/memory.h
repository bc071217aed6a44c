#pragma once

namespace candor {

/// Gives back the pages of the program and its libraries that only the start needed: the kernel maps many around each
/// that is used. Those that are needed are mapped again as they are touched. Any thread.
void return_what_the_start_needed();

}  // namespace candor
