"""What the tests of the documentation read out of a Markdown file: its fenced blocks, its headings, its links."""

import dataclasses
import re

FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`]*)$")
HEADING = re.compile(r"^#{1,6} +(?P<text>.*?)(?: +#+)?$")
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target>[^()\s]+(?:\([^()]*\)[^()\s]*)?)(?: +\"[^\"]*\")?\)")
CODE = re.compile(r"`[^`]*`")


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block. `info` is what stands behind the fence, as words; `line` is the fence's own."""

    file: object
    line: int
    info: tuple
    lines: tuple

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"


@dataclasses.dataclass(frozen=True)
class Finding:
    """What is wrong, and where."""

    file: object
    line: int
    what: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.what}"


class Page:
    def __init__(self, file):
        self.file = file
        self.blocks, self.headings, self.prose = [], [], []
        opened, indent, body = None, 0, []
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            fence = FENCE.match(line)
            if opened is None and fence:
                opened, indent, body = (number, tuple(fence["info"].split())), len(fence["indent"]), []
            elif opened is not None and line.strip() == "```":
                self.blocks.append(Block(file, opened[0], opened[1], tuple(body)))
                opened = None
            elif opened is not None:
                body.append(line[indent:] if not line[:indent].strip() else line)
            else:
                self.prose.append((number, line))
                if heading := HEADING.match(line):
                    self.headings.append((number, heading["text"]))
        if opened is not None:
            raise ValueError(f"{file}:{opened[0]}: this block is never closed")

    def anchors(self):
        """The fragments that lead to its headings, as GitHub makes them."""
        seen = {}
        for _, text in self.headings:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            yield slug if count == 0 else f"{slug}-{count}"

    def links(self):
        for number, line in self.prose:
            for link in LINK.finditer(CODE.sub(lambda code: "x" * len(code[0]), line)):
                yield number, link["target"]

    def section(self, heading):
        """The prose below a heading, up to the next one; None where there is no such heading."""
        for place, (number, text) in enumerate(self.headings):
            if text == heading:
                end = self.headings[place + 1][0] if place + 1 < len(self.headings) else float("inf")
                return "\n".join(line for at, line in self.prose if number < at < end)
        return None


def check_links(pages):
    """Every relative link leads to a file, and to a heading where it names one."""
    read = {page.file.resolve(): page for page in pages}
    for page in pages:
        for line, target in page.links():
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            path, _, fragment = target.partition("#")
            goal = (page.file.parent / path).resolve() if path else page.file.resolve()
            if not goal.exists():
                yield Finding(page.file, line, f"the link {target} leads to no file")
            elif fragment and goal.suffix == ".md":
                other = read.setdefault(goal, None) or Page(goal)
                if fragment not in set(other.anchors()):
                    yield Finding(page.file, line, f"the link {target} leads to no heading")
