"""A machine that was suspended for hours: candord stood still, and its clock was not set."""

import pathlib
import struct
import subprocess
import time
import unittest

from harness import CandorTest, ana, wait_for

HERE = pathlib.Path(__file__).parent
HOURS = 8


def shop(target, phone, when, resolve_after="1s", every="20s"):
    return (f'[page]\nname = "Shop"\n{ana(phone.url)}[[component]]\nid = "shop"\nname = "Shop"\n'
            f'[[probe]]\nname = "shop"\ncomponent = "shop"\nevery = "{every}"\ntimeout = "10s"\n[probe.http]\nurl = "{target.url}"\n'
            f'[[rule]]\nname = "shop-down"\ncomponent = "shop"\npage = "all"\nresolve_after = "{resolve_after}"\n'
            f'when = {{ probe = \'component="shop"\'{when} }}\n')


class Suspended(CandorTest):
    def setUp(self):
        super().setUp()
        shim = self.folder / "suspended.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(HERE / "suspended.c")], check=True)
        self.seconds = self.folder / "seconds"
        self.seconds.write_bytes(struct.pack("=q", 0))
        # Where candord is built with sanitizers, those want to be loaded first and are content with being told.
        self.env = {"LD_PRELOAD": str(shim), "SUSPENDED_FOR": str(self.seconds),
                    "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.target, self.phone = self.recorder(), self.recorder()

    def start(self, config):
        self.it = self.candor(config, env=self.env)

    def suspend(self):
        with self.seconds.open("r+b") as file:
            file.write(struct.pack("=q", HOURS * 3600))

    def health(self):
        return [signal["health"] for signal in self.it.signals()]

    def seen(self, health):
        wait_for(f"it to be {health}", lambda: self.health() == [health])

    def status(self):
        return self.it.page("/api/v2/status.json").json["status"]["description"]

    def told_once(self):
        log = self.it.log.read_text()
        self.assertEqual(log.count("stood_still for=8h"), 1, log)
        self.assertNotIn("clock_set", log)

    def test_what_was_seen_before_is_memory_and_everything_is_looked_at_at_once(self):
        self.start(shop(self.target, self.phone, ""))
        self.seen("ok")
        wait_for("the page to be calm", lambda: self.status() == "All Systems Operational")
        self.target.status, self.target.delay = 500, 5
        self.suspend()
        wait_for("the page to say that nobody knows", lambda: self.status() == "System Status Unknown", patience=4)
        wait_for("the failure to be seen", lambda: self.phone.messages("page"), patience=15)
        self.told_once()

    def test_nothing_ends_by_what_was_seen_before(self):
        self.start(shop(self.target, self.phone, "", resolve_after="4s", every="2s"))
        self.target.status = 500
        wait_for("the page", lambda: self.phone.messages("page"))
        self.target.status = 200
        self.seen("ok")
        self.target.status, self.target.delay = 500, 6
        self.suspend()
        until = time.monotonic() + 12
        while time.monotonic() < until:
            self.assertNotIn("resolved", [incident["status"] for incident in self.it.incidents()])
            time.sleep(0.1)
        self.seen("failing")
        self.assertEqual(len(self.it.incidents()), 1)
        self.assertEqual(self.phone.messages("resolved"), [])
        self.told_once()

    def test_a_for_that_ran_meanwhile_waits_for_a_look(self):
        self.start(shop(self.target, self.phone, ', for = "1m"', every="2s"))
        self.seen("ok")
        self.target.status = 500
        self.seen("failing")
        self.target.status, self.target.delay = 200, 3
        self.suspend()
        self.seen("ok")
        time.sleep(2)
        self.assertEqual(self.it.incidents(), [])
        self.told_once()

    def test_a_job_is_not_late(self):
        self.start('[[probe]]\nname = "backup"\nevery = "100ms"\n[probe.heartbeat]\nlate_after = "1h"\n'
                   '[[rule]]\nname = "backup-late"\nwhen = { probe = \'probe="backup"\' }\n')
        self.assertEqual(self.it.api("POST", "/api/v1/heartbeat/backup").status, 200)
        self.seen("ok")
        self.suspend()
        self.seen("unknown")
        time.sleep(2)
        self.assertEqual(self.health(), ["unknown"])
        self.assertEqual(self.it.incidents(), [])
        self.assertEqual(self.it.api("POST", "/api/v1/heartbeat/backup").status, 200)
        self.seen("ok")
        self.told_once()


if __name__ == "__main__":
    unittest.main()
