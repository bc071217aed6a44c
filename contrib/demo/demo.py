#!/usr/bin/env python3
"""Shows a newcomer one incident from beginning to end: starts the small shop of shop.py and candord watching it, and
tells what happens with the seconds since the start. `contrib/run` builds candord and calls this."""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.dont_write_bytecode = True  # nothing is left in the checkout
import shop  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ADDRESS = re.compile(r"127\.0\.0\.1:(\d+)")
COLOURS = {"shop": "33", "page": "36", "phone": "35", "demo": "1", "candord": "2"}
STORY = ("broken", "public", "paged", "acked", "recovered", "resolved", "all clear")


class Teller:
    """Prints lines with the time since the start. Any thread."""

    def __init__(self):
        self.start = time.monotonic()
        self.lock = threading.Lock()
        self.colourful = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def __call__(self, who, text):
        head = f"{time.monotonic() - self.start:6.1f} s  {who:<8}"
        with self.lock:
            for line in text.splitlines():
                shown = f"\033[{COLOURS[who]}m{line}\033[0m" if self.colourful else line
                print(f"{head} {shown}", flush=True)
                head = " " * len(head)


class Stopped(Exception):
    """Somebody asked the demo to end."""


def stop(signal_number, _):
    raise Stopped(signal.Signals(signal_number).name)


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def write_configuration(directory):
    """Copies demo.toml with free ports in place of taken ones. Answers its path and the ports: page, admin, shop."""
    with open(os.path.join(HERE, "demo.toml"), encoding="utf-8") as file:
        text = file.read()
    ports = {}
    for wanted in dict.fromkeys(int(port) for port in ADDRESS.findall(text)):
        port = wanted
        while not is_free(port) or port in ports.values():
            port += 1
        ports[wanted] = port
    path = os.path.join(directory, "demo.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(ADDRESS.sub(lambda match: f"127.0.0.1:{ports[int(match[1])]}", text))
    return path, list(ports.values())


def start_candord(program, configuration, state_dir, tell):
    """candord with its log told line by line. It is told to end when this program dies, however that happens."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "JOURNAL_STREAM")}
    environment["STATE_DIRECTORY"] = state_dir
    environment["no_proxy"] = environment["NO_PROXY"] = "127.0.0.1"
    tied = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    candord = subprocess.Popen([*tied, program, "--config", configuration], env=environment, cwd=state_dir,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace", start_new_session=True)

    def read():
        for line in candord.stdout:
            tell("candord", re.sub(r"^\d{4}-\d\d-\d\dT[\d:.]+Z ", "", line.rstrip()))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    return candord, reader


def end_candord(candord, reader, tell):
    if candord.poll() is None:
        candord.terminate()
        try:
            candord.wait(10)
        except subprocess.TimeoutExpired:
            tell("demo", "candord did not end within 10 s and is killed")
            candord.kill()
            candord.wait()
    reader.join(5)


class Page:
    """Reads the public page as a customer's program would, and tells what changes on it."""

    def __init__(self, url, the_shop, tell):
        self.summary_url = f"{url}/api/v2/summary.json"
        self.shop = the_shop
        self.tell = tell
        self.components = {}
        self.updates = set()
        self.open = {}  # incidents by id: name
        self.direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def read(self):
        """The summary, or None while the page does not answer."""
        try:
            with self.direct.open(self.summary_url, timeout=2) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def look(self):
        summary = self.read()
        if summary is None:
            return
        for component in summary.get("components", []):
            before = self.components.get(component["id"], "operational")
            if component["status"] != before:
                self.tell("page", f"{component['name']}: {words(before)} → {words(component['status'])}")
            self.components[component["id"]] = component["status"]
        incidents = summary.get("incidents", [])
        for incident in incidents:
            self.look_at(incident)
        for gone in self.open.keys() - {incident["id"] for incident in incidents}:
            self.tell("page", f"“{self.open.pop(gone)}” is resolved")
            self.shop.happened.add("resolved")

    def look_at(self, incident):
        if incident["id"] not in self.open:
            self.open[incident["id"]] = incident["name"]
            delay = ""
            if self.shop.broken_at is not None:
                delay = f" ({time.monotonic() - self.shop.broken_at:.1f} s after the first failure)"
            self.tell("page", f"customers can read now{delay}: {incident['name']}")
            self.shop.happened.add("public")
        for update in reversed(incident.get("incident_updates", [])):
            if update["id"] not in self.updates:
                self.updates.add(update["id"])
                self.tell("page", f"{update['status']}: “{update['body']}”")


def words(status):
    return status.replace("_", " ")


def greet(page_port, admin_port, candorctl):
    url = f"http://127.0.0.1:{page_port}/"
    line = "─" * 78
    print(f"""
{line}
   The status page:   {url}

   A small shop runs on this machine and Candor watches it. In a moment its
   checkout breaks, and later recovers. Keep the page open and watch this.

   Operators' view:   {candorctl} --url http://127.0.0.1:{admin_port} status
   From elsewhere:    ssh -L {page_port}:127.0.0.1:{page_port} THIS-MACHINE
   Ctrl-C ends everything and leaves nothing behind.
{line}
""", flush=True)


def wait_until_ready(candord, page):
    deadline = time.monotonic() + 20
    while page.read() is None:
        if candord.poll() is not None:
            return False
        if time.monotonic() > deadline:
            raise TimeoutError("the page has not answered within 20 s")
        time.sleep(0.1)
    return True


def show(options, candord, page, the_shop, tell):
    """Runs until stopped; with --once until the story is told. Answers the exit status."""
    if not wait_until_ready(candord, page):
        tell("demo", f"candord did not start (status {candord.returncode}): its lines above say why")
        return candord.returncode or 1
    tell("demo", f"candord is up and both parts of the shop are well; the checkout breaks in {options.break_after:g} s")
    the_shop.begin(options.break_after, options.broken_for)
    deadline = time.monotonic() + options.break_after + options.broken_for + 60
    told = False
    while candord.poll() is None:
        page.look()
        if not told and the_shop.happened.issuperset(STORY):
            told = True
            tell("demo", "that was one incident, from the first failure to the all clear")
            if options.once:
                return 0
            tell("demo", "candord and the shop keep running; the page shows the history. Ctrl-C ends them.")
        if options.once and time.monotonic() > deadline:
            missing = ", ".join(part for part in STORY if part not in the_shop.happened)
            tell("demo", f"the story is not complete; missing: {missing}")
            return 1
        time.sleep(0.25)
    tell("demo", f"candord ended by itself with status {candord.returncode}")
    return candord.returncode or 1


def run(options, state_dir, tell):
    configuration, (page_port, admin_port, shop_port) = write_configuration(state_dir)
    the_shop = shop.Shop(("127.0.0.1", shop_port), told=tell, ack_after=options.ack_after)
    threading.Thread(target=the_shop.serve_forever, daemon=True).start()
    page = Page(f"http://127.0.0.1:{page_port}", the_shop, tell)
    greet(page_port, admin_port, os.path.join(os.path.dirname(options.candord), "candorctl"))
    candord, reader = start_candord(options.candord, configuration, state_dir, tell)
    try:
        return show(options, candord, page, the_shop, tell)
    except Stopped:
        print(flush=True)
        return 0
    except TimeoutError as error:
        tell("demo", str(error))
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the end is not interrupted
        end_candord(candord, reader, tell)
        the_shop.end()
        tell("demo", "candord and the shop have ended")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candord", required=True, metavar="PROGRAM")
    parser.add_argument("--once", action="store_true", help="end when the story is told; fail if a part of it is missing")
    shop.timings(parser)
    options = parser.parse_args()
    options.candord = os.path.abspath(options.candord)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        with tempfile.TemporaryDirectory(prefix="candor-demo-") as state_dir:
            return run(options, state_dir, Teller())
    except Stopped:
        return 0


if __name__ == "__main__":
    sys.exit(main())
