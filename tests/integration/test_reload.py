"""What a reload takes over, what it refuses, and what it leaves to humans."""

import json
import signal
import subprocess
import time
import unittest

from harness import ALERT_A, BIN, CandorTest, ana, day_and_night, free_port, shop, wait_for


class Reload(CandorTest):
    def test_a_wrong_configuration_changes_nothing_and_says_why(self):
        target, phone = self.recorder(), self.recorder()
        config = shop(target.url, phone.url)
        candor = self.candor(config)
        candor.configure(config.replace("every =", "evry =").replace("[[rule]]", "[[rule]]\nwehn = 1", 1))
        checked = subprocess.run(
            [str(BIN / "candord"), "--check", "--config", str(candor.file)], capture_output=True, text=True
        )
        mistakes = checked.stderr.splitlines()[:-1]
        self.assertGreater(len(mistakes), 1)
        answer = candor.api("POST", "/-/reload")
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.text.splitlines(), mistakes)
        self.assertIn('did you mean "every"?', answer.text)
        candor.process.send_signal(1)
        wait_for("both refusals", lambda: candor.log.read_text().count("reload_refused") == 2)
        for mistake in mistakes:
            self.assertEqual(candor.log.read_text().count(f"config_mistake: {mistake}"), 2)
        target.status = 500
        wait_for("the old configuration to work", candor.incidents)

    def test_keys_without_end_are_refused_by_a_reload_a_check_and_a_start(self):
        candor = self.candor("")
        good, key = candor.file.read_text(), ".".join(["a"] * 100_000)
        for text in (f"{key} = 1\n", f"[{key}]\n", f"[[{key}]]\n", f"x = {{ {key} = 1 }}\n"):
            candor.file.write_text(good + text)
            answer = candor.api("POST", "/-/reload")
            self.assertEqual(answer.status, 400)
            self.assertIn("a key has more than 16 parts", answer.text)
            for command in (("candord", "--check", "--config"), ("candorctl", "config", "check")):
                done = subprocess.run([str(BIN / command[0]), *command[1:], str(candor.file)], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr.splitlines()[0]), (78, answer.text.strip()))

    def test_a_refused_one_is_in_the_status_until_one_is_accepted(self):
        good = '[[component]]\nid = "shop"\n'
        candor = self.candor(good)
        troubles = lambda: candor.api("GET", "/api/v1/status").json["troubles"]
        self.assertEqual(troubles(), [])
        candor.configure(good + "[page\n")
        mistake = candor.api("POST", "/-/reload").text.strip()
        self.assertEqual(len(first := troubles()), 1)
        self.assertIn(f"the one before it is in force: {mistake}: mend it and reload", first[0]["what"])
        self.assertIn(mistake, candor.ctl("status").stdout)
        candor.configure(good.replace("id =", "idd ="))
        candor.process.send_signal(signal.SIGHUP)
        wait_for("the latest refusal", lambda: "id is missing" in troubles()[0]["what"])
        self.assertIn(", and 1 more: mend it", troubles()[0]["what"])
        self.assertEqual([it["since"] for it in troubles()], [first[0]["since"]], "since the first of them")
        candor.configure(good)
        candor.process.send_signal(signal.SIGHUP)
        wait_for("nothing to be wrong", lambda: not troubles())

    def test_sighup_takes_over_a_good_one_and_open_incidents_stay(self):
        target, phone = self.recorder(), self.recorder()
        config = shop(target.url, phone.url)
        candor = self.candor(config)
        target.status = 500
        wait_for("a page", lambda: phone.messages("page"))
        candor.configure(config.replace('name = "Checkout"', 'name = "Cash desk"'))
        candor.process.send_signal(1)
        wait_for("the new name", lambda: "Cash desk" in candor.page("/").text)
        time.sleep(1)
        self.assertEqual(len(candor.incidents()), 1)
        self.assertEqual(len(phone.messages("page")), 1, "a reload pages nobody again")
        candor.configure(config.replace("[[component]]", "[[component]]", 1).replace("127.0.0.1", "127.0.0.1"))
        moved = candor.file.read_text().replace(f':{candor.public}"', ':1"')
        candor.file.write_text(moved)
        answer = candor.api("POST", "/-/reload")
        self.assertEqual(answer.status, 400)
        self.assertRegex(answer.text, r"candor\.toml:\d+:\d+: \[listen\] public cannot change .*restart")


    def test_it_names_the_open_incidents_that_it_leaves_to_humans(self):
        target, phone = self.recorder(), self.recorder()
        config = shop(target.url, phone.url)
        candor = self.candor(config)
        self.assertEqual(candor.api("POST", "/-/reload").text, "watching 1 probes and 0 sources by 1 rules\n")
        target.status = 500
        wait_for("a page", lambda: phone.messages("page"))
        [incident] = candor.incidents()
        candor.configure(config.replace("[[rule]]\nname = \"", "[[rule]]\nname = \"new-"))
        answer = candor.api("POST", "/-/reload")
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.text, f"\nopen until somebody resolves them, .*: {incident['id']}\n")
        wait_for("the line about it", lambda: "incidents_left_to_humans" in candor.log.read_text())
        self.assertIn(f"of open incident {incident['id']} is no longer configured", candor.ctl("status").stdout)
        target.status = 200
        wait_for("it to be well", lambda: {one["health"] for one in candor.signals()} == {"ok"})
        candor.configure(config)
        self.assertIn(incident["id"], candor.api("POST", "/-/reload").text, "its rule is back, and quiet")
        self.assertRegex(candor.ctl("status").stdout, f"nobody saw the end of .* open incident {incident['id']} ")
        done = candor.ctl("incident", "resolve", incident["id"], "--body", "The payment provider is back.")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(incident["id"], candor.api("POST", "/-/reload").text)
        self.assertNotIn("nobody saw the end", candor.ctl("status").stdout)

    def test_it_names_an_escalation_that_it_takes_out_under_an_open_incident(self):
        target, phone = self.recorder(), self.recorder()
        config = shop(target.url, phone.url)
        candor = self.candor(config.replace('page = "all"\n', ""))
        wait_for("a first probe", lambda: target.gets > 0)
        target.status = 500
        [incident] = wait_for("an incident", candor.incidents)
        candor.configure(config)
        self.assertEqual(candor.api("POST", "/-/reload").text, "watching 1 probes and 0 sources by 1 rules\n")
        wait_for("a page, of the escalation that the rule has now", lambda: phone.messages("page"))

        candor.configure(config.replace('"all"', '"first"').replace('page = "first"\n', ""))
        words = (f'incident {incident["id"]} paged along escalation "all", which is no longer configured: '
                 "nobody is paged further")
        self.assertIn(words + "\n", candor.api("POST", "/-/reload").text)
        wait_for("the log", lambda: "escalation_lost" in candor.log.read_text())
        self.assertIn('paged along escalation "all", which is no longer configured', candor.ctl("status").stdout)
        self.assertEqual(candor.ctl("ack", incident["id"], "--contact", "ana").returncode, 0)
        self.assertEqual(candor.api("POST", "/-/reload").text, "watching 1 probes and 0 sources by 1 rules\n")
        self.assertEqual(len(phone.messages("page")), 1)

    def test_an_open_incident_follows_its_component_to_another_id_or_is_named(self):
        target, phone = self.recorder(), self.recorder()
        config = shop(target.url, phone.url)
        candor = self.candor(config)
        wait_for("a first probe", lambda: target.gets > 0)
        target.status = 500
        wait_for("public words", lambda: "Checkout is having problems" in candor.page("/").text)
        [incident] = candor.incidents()
        self.assertEqual(candor.ctl("ack", incident["id"], "--contact", "ana").returncode, 0)

        def component():
            [one] = candor.page("/api/v2/components.json").json["components"]
            return one["name"], one["status"]

        config = config.replace('id = "checkout"', 'id = "till-07"')
        config = config.replace('name = "checkout-down"\ncomponent = "checkout"', 'name = "checkout-down"\ncomponent = "till-07"')
        config = config.replace('name = "checkout-http"\ncomponent = "checkout"', 'name = "checkout-http"\ncomponent = "till-07"')
        candor.configure(config.replace("when = { probe = 'component=\"checkout\"'", "when = { probe = 'probe=\"checkout-http\"'"))
        self.assertNotIn("no longer configured", candor.api("POST", "/-/reload").text)
        wait_for("the new id", lambda: component() == ("Checkout", "major_outage"))

        candor.ctl("incident", "update", incident["id"], "--body", "We know more.")
        gone = candor.file.read_text().replace('id = "till-07"', 'id = "shop"').replace('component = "till-07"\n', "")
        candor.file.write_text(gone)
        answer = candor.api("POST", "/-/reload")
        self.assertEqual(answer.status, 200, answer.text)
        self.assertIn(f'incident {incident["id"]} is about component "till-07", which is no longer configured', answer.text)
        wait_for("the log", lambda: "component_lost" in candor.log.read_text())
        self.assertNotIn("till-07", candor.page("/incidents/" + incident["id"]).text)
        self.assertNotIn("till-07", candor.page("/api/v2/summary.json").text)

    def page_in_vain(self, config):
        candor = self.candor(config)
        self.assertEqual(candor.api("POST", "/alertmanager/api/v2/alerts", ALERT_A).status, 200)
        wait_for("an attempt", lambda: "delivery_failed" in candor.log.read_text())
        return candor

    def test_a_page_that_it_withdraws_is_not_sent_though_it_mends_the_address_too(self):
        ana, bo = self.recorder(), self.recorder()
        candor = self.page_in_vain(day_and_night(f"http://127.0.0.1:{free_port()}/", bo.url, "day"))
        candor.configure(day_and_night(ana.url, bo.url, "night"))
        self.assertEqual(candor.api("POST", "/-/reload").status, 200)
        wait_for("both pages", lambda: ana.messages("page") and bo.messages("page"))
        time.sleep(1)
        self.assertEqual([len(ana.messages("page")), len(bo.messages("page"))], [1, 1])

    def test_a_page_under_way_to_the_former_address_goes_to_the_present_one_though_that_one_refuses_it(self):
        former, present, bo = self.recorder(), self.recorder(), self.recorder()
        former.delay, former.status = 2.0, 404
        candor = self.candor(day_and_night(former.url, bo.url, "day"))
        self.assertEqual(candor.api("POST", "/alertmanager/api/v2/alerts", ALERT_A).status, 200)
        wait_for("the page at the former address", lambda: former.received)
        candor.configure(day_and_night(present.url, bo.url, "day"))
        self.assertEqual(candor.api("POST", "/-/reload").status, 200)
        wait_for("the page at the present one", lambda: present.messages("page"), patience=8)
        self.assertEqual(len(former.received), 1)

    def test_whom_no_page_reached_is_paged_at_the_mended_address_while_others_wait(self):
        former, present = self.recorder(), self.recorder()
        former.status = 404
        away = f"http://127.0.0.1:{free_port()}/"
        candor = self.page_in_vain(day_and_night(former.url, away, "night"))
        wait_for("the refusal", lambda: "delivery_dead" in candor.log.read_text())
        candor.configure(day_and_night(present.url, away, "night"))
        self.assertEqual(candor.api("POST", "/-/reload").status, 200)
        wait_for("the page at the present address", lambda: present.messages("page"), patience=8)
        self.assertEqual(candor.api("POST", "/-/reload").status, 200)
        time.sleep(1)
        self.assertEqual(len(present.messages("page")), 1)


HOLD, WAIT, SOON = 8, 12, 20  # seconds; the last is how much later than due a busy machine may be

TWO_RULES = f"""
[[probe]]
name = "shop"
every = "300ms"
[probe.http]
url = "TARGET"
[[rule]]
name = "by-probe"
when = {{ probe = 'probe="shop"', for = "{HOLD}s" }}
page = "all"
[[rule]]
name = "by-alert"
when = {{ alert = 'alertname="A"', for = "{HOLD}s" }}
page = "all"
"""


class Waits(CandorTest):
    """What runs goes on for as long as it would have, however often the configuration is read anew meanwhile."""

    def reload(self):
        """With a component more or less, or the same."""
        self.reloads += 1
        more = f'[[component]]\nid = "c{self.reloads}"\n' if self.reloads % 3 else ""
        self.candor_.configure(self.config + more)
        self.assertEqual(self.candor_.api("POST", "/-/reload").status, 200)

    def reload_until(self, what, condition, patience):
        def once_more():
            self.reload()
            time.sleep(0.3)
            return condition()

        return wait_for(what, once_more, patience)

    def test_a_for_and_an_escalation_go_on_over_reloads(self):
        target, phone = self.recorder(), self.recorder()
        self.reloads, self.config = 0, TWO_RULES.replace("TARGET", target.url) + ana(phone.url, f"{WAIT}s", repeat=2)
        candor = self.candor_ = self.candor(self.config)
        wait_for("a first run", lambda: [one for one in candor.signals() if one["health"] == "ok"])
        began, target.status = time.time(), 500
        self.assertEqual(candor.api("POST", "/alertmanager/api/v2/alerts", ALERT_A).status, 200)
        opened, due = {}, {}

        def note():
            for incident in candor.incidents():
                opened.setdefault(incident["rule"], time.time() - began)
            for page in candor.api("GET", "/api/v1/pages").json["pages"]:
                due.setdefault((page["incident"], page["round"], page["step"]), set()).add(page["due"])

        def pages():
            note()
            return len(phone.messages("page"))

        self.reload_until("both incidents", lambda: note() or len(opened) == 2, HOLD + SOON)
        self.assertGreaterEqual(min(opened.values()), HOLD, "no reload hastens a `for`")
        self.reload_until("both pages", lambda: pages() >= 2, SOON)
        self.assertEqual(pages(), 2)
        self.reload_until("the second round of both", lambda: pages() >= 4, WAIT + SOON)
        arrived = {}
        for item in phone.received:
            arrived.setdefault(json.loads(item["body"])["incident"]["id"], []).append(item["at"])
        self.assertEqual({len(times) for times in arrived.values()}, {2}, "each round pages once")
        for first, second in arrived.values():
            self.assertGreater(second - first, WAIT - 2, "no reload hastens an escalation")
        self.assertEqual({len(instants) for instants in due.values()}, {1}, "no reload moves what is due")
        self.assertGreater(self.reloads, 20)
        self.assertEqual(len(candor.incidents()), 2)


if __name__ == "__main__":
    unittest.main()
