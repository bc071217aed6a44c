"""A candord that was stopped for a while blames nobody for it, and hears first what was said meanwhile."""

import contextlib
import http.client
import json
import os
import signal
import socketserver
import threading
import time
import unittest

from harness import CandorTest, ana, shop, wait_for

DELAY = 0.4
STOPS = 3


class Greeter(socketserver.ThreadingTCPServer):
    """Greets late, so that somebody always waits for it."""

    allow_reuse_address, daemon_threads = True, True

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                time.sleep(DELAY)
                self.request.sendall(b"220 shop\r\n")
                self.request.recv(1)

    RequestHandlerClass = Handler

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)


def probe(name, kind, timeout):
    return (f'[[component]]\nid = "{name}"\nname = "{name}"\n[[probe]]\nname = "{name}"\ncomponent = "{name}"\n'
            f'every = "300ms"\ntimeout = "{timeout}"\n[probe.{kind}\n'
            f'[[rule]]\nname = "{name}"\ncomponent = "{name}"\npage = "all"\n'
            f'when = {{ any = [{{ probe = \'probe="{name}"\' }}, {{ probe = \'probe="{name}"\', health = "degraded" }}] }}\n')


class Standstill(CandorTest):
    def test_of_the_process(self):
        target, phone, greeter = self.recorder(), self.recorder(), Greeter()
        target.delay = DELAY
        threading.Thread(target=greeter.serve_forever, daemon=True).start()
        self.addCleanup(greeter.server_close)
        self.addCleanup(greeter.shutdown)
        tcp = f'tcp]\naddress = "127.0.0.1:{greeter.server_address[1]}"\ndialogue = [{{ expect = "^220" }}]'
        names = ("web", "slow", "tcp", "exec")
        candor = self.candor(
            '[page]\nname = "Shop"\n' + ana(phone.url) + probe("web", f'http]\nurl = "{target.url}"', "2s") +
            probe("slow", f'http]\nurl = "{target.url}"\ndegraded_above = "2s"', "30s") + probe("tcp", tcp, "2s") +
            probe("exec", f'exec]\ncommand = ["/bin/sleep", "{DELAY}"]', "2s"))

        def runs():
            seen = {one["name"]: one for one in candor.api("GET", "/api/v1/probes").json["probes"]}
            return {name: seen[name]["runs"] for name in names}

        def all_ran(times):
            before = runs()
            wait_for("every probe to run", lambda: all(runs()[name] >= before[name] + times for name in names))

        wait_for("all to be well", lambda: {one["health"] for one in candor.signals()} == {"ok"})
        for _ in range(STOPS):
            all_ran(3)
            os.kill(candor.process.pid, signal.SIGSTOP)
            time.sleep(3)
            os.kill(candor.process.pid, signal.SIGCONT)
        all_ran(3)
        self.assertEqual(candor.incidents(), [], candor.log.read_text())
        self.assertEqual(phone.messages("page"), [])
        self.assertIn(" warning runs_dropped under_way=", candor.log.read_text())
        metrics = candor.api("GET", "/metrics").text
        dropped = next(line for line in metrics.splitlines() if line.startswith("candor_probes_dropped_total "))
        self.assertGreaterEqual(float(dropped.split()[1]), STOPS)
        self.assertNotRegex(metrics, r'candor_probes_runs_total\{[^}]*health="(failing|degraded)"[^}]*\} [1-9]')

        target.status = 503
        wait_for("a true failure to be seen", lambda: phone.messages("page"))


@contextlib.contextmanager
def stopped(candor):
    os.kill(candor.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(candor.process.pid, signal.SIGCONT)


class Said:
    """A request that lies in candord's socket until that reads it."""

    def __init__(self, candor, method, path, body):
        self.connection = http.client.HTTPConnection("127.0.0.1", candor.admin, timeout=60)
        self.connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})

    def answer(self):
        with contextlib.closing(self.connection):
            response = self.connection.getresponse()
            return response.status, response.read().decode()


def timeline(candor, incident):
    return [entry["what"] for entry in candor.api("GET", f"/api/v1/incidents/{incident}").json["timeline"]]


class WhatWasSaidMeanwhile(CandorTest):
    def failing_shop(self, phone, **options):
        target = self.recorder()
        target.status = 503
        candor = self.candor(shop(target.url, phone.url, **options))
        return candor, wait_for("the incident", candor.incidents)[0]

    def test_an_ack_goes_before_the_next_step_of_the_escalation(self):
        phone = self.recorder()
        candor, incident = self.failing_shop(phone, wait="6s")
        wait_for("the page", lambda: phone.messages("page"))
        with stopped(candor):
            ack = Said(candor, "POST", f"/api/v1/incidents/{incident['id']}/ack", {"contact": "ana"})
            time.sleep(7)
        self.assertEqual(ack.answer()[0], 200)
        self.assertEqual(timeline(candor, incident["id"]).count("paged"), 1)
        self.assertEqual(len(phone.messages("page")), 1)

    def test_a_veto_goes_before_the_first_words(self):
        phone = self.recorder()
        candor, incident = self.failing_shop(phone, holding='[[holding]]\nname = "default"\nafter = "6s"\n')
        with stopped(candor):
            veto = Said(candor, "POST", f"/api/v1/incidents/{incident['id']}/veto", {"reason": "a load test"})
            time.sleep(7)
        self.assertEqual(veto.answer()[0], 200)
        self.assertNotIn("update_posted", timeline(candor, incident["id"]))
        self.assertNotIn(incident["id"], candor.page("/api/v2/incidents.json").text)

    def test_words_of_a_human_go_before_a_promised_update(self):
        phone = self.recorder()
        candor, incident = self.failing_shop(phone, holding='[cadence]\ncritical = "10s"\n')
        with stopped(candor):
            said = Said(candor, "POST", f"/api/v1/incidents/{incident['id']}/updates", {"body": "We found the cause."})
            time.sleep(11)
        self.assertEqual(said.answer()[0], 200)
        self.assertEqual(timeline(candor, incident["id"]).count("update_posted"), 2)

    def test_a_script_that_repeated_its_alert_has_not_fallen_silent(self):
        phone = self.recorder()
        candor = self.candor(
            '[page]\nname = "Shop"\n[alerts]\nresolve_timeout = "10s"\n' + ana(phone.url) +
            '[[component]]\nid = "shop"\nname = "Shop"\n'
            '[[rule]]\nname = "x"\ncomponent = "shop"\npage = "all"\nwhen = { alert = \'alertname="X"\' }\n')

        def post():
            return Said(candor, "POST", "/alertmanager/api/v2/alerts", [{"labels": {"alertname": "X"}}])

        self.assertEqual(post().answer()[0], 200)
        incident = wait_for("the incident", candor.incidents)[0]["id"]
        ended = candor.api("POST", f"/api/v1/incidents/{incident}/resolve", {"body": "A false alarm."})
        self.assertEqual(ended.status, 200, ended.text)
        with stopped(candor):
            posts = []
            for _ in range(4):
                posts.append(post())
                time.sleep(3)
        for each in posts:
            self.assertEqual(each.answer()[0], 200)
        self.assertEqual(candor.api("GET", f"/api/v1/incidents/{incident}").json["status"], "resolved")
        self.assertNotIn("incident_reopened", timeline(candor, incident))
        self.assertNotIn("nobody has repeated it", candor.log.read_text())


class WhatIsAsItWas(CandorTest):
    def test_a_probe_that_fails_on_is_believed_with_its_next_run(self):
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url, hold="5s"))
        wait_for("it to be well", lambda: {one["health"] for one in candor.signals()} == {"ok"})
        target.status = 503
        wait_for("a failure", lambda: {one["health"] for one in candor.signals()} == {"failing"})
        with stopped(candor):
            time.sleep(17)
        # Without a look what failed before is memory for half a minute.
        wait_for("the page", lambda: phone.messages("page"), patience=20)


if __name__ == "__main__":
    unittest.main()
