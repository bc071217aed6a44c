#!/usr/bin/env python3
"""Holds every include to the floor plan (floor_plan.py), and keeps heavy libraries out of headers that
other rooms see."""

import re
import sys

import floor_plan
import house

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"(?P<ours>[^"\n]+)"|<(?P<theirs>[^>\n]+)>)', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

# Each costs a second or more in every file that sees it.
HEAVY = ("boost/asio", "boost/beast", "boost/json", "toml++/", "curl/", "sqlite3.h", "mustache.hpp", "kainjow/", "CLI/")


def includes_of(path):
    """(header of ours or None, header of others or None, line) of each include."""
    text = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), path.read_text(encoding="utf-8"))
    for match in INCLUDE.finditer(text):
        yield match["ours"], match["theirs"], house.line_of(text, match.start())


def check(root):
    includers = {}  # of each header of ours
    heavy = []
    for path in house.sources(root):
        name = path.as_posix()
        room = floor_plan.room_of(name)
        if room is None:
            yield house.Finding(name, 1, "this folder is not on the floor plan: put the file into a room, or add the room "
                                         "to the table in docs/architecture.md and tests/conventions/floor_plan.py")
            continue
        for ours, theirs, line in includes_of(root / path):
            if ours:
                includers.setdefault(ours, set()).add(name)
                yield from our_include(root, name, room, ours, line)
            elif path.suffix == ".h" and theirs.startswith(HEAVY):
                heavy.append((name, line, theirs))
    for name, line, theirs in heavy:
        outside = sorted(file for file in reached_by(name, includers) if floor_plan.room_of(file) != floor_plan.room_of(name))
        if outside:
            yield house.Finding(name, line, f"<{theirs}> is too heavy for a header that other rooms see ({outside[0]} does): "
                                            "forward-declare what is needed, or hide it behind a pointer to an Impl, and "
                                            "include it in the .cpp")


def reached_by(header, includers):
    """Every file that includes `header`, directly or through others."""
    reached = set()
    waiting = [header]
    while waiting:
        for file in includers.get(waiting.pop(), ()):
            if file not in reached:
                reached.add(file)
                waiting.append(file)
    return reached


def our_include(root, name, room, included, line):
    if not (root / included).is_file():
        yield house.Finding(name, line, f'"{included}" is not a file of this tree: write the path from the root, as in '
                                        '"base/time.h"')
    elif not floor_plan.may_include(room, included):
        target = floor_plan.room_of(included) or included
        why = "is pure and takes no part of base that does I/O" if room in floor_plan.PURE and target.startswith("base") \
            else f"may include only {', '.join(floor_plan.ALLOWED[room]) or 'the libraries'}"
        yield house.Finding(name, line, f'"{included}": {room}/ {why} (floor plan, docs/architecture.md): let the room '
                                        "above call down, or put an interface beside its consumer")


if __name__ == "__main__":
    sys.exit(house.run(check, __doc__))
