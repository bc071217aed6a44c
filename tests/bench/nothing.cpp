/// The most trivial plugin: it starts and ends. A program of the C library's has a start of its own, which in a virtual machine
/// takes more time than all else that a check costs.
#include <unistd.h>

extern "C" [[noreturn]] void _start() { _exit(0); }  // NOLINT(bugprone-reserved-identifier)
