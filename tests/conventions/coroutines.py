#!/usr/bin/env python3
"""Refuses the co_await forms that g++ 12 miscompiles: it destroys some temporaries of such an expression twice. A
co_await expression holds no braced aggregate, no braced list and no capturing lambda; name it on the line above."""

import re
import sys

import house

TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|::|->|<=>|&&|\|\||\"\"|[^\sA-Za-z_0-9]")
CLOSING = {"(": ")", "[": "]", "{": "}"}
ADVICE = "name it on the line above (g++ 12 would destroy it twice)"


def tokens_of(text):
    return [(match[0], match.start()) for match in TOKEN.finditer(text)]


def skip_group(tokens, at):
    """The index after the group that opens at `at`."""
    depth = 0
    while at < len(tokens):
        token = tokens[at][0]
        if token in CLOSING:
            depth += 1
        elif token in CLOSING.values():
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return at


def is_operand(token):
    """Whether a value can end with this token, so that a `[` after it is a subscript."""
    return token in (")", "]", "}", '""') or (token[0].isalnum() or token[0] == "_") and token not in (
        "co_await", "co_return", "co_yield", "return", "case", "throw", "else", "and", "or", "not")


def after(tokens, start):
    """(index, what) of each refused part from `start` to the end of the full expression."""
    depth = 0
    at = start
    while at < len(tokens):
        token = tokens[at][0]
        if token == "[" and not is_operand(tokens[at - 1][0]):
            if at + 1 < len(tokens) and tokens[at + 1][0] != "]":
                yield at, "a capturing lambda"
            at = skip_lambda(tokens, at)
            continue
        if token == "{":
            if depth == 0 and tokens[at - 1][0] == ")" and at != start:
                return  # the body of a statement
            yield at, "a braced aggregate or list"
            at = skip_group(tokens, at)
            continue
        if token in ("(", "["):
            depth += 1
        elif token in (")", "]", "}"):
            depth -= 1
            if depth < 0 and token == "}":
                return
        elif token == ";" and depth <= 0:
            return
        if depth < 0 and closes_statement(tokens, at):
            return
        at += 1


def closes_statement(tokens, at):
    """After `if (co_await …)` and the like the body begins: no expression goes on with a name, a brace or an attribute."""
    following = tokens[at + 1][0] if at + 1 < len(tokens) else "{"
    return following in ("{", "[") or following[0].isalpha() or following[0] == "_"


def skip_lambda(tokens, at):
    at = skip_group(tokens, at)  # the captures
    while at < len(tokens) and tokens[at][0] != "{":
        if tokens[at][0] in (";", ")"):
            return at
        at = skip_group(tokens, at) if tokens[at][0] in CLOSING else at + 1
    return skip_group(tokens, at)


def before(tokens, start):
    """(index, what) of each refused part between the beginning of the full expression and the co_await at `start`: only
    what is an argument of a call whose parentheses hold the co_await."""
    at = start - 1
    while at >= 0 and tokens[at][0] not in (";", "{", "}"):
        at -= 1
    while at >= 0 and tokens[at][0] == "}" and tokens[at + 1][0] in (",", ".", "->", "+", "|", "||", "&&", "<", "=="):
        opening = open_of(tokens, at)
        if opening is None:
            return
        yield opening, "a braced aggregate, a braced list or a lambda beside the co_await"
        at = opening - 1
        while at >= 0 and tokens[at][0] not in (";", "{", "}"):
            at -= 1


def open_of(tokens, at):
    depth = 0
    while at >= 0:
        if tokens[at][0] in CLOSING.values():
            depth += 1
        elif tokens[at][0] in CLOSING:
            depth -= 1
            if depth == 0:
                return at
        at -= 1
    return None


def refused(text):
    """(line, what) of every refused form in C++ text."""
    text = house.code_only(text)
    tokens = tokens_of(text)
    for at, (token, _) in enumerate(tokens):
        if token == "co_await":
            for place, what in [*after(tokens, at + 1), *before(tokens, at)]:
                yield house.line_of(text, tokens[place][1]), what


def check(root):
    for path in house.sources(root, floors=(*house.FLOORS, "tests")):
        for line, what in refused((root / path).read_text(encoding="utf-8")):
            yield house.Finding(path.as_posix(), line, f"a co_await expression holds {what}: {ADVICE}")


if __name__ == "__main__":
    sys.exit(house.run(check, __doc__))
