#!/usr/bin/env python3
"""Only base/ names the system's clocks; the pure rooms name no clock, thread, lock, socket, file or chance at all."""

import re
import sys

import floor_plan
import house

CLOCK = re.compile(r"\b(?:\w+_clock|BootClock)\s*::\s*now\b|\bclock_gettime\b|\bgettimeofday\b|\btimespec_get\b"
                   r"|(?<![\w.>])(?:std\s*::\s*)?time\s*\(\s*(?:nullptr|NULL|0|&\s*\w+)\s*\)")

IMPURE = re.compile(
    r"\b(?:system|steady|high_resolution|utc|file)_clock\b|\bBootClock\b|\bwall_now\b|\bStopwatch\b|\brandom_number\b"
    r"|\brandom_device\b|\bs?rand\s*\(|\bgetrandom\b|\bgetenv\b"
    r"|\bstd\s*::\s*(?:thread|jthread|mutex|shared_mutex|recursive_mutex|lock_guard|unique_lock|scoped_lock"
    r"|condition_variable\w*|async|future|promise|atomic\w*)\b|\bthis_thread\b|\bthread_local\b"
    r"|\b(?:socket|connect|sendto|recvfrom|getaddrinfo)\s*\(\s*(?:AF_|PF_|\w*fd)"
    r"|\bstd\s*::\s*(?:[io]?fstream|filesystem|cout|cerr|clog)\b|\bf?printf\s*\(|\bfopen\s*\(")

IMPURE_HEADERS = re.compile(
    r"^[ \t]*#[ \t]*include[ \t]*<(?P<header>thread|mutex|shared_mutex|condition_variable|future|atomic|random|fstream"
    r"|filesystem|iostream|ctime|sys/[\w.]+|netdb\.h|arpa/[\w.]+|unistd\.h|pthread\.h|poll\.h)>", re.MULTILINE)


def check(root):
    for path in house.sources(root):
        name = path.as_posix()
        text = house.code_only((root / path).read_text(encoding="utf-8"))
        room = floor_plan.room_of(name)
        if room in floor_plan.PURE:
            for match in [*IMPURE.finditer(text), *IMPURE_HEADERS.finditer(text)]:
                yield house.Finding(name, house.line_of(text, match.start()),
                                    f"`{match[0].strip()}`: {room}/ is pure: take `now` and everything else as a parameter, "
                                    "and let the shell in daemon/ do what touches the world")
        if room not in ("base", "base/net"):
            for match in CLOCK.finditer(text):
                yield house.Finding(name, house.line_of(text, match.start()),
                                    f"`{match[0]}`: only base/ names the system's clocks: take `now`, or use wall_now() or "
                                    "Stopwatch of base/time.h")


if __name__ == "__main__":
    sys.exit(house.run(check, __doc__))
