"""Jobs that call, jobs that fail and jobs that do not come, over restarts."""

import contextlib
import sqlite3
import time
import unittest

from harness import CandorTest, request, wait_for


class Heartbeats(CandorTest):
    BACKUP = '[[probe]]\nname = "backup"\nevery = "100ms"\n[probe.heartbeat]\nlate_after = "3s"\n'
    REPORT = '[[probe]]\nname = "report"\nevery = "100ms"\n[probe.heartbeat]\nlate_after = "1h"\n'

    def setUp(self):
        super().setUp()
        self.it = self.candor(self.BACKUP + self.REPORT)

    def call(self, what, method="GET"):
        return request(self.it.admin, method, f"/api/v1/heartbeat/{what}")

    def seen(self, name, health):
        def now():
            return next((signal for signal in self.it.signals()
                         if (signal["labels"]["probe"], signal["health"]) == (name, health)), None)

        return wait_for(f"{name} to be {health}", now)

    def test_late_ones_and_failed_ones_are_failing_until_they_call_well(self):
        self.assertIn("nothing has called /api/v1/heartbeat/report yet", self.seen("report", "unknown")["evidence"])
        answer = self.call("backup")
        self.assertEqual((answer.status, answer.json), (200, {"probe": "backup", "status": 0}))
        self.seen("backup", "ok")
        self.assertIn("a call is due every 3s", self.seen("backup", "failing")["evidence"])
        self.assertEqual(self.call("backup", "POST").status, 200)
        self.seen("backup", "ok")
        self.assertEqual(self.call("report?status=2&message=disk%20full%0Areally", "POST").status, 200)
        failing = self.seen("report", "failing")
        self.assertIn('report ended with exit status 2', failing["evidence"])
        self.assertIn('"disk full really"', failing["evidence"])
        self.assertEqual(failing["symptom"], "a background job that failed")

    def test_calls_survive_a_kill_and_an_absence_is_not_the_jobs(self):
        self.assertEqual(self.call("report").status, 200)
        self.assertEqual(self.call("backup?status=0").status, 200)
        self.seen("report", "ok")
        self.it.kill()
        time.sleep(4)  # longer than backup may be silent, and short enough for a restart
        self.it.start()
        self.seen("report", "ok")
        self.seen("backup", "failing")

    def test_one_more_start_does_not_take_back_the_time_to_call(self):
        self.assertEqual(self.call("backup").status, 200)
        self.seen("backup", "ok")
        self.it.kill()
        time.sleep(16)  # more than what counts as a restart
        for _ in range(2):
            self.it.start()
            self.assertIn("no calls were heard until", self.seen("backup", "unknown")["evidence"])
            self.it.kill()
        self.it.start()
        self.assertEqual(self.call("backup").status, 200)
        self.seen("backup", "ok")

    def test_a_restart_after_a_quiet_time_is_no_absence(self):
        self.assertEqual(self.call("report").status, 200)
        self.seen("report", "ok")
        for end in (self.it.kill, self.it.stop):
            time.sleep(17)  # candord hears, and nothing happens
            end()
            self.it.start()
            with contextlib.closing(sqlite3.connect(self.it.state / "candor.db")) as journal:
                count = journal.execute("SELECT count(*) FROM events WHERE token = 'returned'").fetchone()[0]
            self.assertEqual(count, 0)

    def test_a_probe_that_was_removed_starts_afresh_when_it_comes_back(self):
        self.assertEqual(self.call("report?status=2&message=disk%20full", "POST").status, 200)
        self.seen("report", "failing")
        for probes in (self.BACKUP, self.BACKUP + self.REPORT):
            self.it.configure(probes)
            self.assertEqual(self.it.api("POST", "/-/reload").status, 200)
        self.assertIn("nothing has called", self.seen("report", "unknown")["evidence"])

    def test_calls_that_mean_nothing_are_refused_with_a_hint(self):
        unknown = self.call("bakup")
        self.assertEqual(unknown.status, 404)
        self.assertIn('did you mean \\"backup\\"', unknown.text)
        self.assertEqual(self.call("backup?status=256").status, 422)
        self.assertEqual(self.call("backup?statsu=1").status, 422)
        self.assertEqual(self.call("backup?status=-1").status, 422)

    def test_a_page_of_another_site_may_not_call(self):
        path = "/api/v1/heartbeat/backup"
        for name, value in (("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Origin", "https://evil.example")):
            answer = request(self.it.admin, "GET", path, headers={name: value})
            self.assertEqual(answer.status, 403)
            self.assertIn("another site", answer.text)
        self.assertIn("nothing has called", self.seen("backup", "unknown")["evidence"])
        self.assertEqual(request(self.it.admin, "GET", path, headers={"Sec-Fetch-Site": "none"}).status, 200)


if __name__ == "__main__":
    unittest.main()
