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
ENDED = 20  # incidents that a human ends meanwhile
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


class Human:
    """Ends the incidents of the rules `e0`, `e1`, …, one after the other, once their pages have come."""

    def __init__(self, candor, phone):
        self.candor, self.phone = candor, phone
        self.ended = set()  # what was answered 200, or found to be ended

    def begin(self):
        alerts = [{"labels": {"alertname": f"e{i}", "group": f"e{i}"}, "endsAt": rfc3339(86400)} for i in range(ENDED)]
        assert self.candor.api("POST", "/alertmanager/api/v2/alerts", alerts).status == 200
        wait_for("their pages", lambda: len(self.paged()) == ENDED)

    def paged(self):
        return {page["incident"]["id"]: page["incident"]["rule"] for page in self.phone.messages("page")
                if page["incident"]["rule"].startswith("e")}

    def end_one(self):
        """And whether it was answered."""
        waiting = sorted(set(self.paged()) - self.ended)
        if waiting:
            with contextlib.suppress(OSError, http.client.HTTPException):  # it was killed, or is not ready
                if self.candor.api("POST", f"/api/v1/incidents/{waiting[0]}/resolve", {}).status in (200, 409):
                    self.ended.add(waiting[0])
                    return True
        return False


def configuration(phone):
    rules = "".join(
        f'[[rule]]\nname = "{rule}"\nwhen = {{ alert = \'group="{group}"\' }}\nresolve_after = "1h"\npage = "all"\n'
        for rule, group in [(f"r{i}", f"g{i}") for i in range(GROUPS)] + [(f"e{i}", f"e{i}") for i in range(ENDED)])
    return rules + ana(phone, wait="1h")


class KillNine(CandorTest):
    def test_at_random_moments_under_a_stream_of_alerts(self):
        chance = random.Random(SEED)
        print(f"CANDOR_SEED={SEED} CANDOR_KILLS={KILLS}", flush=True)
        phone = self.recorder()
        phone.delay = 0.05  # so that some pages are on their way when it strikes
        candor = self.candor(configuration(phone.url))
        human = Human(candor, phone)
        human.begin()
        streams = [Stream(candor.admin, name) for name in "abc"]
        for stream in streams:
            stream.start()
        for kill in range(KILLS):
            for stream in streams:
                stream.groups_open = min(GROUPS, 1 + kill * GROUPS // max(1, KILLS - 10))
            time.sleep(chance.uniform(0, 0.25))
            if human.end_one():
                time.sleep(chance.uniform(0, 0.05))  # while word of it is on its way
            candor.kill()
            candor.start(wait=chance.random() < 0.7)  # sometimes killed before it was ready
        wait_for("candord to be ready", candor.is_ready)
        while human.end_one():  # and those whose answer a kill took
            pass
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
        self.assertEqual(set(by_rule), {f"r{i}" for i in range(GROUPS)} | {f"e{i}" for i in range(ENDED)})
        self.assertEqual(set(by_rule.values()), {1}, "one incident for one cause")
        self.assertEqual({incident["id"] for incident in incidents if incident["status"] == "resolved"}, human.ended,
                         f"what was answered 200 has ended, and nothing else (seed {SEED})")
        self.assertEqual(len(human.ended), ENDED)

        def told(event):
            return {message["incident"]["id"] for message in phone.messages(event)}

        wait_for("every page", lambda: told("page") == {incident["id"] for incident in incidents})
        wait_for("word of every end", lambda: told("resolved") == human.ended)
        sent = {event: self.sent_as_one(phone, event) for event in ("page", "resolved")}
        self.assertEqual([len(sent["page"]), len(sent["resolved"])], [GROUPS + ENDED, ENDED],
                         "one key for one message, however often it was sent")
        again = {event: sum(sent[event].values()) - len(sent[event]) for event in sent}
        for event, times in again.items():
            self.assertGreater(times, 0, f"no {event} was sent again, so its key was not put to the test (seed {SEED})")

        self.assertEqual(candor.stop(), 0)
        with contextlib.closing(sqlite3.connect(candor.state / "candor.db")) as journal:
            (events,) = journal.execute("SELECT count(*) FROM events").fetchone()
        print(f"{KILLS} kills, {accepted} alerts answered 200 and all there, "
              f"{sum(len(stream.in_doubt) for stream in streams)} without an answer, {len(sent['page'])} pages and "
              f"{again['page']} repetitions, {len(sent['resolved'])} ends and {again['resolved']} repetitions, "
              f"{events} events", flush=True)

    def sent_as_one(self, phone, event):
        """How often each message of the kind came, by its key; what comes under one key says one thing."""
        bodies = collections.defaultdict(list)
        for item in phone.received:
            if json.loads(item["body"])["event"] == event:
                bodies[item["headers"]["Idempotency-Key"]].append(item["body"])
        self.assertEqual({len(set(said)) for said in bodies.values()}, {1}, "one key, one body")
        return {key: len(said) for key, said in bodies.items()}


if __name__ == "__main__":
    unittest.main()
