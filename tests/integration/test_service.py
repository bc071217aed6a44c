"""What systemd sees: readiness, the watchdog's food, sockets that it holds, journald's fields, a clean stop."""

import contextlib
import ctypes
import http.client
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time
import unittest

from harness import BIN, CandorTest, ana, free_port, port_answers, request, sanitized, shop, wait_for


class Manager:
    """The service manager's end of sd_notify(3)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(20)
        self.said = []

    def hear(self, wanted):
        while True:
            words = self.socket.recv(4096).decode()
            self.said.append(words)
            if wanted in words:
                return words

    def hears(self, wanted, within):
        """Whether it is said from now on; what was said before and waits is left out."""
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.socket.recv(4096)
        deadline = time.monotonic() + within
        self.socket.settimeout(0.1)
        try:
            while time.monotonic() < deadline:
                with contextlib.suppress(TimeoutError):
                    if wanted in self.socket.recv(4096).decode():
                        return True
        finally:
            self.socket.settimeout(20)
        return False


@contextlib.contextmanager
def first_thread_held(pid):
    """Holds a process's first thread, and none of its others, by ptrace(2)."""
    seize, interrupt, detach, any_thread = 0x4206, 0x4207, 17, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long

    def ptrace(what):
        if libc.ptrace(what, pid, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {what:#x} of {pid}")

    ptrace(seize)
    ptrace(interrupt)
    os.waitpid(pid, any_thread)
    try:
        yield
    finally:
        ptrace(detach)


class Service(CandorTest):
    def setUp(self):
        super().setUp()
        self.manager = Manager(self.folder / "notify")
        self.addCleanup(self.manager.socket.close)
        self.env = {"NOTIFY_SOCKET": str(self.folder / "notify")}

    def test_says_when_it_is_ready_reloading_and_stopping_and_feeds_the_watchdog(self):
        candor = self.candor("", env={**self.env, "WATCHDOG_USEC": "400000"}, start=False)
        candor.start(wait=False)
        self.manager.hear("READY=1")
        self.assertTrue(port_answers(candor.public) and port_answers(candor.admin), "ready means listening")
        began = time.monotonic()
        for _ in range(4):
            self.manager.hear("WATCHDOG=1")
        self.assertLess(time.monotonic() - began, 10)
        candor.process.send_signal(1)
        self.manager.hear("RELOADING=1")
        self.manager.hear("READY=1")
        candor.file.write_text("nonsense = true\n")
        candor.process.send_signal(1)
        self.assertIn("wrong", self.manager.hear("READY=1"))
        candor.process.terminate()
        self.manager.hear("STOPPING=1")
        self.assertEqual(candor.process.wait(10), 0)

    def test_the_watchdog_is_fed_by_the_loop_and_by_no_other_thread(self):
        candor = self.candor("", env={**self.env, "WATCHDOG_USEC": "400000"}, start=False)
        candor.start(wait=False)
        self.manager.hear("READY=1")
        wait_for("the page", lambda: request(candor.public, "GET", "/").status == 200)
        self.assertTrue(self.manager.hears("WATCHDOG=1", 20))
        with first_thread_held(candor.process.pid):
            self.assertFalse(self.manager.hears("WATCHDOG=1", 2))
            self.assertEqual(request(candor.public, "GET", "/").status, 200, "the other threads live")
        self.assertTrue(self.manager.hears("WATCHDOG=1", 20))

    def test_asks_for_time_while_it_checks_a_damaged_journal_and_needs_none_after_a_kill(self):
        candor = self.candor("", env=self.env, start=False)
        candor.start(wait=False)
        self.manager.hear("READY=1")
        for name in ("One", "Two", "Three"):
            alert = {"labels": {"alertname": name}, "annotations": {}}
            self.assertEqual(candor.api("POST", "/alertmanager/api/v2/alerts", [alert]).status, 200)
        candor.kill()
        log = candor.state / "candor.db-wal"
        data = log.read_bytes()
        frame = 24 + 4096
        frames = 0
        while data[32 + frames * frame + 8:32 + frames * frame + 16] == data[16:24]:
            frames += 1
        last = 32 + (frames - 1) * frame

        def start_with(at):
            damaged = bytearray(data)
            damaged[at] ^= 1
            log.write_bytes(damaged)
            (candor.state / "candor.db-shm").unlink(missing_ok=True)
            self.manager.said.clear()
            candor.log.unlink()
            candor.start(wait=False)
            self.manager.hear("READY=1")
            candor.kill()
            return "".join(self.manager.said), candor.log.read_text()

        kept = self.folder / "kept"
        shutil.copytree(candor.state, kept)
        said, told = start_with(last + 1000)
        self.assertIn("journal_cut_short", told)
        self.assertNotIn("EXTEND_TIMEOUT_USEC", said)
        shutil.rmtree(candor.state)
        shutil.copytree(kept, candor.state)
        said, told = start_with(32 + 1000)
        self.assertIn("journal_check", told)
        self.assertIn("journal_end_lost", told)
        self.assertRegex(said, "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=checking the journal.*\n?READY=1")

    def hold_sockets(self):
        """Two listeners as systemd holds them: their ports, and a function that starts candord with them."""
        public, admin = free_port(), free_port()
        file = self.folder / "candor.toml"
        file.write_text(f'[daemon]\nstate_dir = "{self.folder}/state"\n[listen]\npublic = "127.0.0.1:1"\nadmin = "127.0.0.1:2"\n')
        held = []
        for port in (public, admin):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
            held.append(listener)
            self.addCleanup(listener.close)

        def start():
            # As sd_listen_fds(3) has it: descriptors from 3 on, and LISTEN_PID the process itself.
            script = 'exec 3<&%d 4<&%d; export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=public:admin; exec "$@"'
            descriptors = tuple(listener.fileno() for listener in held)
            with (self.folder / "log").open("ab") as log:
                process = subprocess.Popen(
                    ["bash", "-c", script % descriptors, "bash", str(BIN / "candord"), "--config", str(file)],
                    pass_fds=descriptors, stdout=log, stderr=log, env={**os.environ, **self.env},
                )
            self.processes.append(process)
            return process

        return public, admin, start

    def test_serves_on_the_sockets_that_systemd_holds(self):
        public, admin, start = self.hold_sockets()
        first = start()
        wait_for("the page", lambda: request(public, "GET", "/").status == 200)
        self.assertEqual(request(admin, "GET", "/-/ready").status, 200)
        self.assertEqual(request(admin, "POST", "/-/reload").status, 200, "the configured addresses did not change")
        first.kill()
        first.wait(10)
        self.assertTrue(port_answers(public), "the socket is held while candord is away")
        start()
        wait_for("the page again", lambda: request(public, "GET", "/").status == 200)

    def test_reads_what_waits_in_them_before_it_does_what_is_due(self):
        target, phone = self.recorder(), self.recorder()
        target.status = 503
        public, admin, start = self.hold_sockets()
        with (self.folder / "candor.toml").open("a") as config:
            config.write(shop(target.url, phone.url, wait="6s"))
        first = start()
        [page] = wait_for("the page", lambda: phone.messages("page"))
        first.kill()
        first.wait(10)
        incident = f"/api/v1/incidents/{page['incident']['id']}"
        ack = http.client.HTTPConnection("127.0.0.1", admin, timeout=60)
        self.addCleanup(ack.close)
        ack.request("POST", incident + "/ack", '{"contact": "ana"}', {"Content-Type": "application/json"})
        time.sleep(7)  # the next step is due meanwhile
        start()
        self.assertEqual(ack.getresponse().status, 200)
        seen = [entry["what"] for entry in request(admin, "GET", incident).json["timeline"]]
        self.assertEqual(seen.count("paged"), 1, seen)

    def test_ends_slowly_where_a_socket_would_start_it_again_and_nothing_is_mended(self):
        _, _, start = self.hold_sockets()
        good = (self.folder / "candor.toml").read_text()
        (self.folder / "candor.toml").write_text(good + "nonsense = true\n")
        began = time.monotonic()
        first = start()
        self.assertRegex(self.manager.hear("STATUS="), "the configuration is wrong: .*nonsense.*systemctl restart candord")
        self.assertEqual(first.wait(30), 78)
        self.assertGreater(time.monotonic() - began, 9)
        (self.folder / "candor.toml").write_text(good)
        (self.folder / "state").mkdir()
        (self.folder / "state" / "candor.db").write_bytes(os.urandom(8192))
        second = start()
        self.assertIn("cannot be read", self.manager.hear("STATUS="))
        self.assertIsNone(second.poll())
        began = time.monotonic()
        second.terminate()
        second.wait(10)
        self.assertLess(time.monotonic() - began, 5, "a stop does not wait for it")

    def test_the_crowd_gets_no_more_than_its_turn_where_the_watch_does(self):
        script = self.folder / "plugin"
        script.write_text('#!/bin/sh\nsleep 0.5\necho "has $(nice)"\nexit 2\n')
        script.chmod(0o755)
        plugin = f'[[probe]]\nname = "plugin"\nevery = "2s"\n[probe.exec]\ncommand = "{script}"\n'
        usual = os.getpriority(os.PRIO_PROCESS, 0)
        self.addCleanup(os.setpriority, os.PRIO_PROCESS, 0, usual)
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        candor = self.candor(plugin)
        os.setpriority(os.PRIO_PROCESS, 0, usual)
        request(candor.admin, "GET", "/metrics")  # written by a thread of its own
        stats = pathlib.Path(f"/proc/{candor.process.pid}/task").glob("*/stat")
        nice = sorted(int(stat.read_text().rsplit(")", 1)[1].split()[16]) for stat in stats)
        self.assertEqual([nice.count(-10), nice.count(0)], [2, len(nice) - 2], "the main loop's and the journal's")
        self.assertGreaterEqual(len(nice), 6)
        seen = wait_for("the plugin", lambda: [s for s in candor.signals() if s["labels"].get("probe") == "plugin"])
        self.assertIn('"has 0"', seen[0]["evidence"])

    def test_stops_cleanly_with_visitors_connected(self):
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url))
        visitors = [socket.create_connection(("127.0.0.1", port)) for port in (candor.public, candor.admin) for _ in range(20)]
        for visitor in visitors[::2]:
            visitor.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        self.assertEqual(candor.stop(), 0)
        for visitor in visitors:
            visitor.close()
        self.assertIn("candord_stopped", candor.log.read_text())

    def test_stops_within_five_seconds_under_load_with_all_that_was_accepted(self):
        """While a receiver, a web server and a program hang, senders push, visitors come, and clients say nothing."""
        phone = self.recorder()
        phone.delay = 60
        silent = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.addCleanup(silent.close)
        candor = self.candor(
            "".join(f'[[probe]]\nname = "hangs-{i}"\nevery = "5s"\ntimeout = "4s"\n[probe.http]\n'
                    f'url = "http://127.0.0.1:{silent.getsockname()[1]}/"\n' for i in range(20)) +
            '[[probe]]\nname = "program"\nevery = "5s"\ntimeout = "4s"\n[probe.exec]\n'
            f'command = ["/bin/sh", "-c", "trap \'\' TERM; echo > {self.folder}/runs; sleep 30"]\n' +
            "".join(f'[[rule]]\nname = "r{i}"\nwhen = {{ alert = \'group="g{i}"\' }}\npage = "all"\n' for i in range(10)) +
            ana(phone.url))
        accepted, stopping = [set() for _ in range(3)], threading.Event()

        def push(mine, sender):
            for count in itertools.count():
                if stopping.is_set():
                    return
                names = [f"{sender}-{count}-{i}" for i in range(10)]
                alerts = [{"labels": {"alertname": name, "group": f"g{count % 10}"}, "endsAt": "2100-01-01T00:00:00Z"}
                          for name in names]
                with contextlib.suppress(OSError, http.client.HTTPException):
                    if request(candor.admin, "POST", "/alertmanager/api/v2/alerts", alerts, timeout=5).status == 200:
                        mine.update(names)
                time.sleep(0.02)

        def visit():
            while not stopping.is_set():
                with contextlib.suppress(OSError, http.client.HTTPException):
                    request(candor.public, "GET", "/", timeout=5)
                time.sleep(0.01)

        idle = [socket.create_connection(("127.0.0.1", port)) for port in (candor.public, candor.admin) for _ in range(50)]
        for client in idle[::2]:
            client.sendall(b"POST /alertmanager/api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n[")
        threads = [threading.Thread(target=push, args=(mine, i)) for i, mine in enumerate(accepted)]
        threads += [threading.Thread(target=visit) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            wait_for("the receiver to hang", lambda: len(phone.received) >= 5)
            wait_for("the program to hang", (self.folder / "runs").exists)
            wait_for("alerts", lambda: all(accepted))
            began = time.monotonic()
            self.assertEqual(candor.stop(), 0)
            self.assertLess(time.monotonic() - began, 10 if sanitized() else 5)
        finally:
            stopping.set()
            for thread in threads:
                thread.join(20)
            for client in idle:
                client.close()
        candor.start()
        known = set()
        for i in range(10):
            answer = candor.api("GET", f"/api/v1/signals?limit=5000&filter=group%3D%22g{i}%22").json
            self.assertFalse(answer["more"], "ask for less at a time")
            known.update(one["labels"]["alertname"] for one in answer["signals"])
        self.assertEqual(set().union(*accepted) - known, set())
        self.assertEqual(len(candor.incidents()), 10)


class Journald(CandorTest):
    def test_every_line_carries_its_fields(self):
        """journald's socket, as sd_journal_sendv(3) speaks to it, in a mount namespace of our own."""
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(journal.close)
        (self.folder / "journal").mkdir()
        journal.bind(str(self.folder / "journal" / "socket"))
        journal.settimeout(20)
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url), start=False)
        target.status = 503
        script = (
            f"mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && "
            f"mount --bind {self.folder}/journal /run/systemd/journal && "
            f'export JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2) && exec "$@"'
        )
        with (self.folder / "log").open("ab") as log:
            command = ["unshare", "-m", "bash", "-c", script, "bash", str(BIN / "candord"), "--config", str(candor.file)]
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        wanted = {
            "signal_changed": {"CANDOR_PROBE": "checkout-http"},
            "incident_opened": {"CANDOR_RULE": "checkout-down", "CANDOR_INCIDENT": None},
            "delivered": {"CANDOR_DELIVERY": None, "CANDOR_INCIDENT": None},
        }
        while wanted:
            entry = journal.recv(65536).decode()
            fields = dict(line.split("=", 1) for line in entry.splitlines() if "=" in line)
            self.assertIn("PRIORITY", fields)
            self.assertIn("MESSAGE", fields)
            for name, value in wanted.pop(fields.get("CANDOR_EVENT"), {}).items():
                self.assertTrue(fields.get(name), entry)
                if value:
                    self.assertEqual(fields[name], value)


class Units(unittest.TestCase):
    def test_the_example_configuration_is_good(self):
        example = pathlib.Path(__file__).resolve().parents[2] / "contrib" / "candor.toml"
        done = subprocess.run([str(BIN / "candord"), "--check", "--config", str(example)], capture_output=True, text=True,
                              env={**os.environ, "STATE_DIRECTORY": "/tmp"}, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
