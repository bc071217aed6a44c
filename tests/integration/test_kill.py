"""kill -9 at random moments under a stream of alerts: what was answered 200 is there, and what must be said is said.

    python3 -m unittest test_kill                      200 kills
    CANDOR_SEED=7 CANDOR_KILLS=50 python3 -m unittest test_kill
"""

import collections
import contextlib
import datetime
import http.client
import json
import os
import random
import sqlite3
import threading
import time
import unittest
import urllib.parse

from harness import CandorTest, ana, wait_for

GROUPS = 40
KILLS = int(os.environ.get("CANDOR_KILLS", "200"))
SEED = int(os.environ.get("CANDOR_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)


def rfc3339(seconds_from_now):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds_from_now)
    return at.isoformat()


class Stream(threading.Thread):
    """Pushes alerts as Prometheus does, one post after the other, and keeps what was answered 200."""

    def __init__(self, port, name, path="/alertmanager/api/v2/alerts"):
        super().__init__(daemon=True)
        self.port, self.path, self.source, self.done = port, path, name, threading.Event()
        self.groups_open = 1  # how many groups may fire by now
        self.accepted = {}  # alertname → whether it fires
        self.labels = {}
        self.in_doubt = set()  # posted, and no answer came
        self.count = 0

    def run(self):
        connection = None
        while not self.done.is_set():
            posted = self.next_post()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("POST", self.path, json.dumps(posted), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection = connection and connection.close()
                status = 0
            for alert in posted:
                name, fires = alert["labels"]["alertname"], "endsAt" not in alert or alert["endsAt"] > rfc3339(0)
                if status == 200:
                    self.accepted[name] = fires
                    self.in_doubt.discard(name)
                else:
                    self.in_doubt.add(name)
            time.sleep(0.03 if status else 0.002)
        if connection:
            connection.close()

    def next_post(self):
        alerts = []
        for _ in range(4):
            self.count += 1
            name = f"{self.source}{self.count}"
            self.labels[name] = {"alertname": name, "group": f"g{self.count % self.groups_open}"}
            alerts.append({"labels": self.labels[name], "annotations": {"summary": "it is down"},
                           "endsAt": rfc3339(3600)})
        ended = f"{self.source}{self.count - 8}"
        if self.accepted.get(ended) and self.count % 3 == 0 and ended not in self.in_doubt:
            alerts.append({"labels": self.labels[ended], "endsAt": rfc3339(-1)})
        return alerts


def configuration(phone):
    rules = "".join(
        f'[[rule]]\nname = "r{i}"\nwhen = {{ alert = \'group="g{i}"\' }}\nresolve_after = "1h"\npage = "all"\n'
        for i in range(GROUPS))
    return rules + ana(phone, wait="1h")


class KillNine(CandorTest):
    def test_at_random_moments_under_a_stream_of_alerts(self):
        chance = random.Random(SEED)
        print(f"CANDOR_SEED={SEED} CANDOR_KILLS={KILLS}", flush=True)
        phone = self.recorder()
        phone.delay = 0.05  # so that some pages are on their way when it strikes
        candor = self.candor(configuration(phone.url))
        streams = [Stream(candor.admin, name) for name in "abc"]
        for stream in streams:
            stream.start()
        for kill in range(KILLS):
            for stream in streams:
                stream.groups_open = min(GROUPS, 1 + kill * GROUPS // max(1, KILLS - 10))
            time.sleep(chance.uniform(0, 0.25))
            candor.kill()
            candor.start(wait=chance.random() < 0.7)  # sometimes killed before it was ready
        wait_for("candord to be ready", candor.is_ready)
        time.sleep(0.2)
        for stream in streams:
            stream.done.set()
            stream.join(20)

        known = set()
        for i in range(GROUPS):
            query = urllib.parse.urlencode({"limit": 5000, "filter": f'group="g{i}"'})
            answer = candor.api("GET", f"/api/v1/signals?{query}").json
            self.assertFalse(answer["more"], "ask for less at a time")
            known.update(signal["labels"]["alertname"] for signal in answer["signals"])
        accepted = sum(len(stream.accepted) for stream in streams)
        self.assertGreater(accepted, 20 * KILLS, "too few alerts to show anything")
        for stream in streams:
            for name, fires in stream.accepted.items():
                if name in stream.in_doubt:
                    continue
                self.assertEqual(name in known, fires, f"{name} was answered 200 (seed {SEED})")

        incidents = candor.api("GET", "/api/v1/incidents?limit=1000").json["incidents"]
        by_rule = collections.Counter(incident["rule"] for incident in incidents)
        self.assertEqual(set(by_rule), {f"r{i}" for i in range(GROUPS)})
        self.assertEqual(set(by_rule.values()), {1}, "one incident for one cause")

        def paged():
            with phone.changed:
                received = list(phone.received)
            return {json.loads(item["body"])["incident"]["id"] for item in received}

        wait_for("every page", lambda: paged() == {incident["id"] for incident in incidents})
        bodies = collections.defaultdict(set)
        for item in phone.received:
            bodies[item["headers"]["Idempotency-Key"]].add(item["body"])
        self.assertEqual(len(bodies), GROUPS, "one key for one page, however often it was sent")
        self.assertEqual({len(said) for said in bodies.values()}, {1}, "one key, one body")

        self.assertEqual(candor.stop(), 0)
        with contextlib.closing(sqlite3.connect(candor.state / "candor.db")) as journal:
            (events,) = journal.execute("SELECT count(*) FROM events").fetchone()
        print(f"{KILLS} kills, {accepted} alerts answered 200 and all there, "
              f"{sum(len(stream.in_doubt) for stream in streams)} without an answer, {GROUPS} pages in "
              f"{len(phone.received)} messages, {events} events", flush=True)


if __name__ == "__main__":
    unittest.main()
