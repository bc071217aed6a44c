#!/usr/bin/env python3
"""Compiles each header alone, twice in one unit, with the compiler and options that the build uses for its folder."""

import argparse
import concurrent.futures
import json
import pathlib
import re
import shlex
import subprocess
import sys

import house

WITH_VALUE = ("-o", "-MF", "-MT", "-MQ", "-include", "-x")
DROPPED = ("-c", "-MD", "-MMD", "-MP", "-Winvalid-pch")
PLACE = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):\d+: (?:fatal )?error: (?P<what>.*)$", re.MULTILINE)


def options_of(entry):
    """The compiler and its options of one compile command, without its input, outputs and any precompiled header."""
    words = entry.get("arguments") or shlex.split(entry["command"])
    while words and pathlib.PurePath(words[0]).name in ("ccache", "sccache", "distcc"):
        words = words[1:]
    kept = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in WITH_VALUE:
            skip = True
        elif word not in DROPPED and word != entry["file"]:
            kept.append(word)
    return kept


def nearest_options(commands, root, header):
    """Those of a source beside the header, else of the nearest folder above it that has one, else of any source."""
    folder = header.parent
    while True:
        for source, options in commands.items():
            if folder in source.parents:
                return options
        if folder == pathlib.PurePath("."):
            return next(iter(commands.values()))
        folder = folder.parent


def load_commands(root, build):
    """Options by source, for the product's own sources, those of shorter paths first."""
    database = build / "compile_commands.json"
    entries = json.loads(database.read_text(encoding="utf-8")) if database.exists() else []
    commands = {}
    for entry in sorted(entries, key=lambda entry: entry["file"]):
        path = pathlib.Path(entry["directory"], entry["file"])
        if path.is_relative_to(root) and path.relative_to(root).parts[0] in house.FLOORS:
            commands[path.relative_to(root)] = options_of(entry)
    return commands


def compile_alone(root, header, options):
    """The header's findings."""
    name = header.as_posix()
    unit = f'#include "{name}"\n#include "{name}"\n'
    result = subprocess.run([*options, f"-I{root}", "-fsyntax-only", "-x", "c++", "-"], input=unit, text=True,
                            capture_output=True, cwd=root, check=False)
    if result.returncode == 0:
        return []
    first = PLACE.search(result.stderr)
    what = "does not compile alone; include what it uses, or declare it forward"
    if not first:
        return [house.Finding(name, 1, f"{what}:\n{result.stderr}")]
    file = first["file"]
    if pathlib.Path(file).is_absolute() and pathlib.Path(file).is_relative_to(root):
        file = pathlib.Path(file).relative_to(root).as_posix()
    return [house.Finding(file, int(first["line"]), f"{name} {what}: {first['what']}")]


def check(root, build, at_once=2):
    commands = load_commands(root, build)
    if not commands:
        return [house.Finding("compile_commands.json", 1, f"{build} names no source of {root}: configure it with CMake")]
    findings = []
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        tasks = [pool.submit(compile_alone, root, header, nearest_options(commands, root, header))
                 for header in house.sources(root, suffixes=(".h",))]
        for task in tasks:
            findings.extend(task.result())
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=house.ROOT)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build folder, with compile_commands.json")
    options = parser.parse_args()
    return house.report(sorted(set(check(options.root.resolve(), options.build.resolve()))))


if __name__ == "__main__":
    sys.exit(main())
