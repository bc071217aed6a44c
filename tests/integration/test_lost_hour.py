"""Candor and Prometheus both lose an hour, and Prometheus comes back later: nothing is resolved, nobody is paged again."""

import email.utils
import time
import unittest

from harness import FAKETIME, ahead, ana, wait_for
from test_alerts import RULE, Alerts


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class LostHour(Alerts):
    def test_is_no_recovery_and_no_news(self):
        self.assertIsNotNone(FAKETIME, "libfaketime is not installed: apt-get install faketime")
        phone = self.recorder()
        process, port = self.prometheus()
        paging = ana(phone.url, wait="2h", repeat=2) + f"""
[[prometheus]]
name = "main"
url = "http://127.0.0.1:{port}"
every = "500ms"
"""
        rule = RULE.replace("when = ", 'page = "all"\nwhen = ').replace('resolve_after = "1s"', 'resolve_after = "3s"')
        candor = self.candor_ = self.candor(rule + paging)
        self.broken(True)
        wait_for("a page", lambda: phone.messages("page"))
        (before,) = candor.incidents()
        due = candor.api("GET", "/api/v1/pages").json["pages"][0]["due"]
        candor.kill()
        process.kill()
        process.wait(10)
        self.processes.remove(process)

        candor.env |= ahead("+1h")
        candor.start()
        clock = email.utils.parsedate_to_datetime(candor.api("GET", "/-/healthy").headers["Date"]).timestamp()
        self.assertGreater(clock, time.time() + 3500, "its clock is an hour ahead")
        # Longer than the grace after a start: silence may not end it even then.
        wait_for("silence", lambda: candor.signals()[0]["health"] == "unknown", patience=60)
        time.sleep(35)
        self.assertTrue(self.open_incidents(), "an hour without a word is no recovery")
        self.prometheus(port=port)
        wait_for("its voice", lambda: candor.signals()[0]["health"] == "failing", patience=60)
        self.assertEqual([incident["id"] for incident in candor.incidents()], [before["id"]])
        # A kill may come before the journal knows that the page arrived: it is then said again, under the same key.
        keys = {item["headers"]["Idempotency-Key"] for item in phone.received}
        self.assertEqual(len(keys), 1, "the next step is due in an hour")
        self.assertEqual(candor.api("GET", "/api/v1/pages").json["pages"][0]["due"], due)
        self.assertEqual(phone.messages("resolved"), [])
        self.broken(False)
        wait_for("the end", lambda: not self.open_incidents(), patience=90)

    def test_is_no_recovery_and_no_news_where_prometheus_pushes(self):
        """By a stand-in: a program of Go asks the kernel for the time, and not the library that sets candord's clock."""
        self.assertIsNotNone(FAKETIME, "libfaketime is not installed: apt-get install faketime")
        phone, hour = self.recorder(), 3600

        def posts(clock, over=False):
            """By a clock so far ahead; fires since before the lost hour, or has just ended."""
            now = time.time() + clock
            alert = {"labels": {"alertname": "CheckoutErrors"}, "generatorURL": "http://prometheus.example:9090/graph",
                     "startsAt": rfc3339(began), "endsAt": rfc3339(now if over else now + 4 * 60)}
            answer = candor.api("POST", "/alertmanager/api/v2/alerts", [alert])
            self.assertEqual(answer.status, 200, answer.text)

        rule = RULE.replace("when = ", 'page = "all"\nwhen = ').replace('resolve_after = "1s"', 'resolve_after = "3s"')
        candor = self.candor(rule + ana(phone.url, wait="2h", repeat=2))
        began = time.time()
        posts(0)
        wait_for("a page", lambda: phone.messages("page"))
        (before,) = candor.incidents()
        due = candor.api("GET", "/api/v1/pages").json["pages"][0]["due"]
        candor.kill()

        candor.env |= ahead("+1h")
        candor.start()
        # Longer than the grace after a start: the end that was named has passed an hour ago.
        time.sleep(35)
        self.assertEqual([one["status"] for one in candor.incidents()], ["investigating"], "silence is no recovery")
        self.assertEqual(len(candor.signals()), 1)
        posts(hour)
        wait_for("its voice", lambda: candor.signals()[0]["health"] == "failing")
        time.sleep(1)
        self.assertEqual([incident["id"] for incident in candor.incidents()], [before["id"]])
        keys = {item["headers"]["Idempotency-Key"] for item in phone.received}
        self.assertEqual(len(keys), 1, "the next step is due in an hour")
        self.assertEqual(candor.api("GET", "/api/v1/pages").json["pages"][0]["due"], due)
        self.assertEqual(phone.messages("resolved"), [])
        posts(hour, over=True)
        wait_for("the end", lambda: candor.incidents()[0]["status"] == "resolved", patience=90)
        wait_for("word of it", lambda: phone.messages("resolved"))

    def test_prometheus_is_asked_and_its_silence_is_no_recovery(self):
        self.assertIsNotNone(FAKETIME, "libfaketime is not installed: apt-get install faketime")
        process, port = self.prometheus()
        self.candor_ = self.candor(
            RULE + f'[[prometheus]]\nname = "main"\nurl = "http://127.0.0.1:{port}"\nevery = "500ms"\n', env=ahead("+10m")
        )
        self.broken(True)
        wait_for("an incident", self.open_incidents)
        self.assertEqual(self.candor_.signals()[0]["source"], "prometheus:main")

        process.kill()
        process.wait(10)
        self.processes.remove(process)
        wait_for("silence", lambda: self.candor_.signals()[0]["health"] == "unknown", patience=60)
        self.assertIn("prometheus:main", self.candor_.ctl("status").stdout)
        time.sleep(2)
        self.assertTrue(self.open_incidents())

        self.prometheus(port=port)
        wait_for("its voice", lambda: self.candor_.signals()[0]["health"] == "failing", patience=60)
        self.assertEqual(len(self.candor_.incidents()), 1)
        self.broken(False)
        wait_for("the end", lambda: not self.open_incidents(), patience=90)


if __name__ == "__main__":
    unittest.main()
