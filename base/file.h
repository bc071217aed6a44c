#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace candor {

enum class Readable : unsigned char {
  regular,  ///< nothing that could keep its reader waiting, or never end
  any,      ///< also what a shell makes: /dev/stdin, <(command)
};

/// All of a file of at most `most_bytes`. Errors: a few words that follow the file's name, such as "is a directory",
/// "is larger than 16 MB", "No such file or directory".
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& file, std::size_t most_bytes,
                                            Readable what = Readable::regular);

}  // namespace candor
