"""After hours and days: what nobody has looked at is not said to work, and old links let nobody ack."""

import time
import unittest
import urllib.parse

import test_unseen
from harness import CandorTest, ahead, request, shop, wait_for
from test_unseen import BLIND, CALM, PAGE, rule


class Absence(test_unseen.Page):
    def test_what_nobody_has_looked_at_since_an_absence(self):
        source, target = self.recorder(), self.recorder()
        source.body = b'{"status": "success", "data": {"alerts": []}}'
        candor = self.candor(
            PAGE.replace("1s", "1h") + '[[component]]\nid = "search"\nname = "Search"\n' +
            rule('alert = \'alertname="ShopDown"\'') +
            '[[rule]]\nname = "search-down"\ncomponent = "search"\nwhen = { probe = \'probe="search"\' }\n'
            f'[[probe]]\nname = "search"\nevery = "100ms"\n[probe.http]\nurl = "{target.url}"\n'
            f'[[prometheus]]\nname = "main"\nurl = "{source.url}"\nevery = "200ms"\n')
        wait_for("the source to answer", lambda: candor.api("GET", "/api/v1/status").json["sources"][0]["answering"])
        wait_for("the first run", lambda: [one for one in candor.signals() if one["health"] == "ok"])
        self.reads(candor, CALM, "All Systems Operational")
        candor.stop()
        source.close()
        candor.env |= ahead("+5h")
        candor.start()
        self.reads(candor, BLIND, "System Status Partly Unknown")
        since = candor.page("/api/v2/components.json").json["components"][0]["unseen_since"]
        until = time.monotonic() + 20  # in the meantime the source is found to be silent
        while time.monotonic() < until:
            self.assertIn(BLIND, candor.page("/").text)
            time.sleep(0.1)
        status = candor.api("GET", "/api/v1/status").json
        self.assertFalse(status["sources"][0]["answering"])
        self.assertEqual([one["unseen_since"] for one in status["components"]], [since, None])
        self.assertIn("shop       unknown", candor.ctl("status").stdout)
        self.assertEqual(candor.page("/api/v2/components.json").json["components"][0]["unseen_since"], since)
        self.assertLess(since, status["now"])

    def test_nobody_asks_who_pushes_without_a_name(self):
        candor = self.candor(PAGE.replace("1s", "1h") + rule('alert = \'alertname="ShopDown"\''))
        ended = {"labels": {"alertname": "Other"}, "endsAt": "2026-01-01T00:00:00Z", "generatorURL": "/graph?g0.expr=up"}
        self.assertEqual(request(candor.admin, "POST", "/alertmanager/api/v2/alerts", [ended]).status, 200)

        def sources():
            return [(one["name"], one["answering"]) for one in candor.api("GET", "/api/v1/status").json["sources"]]

        wait_for("its sender to be known", lambda: sources() == [("push", True)])
        for hours in (5, 10):
            candor.stop()
            candor.env |= ahead(f"+{hours}h")
            candor.start()
            self.reads(candor, CALM, "All Systems Operational")
            until = time.monotonic() + 2
            while time.monotonic() < until:
                self.assertIn(CALM, candor.page("/").text)
                time.sleep(0.1)
            self.assertEqual(sources(), [("push", True)])


class AckLink(CandorTest):
    def test_lets_nobody_lead_once_it_has_expired(self):
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url, wait="1h"))
        target.status = 503
        wait_for("a page", lambda: phone.messages("page"))
        first = urllib.parse.urlsplit(phone.messages("page")[0]["ack_url"]).path
        [incident] = candor.incidents()
        for later, status, sentence in (("+11h", 200, "I am on it"), ("+8d", 410, "This link has expired")):
            candor.stop()
            candor.env |= ahead(later)
            candor.start()
            answer = candor.page(first)
            self.assertEqual(answer.status, status, answer.text)
            self.assertIn(sentence, answer.text)
        answer = request(candor.public, "POST", first)
        self.assertEqual(answer.status, 410)
        self.assertIn("This link has expired", answer.text)
        self.assertIn("Use the link of a newer page, or acknowledge with candorctl ack.", answer.text)
        [now] = candor.incidents()
        self.assertEqual((now["id"], now["lead"]), (incident["id"], None), "nobody leads")
        self.assertEqual(candor.ctl("ack", now["id"], "--contact", "ana").returncode, 0, "as the page advises")
        self.assertEqual(candor.incidents()[0]["lead"], "ana")


if __name__ == "__main__":
    unittest.main()
