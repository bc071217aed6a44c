#pragma once

namespace candor {

/// Gives back the pages of the program and its libraries that only the start needed: the kernel maps many around each
/// that is used. Those that are needed are mapped again as they are touched. Any thread.
void return_what_the_start_needed();

/// Gives back what was freed and lies between what is still used, all of it. Takes milliseconds where that is much.
/// Any thread.
void return_freed_memory();

/// From now on no other process of this user may look into this one, nor may a core dump keep it: it holds secrets.
void keep_memory_private();

}  // namespace candor
