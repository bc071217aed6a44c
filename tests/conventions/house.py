"""What the checks of this folder share: the source tree, C++ without its comments and strings, findings."""

import argparse
import pathlib
import re
import sys
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOORS = ("base", "rules", "probes", "daemon")  # where the product's own code lives


@dataclass(frozen=True, order=True)
class Finding:
    """One place that breaks a convention, and what to do about it."""

    file: str  # relative to the root of the tree
    line: int
    what: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.what}"


def sources(root, suffixes=(".h", ".cpp"), floors=FLOORS):
    """The product's source files, relative to `root`, sorted."""
    found = []
    for floor in floors:
        for path in (root / floor).rglob("*"):
            if path.suffix in suffixes and path.is_file():
                found.append(path.relative_to(root))
    return sorted(found)


_NOT_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL)


def code_only(text):
    """C++ with comments blanked and strings emptied; every line keeps its number."""

    def blank(match):
        taken = match[0]
        lines = "\n" * taken.count("\n")
        return lines if taken.startswith("/") else '""' + lines

    return _NOT_CODE.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def run(check, description):
    """The main program of a check: check(root) → findings. Prints them and answers the exit status."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="the source tree")
    findings = sorted(set(check(parser.parse_args().root.resolve())))
    return report(findings)


def report(findings):
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} finding(s)", file=sys.stderr)
    return 1 if findings else 0
