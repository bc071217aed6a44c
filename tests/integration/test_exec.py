"""Debian's monitoring plugins, run by a candord."""

import pathlib
import subprocess
import time
import unittest

from harness import CandorTest, free_port, wait_for

PLUGINS = pathlib.Path("/usr/lib/nagios/plugins")


class Exec(CandorTest):
    def running(self, *probes, env=None):
        text = ""
        for name, timeout, lines in probes:
            text += f'[[probe]]\nname = "{name}"\nevery = "200ms"\ntimeout = "{timeout}"\n[probe.exec]\n{lines}\n'
        return self.candor(text, env=env)

    def seen(self, candor, name, wanted):
        def now():
            for signal in candor.signals():
                if signal["labels"]["probe"] == name and signal["health"] == wanted:
                    return signal
            return None

        return wait_for(f"{name} to be {wanted}", now)

    def children(self, candor):
        """(pid, state) of candord's children, zombies included."""
        found = []
        for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, rest = status.read_text().split(" ", 1)
            except OSError:
                continue
            state, parent = rest.rsplit(") ", 1)[1].split()[:2]
            if int(parent) == candor.process.pid:
                found.append((int(pid), state))
        return found

    def test_what_dummies_say(self):
        dummy = PLUGINS / "check_dummy"
        candor = self.running(
            *((f"dummy-{status}", "10s", f'command = ["{dummy}", "{status}", "as told"]') for status in range(4))
        )
        self.seen(candor, "dummy-0", "ok")
        self.assertIn(
            'check_dummy says WARNING after', self.seen(candor, "dummy-1", "degraded")["evidence"])
        failing = self.seen(candor, "dummy-2", "failing")
        self.assertTrue(failing["evidence"].endswith(': "CRITICAL: as told"'), failing)
        self.assertIn('"UNKNOWN: as told"', self.seen(candor, "dummy-3", "unknown")["evidence"])

    def test_a_disk(self):
        disk = PLUGINS / "check_disk"
        candor = self.running(
            ("enough", "10s", f'command = ["{disk}", "-w", "1", "-c", "1", "-p", "/tmp"]'),
            ("full", "10s", f'command = ["{disk}", "-w", "100%", "-c", "100%", "-p", "/tmp"]'),
        )
        self.seen(candor, "enough", "ok")
        self.assertIn("DISK CRITICAL", self.seen(candor, "full", "failing")["evidence"])

    def test_a_server_that_goes_and_comes(self):
        target = self.recorder()
        port = target.port
        candor = self.running(
            ("shop", "10s", f'command = ["{PLUGINS}/check_http", "-H", "127.0.0.1", "-p", "{port}", "-t", "5"]')
        )
        self.seen(candor, "shop", "ok")
        target.status = 503
        self.assertIn("503", self.seen(candor, "shop", "failing")["evidence"])
        target.status = 200
        self.seen(candor, "shop", "ok")

    def test_nothing_is_left_of_what_hangs(self):
        marker = f"{10000 + free_port()}"
        script = self.folder / "hang"
        script.write_text(f"#!/bin/sh\ntrap '' TERM\nsleep {marker} &\nsleep {marker}\n")
        script.chmod(0o755)
        candor = self.running(("hang", "300ms", f'command = "{script}"'))
        self.assertIn("did not end within 300 ms", self.seen(candor, "hang", "failing")["evidence"])
        candor.configure('[[probe]]\nname = "calm"\n[probe.exec]\ncommand = "/bin/true"\n')
        self.assertEqual(candor.api("POST", "/-/reload").status, 200)
        self.seen(candor, "calm", "ok")
        wait_for("no child to be left", lambda: not self.children(candor))
        left = subprocess.run(["pgrep", "-f", f"^sleep {marker}"], capture_output=True, text=True).stdout
        self.assertEqual(left, "")

    def test_a_plugin_that_is_not_there(self):
        candor = self.running(("gone", "5s", f'command = "{PLUGINS}/check_nothing"'))
        evidence = self.seen(candor, "gone", "unknown")["evidence"]
        self.assertIn("install the package that has it", evidence)

    def test_no_secret_is_shown(self):
        script = self.folder / "tell"
        script.write_text('#!/bin/sh\necho "login with $PASSWORD of $HOME failed"\nexit 2\n')
        script.chmod(0o755)
        candor = self.running(
            ("login", "5s", f'command = "{script}"\nenvironment = {{ PASSWORD = {{ env = "PLANTED" }} }}'),
            env={"PLANTED": "planted-exec-7f3a9c"},
        )
        evidence = self.seen(candor, "login", "failing")["evidence"]
        self.assertIn('"login with *** of  failed"', evidence)
        self.assertNotIn("planted-exec-7f3a9c", candor.log.read_text())

    def test_many_at_once(self):
        dummy = PLUGINS / "check_dummy"
        candor = self.running(*((f"d{i}", "10s", f'command = ["{dummy}", "0"]') for i in range(60)))
        wait_for("all to be ok", lambda: sum(s["health"] == "ok" for s in candor.signals()) == 60)
        time.sleep(1)

        def zombies():
            return {pid for pid, state in self.children(candor) if state == "Z"}

        def none_stays():
            before = zombies()
            time.sleep(0.5)  # one that has just ended is no zombie yet
            return not before & zombies()

        wait_for("no zombie to stay", none_stays)
        self.assertEqual(candor.stop(), 0)


if __name__ == "__main__":
    unittest.main()
