"""What the documentation says of the source: each file and each function that it names is there."""

import pathlib
import re

from markdown import Finding

SPAN = re.compile(r"`([^`]+)`")
FILE = re.compile(r"[\w./-]+\.(?:h|cpp|py)")
NAME = re.compile(r"(?:\w+::)+\w+(?:\(.*\))?|\w+\(\)")
ROOMS = ("base", "rules", "probes", "daemon", "tests", "contrib", "cmake")


def sources(root):
    for room in ROOMS:
        for file in sorted((root / room).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


class House:
    def __init__(self, root):
        files = [pathlib.Path("/") / file.relative_to(root) for file in sources(root)]
        self.files = tuple(str(file) for file in files)
        self.words = set()
        for file in files:
            if file.suffix in (".h", ".cpp", ".py"):
                self.words |= set(re.findall(r"\w+", (root / file.relative_to("/")).read_text(encoding="utf-8")))

    def lacks(self, span):
        if FILE.fullmatch(span):
            return not any(file.endswith(f"/{span}") for file in self.files)
        return bool(NAME.fullmatch(span)) and any(word not in self.words for word in re.findall(r"\w+", span.split("(")[0]))


def check_sources(pages, root):
    house = House(root)
    for page in pages:
        for line, text in page.prose:
            for span in SPAN.findall(text):
                if house.lacks(span):
                    yield Finding(page.file, line, f"there is no `{span}` in the source")
