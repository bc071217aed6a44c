"""Checks the documentation, page by page: what it says to type is typed, what it shows is compared."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import BIN, Recorder, port_answers, request, wait_for  # noqa: E402

from configurations import ROOT, check_drop_in, check_message, check_nginx, check_toml, check_yaml, provide  # noqa: E402
from elsewhere import check_elsewhere  # noqa: E402
from markdown import Finding  # noqa: E402
from session import Names, Session, commands  # noqa: E402

FRESH = 40  # incidents that an `sh` page may use up, one a command


def demo_of(page):
    for block in page.blocks:
        if block.info[:2] == ("toml", "demo"):
            return block.text
    return (pathlib.Path(__file__).parent / "standard.toml").read_text()


class Stage:
    """A candord of one page, its phone and its terminal."""

    def __init__(self, page, folder, patience):
        self.page, self.folder = page, folder
        self.names = Names(folder)
        self.phone = Recorder(self.names.port("phone"))
        self.phone.server.handle_error = lambda *_: None  # candord ends while it is connected
        self.session = Session(folder, self.names, patience)
        self.candord, self.incident = None, 0

    def start(self):
        text = demo_of(self.page)
        if any(block.info == ("sh",) for block in self.page.blocks):
            text += "".join(f'[[rule]]\nname = "fresh-{i}"\nwhen = {{ alert = \'alertname="Fresh{i}"\' }}\n' for i in range(FRESH))
        (self.folder / "etc").mkdir()
        (self.folder / "etc/candor.toml").write_text(self.names.configuration(text))
        environment = {**os.environ, **provide(text, self.folder / "etc"), "STATE_DIRECTORY": str(self.folder / "state")}
        with (self.folder / "candord.log").open("wb") as log:
            self.candord = subprocess.Popen([str(BIN / "candord"), "--config", str(self.folder / "etc/candor.toml")],
                                            env=environment, stdout=log, stderr=log)
        wait_for(f"candord of {self.page.file.name}", self.is_ready)

    def is_ready(self):
        if self.candord.poll() is not None:
            raise AssertionError((self.folder / "candord.log").read_text())
        port = self.names.port("admin")
        return port_answers(port) and request(port, "GET", "/-/ready").status == 200

    def fresh_incident(self):
        """An incident whose holding response waits, for one command of an `sh` block."""
        rule = f"fresh-{self.incident}"
        alert = {"labels": {"alertname": f"Fresh{self.incident}"}}
        port = self.names.port("admin")
        request(port, "POST", "/alertmanager/api/v2/alerts", [alert])
        self.incident += 1
        find = lambda: [i["id"] for i in request(port, "GET", "/api/v1/incidents").json["incidents"] if i["rule"] == rule]
        return wait_for("a fresh incident", find)[0]

    def end(self):
        self.session.end()
        if self.candord:
            self.candord.terminate()
            try:
                self.candord.wait(15)
            except subprocess.TimeoutExpired:
                self.candord.kill()
                self.candord.wait()
        self.phone.close()


def check_console(block, stage):
    steps = commands(block)
    for place, (line, command, expected) in enumerate(steps):
        may_fail = place + 1 < len(steps) and steps[place + 1][1] == "echo $?"
        wrong = stage.session.check(command, expected, may_fail)
        if wrong:
            yield Finding(block.file, line, f"`{command}`: {wrong}")


def check_sh(block, stage):
    """Commands without a shown answer: each must be accepted."""
    for part in re.split(r"^(?=curl |export )", block.text, flags=re.MULTILINE):
        if not part.strip():
            continue
        if "$INCIDENT" in part:
            stage.session.run(f"INCIDENT={stage.fresh_incident()}")
        command = stage.names.real(part.strip()).replace("curl -sS", "curl -sS --fail-with-body")
        status, printed = stage.session.run(command)
        if status != 0:
            yield Finding(block.file, block.line, f"`{part.strip()}` ended with status {status}: {' '.join(printed)}")


def is_file_of_others(block):
    """A file of another program, which the page's commands read: `yaml file NAME`, `json file NAME`."""
    return block.info[:2] in (("yaml", "file"), ("json", "file"))


def check_live(page, folder, patience):
    """The blocks that need a candord or a terminal, in the page's order."""
    live = [block for block in page.blocks if block.info[:1] in (("console",), ("sh",)) and "root" not in block.info]
    if not live:
        return
    folder.mkdir(parents=True)
    stage = Stage(page, folder, patience)
    try:
        written = [block for block in page.blocks if block.info[:2] == ("toml", "file")]
        if not written:
            stage.start()
        for block in page.blocks:
            if block in written:
                (folder / block.info[2]).write_text(stage.names.configuration(block.text))
            elif block.info[:2] == ("toml", "rules") and len(block.info) == 3:
                (folder / block.info[2]).write_text(block.text)
            elif is_file_of_others(block):
                (folder / block.info[2]).write_text(block.text)
            elif block in live:
                found = list(check_sh(block, stage) if block.info == ("sh",) else check_console(block, stage))
                yield from found
                if found:
                    return  # what follows builds upon it
            elif block.info[:1] == ("json",) and len(block.info) == 2:
                wait_for(f"a {block.info[1]} message", lambda: stage.phone.messages(block.info[1]), patience)
                yield from check_message(block, stage.phone.messages())
    finally:
        stage.end()


STATIC = {"yaml": check_yaml, "nginx": check_nginx, "ini": check_drop_in, "toml": check_toml}
TEXTS = ("text", "json", "console", "sh", "cpp", "cmake", "html")


def check_page(page, folder, patience=20.0):
    for number, block in enumerate(page.blocks):
        kind = block.info[0] if block.info else "text"
        if is_file_of_others(block):
            continue
        if kind in STATIC:
            yield from STATIC[kind](block, folder / f"block{number}")
        elif kind == "console" and "root" in block.info:
            yield from check_elsewhere(block, ROOT)
        elif kind not in TEXTS:
            yield Finding(block.file, block.line, f"nothing checks blocks of the kind {kind!r}")
    yield from check_live(page, folder / "live", patience)
