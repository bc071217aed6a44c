"""Alerts from the real Prometheus and Alertmanager of Debian: pulled, pushed, and by webhook; amtool against our API."""

import http.server
import json
import os
import socket
import subprocess
import threading
import time
import unittest

from harness import CandorTest, free_port, port_answers, request, wait_for

RULE = """
[page]
name = "Shop Status"
[[component]]
id = "checkout"
name = "Checkout"
[[rule]]
name = "checkout-errors"
component = "checkout"
when = { alert = 'alertname="CheckoutErrors"' }
resolve_after = "1s"
"""


class Alerts(CandorTest):
    def prometheus(self, candor_port=None, port=None, alertmanager=None):
        """A Prometheus whose one alert fires while the metric `broken` of a file it scrapes is 1."""
        port = port or free_port()
        (self.folder / "rules.yml").write_text(
            "groups:\n- name: shop\n  interval: 1s\n  rules:\n  - alert: CheckoutErrors\n    expr: broken == 1\n"
            "    for: 0s\n    labels: { severity: page }\n    annotations: { summary: 'checkout fails' }\n"
        )
        targets = []
        if candor_port:
            targets.append(
                f"  - path_prefix: /alertmanager\n    static_configs: [ {{ targets: ['127.0.0.1:{candor_port}'] }} ]\n"
            )
        if alertmanager:
            targets.append(f"  - static_configs: [ {{ targets: ['127.0.0.1:{alertmanager}'] }} ]\n")
        (self.folder / "prometheus.yml").write_text(
            "global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }\n"
            f"rule_files: [ {self.folder}/rules.yml ]\n"
            "scrape_configs:\n- job_name: shop\n  static_configs: [ { targets: ['127.0.0.1:%d'] } ]\n" % self.metrics.port
            + ("alerting:\n  alertmanagers:\n" + "".join(targets) if targets else "")
        )
        process = self.run_in_background(
            "prometheus",
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self.folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
            log="prometheus.log",
        )
        wait_for("Prometheus", lambda: port_answers(port) and request(port, "GET", "/-/ready").status == 200)
        return process, port

    def alertmanager(self, candor_port, port=None):
        port = port or free_port()
        (self.folder / "alertmanager.yml").write_text(
            "route: { receiver: candor, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }\n"
            "receivers:\n- name: candor\n  webhook_configs:\n"
            f"  - url: 'http://127.0.0.1:{candor_port}/api/v1/webhook/alertmanager'\n"
        )
        process = self.run_in_background(
            "prometheus-alertmanager",
            f"--config.file={self.folder}/alertmanager.yml",
            f"--storage.path={self.folder}/alertmanager",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            log="alertmanager.log",
        )
        wait_for("Alertmanager", lambda: port_answers(port))
        return process, port

    def setUp(self):
        super().setUp()
        self.metrics = self.recorder()
        self.metrics.headers = {"Content-Type": "text/plain; version=0.0.4"}
        self.broken(False)

    def broken(self, is_broken):
        self.metrics.body = f"broken {int(is_broken)}\n".encode()

    def open_incidents(self):
        return [i for i in self.candor_.incidents() if i["status"] != "resolved"]


class Push(Alerts):
    def test_prometheus_pushes_as_if_to_an_alertmanager(self):
        self.candor_ = self.candor(RULE)
        self.prometheus(candor_port=self.candor_.admin)
        self.broken(True)
        wait_for("an incident", self.open_incidents)
        signal = self.candor_.signals()[0]
        self.assertEqual(signal["labels"]["alertname"], "CheckoutErrors")
        self.assertEqual(signal["source"], "push")
        self.assertIn("checkout fails", signal["evidence"])
        self.broken(False)
        wait_for("the end", lambda: not self.open_incidents(), patience=60)

    def test_a_prometheus_that_dies_resolves_nothing_and_is_reported(self):
        config = RULE + '[alerts]\nresolve_timeout = "2s"\n'
        self.candor_ = self.candor(config)
        # As Prometheus sends it: with the end it will have if nothing more is heard, and where it comes from.
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
        alert = {
            "labels": {"alertname": "CheckoutErrors", "severity": "page"},
            "annotations": {"summary": "checkout fails"},
            "endsAt": soon,
            "generatorURL": "http://prometheus.example:9090/graph?g0.expr=broken",
        }
        answer = self.candor_.api("POST", "/alertmanager/api/v2/alerts", [alert])
        self.assertEqual((answer.status, answer.body), (200, b""))
        wait_for("an incident", self.open_incidents)
        wait_for("silence", lambda: self.candor_.signals()[0]["health"] == "unknown")
        time.sleep(2)
        self.assertTrue(self.open_incidents(), "silence is not recovery")
        self.assertIn("silent", self.candor_.ctl("status").stdout)

    def test_a_prometheus_whose_clock_is_behind_is_believed_and_told(self):
        self.candor_ = self.candor(RULE)
        began = time.time()

        def say(moved_on):
            end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began - 60 + moved_on))
            alert = {"labels": {"alertname": "CheckoutErrors"}, "startsAt": "2026-11-23T12:00:00Z", "endsAt": end,
                     "generatorURL": "http://prometheus.example:9090/graph?g0.expr=broken"}
            self.assertEqual(self.candor_.api("POST", "/alertmanager/api/v2/alerts", [alert]).status, 200)

        for word in range(4):
            self.assertEqual(self.candor_.signals(), [])
            say(word)
            time.sleep(1)
        wait_for("an incident", self.open_incidents)
        self.assertIn("the clock of push:prometheus.example:9090 is behind", self.candor_.ctl("status").stdout)
        say(-200)
        wait_for("the end", lambda: not self.open_incidents())

    def test_a_byte_that_is_not_utf8_loses_no_alert(self):
        self.candor_ = self.candor(RULE)
        for summary in (b"caf\xe9", b"caf\\ud83d"):
            body = (b'[{"labels": {"alertname": "CheckoutErrors"}}, {"labels": {"alertname": "Cafe", "name": "' + summary
                    + b'"}, "annotations": {"summary": "' + summary + b'"}}]')
            answer = self.candor_.api("POST", "/alertmanager/api/v2/alerts", body, {"Content-Type": "application/json"})
            self.assertEqual(answer.status, 200, answer.text)
        wait_for("an incident", self.open_incidents)
        self.assertEqual(sorted(signal["evidence"] for signal in self.candor_.signals()),
                         ["CheckoutErrors", "caf\ufffd"])

    def test_what_cannot_be_read_is_told(self):
        self.candor_ = self.candor(RULE)
        many = {"alertname": "Many", **{f"label{i}": "x" for i in range(128)}}
        long = {"alertname": "Long", "path": "x" * 5000}
        for path, alerts in (("/alertmanager/api/v2/alerts", [{"labels": many}, {"labels": long}]),
                             ("/api/v1/webhook/alertmanager", {"version": "4", "truncatedAlerts": 40, "receiver": "candor",
                                                               "alerts": [{"status": "firing", "labels": many}]})):
            self.assertEqual(self.candor_.api("POST", path, alerts).status, 400)
        self.assertEqual([signal["labels"]["alertname"] for signal in self.candor_.signals()], ["Long"])
        told = self.candor_.ctl("status").stdout
        self.assertIn("sent POST /alertmanager/api/v2/alerts with alerts that cannot be read", told)
        self.assertIn("labels: 129 of them, at most 128 are taken", told)
        self.assertIn("sent POST /api/v1/webhook/alertmanager, and Alertmanager left 40 alerts out of it", told)

    def test_an_alert_without_a_sender_ends_after_resolve_timeout(self):
        self.candor_ = self.candor(RULE + '[alerts]\nresolve_timeout = "2s"\n')
        answer = self.candor_.api("POST", "/alertmanager/api/v2/alerts", [{"labels": {"alertname": "CheckoutErrors"}}])
        self.assertEqual(answer.status, 200)
        wait_for("an incident", self.open_incidents)
        wait_for("the alert to be over", lambda: not self.candor_.signals())
        wait_for("the end", lambda: not self.open_incidents(), patience=60)

    def test_what_is_wrong_is_refused_and_the_rest_is_kept(self):
        self.candor_ = self.candor(RULE)
        answer = self.candor_.api(
            "POST", "/alertmanager/api/v2/alerts", [{"labels": {}}, {"labels": {"alertname": "CheckoutErrors"}}]
        )
        self.assertEqual(answer.status, 400)
        self.assertEqual(len(self.candor_.signals()), 1)
        self.assertEqual(self.candor_.api("POST", "/alertmanager/api/v2/alerts", "{").status, 400)

    def test_what_was_answered_200_survives_kill_9(self):
        self.candor_ = self.candor(RULE)
        names = [f"Alert{i}" for i in range(50)]
        for name in names:
            alert = {"labels": {"alertname": name}, "generatorURL": "http://p.example/graph"}
            self.assertEqual(self.candor_.api("POST", "/alertmanager/api/v2/alerts", [alert]).status, 200)
        self.candor_.kill()
        self.candor_.start()
        self.assertEqual(sorted(s["labels"]["alertname"] for s in self.candor_.signals()), sorted(names))

    def amtool(self, *arguments):
        done = subprocess.run(
            ["amtool", f"--alertmanager.url=http://127.0.0.1:{self.candor_.admin}/alertmanager", *arguments],
            capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": str(self.folder)},
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_amtool_adds_and_queries(self):
        self.candor_ = self.candor(RULE)
        self.amtool("alert", "add", "CheckoutErrors", "severity=page", "--annotation=summary=by hand")
        self.assertIn("CheckoutErrors", self.amtool("alert", "query"))
        self.assertIn("CheckoutErrors", self.amtool("alert", "query", "severity=page"))
        self.assertNotIn("CheckoutErrors", self.amtool("alert", "query", "severity=info"))
        wait_for("an incident", self.open_incidents)


class Pull(Alerts):
    def test_a_prometheus_that_has_just_started_ends_nothing(self):
        _, port = self.prometheus()
        self.candor_ = self.candor(
            RULE + f'[[prometheus]]\nname = "main"\nurl = "http://127.0.0.1:{port}"\nevery = "500ms"\n'
        )
        self.broken(True)
        wait_for("an incident", self.open_incidents)
        self.broken(False)
        wait_for("its end there", lambda: not request(port, "GET", "/api/v1/alerts").json["data"]["alerts"])
        time.sleep(4)
        self.assertEqual([signal["health"] for signal in self.candor_.signals()], ["failing"])
        self.assertTrue(self.open_incidents(), "it may just not have its samples yet")
        self.assertNotIn("does not say", self.candor_.ctl("status").stdout)

    def test_a_source_that_does_not_say_how_far_it_can_be_trusted_ends_nothing(self):
        fires = {"labels": {"alertname": "CheckoutErrors"}, "state": "firing", "activeAt": "2026-11-23T12:00:00Z"}
        told = {"alerts": [fires], "rules": 503}

        class HalfAPrometheus(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                alerts = self.path == "/api/v1/alerts"
                body = json.dumps({"status": "success", "data": {"alerts": told["alerts"]}}).encode()
                self.send_response(200 if alerts else told["rules"] if "/rules" in self.path else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), HalfAPrometheus)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        self.candor_ = self.candor(RULE + f'[[prometheus]]\nname = "half"\nurl = "{url}"\nevery = "200ms"\n')
        wait_for("an incident", self.open_incidents)
        told["alerts"] = []
        wait_for("doubt", lambda: "does not say how far it can be trusted" in self.candor_.ctl("status").stdout)
        time.sleep(2)
        self.assertTrue(self.open_incidents())
        told["rules"] = 404
        wait_for("the end", lambda: not self.open_incidents())
        self.assertNotIn("does not say", self.candor_.ctl("status").stdout)

    def test_why_a_source_is_silent_is_told_as_of_now(self):
        source = self.recorder()
        source.status, source.headers = 503, {"Connection": "close"}  # a kept one would go on answering
        candor = self.candor(f'[[prometheus]]\nname = "main"\nurl = "{source.url}"\nevery = "200ms"\n')

        def tells(words):
            known = candor.api("GET", "/api/v1/status").json["sources"]
            return known and words in known[0]["evidence"] and words in candor.ctl("status").stdout

        wait_for("the refusals to be told", lambda: tells("it answers with status 503"))
        source.close()
        wait_for("the closed port to be told", lambda: tells("refused"))
        told = [line for line in candor.log.read_text().splitlines() if "source_changed" in line]
        self.assertEqual(sum("status 503" in line for line in told), 1)
        self.assertFalse([line for line in told if "refused" in line], "the journal hears of the silence once")

    def test_alertmanager_is_asked(self):
        _, port = self.alertmanager(candor_port=free_port())
        self.candor_ = self.candor(
            RULE + f'[[alertmanager]]\nname = "am"\nurl = "http://127.0.0.1:{port}"\nevery = "500ms"\n'
        )
        request(port, "POST", "/api/v2/alerts", [{"labels": {"alertname": "CheckoutErrors"}}])
        wait_for("an incident", self.open_incidents)
        self.assertEqual(self.candor_.signals()[0]["source"], "alertmanager:am")


class Webhook(Alerts):
    def test_alertmanager_calls_us(self):
        self.candor_ = self.candor(RULE)
        _, port = self.alertmanager(candor_port=self.candor_.admin)
        alert = {"labels": {"alertname": "CheckoutErrors"}, "annotations": {"summary": "checkout fails"}}
        request(port, "POST", "/api/v2/alerts", [alert])
        wait_for("an incident", self.open_incidents)
        self.assertEqual(self.candor_.signals()[0]["source"], "webhook")
        past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
        request(port, "POST", "/api/v2/alerts", [{**alert, "startsAt": "2026-01-01T00:00:00Z", "endsAt": past}])
        wait_for("the end", lambda: not self.open_incidents(), patience=60)

    def post(self, alerts):
        message = {"version": "4", "receiver": "candor", "alerts": alerts}
        return self.candor_.api("POST", "/api/v1/webhook/alertmanager", message).status

    def test_an_outage_begins_anew_whose_end_was_silenced(self):
        self.candor_ = self.candor(RULE)
        now = time.time()
        stamp = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        firing = {"status": "firing", "labels": {"alertname": "CheckoutErrors"}, "startsAt": stamp(now - 3600)}
        self.assertEqual(self.post([firing]), 200)
        wait_for("an incident", self.open_incidents)
        incident = self.candor_.incidents()[0]["id"]
        self.assertEqual(self.candor_.ctl("incident", "resolve", incident, "--body", "Over.").returncode, 0)
        self.assertEqual(self.post([firing]), 200)
        self.assertEqual(self.open_incidents(), [])
        self.assertEqual(self.post([{**firing, "startsAt": stamp(now - 2)}]), 200)
        wait_for("it to be reopened", self.open_incidents)

    def test_a_storm_of_alerts_comes_in_one_message(self):
        self.candor_ = self.candor(RULE)
        alert = {"status": "firing", "annotations": {"description": "d" * 4000}, "startsAt": "2026-01-01T00:00:00Z"}
        crowd = [{**alert, "labels": {"alertname": "Pod", "pod": str(i)}} for i in range(2000)]
        self.assertEqual(self.post([*crowd, {**alert, "labels": {"alertname": "CheckoutErrors"}}]), 200)
        wait_for("an incident", self.open_incidents)

    def test_a_message_that_is_too_large_is_told(self):
        self.candor_ = self.candor(RULE)
        sent = {
            "127.0.0.2": "/api/v1/webhook/alertmanager",
            "127.0.0.3": "/alertmanager/api/v2/alerts",
            "127.0.0.4": "/api/v1/incidents",
        }
        for address, path in sent.items():
            with socket.create_connection(("127.0.0.1", self.candor_.admin), source_address=(address, 0)) as sender:
                head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40000000\r\n"
                sender.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n{")
                self.assertIn(b" 413 ", sender.recv(4096))
        told = [trouble["what"] for trouble in self.candor_.api("GET", "/api/v1/status").json["troubles"]]
        self.assertEqual(len(told), 2, "who sends something else sees the refusal")
        pushed, webhook = sorted(told, reverse=True)
        self.assertIn("127.0.0.2 sent POST /api/v1/webhook/alertmanager with more than is taken in at once", webhook)
        self.assertIn("group_by", webhook)
        self.assertIn("127.0.0.3 sent POST /alertmanager/api/v2/alerts with more than is taken in at once", pushed)
        self.assertNotIn("group_by", pushed)
        wait_for("both in the log", lambda: self.candor_.log.read_text().count("body_refused") == 2)


class Metrics(Alerts):
    def test_promtool_has_nothing_to_say(self):
        port = free_port()
        self.candor_ = self.candor(
            RULE
            + f'[[probe]]\nname = "p"\ncomponent = "checkout"\nevery = "200ms"\n[probe.http]\nurl = "{self.metrics.url}"\n'
            + f'[[prometheus]]\nname = "main"\nurl = "http://127.0.0.1:{port}"\nevery = "500ms"\n'
        )
        self.candor_.api("POST", "/alertmanager/api/v2/alerts", [{"labels": {"alertname": "CheckoutErrors"}}])
        wait_for("an incident", self.open_incidents)
        time.sleep(1)
        text = self.candor_.api("GET", "/metrics").body
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, b"", b""))
        for name in (b"candor_probes_up", b"candor_incident_open", b"candor_store_commits_total", b"candor_http_requests_total"):
            self.assertIn(name, text)


if __name__ == "__main__":
    unittest.main()
