"""The history of probes: it appears, survives kill -9, restarts and reloads, and never hinders the watch."""

import json
import pathlib
import shutil
import sqlite3
import unittest

from harness import CandorTest, shop, wait_for

NAME = "checkout-http"


def runs_of(roll_up):
    return sum(roll_up["runs"].values())


class History(CandorTest):
    def setUp(self):
        super().setUp()
        self.target, self.phone = self.recorder(), self.recorder()
        self.config = shop(self.target.url + "/healthz", self.phone.url + "/hook")
        self.candor_ = self.candor(self.config, start=False)
        self.file = self.candor_.state / "history.db"

    def shown(self, resolution="minute", name=NAME):
        return self.candor_.api("GET", f"/api/v1/probes/{name}?resolution={resolution}").json

    def runs(self, resolution="minute"):
        return sum(runs_of(it) for it in self.shown(resolution)["roll_ups"])

    def written_minutes(self):
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        try:
            return connection.execute("SELECT count(*) FROM roll_ups_1").fetchone()[0]
        finally:
            connection.close()

    def count_in_log(self, word):
        return self.candor_.log.read_text().count(word)

    def test_a_minute_that_is_over_survives_kill_9(self):
        self.candor_.start()
        wait_for("a roll-up of the minute that runs", lambda: self.runs() > 0)
        wait_for("a minute on the disk", self.written_minutes, 90)
        before = self.shown()["roll_ups"]
        self.candor_.kill()
        self.candor_.start()
        after = self.shown()["roll_ups"]
        self.assertEqual(after[0], before[0], "a minute that was over")
        self.assertGreater(before[0]["answered"], 0)
        self.assertGreater(before[0]["p50_ms"], 0)
        self.assertLessEqual(before[0]["p50_ms"], before[0]["max_ms"])
        for resolution in ("hour", "day"):
            wait_for("the same in " + resolution + "s", lambda: self.runs(resolution) >= runs_of(before[0]))

    def test_a_stop_and_a_reload_keep_it(self):
        self.candor_.start()
        wait_for("some runs", lambda: self.runs() > 5)
        self.candor_.stop()
        self.assertGreater(self.written_minutes(), 0, "a stop writes the minute that runs")
        self.candor_.start()
        self.assertGreater(self.runs(), 5)
        self.assertEqual(self.count_in_log("history_set_aside"), 0)

        self.candor_.configure(self.config.replace(NAME, "other-http"))
        self.assertEqual(self.candor_.api("POST", "/-/reload").status, 200)
        gone = self.shown()
        self.assertFalse(gone["configured"])
        self.assertIsNone(gone["health"])
        self.assertGreater(sum(runs_of(it) for it in gone["roll_ups"]), 5)
        self.assertIn("no longer configured", self.candor_.ctl("probe", "show", NAME).stdout)
        self.assertEqual(self.candor_.api("GET", "/api/v1/probes/never").status, 404)
        wait_for("the new one", lambda: self.shown(name="other-http")["latest"])

    def test_candorctl_lists_and_shows(self):
        self.candor_.start()
        wait_for("a run", lambda: self.runs() > 0)
        listed = self.candor_.ctl("probe", "list")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertRegex(listed.stdout, "^1 probe: 1 ok")
        self.assertRegex(listed.stdout, NAME + r" +ok +20\d\d-.* http +checkout +\S+ ms")
        self.target.status = 503
        wait_for("a failing probe", lambda: self.candor_.ctl("probe", "list", "--health", "failing").stdout.count(NAME))
        shown = self.candor_.ctl("probe", "show", NAME, "--resolution", "minute")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertRegex(shown.stdout, "health +failing since 20")
        self.assertRegex(shown.stdout, "evidence +GET .*503")
        self.assertRegex(shown.stdout, r"MINUTE \(UTC\) +OK +DEGRADED +FAILING")
        as_json = json.loads(self.candor_.ctl("probe", "show", NAME, "--json").stdout)
        self.assertEqual(as_json["resolution"], "hour")
        self.assertGreater(as_json["roll_ups"][0]["runs"]["failing"], 0)
        self.assertEqual(self.candor_.ctl("probe", "show", "never").returncode, 1)
        self.assertEqual(self.candor_.ctl("probe", "list", "--health", "bad").returncode, 1)

    def test_a_damaged_one_is_set_aside_and_the_watch_goes_on(self):
        self.candor_.start()
        wait_for("some runs", lambda: self.runs() > 0)
        self.candor_.stop()
        self.file.write_bytes(b"not a database" * 1000)
        self.candor_.start()
        wait_for("a new history", lambda: self.runs() > 0)
        self.assertEqual(self.count_in_log("history_set_aside"), 1)
        self.assertTrue(pathlib.Path(f"{self.file}.damaged").read_bytes().startswith(b"not a database"))
        self.assertEqual(self.candor_.api("GET", "/api/v1/status").json["troubles"], [])
        self.target.status = 503
        wait_for("an incident", self.candor_.incidents)

    def test_one_that_cannot_be_kept_is_told_and_hinders_nothing(self):
        self.candor_.state.mkdir(mode=0o700)
        self.file.mkdir()
        self.candor_.start()
        wait_for("the probe to run", lambda: self.target.gets > 2)
        wait_for("a line of status", lambda: "the history of probes is not kept" in self.candor_.ctl("status").stdout)
        self.assertIn("\ncandor_store_history_writable 0\n", self.candor_.api("GET", "/metrics").text)
        self.assertEqual(self.candor_.api("GET", "/-/ready").status, 200)
        shown = self.shown()
        self.assertEqual(shown["health"], "ok")
        self.assertIn("not kept", shown["history_trouble"])
        self.target.status = 503
        wait_for("a page", lambda: self.phone.messages("page"))
        self.assertEqual(self.count_in_log("history_stopped"), 1)
        shutil.rmtree(self.file)
        wait_for("a history with the next minute", lambda: "history_writable 1\n" in self.candor_.api("GET", "/metrics").text,
                 90)
        self.assertEqual(self.candor_.api("GET", "/api/v1/status").json["troubles"], [])


if __name__ == "__main__":
    unittest.main()
