"""The clock of the machine is set while candord runs: nothing ends, nobody is paged again, and every wait goes on."""

import contextlib
import datetime
import http.server
import json
import os
import signal
import sqlite3
import threading
import time
import unittest
import urllib.parse

from harness import FAKETIME, ahead, ana, free_port, request, shop, wait_for
from test_alerts import RULE, Alerts

ALERT = """
[[rule]]
name = "errors"
when = { alert = 'alertname="Errors"' }
resolve_after = "1s"
"""


class SetClock(Alerts):
    def setUp(self):
        super().setUp()
        self.assertIsNotNone(FAKETIME, "libfaketime is not installed: apt-get install faketime")
        self.phone = self.recorder()
        self.offset = self.folder / "offset"
        self.set_clock("+0")

    def start(self, config):
        self.it = self.candor(
            config,
            env={"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.offset), "FAKETIME_NO_CACHE": "1",
                 "FAKETIME_DONT_FAKE_MONOTONIC": "1", "ASAN_OPTIONS": "verify_asan_link_order=0"})

    def set_clock(self, by):
        new = self.offset.with_suffix(".new")
        new.write_text(by + "\n")
        os.replace(new, self.offset)

    def push(self, name):
        alerts = [{"labels": {"alertname": name}}]
        answer = self.it.api("POST", "/alertmanager/api/v2/alerts", json.dumps(alerts).encode())
        self.assertEqual(answer.status, 200)

    def due(self):
        (page,) = self.it.api("GET", "/api/v1/pages").json["pages"]
        return datetime.datetime.fromisoformat(page["due"])

    def proxy(self, port):
        """The port of a proxy that does not pass on when a Prometheus was started: after the clock was set, candord could
        believe that only five minutes later."""

        class Proxy(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                passed = not self.path.startswith("/api/v1/status/") and request(port, "GET", self.path)
                self.send_response(passed.status if passed else 404)
                body = passed.body if passed else b""
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def times_told(self):
        return self.it.log.read_text().count("clock_set")

    def test_before_the_journal_begins_is_no_event_of_it(self):
        # It runs a hundred thousand times too fast, so it is seen to be set whenever somebody looks at it.
        self.it = self.candor(ALERT, env=ahead("+0 x100000"))
        wait_for("a look at it", self.times_told)
        self.it.kill()
        with contextlib.closing(sqlite3.connect(self.it.state / "candor.db")) as journal:
            ((first,),) = journal.execute("SELECT token FROM events ORDER BY seq LIMIT 1")
        self.assertEqual(first, "journal_begun")

    def test_forward_and_back(self):
        self.start(shop(f"http://127.0.0.1:{free_port()}/", self.phone.url, extra_rule=ALERT, wait="40m"))
        self.push("Errors")
        wait_for("both incidents", lambda: len(self.it.incidents()) == 2)
        wait_for("a page", lambda: self.phone.messages("page"))
        due = self.due()
        for told, (offset, by) in enumerate((("+3h", datetime.timedelta(hours=3)), ("+0", datetime.timedelta(0))), 1):
            self.set_clock(offset)
            wait_for("word of the set clock", lambda told=told: self.times_told() == told)
            self.push("Others")  # and its sender's other alerts are looked at
            time.sleep(3)  # longer than resolve_after
            self.assertLess(abs(self.due() - due - by), datetime.timedelta(seconds=5), "the escalation waits as long as before")
            self.assertEqual(len(self.it.incidents()), 2)
            self.assertEqual({incident["status"] for incident in self.it.incidents()} & {"resolved"}, set())
            self.assertEqual({signal["health"] for signal in self.it.signals()}, {"failing"})
            self.assertEqual(len(self.phone.messages("page")), 1)
        self.assertEqual(self.phone.messages("resolved"), [])

    def test_back_leaves_the_links_of_later_pages_alone(self):
        checkout = self.recorder()
        self.start(shop(checkout.url, self.phone.url, wait="3s"))
        time.sleep(1)
        checkout.status = 503
        first = wait_for("a page", lambda: self.phone.messages("page"))[0]
        checkout.status = 200
        wait_for("the end", lambda: self.phone.messages("resolved"), patience=60)
        before = len(self.phone.messages("page"))
        checkout.status = 503
        wait_for("a page anew", lambda: self.phone.messages("page")[before:])
        self.set_clock("-3600")
        wait_for("word of the set clock", lambda: self.times_told() == 1)
        before = len(self.phone.messages("page"))
        again = wait_for("the next step", lambda: self.phone.messages("page")[before:])[0]
        self.assertEqual(again["incident"]["id"], first["incident"]["id"])
        old, new = (urllib.parse.urlsplit(page["ack_url"]).path for page in (first, again))
        self.assertEqual(request(self.it.public, "POST", old).status, 410, "it is of an earlier outbreak")
        self.assertEqual(request(self.it.public, "GET", new).status, 200)
        self.assertEqual(request(self.it.public, "POST", new).status, 200)
        self.assertEqual([incident["lead"] for incident in self.it.incidents()], ["ana"])

    def test_while_it_stood_still_pages_nobody_by_what_was_seen_before(self):
        target = self.recorder()
        for way, offset in enumerate(("+3", "+0")):  # ahead and back
            with self.subTest(offset):
                target.status = 200
                if way == 0:
                    self.start(shop(target.url, self.phone.url, hold="10s", every="3s"))
                wait_for("it to be well", lambda: [signal["health"] for signal in self.it.signals()] == ["ok"])
                target.status = 503
                wait_for("a failure", lambda: [signal["health"] for signal in self.it.signals()] == ["failing"])
                os.kill(self.it.process.pid, signal.SIGSTOP)
                target.status = 200
                time.sleep(12)
                self.set_clock(offset)
                os.kill(self.it.process.pid, signal.SIGCONT)
                wait_for("word of the set clock", lambda way=way: self.times_told() == way + 1)
                wait_for("a look", lambda: [signal["health"] for signal in self.it.signals()] == ["ok"])
                time.sleep(1)
                self.assertEqual(self.it.incidents(), [])
                self.assertEqual(self.phone.messages("page"), [])

    def test_finds_no_job_late(self):
        self.start('[[probe]]\nname = "backup"\nevery = "100ms"\n[probe.heartbeat]\nlate_after = "1h"\n'
                   '[[rule]]\nname = "backup-late"\nwhen = { probe = \'probe="backup"\' }\n')
        self.assertEqual(self.it.api("POST", "/api/v1/heartbeat/backup").status, 200)
        wait_for("it to be well", lambda: [signal["health"] for signal in self.it.signals()] == ["ok"])
        self.set_clock("+3h")
        wait_for("word of the set clock", lambda: self.times_told() == 1)
        time.sleep(0.5)
        self.assertEqual([signal["health"] for signal in self.it.signals()], ["ok"])
        self.assertEqual(self.it.incidents(), [])

    def test_a_day_later_a_sender_is_forgotten_unless_there_are_alerts_of_it(self):
        self.start(ALERT)
        for pod in ("one", "two"):
            alert = {"labels": {"alertname": pod}, "generatorURL": f"http://{pod}:9090/graph",
                     "startsAt": "2026-11-23T12:00:00Z"}
            self.assertEqual(self.it.api("POST", "/alertmanager/api/v2/alerts", [alert]).status, 200)
        alert["endsAt"] = datetime.datetime.now(datetime.timezone.utc).isoformat()
        self.assertEqual(self.it.api("POST", "/alertmanager/api/v2/alerts", [alert]).status, 200)

        def senders():
            sources = self.it.api("GET", "/api/v1/status").json["sources"]
            return [source["name"] for source in sources if source["name"].startswith("push:")]

        wait_for("both senders", lambda: senders() == ["push:one:9090", "push:two:9090"])
        self.set_clock("+25h")
        wait_for("word of the set clock", lambda: self.times_told() == 1)
        self.assertEqual(self.it.api("POST", "/-/reload").status, 200)
        self.assertEqual(senders(), ["push:one:9090", "push:two:9090"], "no day has passed")
        self.it.kill()
        self.set_clock("+50h")
        self.it.start()
        wait_for("one of them", lambda: senders() == ["push:one:9090"])
        alert = {"labels": {"alertname": "two"}, "generatorURL": "http://two:9090/graph"}
        self.assertEqual(self.it.api("POST", "/alertmanager/api/v2/alerts", [alert]).status, 200)
        wait_for("it is back", lambda: senders() == ["push:one:9090", "push:two:9090"])

    def test_forward_and_back_while_prometheus_is_asked(self):
        _, prometheus = self.prometheus()
        port = self.proxy(prometheus)
        rule = RULE.replace("when = ", 'page = "all"\nwhen = ')
        self.start(rule + ana(self.phone.url, wait="40m") + f"""
[[prometheus]]
name = "main"
url = "http://127.0.0.1:{port}"
every = "500ms"
""")
        self.broken(True)
        wait_for("a page", lambda: self.phone.messages("page"))
        due = self.due()
        for told, (offset, by) in enumerate((("+3h", datetime.timedelta(hours=3)), ("+0", datetime.timedelta(0))), 1):
            self.set_clock(offset)
            wait_for("word of the set clock", lambda told=told: self.times_told() == told)
            time.sleep(3)  # six answers, and longer than resolve_after
            self.assertLess(abs(self.due() - due - by), datetime.timedelta(seconds=5))
            self.assertEqual([incident["status"] for incident in self.it.incidents()], ["investigating"])
            self.assertEqual([signal["health"] for signal in self.it.signals()], ["failing"])
            self.assertEqual(len(self.phone.messages("page")), 1)
        self.set_clock("+3h")
        wait_for("word of the set clock", lambda: self.times_told() == 3)
        self.broken(False)
        wait_for("the end", lambda: [one["status"] for one in self.it.incidents()] == ["resolved"], patience=30)


if __name__ == "__main__":
    unittest.main()
