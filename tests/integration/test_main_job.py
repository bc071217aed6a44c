"""The main job, end to end, against a real target: a failing endpoint becomes an incident, words, and a page."""

import re
import time
import unittest
import urllib.parse

from harness import CandorTest, request, shop, wait_for


class MainJob(CandorTest):
    def setUp(self):
        super().setUp()
        self.target, self.phone = self.recorder(), self.recorder()
        self.candor_ = self.candor(shop(self.target.url + "/healthz", self.phone.url + "/hook"))

    def break_it(self):
        wait_for("a first probe", lambda: self.target.gets > 0)
        self.target.status = 503
        return wait_for("an incident", self.candor_.incidents)[0]

    def open_now(self):
        return [i for i in self.candor_.incidents() if i["status"] not in ("resolved", "postmortem")]

    def test_a_failing_endpoint_reaches_the_page_and_the_phone_and_ends(self):
        incident = self.break_it()
        self.assertEqual(incident["rule"], "checkout-down")
        summary = wait_for(
            "public words", lambda: (s := self.candor_.page("/api/v2/summary.json").json)["incidents"] and s
        )
        self.assertEqual(summary["status"]["indicator"], "critical")
        public = summary["incidents"][0]
        self.assertEqual(public["id"], incident["id"])
        self.assertRegex(public["id"], "^[a-z0-9]{12}$")
        self.assertEqual(public["status"], "investigating")
        self.assertIn("We are seeing", public["incident_updates"][0]["body"])
        self.assertIn("Next update by", public["incident_updates"][0]["body"])
        self.assertIn("Checkout is having problems", self.candor_.page("/").text)
        self.assertIn("We are seeing", self.candor_.page("/incidents/" + incident["id"]).text)

        page = wait_for("a page", lambda: self.phone.messages("page"))[0]
        self.assertEqual(page["incident"]["id"], incident["id"])
        self.assertIn("503", page["incident"]["evidence"])
        self.assertNotIn("503 from 127", public["incident_updates"][0]["body"], "customers see no addresses")

        self.target.status = 200
        wait_for("the end", lambda: not self.open_now())
        wait_for("the page to say so", lambda: not self.candor_.page("/api/v2/summary.json").json["incidents"])
        wait_for("the phone to hear it", lambda: self.phone.messages("resolved"))
        self.assertEqual(self.candor_.page("/api/v2/status.json").json["status"]["indicator"], "none")
        self.assertIn(incident["id"], self.candor_.page("/history").text)
        self.assertEqual(len(self.phone.messages("page")), 1, "one page for one incident")

    def test_the_link_in_the_page_acks(self):
        incident = self.break_it()
        page = wait_for("a page", lambda: self.phone.messages("page"))[0]
        link = urllib.parse.urlsplit(page["ack_url"]).path
        asked = request(self.candor_.public, "GET", link)
        self.assertEqual(asked.status, 200)
        self.assertIn("<form", asked.text)
        self.assertFalse(self.candor_.api("GET", "/api/v1/incidents/" + incident["id"]).json["lead"], "GET acks nothing")

        self.assertEqual(request(self.candor_.public, "POST", link).status, 200)
        self.assertEqual(self.candor_.api("GET", "/api/v1/incidents/" + incident["id"]).json["lead"], "ana")
        self.assertEqual(request(self.candor_.public, "POST", link).status, 200, "a replay is harmless")
        altered = link[:-2] + ("AA" if not link.endswith("AA") else "BB")
        self.assertEqual(request(self.candor_.public, "POST", altered).status, 404)

    def test_the_link_of_an_earlier_outbreak_acks_nothing(self):
        incident = self.break_it()
        first = wait_for("a page", lambda: self.phone.messages("page"))[0]
        self.target.status = 200
        wait_for("the end", lambda: self.phone.messages("resolved"))
        self.target.status = 503
        again = wait_for("a page anew", lambda: self.phone.messages("page")[1:])[0]
        self.assertEqual(again["incident"]["id"], incident["id"])

        old, new = (urllib.parse.urlsplit(page["ack_url"]).path for page in (first, again))
        for method in ("GET", "POST"):
            answer = request(self.candor_.public, method, old)
            self.assertEqual(answer.status, 410)
            self.assertIn("This link is of an earlier outbreak", answer.text)
        self.assertFalse(self.candor_.api("GET", "/api/v1/incidents/" + incident["id"]).json["lead"])
        self.assertEqual(request(self.candor_.public, "POST", new).status, 200)
        self.assertEqual(self.candor_.api("GET", "/api/v1/incidents/" + incident["id"]).json["lead"], "ana")

    def test_the_link_of_a_contact_that_a_reload_took_out_acks_nothing(self):
        incident = self.break_it()
        page = wait_for("a page", lambda: self.phone.messages("page"))[0]
        link = urllib.parse.urlsplit(page["ack_url"]).path
        config = shop(self.target.url + "/healthz", self.phone.url + "/hook")
        self.candor_.configure(config.replace('name = "ana"', 'name = "anna"').replace("contact:ana", "contact:anna"))
        self.assertEqual(self.candor_.api("POST", "/-/reload").status, 200)
        for method in ("GET", "POST"):
            answer = request(self.candor_.public, method, link)
            self.assertEqual(answer.status, 410)
            self.assertIn("ana is no longer a contact here", answer.text)
        self.assertFalse(self.candor_.api("GET", "/api/v1/incidents/" + incident["id"]).json["lead"])

        self.candor_.configure(config)
        self.assertEqual(self.candor_.api("POST", "/-/reload").status, 200)
        self.assertEqual(request(self.candor_.public, "POST", link).status, 200, "with the contact the link is back")
        self.assertEqual(self.candor_.api("GET", "/api/v1/incidents/" + incident["id"]).json["lead"], "ana")

    def test_candorctl_walks_through_an_incident(self):
        incident = self.break_it()["id"]
        ctl = self.candor_.ctl
        self.assertIn(incident, ctl("status").stdout)
        self.assertIn("Checkout is having problems", ctl("incident", "list").stdout)
        done = ctl("ack", incident, "--contact", "ana")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = ctl("incident", "update", incident, "--status", "identified", "--body", "A bad deploy; rolling back.")
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = ctl("incident", "show", incident)
        self.assertIn("A bad deploy", shown.stdout)
        done = ctl("incident", "update", "--component", "checkout=partial_outage", incident, "--body", "Half of it works.")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = ctl("incident", "update", incident, "--body", "It works.", "--status", "resolved")
        self.assertEqual(done.returncode, 64, done.stderr)
        self.assertIn(f"candorctl incident resolve {incident}", done.stderr)
        self.target.status = 200
        wait_for("the signal to be ok", lambda: all(s["health"] == "ok" for s in self.candor_.signals()))
        time.sleep(2)
        self.assertTrue(self.open_now(), "a human's incident is a human's to end")
        done = ctl("incident", "resolve", incident, "--body", "Rolled back.")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(self.open_now())
        refused = ctl("incident", "resolve", incident)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("resolved already", refused.stderr)
        missing = ctl("incident", "show", "nosuchincident")
        self.assertEqual(missing.returncode, 1)

        opened = ctl("incident", "open", "--title", "Search is slow", "--body", "We are looking.", "--json")
        self.assertEqual(opened.returncode, 0, opened.stderr)
        wait_for("the page to show it", lambda: "Search is slow" in self.candor_.page("/").text)


class Veto(CandorTest):
    def test_a_responder_vetoes_within_after_and_customers_see_nothing(self):
        target, phone = self.recorder(), self.recorder()
        holding = '[[holding]]\nname = "default"\nafter = "20s"\n'
        candor = self.candor(shop(target.url, phone.url, holding=holding))
        target.status = 500
        incident = wait_for("an incident", candor.incidents)[0]["id"]
        self.assertEqual(candor.page("/api/v2/incidents/unresolved.json").json["incidents"], [])
        wait_for("a page without waiting for the words", lambda: phone.messages("page"))
        link = phone.messages("page")[0]["ack_url"]
        link = link[link.index("/ack/"):]
        self.assertIn("Customers will read of it at <time", candor.page(link).text)
        refused = candor.ctl("incident", "veto", incident, "--reason", " ")
        self.assertEqual(refused.returncode, 64, refused.stderr)
        done = candor.ctl("incident", "veto", incident, "--reason", "a load test of ours")
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = candor.api("GET", f"/api/v1/incidents/{incident}").json
        self.assertEqual(shown["holding_stage"], "vetoed")
        self.assertEqual(shown["holding"]["reason"], "a load test of ours")
        self.assertIn("Customers do not read of this incident.", candor.page(link).text)
        target.status = 200
        wait_for("a silent end", lambda: candor.incidents()[0]["status"] == "resolved")
        self.assertEqual(candor.page("/api/v2/incidents.json").json["incidents"], [])


class Escalating(CandorTest):
    def test_an_unanswered_page_goes_to_the_next_and_a_dead_one_at_once(self):
        target, phone = self.recorder(), self.recorder()
        dead = self.recorder()
        dead.status = 410
        config = shop(target.url, dead.url + "/gone", wait="10m").replace(
            'steps = [{ notify = ["contact:ana"], wait = "10m" }]',
            'steps = [{ notify = ["contact:ana"], wait = "10m" }, { notify = ["contact:bo"], wait = "1s" }]',
        )
        config += f'[[contact]]\nname = "bo"\n[[contact.method]]\nkind = "webhook"\nurl = "{phone.url}"\n'
        candor = self.candor(config)
        target.status = 500
        wait_for("bo's page, long before ana's ten minutes", lambda: phone.messages("page"))
        status = candor.ctl("status").stdout
        self.assertRegex(status, re.compile("could not be delivered.*410", re.S))


if __name__ == "__main__":
    unittest.main()
