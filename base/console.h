#pragma once

#include <cstdio>
#include <string_view>

namespace candor {

/// Prints a line for whoever started the program. They may have ended, or the disk be full: then nobody is told.
void print_line(std::FILE* to, std::string_view line);
/// The same to standard error.
void say_error(std::string_view line);

/// Takes up those of standard input, output and error that are closed, so that no file and no socket opened later has
/// their number and is written to by what prints. Reading and printing fail there as before.
void occupy_standard_descriptors();

}  // namespace candor
