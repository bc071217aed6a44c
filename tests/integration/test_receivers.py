"""Receivers of pages that are away, ask for a pause or break off."""

import collections
import re
import unittest

from harness import CandorTest, free_port, wait_for


def alerting(phones, rules=1):
    """Rules over alerts `A0`, `A1`, …, each of which pages everybody in `phones`, a URL by name."""
    contacts = "".join(f'[[contact]]\nname = "{name}"\n[[contact.method]]\nkind = "webhook"\nurl = "{url}"\n'
                       for name, url in phones.items())
    everybody = ", ".join(f'"contact:{name}"' for name in phones)
    return '[[component]]\nid = "shop"\nname = "Shop"\n' + contacts + "".join(f"""
[[rule]]
name = "rule-{number}"
component = "shop"
impact = "critical"
when = {{ alert = 'alertname="A{number}"', for = "0s" }}
page = "all"
""" for number in range(rules)) + f"""
[[escalation]]
name = "all"
steps = [{{ notify = [{everybody}], wait = "10m" }}]
repeat = 1
"""


def alert(candor, name):
    answer = candor.api("POST", "/alertmanager/api/v2/alerts", [{"labels": {"alertname": name}}])
    assert answer.status == 200, answer.text


class Receivers(CandorTest):
    def test_those_that_are_away_are_told_until_they_take_what_waits(self):
        ports = {f"p{number}": free_port() for number in range(7)}
        candor = self.candor(alerting({name: f"http://127.0.0.1:{port}/x" for name, port in ports.items()}))
        alert(candor, "A0")
        troubles = lambda: [it["what"] for it in candor.api("GET", "/api/v1/status").json["troubles"]]
        wait_for("every page to have failed for a while", lambda: len(troubles()) == 6, patience=90)
        told = troubles()
        incident = candor.incidents()[0]["id"]
        self.assertRegex(told[0], f"^the page to contact:p0/1 for incident {incident} has not arrived in \\d+ attempts?: POST "
                                  f"http://127.0.0.1:{ports['p0']}/…: connect to .*refused; the next is made at ")
        self.assertIn("2 more destinations", told[5])
        self.assertIn("contact:p0/1", candor.ctl("status").stdout)
        phones = [self.recorder(port) for port in ports.values()]
        candor.stop()
        candor.start()  # which leaves no wait of minutes
        wait_for("the pages", lambda: all(phone.messages("page") for phone in phones))
        wait_for("nothing to be wrong", lambda: not troubles())

    def test_one_that_a_reload_names_anew_gets_at_once_what_waits(self):
        wrong, right = self.recorder(), self.recorder()
        wrong.status, wrong.headers = 503, {"Retry-After": "300"}
        candor = self.candor(alerting({"ana": wrong.url}))
        alert(candor, "A0")
        wait_for("a failed attempt", lambda: wrong.received)
        candor.configure(alerting({"ana": right.url}))
        self.assertEqual(candor.api("POST", "/-/reload").status, 200)
        wait_for("the page", lambda: right.messages("page"))

    def test_one_that_keeps_keys_gets_another_with_another_body(self):
        phone = self.recorder()
        phone.status = 503
        page = '[page]\nurl = "https://{}.example"\n'
        candor = self.candor(page.format("before") + alerting({"ana": phone.url}))
        alert(candor, "A0")
        wait_for("a failed attempt", lambda: phone.received)
        candor.configure(page.format("behind") + alerting({"ana": phone.url}))
        self.assertEqual(candor.api("POST", "/-/reload").status, 200)
        phone.status = 200
        wait_for("the page", lambda: phone.messages("page")[-1]["ack_url"].startswith("https://behind.example/ack/"))
        wait_for("it to have arrived", lambda: not candor.api("GET", "/api/v1/deliveries").json["deliveries"])
        bodies = collections.defaultdict(set)
        for item in phone.received:
            bodies[item["headers"]["Idempotency-Key"]].add(item["body"])
        self.assertEqual([len(of_one_key) for of_one_key in bodies.values()], [1, 1])
        self.assertEqual(len({it["delivery"] for it in phone.messages("page")}), 1)

    def test_one_that_asks_for_a_pause_is_left_alone_whatever_there_is_for_it(self):
        phone = self.recorder()
        phone.status, phone.headers = 429, {"Retry-After": "30"}
        candor = self.candor(alerting({"ana": phone.url}, rules=10))
        for number in range(10):
            alert(candor, f"A{number}")
        wait_for("all incidents", lambda: len(candor.incidents()) == 10)
        wait_for("an answer", lambda: any(it["attempts"] for it in candor.api("GET", "/api/v1/deliveries").json["deliveries"]))
        self.assertLessEqual(len(phone.received), 4, "what was under way at once when it answered first")
        phone.status = 200
        wait_for("all pages", lambda: len({it["incident"]["id"] for it in phone.messages("page")}) == 10, patience=120)
        times = [it["at"] for it in phone.received]
        pause = max(later - earlier for earlier, later in zip(times, times[1:]))
        self.assertGreater(pause, 25)

    def test_one_that_hangs_up_is_sent_each_attempt_once(self):
        phone = self.recorder()
        phone.delay = 0.3
        names = ("ana", "bo", "cy", "di", "ed", "flo")
        candor = self.candor(alerting({name: f"{phone.url}/{name}" for name in names}, rules=2))
        alert(candor, "A0")
        wait_for("a page to each, on a connection that stays open", lambda: len(phone.messages("page")) == len(names))
        deliveries = lambda: candor.api("GET", "/api/v1/deliveries").json["deliveries"]
        wait_for("all to have arrived", lambda: not deliveries())
        phone.delay, phone.hangs_up = 0.0, True
        alert(candor, "A1")
        wait_for("each to have failed", lambda: len(deliveries()) == len(names) and all(it["attempts"] for it in deliveries()))
        phone.hangs_up = False
        wait_for("all to have arrived", lambda: not deliveries())
        figures = candor.api("GET", "/metrics").text
        attempts = sum(int(count) for count in re.findall(r"candor_deliver_attempts_total{.*} (\d+)", figures))
        self.assertEqual(len(phone.received), attempts)


if __name__ == "__main__":
    unittest.main()
