"""The same storm of kill -9 over Candor and over Alertmanager: what becomes of alerts that were answered 200?

    CANDOR_BIN=build/release/bin python3 tests/bench/kill_storm.py [KILLS]

Three senders post new alerts in 40 groups, each alert once; a receiver keeps what it is sent and takes 50 ms for it.
The program is killed at a random moment within 250 ms of each start. CANDOR_SEED replays the moments.
"""

import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import Candor, Recorder, free_port, request, wait_for  # noqa: E402
from test_kill import GROUPS, SEED, Stream, configuration  # noqa: E402

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 200


class Alertmanager:
    """As Candor of the harness: a program to start and kill, which keeps its folder."""

    path = "/api/v2/alerts"

    def __init__(self, folder, receiver):
        self.folder, self.port, self.process = folder, free_port(), None
        (folder / "am.yml").write_text(
            "route: { receiver: r, group_by: [group], group_wait: 0s, group_interval: 100ms, repeat_interval: 12h }\n"
            f"receivers: [ {{ name: r, webhook_configs: [ {{ url: '{receiver}' }} ] }} ]\n")

    def start(self, wait=True):
        with (self.folder / "am.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["prometheus-alertmanager", f"--config.file={self.folder}/am.yml", f"--storage.path={self.folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=", "--log.level=error"],
                stdout=log, stderr=log)
        if wait:
            wait_for("alertmanager to be ready", self.is_ready)

    def is_ready(self):
        with contextlib.suppress(OSError):
            return request(self.port, "GET", "/-/ready").status == 200
        return False

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def known(self):
        return {alert["labels"]["alertname"] for alert in request(self.port, "GET", "/api/v2/alerts").json}


class OurCandor(Candor):
    path = "/alertmanager/api/v2/alerts"

    def __init__(self, folder, receiver):
        super().__init__(folder, configuration(receiver))
        self.port = self.admin

    def known(self):
        found = set()
        for i in range(GROUPS):
            answer = self.api("GET", f"/api/v1/signals?limit=5000&filter=group%3D%22g{i}%22").json
            assert not answer["more"], "ask for less at a time"
            found.update(signal["labels"]["alertname"] for signal in answer["signals"])
        return found


def storm(kind):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="candor-bench-"))
    phone = Recorder()
    phone.delay = 0.05
    phone.server.handle_error = lambda *_: None  # connections of what was killed
    program = kind(folder, phone.url)
    chance = random.Random(SEED)
    streams = [Stream(program.port, name, program.path) for name in "abc"]
    try:
        program.start()
        for stream in streams:
            stream.start()
        for kill in range(KILLS):
            for stream in streams:
                stream.groups_open = min(GROUPS, 1 + kill * GROUPS // max(1, KILLS - 10))
            time.sleep(chance.uniform(0, 0.25))
            program.kill()
            program.start(wait=chance.random() < 0.7)
        wait_for("it to be ready", program.is_ready)
        time.sleep(0.2)
        for stream in streams:
            stream.done.set()
            stream.join(20)
        time.sleep(5)  # for the last messages
        report(kind.__name__, streams, phone, program.known())
    finally:
        for stream in streams:
            stream.done.set()
        program.kill()
        phone.close()
        shutil.rmtree(folder, True)


def group_of(message):
    """Candor's rules are named after the groups."""
    return message["incident"]["rule"].replace("r", "g") if "incident" in message else message["groupLabels"]["group"]


def report(name, streams, phone, known):
    firing, ended, groups = set(), set(), {}
    for stream in streams:
        for alert, fires in stream.accepted.items():
            if alert not in stream.in_doubt:
                (firing if fires else ended).add(alert)
                groups[alert] = stream.labels[alert]["group"]
    messages = [(item["headers"].get("Idempotency-Key"), json.loads(item["body"])) for item in phone.received]
    pages = [(key, message) for key, message in messages if message.get("status", "firing") == "firing"]
    by_group = collections.Counter(group_of(message) for _, message in pages)
    told = set(by_group)
    named = {alert["labels"]["alertname"] for _, message in messages for alert in message.get("alerts", [])}
    keys = {key for key, _ in pages if key}
    print(f"{name.removeprefix('Our')}: {KILLS} kills, seed {SEED}")
    print(f"  answered 200: {len(firing)} alerts that fire, in {len(set(groups.values()))} groups, and {len(ended)} ends")
    print(f"  firing, and unknown after the last start: {len(firing - known)}")
    if named:
        print(f"  firing, and never named in a message: {len(firing - named)}")
    print(f"  groups that fire, and nobody was told of: {len({groups[alert] for alert in firing} - told)}")
    print(f"  messages that page: {len(pages)} for {len(by_group)} groups; "
          f"{sum(1 for key, _ in pages if key)} with an idempotency key, {len(keys)} keys", flush=True)


if __name__ == "__main__":
    print(f"{os.cpu_count()} cores", flush=True)
    storm(OurCandor)
    storm(Alertmanager)
