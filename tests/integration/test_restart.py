"""kill -9 between every two steps of one incident: nothing is lost, nothing is said twice."""

import collections
import time
import unittest

from harness import ALERT_A, CandorTest, day_and_night, free_port, shop, wait_for


class KillNine(CandorTest):
    def test_between_every_two_steps_of_one_incident(self):
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url, hold="1s", resolve_after="1s"))

        def restart():
            candor.kill()
            candor.start()

        def incident():
            found = candor.incidents()
            self.assertLessEqual(len(found), 1, "one incident for one failure")
            return found[0] if found else None

        restart()
        target.status = 503
        wait_for("the probe to fail", lambda: any(s["health"] == "failing" for s in candor.signals()))
        restart()
        wait_for("an incident", incident)
        restart()
        wait_for("words", lambda: candor.page("/api/v2/summary.json").json["incidents"])
        restart()
        wait_for("a page", lambda: phone.messages("page"))
        restart()
        done = candor.ctl("ack", incident()["id"], "--contact", "ana")
        self.assertEqual(done.returncode, 0, done.stderr)
        restart()
        self.assertEqual(incident()["lead"], "ana")
        target.status = 200
        wait_for("the probe to be ok", lambda: all(s["health"] == "ok" for s in candor.signals()))
        restart()
        wait_for("the end", lambda: incident()["status"] == "resolved", patience=60)
        restart()
        wait_for("the phone to hear it", lambda: phone.messages("resolved"))
        restart()

        self.assertEqual(incident()["status"], "resolved")
        for message in phone.messages("page"):
            self.assertEqual(message["incident"]["id"], incident()["id"])
        keys = collections.Counter(item["headers"]["Idempotency-Key"] for item in phone.received)
        bodies = {item["headers"]["Idempotency-Key"]: item["body"] for item in phone.received}
        self.assertEqual(len(keys), 2, "one page and one end, each under one key however often it was sent")
        for item in phone.received:
            self.assertEqual(item["body"], bodies[item["headers"]["Idempotency-Key"]])
        updates = candor.page("/api/v2/incidents.json").json["incidents"][0]["incident_updates"]
        self.assertEqual([u["status"] for u in updates], ["resolved", "investigating"], "nothing was said twice")

    def test_a_for_that_was_running_goes_on(self):
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url, hold="12s"))
        target.status = 503
        wait_for("the probe to fail", lambda: any(s["health"] == "failing" for s in candor.signals()))
        began = time.monotonic()
        time.sleep(8)
        candor.kill()
        candor.start()
        wait_for("an incident", candor.incidents)
        self.assertLess(time.monotonic() - began, 19, "the countdown began anew")

    def test_an_escalation_goes_on_and_an_undelivered_page_arrives(self):
        target = self.recorder()
        port = free_port()
        candor = self.candor(shop(target.url, f"http://127.0.0.1:{port}/hook", wait="10m"))
        target.status = 503
        wait_for("an incident", candor.incidents)
        due = candor.api("GET", "/api/v1/pages").json["pages"][0]["due"]
        candor.kill()
        phone = self.recorder(port)
        candor.start()
        wait_for("the page that could not be sent before", lambda: phone.messages("page"))
        self.assertEqual(candor.api("GET", "/api/v1/pages").json["pages"][0]["due"], due)

    def test_what_has_not_run_yet_is_not_known(self):
        target = self.recorder()
        probes = "".join(
            f'[[probe]]\nname = "shop-{i}"\nlabels = {{ role = "edge" }}\nevery = "3s"\n'
            f'[probe.http]\nurl = "{target.url}"\n'
            for i in range(4)
        )
        rule = (
            "[[rule]]\nname = \"edge-down\"\nwhen = { not = { probe = 'role=\"edge\"', health = \"ok\", "
            'at_least = "100%" } }\n'
        )
        candor = self.candor("")
        candor.configure(rule + probes)
        self.assertEqual(candor.api("POST", "/-/reload").status, 200)
        wait_for("all to have run", lambda: [s["health"] for s in candor.signals()] == 4 * ["ok"])
        self.assertEqual(candor.incidents(), [])
        self.assertNotIn("signal_changed probe=shop-0 health=unknown", candor.log.read_text(), "it is no news")
        target.status = 503
        wait_for("what the rule is for", candor.incidents)

    def test_a_known_health_outlasts_a_start(self):
        target = self.recorder()
        candor = self.candor(
            '[[probe]]\nname = "shop"\nevery = "200ms"\nfall = 5\nrise = 5\n'
            f'[probe.http]\nurl = "{target.url}"\n'
        )

        def restart():
            self.assertEqual(candor.stop(), 0)
            candor.start()

        def health():
            return [s["health"] for s in candor.signals()]

        def up():
            return "candor_probes_up{probe=\"shop\"} 1\n" in candor.api("GET", "/metrics").text

        wait_for("the probe to be ok", lambda: health() == ["ok"])
        since = candor.signals()[0]["since"]
        restart()
        self.assertTrue(up(), "what was up is up")
        wait_for("runs", lambda: candor.api("GET", "/api/v1/probes/shop").json["runs"] > 6)
        self.assertEqual(candor.signals()[0]["since"], since, "a good run changed it")
        target.status = 503
        wait_for("the probe to fail", lambda: health() == ["failing"])
        since = candor.signals()[0]["since"]
        restart()
        wait_for("runs", lambda: candor.api("GET", "/api/v1/probes/shop").json["runs"] > 6)
        self.assertEqual(candor.signals()[0]["since"], since, "a bad run changed it")
        self.assertFalse(up())

    def test_a_clean_stop_waits_for_the_answer_to_a_page(self):
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url))
        phone.delay = 1.0
        target.status = 503
        wait_for("a page", lambda: phone.messages("page"))
        self.assertEqual(candor.stop(), 0)
        phone.delay = 0.0
        candor.start()
        incident = candor.incidents()[0]["id"]
        self.assertEqual(candor.api("POST", f"/api/v1/incidents/{incident}/resolve", {}).status, 200)
        wait_for("what is sent after it", lambda: phone.messages("resolved"))
        self.assertEqual(len(phone.messages("page")), 1)

    def test_a_clean_stop_waits_for_no_receiver_that_hangs(self):
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url))
        phone.delay = 30.0
        target.status = 503
        wait_for("a page", lambda: phone.messages("page"))
        began = time.monotonic()
        self.assertEqual(candor.stop(), 0)
        self.assertLess(time.monotonic() - began, 10)
        phone.delay = 0.0
        candor.start()
        wait_for("the page again", lambda: len(phone.messages("page")) == 2)
        self.assertEqual(len({item["headers"]["Idempotency-Key"] for item in phone.received}), 1)

    def test_a_page_that_the_start_withdraws_is_not_sent(self):
        ana, bo = self.recorder(), self.recorder()
        ana.delay = 30.0
        candor = self.candor(day_and_night(ana.url, bo.url, "day"))
        self.assertEqual(candor.api("POST", "/alertmanager/api/v2/alerts", ALERT_A).status, 200)
        wait_for("the page under way", lambda: ana.received)
        candor.kill()
        ana.received.clear()
        ana.delay = 0.0
        candor.configure(day_and_night(ana.url, bo.url, "night"))
        candor.start()
        wait_for("both pages", lambda: ana.messages("page") and bo.messages("page"))
        time.sleep(1)
        self.assertEqual([len(ana.messages("page")), len(bo.messages("page"))], [1, 1])

    def test_a_clean_stop_and_start_changes_nothing(self):
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url))
        target.status = 503
        wait_for("a page", lambda: phone.messages("page"))
        before = candor.incidents()
        self.assertEqual(candor.stop(), 0)
        candor.start()
        self.assertEqual(candor.incidents()[0]["id"], before[0]["id"])
        time.sleep(1)
        self.assertEqual(len(phone.messages("page")), 1)


if __name__ == "__main__":
    unittest.main()
