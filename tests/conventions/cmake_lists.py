#!/usr/bin/env python3
"""Holds the build files to the house's form: each room one library named after it, every source listed by name in
exactly one place, no globbing, and links only where the floor plan allows an include."""

import re
import sys

import floor_plan
import house

COMMAND = re.compile(r"\b([A-Za-z_]\w*)\s*\(([^()]*)\)")
COMMENT = re.compile(r"#[^\n]*")
MAKERS = ("candor_library", "candor_test", "add_executable", "add_library", "target_sources")


def build_files(root):
    files = [root / "CMakeLists.txt", *(root / "cmake").glob("*.cmake")]
    for folder in (*house.FLOORS, "tests", "contrib"):
        files.extend((root / folder).rglob("CMakeLists.txt"))
    return sorted(file for file in files if file.is_file())


def commands(text):
    """(name, words, line) of every command."""
    text = COMMENT.sub("", text)
    for match in COMMAND.finditer(text):
        yield match[1].lower(), match[2].split(), house.line_of(text, match.start())


def check(root):
    listed = {}  # source → where it is listed
    libraries = set()
    for file in build_files(root):
        name = file.relative_to(root).as_posix()
        for command, words, line in commands(file.read_text(encoding="utf-8")):
            if command in ("file", "aux_source_directory") and words[:1] in (["GLOB"], ["GLOB_RECURSE"], ["."]):
                yield house.Finding(name, line, "globbing misses new files until somebody configures again: list the sources")
            if command not in MAKERS:
                continue
            for word in words:
                if word.endswith(".cpp") and "$" not in word:
                    source = (file.parent / word).resolve().relative_to(root).as_posix()
                    listed.setdefault(source, []).append((name, line))
            if command == "candor_library" and words:
                libraries.add((words[0], file.parent.relative_to(root).as_posix()))
                yield from check_library(root, file, name, line, words)
    yield from check_sources(root, listed, libraries)


def check_library(root, file, name, line, words):
    folder = file.parent.relative_to(root).as_posix()
    room = floor_plan.LIBRARIES.get(words[0])
    if folder in floor_plan.ALLOWED and folder != "daemon" and room != folder:
        yield house.Finding(name, line, f"the library of {folder}/ is {floor_plan.library_of(folder)}, not {words[0]}")
        return
    if room is None:
        return
    for linked in words[1:]:
        target = floor_plan.LIBRARIES.get(linked)
        if target and target != room and not links(room, target):
            yield house.Finding(name, line, f"{words[0]} links {linked}: {room}/ may use only "
                                            f"{', '.join(floor_plan.ALLOWED[room]) or 'the libraries'} (floor plan, "
                                            "docs/architecture.md)")


def links(room, target):
    return any(allowed == target or allowed.startswith(target + "/") and allowed.endswith(".h")
               for allowed in floor_plan.ALLOWED[room])


def check_sources(root, listed, libraries):
    ours = house.sources(root, suffixes=(".cpp",))
    tests = house.sources(root, suffixes=(".cpp",), floors=("tests",))
    for path in [*ours, *tests]:
        name = path.as_posix()
        places = listed.get(name, [])
        if not places:
            yield house.Finding(name, 1, "no CMakeLists.txt lists this file: add it to the SOURCES of its folder's target")
    for source, places in listed.items():
        if len(places) > 1 and not source.startswith("tests/support/"):
            where = ", ".join(f"{file}:{line}" for file, line in places)
            yield house.Finding(source, 1, f"listed {len(places)} times ({where}): put it into one library and link that")
    rooms = {floor_plan.room_of(path.as_posix()) for path in ours} - {None, "daemon"}
    for room in sorted(rooms):
        if (floor_plan.library_of(room), room) not in libraries:
            yield house.Finding(f"{room}/CMakeLists.txt", 1, f"no candor_library({floor_plan.library_of(room)} SOURCES …): "
                                                             "each room is one library")


if __name__ == "__main__":
    sys.exit(house.run(check, __doc__))
