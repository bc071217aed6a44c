"""What nobody can see is not said to work."""

import time
import unittest

from harness import CandorTest, free_port, wait_for

PAGE = '[page]\nunseen_after = "1s"\n[[component]]\nid = "shop"\nname = "Shop"\n'
CALM = "All systems are working"
BLIND = "We cannot see at the moment whether Shop works"
BLIND_TO_ALL = "We cannot see at the moment whether everything works"


def rule(when):
    return f'[[rule]]\nname = "shop-down"\ncomponent = "shop"\nresolve_after = "1s"\nwhen = {{ {when} }}\n'


class Page(CandorTest):
    def reads(self, candor, sentence, description, indicator="none"):
        wait_for(f"the page to say: {sentence}", lambda: sentence in candor.page("/").text)
        told = wait_for("the API to say the same", lambda: next(
            (one for one in [candor.page("/api/v2/status.json").json["status"]] if one["description"] == description), None))
        self.assertEqual(told["indicator"], indicator)


class Unseen(Page):
    def test_by_probes_while_candord_itself_cannot_see(self):
        target, elsewhere = self.recorder(), self.recorder()
        candor = self.candor(
            PAGE + rule('probe = \'component="shop"\'') +
            f'[[probe]]\nname = "shop"\nevery = "100ms"\ntimeout = "1s"\ncomponent = "shop"\n[probe.http]\nurl = "{target.url}"\n'
            f'[[probe]]\nname = "elsewhere"\nevery = "100ms"\ntimeout = "1s"\n[probe.http]\nurl = "{elsewhere.url}"\n'
            '[self_check]\nprobes = ["elsewhere"]\n')
        self.reads(candor, CALM, "All Systems Operational")
        self.assertNotIn("unseen_since", candor.page("/api/v2/components.json").text)

        elsewhere.status = target.status = 500
        self.reads(candor, BLIND_TO_ALL, "System Status Unknown")
        self.assertIn("unseen_since", candor.page("/api/v2/components.json").text)
        self.assertEqual(candor.incidents(), [])

        candor.kill()
        candor.start()
        self.reads(candor, BLIND_TO_ALL, "System Status Unknown")
        elsewhere.status = target.status = 200
        self.reads(candor, CALM, "All Systems Operational")

    def test_by_alerts_of_a_source_that_never_answered(self):
        port = free_port()
        candor = self.candor(
            PAGE + '[[component]]\nid = "search"\nname = "Search"\n' + rule('alert = \'alertname="ShopDown"\'') +
            '[[rule]]\nname = "search-down"\ncomponent = "search"\nwhen = { probe = \'probe="search"\' }\n'
            f'[[probe]]\nname = "search"\nevery = "100ms"\n[probe.http]\nurl = "{self.recorder().url}"\n'
            f'[[prometheus]]\nname = "main"\nurl = "http://127.0.0.1:{port}"\nevery = "200ms"\n')
        self.reads(candor, BLIND, "System Status Partly Unknown")

        prometheus = self.folder / "prometheus.yml"
        prometheus.write_text("global: { scrape_interval: 1s, evaluation_interval: 1s }\n")
        self.run_in_background("prometheus", f"--config.file={prometheus}", f"--storage.tsdb.path={self.folder}/tsdb",
                               f"--web.listen-address=127.0.0.1:{port}", log="prometheus.log")
        self.reads(candor, CALM, "All Systems Operational")

    def test_by_alerts_of_a_silent_source_that_gets_another_name(self):
        source = self.recorder()
        source.status = 503
        config = (PAGE.replace("1s", "2s") + rule('alert = \'alertname="ShopDown"\'') +
                  f'[[prometheus]]\nname = "main"\nurl = "{source.url}"\nevery = "200ms"\n')
        candor = self.candor(config)
        self.assertNotIn("is silent", candor.ctl("status").stdout.split("Signals")[0], "it may still answer")
        self.reads(candor, BLIND_TO_ALL, "System Status Unknown")
        wait_for("the log to say why", lambda: "it answers with status 503" in candor.log.read_text())

        candor.configure(config.replace('"main"', '"renamed"'))
        self.assertEqual(candor.api("POST", "/-/reload").status, 200)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            self.assertIn(BLIND_TO_ALL, candor.page("/").text)
        self.assertEqual([one["name"] for one in candor.api("GET", "/api/v1/status").json["sources"]], ["prometheus:renamed"])

    def test_while_the_journal_takes_nothing_in(self):
        disk = self.disk("3m")
        target = self.recorder()
        candor = self.candor(
            PAGE + rule('probe = \'probe="shop"\'') +
            f'[[probe]]\nname = "shop"\nevery = "100ms"\ntimeout = "1s"\n[probe.http]\nurl = "{target.url}"\n')
        wait_for("the first run", lambda: [one for one in candor.signals() if one["health"] == "ok"])
        self.reads(candor, CALM, "All Systems Operational")

        with (disk / "filler").open("wb", buffering=0) as filler, self.assertRaises(OSError):
            while True:
                filler.write(b"x" * 4096)
        target.status = 500
        self.reads(candor, BLIND_TO_ALL, "System Status Unknown")
        (disk / "filler").unlink()
        self.reads(candor, "Shop is not working", "Major System Outage", "critical")

    def test_after_a_reload_while_another_file_is_in_the_place_of_the_journal(self):
        candor = self.candor(
            PAGE + rule('probe = \'probe="shop"\'') +
            f'[[probe]]\nname = "shop"\nevery = "100ms"\ntimeout = "1s"\n[probe.http]\nurl = "{self.recorder().url}"\n')
        self.reads(candor, CALM, "All Systems Operational")
        journal = candor.state / "candor.db"
        journal.rename(candor.state / "moved.db")
        journal.write_bytes(b"another")
        self.reads(candor, BLIND_TO_ALL, "System Status Unknown")
        self.assertEqual(candor.api("POST", "/-/reload").status, 200)
        for _ in range(20):
            self.assertIn(BLIND_TO_ALL, candor.page("/").text)
            time.sleep(0.05)
        journal.unlink()
        self.reads(candor, CALM, "All Systems Operational")


if __name__ == "__main__":
    unittest.main()
