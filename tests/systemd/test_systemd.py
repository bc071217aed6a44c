"""Candor as a service of a real systemd: started, killed, hung, reloaded, stopped, and looked at.

    CANDOR_BUILD=BUILD python3 -m unittest test_systemd
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import machine

BUILD = pathlib.Path(os.environ["CANDOR_BUILD"])
HERE = pathlib.Path(__file__).resolve().parent
SECRET = "s3cret-of-the-credential"

CONFIGURATION = """
[daemon]
location = "nspawn"
[page]
name = "Booted Status"
[auth]
tokens = [{ name = "ana", scope = "admin", secret = { credential = "ana" } }]
[[component]]
id = "shop"
name = "Shop"
[[probe]]
name = "shop-http"
component = "shop"
every = "500ms"
timeout = "400ms"
[probe.http]
url = "http://127.0.0.1:1/"
[[probe]]
name = "dbus"
every = "300ms"
[probe.unit]
name = "dbus.service"
[[probe]]
name = "stall"
every = "300ms"
[probe.unit]
name = "stall.service"
degraded_above_restarts = 1
[[probe]]
name = "loopback"
every = "300ms"
timeout = "1s"
[probe.icmp]
host = "127.0.0.1"
interval = "10ms"
[[probe]]
name = "plugin"
every = "300ms"
[probe.exec]
command = ["/bin/sh", "-c", "id -un && exit 1"]
[[rule]]
name = "shop-down"
component = "shop"
when = { probe = 'component="shop"' }
"""

# A leak sanitizer, where candord is built with one, traces it at its end, which the unit does not let it.
DROP_IN = """
[Service]
LoadCredential=ana:/etc/candor/ana.token
WatchdogSec=3
Environment=ASAN_OPTIONS=detect_leaks=0
"""


def wait_for(what, condition, patience=30):
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience} s in vain for {what}")
        time.sleep(0.05)


class Booted(unittest.TestCase):
    """One machine for all tests; each leaves the service running."""

    @classmethod
    def setUpClass(cls):
        machine.need_tools()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="candor-systemd-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        root = machine.make_root(BUILD / "systemd", BUILD / "bin" / "candord")
        stage = cls.folder / "stage"
        installed = machine.run("cmake", "--install", BUILD, "--prefix", "/usr",
                                env={**os.environ, "DESTDIR": str(stage)})
        if installed.returncode != 0:
            raise AssertionError(f"cmake --install failed:\n{installed.stderr}")
        binds = {f"/{file.relative_to(stage)}": file for file in stage.rglob("*")
                 if file.is_file() and "/doc/" not in str(file)}
        cls.etc = cls.folder / "etc"
        cls.etc.mkdir()
        (cls.etc / "candor.toml").write_text(CONFIGURATION)
        (cls.etc / "candor.toml").chmod(0o644)
        (cls.etc / "ana.token").write_text(SECRET + "\n")
        (cls.etc / "ana.token").chmod(0o600)
        (cls.folder / "test.conf").write_text(DROP_IN)
        binds["/etc/candor"] = (cls.etc, True)
        binds["/etc/systemd/system/candord.service.d/test.conf"] = cls.folder / "test.conf"
        cls.machine = machine.Machine(root, cls.folder, binds)
        cls.addClassCleanup(cls.machine.end)
        cls.machine.wait_until_booted()
        started = cls.systemctl("enable", "--now", "candord.socket", "candord-admin.socket", "candord.service")
        if started.returncode != 0:
            raise AssertionError(f"{started.stderr}\n{cls.machine.inside('journalctl', '-u', 'candord', '-n', '50').stdout}")

    @classmethod
    def systemctl(cls, *words, timeout=60):
        return cls.machine.inside("systemctl", *words, timeout=timeout)

    def setUp(self):
        wait_for("the service", lambda: self.state() == "active")

    def show(self, *properties):
        shown = self.systemctl("show", "candord", "-p", ",".join(properties)).stdout
        return dict(line.split("=", 1) for line in shown.splitlines())

    def state(self):
        return self.show("ActiveState")["ActiveState"]

    def main_pid(self):
        """As the machine counts."""
        return self.show("MainPID")["MainPID"]

    def ask(self, method, url, body=None):
        headers = ["-H", f"Authorization: Bearer {SECRET}"]
        data = ["--json", body] if body else []
        done = machine.run(*self.machine.on_its_network("curl", "-sS", "-w", "\n%{http_code}", "-X", method, *headers, *data,
                                                        url))
        text, _, status = done.stdout.rpartition("\n")
        return int(status or 0), text

    def journal(self, *options):
        text = self.machine.inside("journalctl", "-u", "candord", "-o", "json", *options).stdout
        return [json.loads(line) for line in text.splitlines()]

    def clients(self, *asked):
        """Starts a client for each (method, URL); answers a function that ends them and tells what came back."""
        running = []
        for method, url in asked:
            command = self.machine.on_its_network(sys.executable, HERE / "client.py", method, url)
            client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            # Also where the test fails before it asks what came back.
            self.addCleanup(lambda client=client: client.returncode is None and client.communicate(timeout=60))
            running.append(client)
        return lambda: [json.loads(client.communicate(timeout=60)[0]) for client in running]

    def test_is_ready_when_it_says_so(self):
        self.assertEqual(self.show("Type", "SubState"), {"Type": "notify", "SubState": "running"})
        self.assertEqual(self.ask("GET", "http://127.0.0.1:9180/-/ready")[0], 200)
        self.assertEqual(self.ask("GET", "http://127.0.0.1:8080/")[0], 200)

    def test_refuses_no_connection_while_it_is_killed_and_comes_back(self):
        before = self.main_pid()
        end = self.clients(("GET", "http://127.0.0.1:8080/"), ("GET", "http://127.0.0.1:9180/-/healthy"))
        time.sleep(0.5)
        self.machine.inside("kill", "-9", before)
        wait_for("another process", lambda: self.main_pid() not in ("0", before))
        wait_for("the service", lambda: self.state() == "active")
        time.sleep(0.5)
        for client in end():
            self.assertNotIn("ConnectionRefusedError", client["answers"])
            self.assertGreater(client["answers"]["200"], 100)
            broken = sum(count for answer, count in client["answers"].items() if answer != "200")
            self.assertLessEqual(broken, 2, f"the request under way, and no other: {client['answers']}")

    def test_is_restarted_by_the_watchdog_when_it_is_stopped(self):
        before, restarts = self.main_pid(), int(self.show("NRestarts")["NRestarts"])
        self.machine.inside("kill", "-STOP", before)
        wait_for("another process", lambda: self.main_pid() not in ("0", before), patience=60)
        wait_for("the service", lambda: self.state() == "active")
        self.assertGreater(int(self.show("NRestarts")["NRestarts"]), restarts)
        said = self.machine.inside("journalctl", "-u", "candord", "-o", "cat").stdout
        self.assertIn("Watchdog timeout", said)

    def test_stays_down_where_a_start_anew_mends_nothing(self):
        self.systemctl("stop", "candord")
        journal = "/var/lib/candor/candor.db"
        # In place, so that the file stays the service's user's.
        self.machine.inside("sh", "-c", f"cp -p {journal} {journal}.good; head -c 8192 /dev/urandom > {journal}")
        self.systemctl("start", "candord")
        wait_for("the end", lambda: self.state() == "failed")
        self.assertEqual(self.show("ExecMainStatus")["ExecMainStatus"], "65")
        self.machine.inside("mv", f"{journal}.good", journal)
        self.assertEqual(self.systemctl("start", "candord").returncode, 0)

    def test_has_both_listeners_from_systemd_whichever_connection_starts_it(self):
        sockets = ("candord.socket", "candord-admin.socket")
        for first, address in zip(sockets, ("127.0.0.1:8080", "127.0.0.1:9180/-/ready")):
            self.systemctl("stop", *sockets, "candord")
            self.systemctl("start", first)
            self.assertEqual(self.ask("GET", f"http://{address}")[0], 200)
            wait_for("the service", lambda: self.state() == "active")
            self.assertEqual(self.systemctl("is-active", *sockets).stdout.split(), ["active"] * 2)

    def test_starts_seldom_where_connections_come_and_nothing_is_mended(self):
        def starts():
            # Each names the mistake, one line on standard error.
            return sum("nonsense" in entry.get("MESSAGE", "") for entry in self.journal())

        def mend():
            (self.etc / "candor.toml").write_text(CONFIGURATION)
            self.systemctl("start", "candord.socket", "candord-admin.socket", "candord.service")

        self.systemctl("stop", "candord")
        self.addCleanup(mend)
        (self.etc / "candor.toml").write_text(CONFIGURATION + "\nnonsense = true\n")
        before = starts()
        end = self.clients(("POST", "http://127.0.0.1:9180/alertmanager/api/v2/alerts"), ("GET", "http://127.0.0.1:8080/"))
        wait_for("the reason", lambda: "nonsense" in self.show("StatusText")["StatusText"])
        time.sleep(15)
        self.assertIn(starts() - before, (1, 2, 3))
        self.assertEqual(self.systemctl("is-active", "candord.socket", "candord-admin.socket").stdout.split(), ["active"] * 2)
        began = time.monotonic()
        self.systemctl("stop", "candord.socket", "candord-admin.socket", "candord")
        self.assertLess(time.monotonic() - began, 5)
        mend()
        end()

    def test_restores_to_the_letter_of_the_guide_while_connections_come(self):
        def incidents():
            return json.loads(self.ask("GET", "http://127.0.0.1:9180/api/v1/incidents")[1])["incidents"]

        before = wait_for("an incident", incidents)
        # Taken with candord stopped: candorctl wants libraries that this machine does not have.
        units = "candord.socket candord-admin.socket candord.service"
        copied = self.machine.inside("sh", "-ec", f"systemctl stop {units}; rm -rf /var/backups/old; "
                                     f"cp /var/lib/candor/candor.db /var/backups/candor.db; systemctl start {units}")
        self.assertEqual(copied.returncode, 0, copied.stderr)
        guide = (HERE.parents[1] / "docs" / "operators.md").read_text()
        block = re.search(r"```console root\n(\$ systemctl stop candord\.socket .*?)```", guide, re.DOTALL)
        end = self.clients(("POST", "http://127.0.0.1:9180/alertmanager/api/v2/alerts"), ("GET", "http://127.0.0.1:8080/"))
        restored = self.machine.inside("bash", "-ec", re.sub("(?m)^\\$ ", "", block[1]))
        self.assertEqual((restored.returncode, restored.stderr), (0, ""))
        end()
        wait_for("the service", lambda: self.state() == "active")
        self.assertEqual({one["id"] for one in before} - {one["id"] for one in incidents()}, set())

    def test_reloads_a_good_configuration_and_keeps_the_old_one_instead_of_a_bad_one(self):
        def reloaded(text, name):
            (self.etc / "candor.toml").write_text(text)
            self.assertEqual(self.systemctl("reload", "candord").returncode, 0)
            return wait_for(name, lambda: name in self.ask("GET", "http://127.0.0.1:8080/")[1])

        pid = self.main_pid()
        reloaded(CONFIGURATION.replace("Booted Status", "Reloaded Status"), "Reloaded Status")
        (self.etc / "candor.toml").write_text(CONFIGURATION + "\nnonsense = true\n")
        self.systemctl("reload", "candord")
        wait_for("the reason", lambda: any("unknown key" in entry.get("MESSAGE", "") and "nonsense" in entry["MESSAGE"]
                                           for entry in self.journal("-n", "50")))
        wait_for("the status", lambda: "wrong" in self.show("StatusText")["StatusText"])
        self.assertIn("Reloaded Status", self.ask("GET", "http://127.0.0.1:8080/")[1])
        reloaded(CONFIGURATION, "Booted Status")
        self.assertEqual(self.main_pid(), pid, "nothing of this was a restart")

    def test_gets_its_secrets_as_credentials_and_shows_them_nowhere(self):
        self.assertEqual(self.ask("GET", "http://127.0.0.1:9180/api/v1/incidents")[0], 200)
        pid = self.main_pid()
        for place in ("cmdline", "environ"):
            self.assertNotIn(SECRET, self.machine.inside("cat", f"/proc/{pid}/{place}").stdout)
        self.assertNotIn(SECRET, self.machine.inside("journalctl").stdout)
        limits = self.machine.inside("cat", f"/proc/{pid}/limits").stdout
        self.assertRegex(limits, r"Max core file size +0 +0 ")

    def test_runs_as_nobody_else_and_keeps_its_state_to_itself(self):
        shown = self.show("DynamicUser", "MainPID")
        self.assertEqual(shown["DynamicUser"], "yes")
        user = self.machine.inside("stat", "-c", "%U", f"/proc/{shown['MainPID']}").stdout.strip()
        self.assertNotEqual(user, "root")
        listing = self.machine.inside("stat", "-L", "-c", "%a %U %n", "/var/lib/candor", "/var/lib/candor/candor.db",
                                      "/var/lib/candor/ack.key").stdout
        self.assertRegex(listing, rf"700 {user} /var/lib/candor\n600 {user} .*candor.db\n600 {user} .*ack.key\n")

    def test_tells_journald_in_fields(self):
        entries = wait_for("an opened incident in the journal", lambda: [
            entry for entry in self.journal() if entry.get("CANDOR_EVENT") == "incident_opened"])
        entry = entries[0]
        self.assertEqual(entry["CANDOR_RULE"], "shop-down")
        self.assertRegex(entry["CANDOR_INCIDENT"], "^[a-z0-9]{12}$")
        self.assertEqual(entry["PRIORITY"], "4")
        self.assertEqual(entry["_SYSTEMD_UNIT"], "candord.service")

    def seen(self, probe, health):
        """The evidence of a probe, once it has this health."""
        def now():
            signals = json.loads(self.ask("GET", "http://127.0.0.1:9180/api/v1/signals")[1])["signals"]
            return [signal for signal in signals
                    if signal["labels"].get("probe") == probe and signal["health"] == health]

        return wait_for(f"{probe} to be {health}", now)[0]["evidence"]

    def test_watches_units_over_the_bus(self):
        # As systemd does it at the first boot, and whoever installs on a machine that runs.
        self.assertEqual(self.machine.inside("systemd-sysusers").returncode, 0)
        self.assertRegex(self.machine.inside("getent", "passwd", "candord").stdout, "^candord:.*:/usr/sbin/nologin$")
        self.systemctl("restart", "candord")
        self.seen("dbus", "ok")
        self.assertIn("systemd finds it not-found", self.seen("stall", "failing"))
        self.machine.inside("systemd-run", "--unit=stall", "-p", "Restart=on-failure", "-p", "RestartSec=100ms", "-p",
                            "StartLimitBurst=3", "sleep", "1000")
        self.seen("stall", "ok")
        for _ in range(2):
            self.machine.inside("systemctl", "kill", "-s", "KILL", "stall")
            time.sleep(1)
        # Active, and yet degraded for its two restarts; the evidence is of whichever look was the first to say so.
        self.assertEqual(self.systemctl("is-active", "stall").stdout.strip(), "active")
        time.sleep(1)
        self.assertIn("unit stall.service ", self.seen("stall", "degraded"))
        self.assertEqual(self.systemctl("is-active", "stall").stdout.strip(), "active")
        for _ in range(2):
            self.machine.inside("systemctl", "kill", "-s", "KILL", "stall")
            time.sleep(0.5)
        self.assertRegex(self.seen("stall", "failing"), r"stall.service is failed \(Result=[a-z-]+.*\) since ")
        self.machine.inside("systemctl", "reset-failed", "stall")

    def test_pings_and_runs_plugins_in_its_confinement(self):
        self.machine.inside("sysctl", "-w", "net.ipv4.ping_group_range=1 0")
        self.assertIn("sysctl -w net.ipv4.ping_group_range", self.seen("loopback", "unknown"))
        self.assertEqual(self.machine.inside("sysctl", "-w", "net.ipv4.ping_group_range=0 2147483647").returncode, 0)
        self.seen("loopback", "ok")
        self.assertIn('says WARNING after', self.seen("plugin", "degraded"))

    def threads(self):
        """Of each thread its nice and its scheduling policy (proc(5), fields 19 and 41)."""
        stats = self.machine.inside("sh", "-c", f"cat /proc/{self.show('MainPID')['MainPID']}/task/*/stat").stdout
        fields = [line.rsplit(")", 1)[1].split() for line in stats.splitlines()]
        return sorted((int(one[16]), int(one[38])) for one in fields)

    def test_gives_the_watch_more_than_its_turn_and_the_crowd_not(self):
        self.assertEqual(self.threads()[:3], [(-10, 0), (-10, 0), (0, 0)], "the main loop's and the journal's")
        drop_ins = "/run/systemd/system/candord.service.d"
        self.machine.inside("sh", "-c", f"mkdir -p {drop_ins} && printf '[Service]\\nCPUSchedulingPolicy=rr\\n' > {drop_ins}/rr.conf")
        self.systemctl("daemon-reload")
        self.systemctl("restart", "candord.service")
        self.assertEqual(self.threads()[:3], [(-10, os.SCHED_RR), (-10, os.SCHED_RR), (0, 0)])
        self.machine.inside("rm", "-r", drop_ins)
        self.systemctl("daemon-reload")
        self.systemctl("restart", "candord.service")

    def test_may_have_large_pages(self):
        """Of its heap, where the kernel lets who asks have them (VmFlags in proc(5))."""
        heap = self.machine.inside("sed", "-n", r"/\[heap\]/,/VmFlags/p", f"/proc/{self.show('MainPID')['MainPID']}/smaps").stdout
        self.assertRegex(heap, r"VmFlags:.* hg\b")

    def test_starts_after_the_network(self):
        after = self.show("After", "Wants")
        self.assertIn("network-online.target", after["After"].split())
        self.assertIn("network-online.target", after["Wants"].split())

    def test_stops_within_five_seconds_under_load_and_has_what_it_accepted(self):
        self.systemctl("stop", "candord-admin.socket", "candord.socket", "candord.service")
        self.systemctl("start", "candord.service")  # without sockets, so that clients end with it
        asked = [("POST", "http://127.0.0.1:9180/alertmanager/api/v2/alerts")] + [("GET", "http://127.0.0.1:8080/")] * 2
        # The push API wants a token as well: this configuration has one.
        (self.etc / "candor.toml").write_text(re.sub(r"\[auth\]\n.*\n", "", CONFIGURATION))
        self.systemctl("reload", "candord")
        end = self.clients(*asked)
        time.sleep(2)
        began = time.monotonic()
        self.systemctl("stop", "candord.service")
        took = time.monotonic() - began
        push = end()[0]
        self.assertLess(took, 5)
        self.assertEqual(self.show("Result", "ExecMainStatus"), {"Result": "success", "ExecMainStatus": "0"})
        (self.etc / "candor.toml").write_text(CONFIGURATION)
        self.systemctl("start", "candord.socket", "candord-admin.socket", "candord.service")
        wait_for("the service", lambda: self.state() == "active")
        self.assertGreater(len(push["accepted"]), 50)
        known = self.ask("GET", "http://127.0.0.1:9180/api/v1/signals?limit=5000")[1]
        names = {signal["labels"].get("alertname") for signal in json.loads(known)["signals"]}
        self.assertEqual(set(push["accepted"]) - names, set(), "answered 200, and gone")

    def test_exposes_little_and_its_units_are_sound(self):
        security = self.machine.inside("systemd-analyze", "security", "--no-pager", "candord.service").stdout
        exposure = re.search(r"Overall exposure level for candord.service: ([\d.]+)", security)
        self.assertTrue(exposure, security)
        self.assertLessEqual(float(exposure[1]), 1.5)
        verified = self.machine.inside("systemd-analyze", "verify", "--man=no", "candord.service", "candord.socket",
                                       "candord-admin.socket")
        self.assertEqual((verified.returncode, verified.stdout + verified.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
