"""A reader at a terminal: commands of a page are run by one bash, in order, and what they print is compared."""

import contextlib
import os
import queue
import re
import signal
import subprocess
import threading
import time

from harness import BIN, free_port

# Ports that the pages name. Each test has its own in their place.
PORTS = {"admin": 9180, "public": 8080, "shop": 8000, "phone": 9000}
ANYTHING = "…"
ID = re.compile(r"(?<![\w.-])(?=[a-z]*[0-9])(?=[0-9]*[a-z])[a-z0-9]{12}(?![\w.-])")
END = "\x01"
# A reader repeats these until they show what he waits for.
READS = re.compile(r"candorctl (status|incident (list|show))\b|curl (.*-G|(?!.*(-X|--json|-d |--data)))")


class Names:
    """What stands in the pages, and what it is in this test: ports, folders, and ids as they turn up."""

    def __init__(self, folder):
        self.folder = folder
        self.ports = {documented: free_port() for documented in PORTS.values()}
        self.ids = {}

    def port(self, name):
        return self.ports[PORTS[name]]

    def real(self, text):
        text = re.sub(r"(?:0\.0\.0\.0|\[::\])(?=:\d)", "127.0.0.1", text)
        text = re.sub(r"(?<=[: ])(\d{4})\b(?!-)", lambda match: str(self.ports.get(int(match[1]), match[1])), text)
        text = text.replace("/var/lib/candor", f"{self.folder}/state").replace("/etc/candor", f"{self.folder}/etc")
        text = text.replace("/var/backups", str(self.folder))
        return ID.sub(lambda match: self.ids.get(match[0], match[0]), text)

    def configuration(self, text):
        """The same where a configuration leaves the listeners at their usual addresses."""
        if "[listen]" not in text:
            text += '\n[listen]\npublic = "127.0.0.1:8080"\nadmin = "127.0.0.1:9180"\n'
        return self.real(text)

    def documented(self, text):
        for documented, real in self.ports.items():
            text = re.sub(rf"(?<=[: ]){real}\b", str(documented), text)
        text = text.replace(f"{self.folder}/state", "/var/lib/candor").replace(f"{self.folder}/etc", "/etc/candor")
        return text.replace(f"{self.folder}/candor.db", "/var/backups/candor.db")


def commands(block):
    """(line, command, expected lines) of a console block; a command goes on behind a backslash."""
    found = []
    for offset, line in enumerate(block.lines, 1):
        if found and found[-1][1].endswith("\\") and not found[-1][2]:
            found[-1][1] += "\n" + line
        elif line.startswith("$ "):
            found.append([block.line + offset, line[2:], []])
        elif found:
            found[-1][2].append(line.rstrip())
        else:
            raise ValueError(f"{block.file}:{block.line}: a console block begins with a command: $ …")
    return [tuple(one) for one in found]


def pattern_of(line, ids):
    """A line as a regular expression. An id is any id where it is seen first, and the same one from then on."""
    text, new = "", []
    for part in re.split(f"({ANYTHING})", line):
        at = 0
        for match in ID.finditer(part):
            text += re.escape(part[at : match.start()])
            if match[0] in ids:
                text += re.escape(ids[match[0]])
            elif match[0] in new:
                text += f"(?P=id{new.index(match[0])})"
            else:
                text += f"(?P<id{len(new)}>[a-z0-9]{{12}})"
                new.append(match[0])
            at = match.end()
        text += ".*" if part == ANYTHING else re.escape(part[at:])
    return re.compile(text), new


def match_lines(want, have, ids):
    """The ids as they are known after `have` was read as `want` has it; None where it cannot be."""
    if not want:
        return None if have else ids
    if want[0] == ANYTHING:
        ways = (match_lines(want[1:], have[skip:], ids) for skip in range(len(have) + 1))
        return next((way for way in ways if way is not None), None)
    if not have:
        return None
    pattern, new = pattern_of(want[0], ids)
    found = pattern.fullmatch(have[0])
    if not found:
        return None
    return match_lines(want[1:], have[1:], {**ids, **{name: found[f"id{place}"] for place, name in enumerate(new)}})


def indented(lines):
    return "\n".join(f"    {line}" for line in lines) or "    (nothing)"


def compare(expected, printed, names):
    """What differs, in a sentence, or None. A line that is only … stands for any number of lines; columns may be wider."""
    narrow = lambda lines: [re.sub(r" +", " ", line) for line in lines]
    ids = match_lines(narrow(expected), narrow(printed), names.ids)
    if ids is None:
        return f"it printed:\n{indented(printed)}\nand not:\n{indented(expected)}"
    names.ids = ids
    return None


class Session:
    def __init__(self, folder, names, patience=20.0):
        self.names, self.patience = names, patience
        environment = {
            "PATH": f"{BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "CANDOR_URL": f"http://127.0.0.1:{names.port('admin')}",
            "CANDOR_JOURNAL": f"{names.folder}/state/candor.db",
            "no_proxy": "127.0.0.1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.bash = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )
        # What a page starts ends with its shell, also where the test itself was killed and only its end of the pipe closed.
        self.bash.stdin.write("trap 'kill $(jobs -p)' EXIT\n")
        self.bash.stdin.flush()
        self.printed = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.bash.stdout:
            self.printed.put(line)
        self.printed.put(None)

    def run(self, command, timeout=60):
        """(exit status, lines printed)."""
        self.bash.stdin.write(f"{{ {command}\n}} </dev/null\n__status=$?; printf '\\n\\001%d\\n' $__status; (exit $__status)\n")
        self.bash.stdin.flush()
        text, deadline = "", time.monotonic() + timeout
        while True:
            try:
                line = self.printed.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{command!r} has not ended after {timeout} s; so far: {text}") from None
            if line is None:
                raise AssertionError(f"bash ended in {command!r}: {text}")
            if line.startswith(END):
                text = self.names.documented(text.removesuffix("\n").rstrip("\n"))
                return int(line[1:]), [line.rstrip() for line in text.split("\n")] if text else []
            text += line

    def check(self, command, expected, may_fail):
        """Runs a command of a page; what is wrong in a sentence, or None."""
        deadline = time.monotonic() + self.patience
        while True:
            status, printed = self.run(self.names.real(command))
            wrong = compare(expected, printed, self.names)
            if wrong is None and status != 0 and not may_fail:
                wrong = f"it ended with status {status}; where that is meant, `$ echo $?` comes next"
            if wrong is None or not READS.match(command) or time.monotonic() > deadline:
                return wrong
            time.sleep(0.2)

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.bash.pid, signal.SIGTERM)
        try:
            self.bash.wait(0.1)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.bash.pid, signal.SIGKILL)
        self.bash.wait(10)
        self.bash.stdin.close()
        self.bash.stdout.close()
