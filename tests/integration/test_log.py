"""Readers of the log that stall or go away: the watch goes on without them."""

import contextlib
import fcntl
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import BIN, CandorTest, request, shop, wait_for


class Stalled(CandorTest):
    def watching(self, command, **streams):
        """A candord that logs each alert."""
        self.target, self.phone = self.recorder(), self.recorder()
        candor = self.candor(shop(self.target.url, self.phone.url), start=False)
        command = [*command, str(BIN / "candord"), "--verbose", "--config", str(candor.file)]
        candor.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **streams)
        wait_for("candord to be ready", candor.is_ready)
        return candor

    def piped(self):
        """With a pipe of one page as its log, and the end that reads."""
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        candor = self.watching([], stderr=writing)
        os.close(writing)
        pipe = os.fdopen(reading, "rb")
        self.addCleanup(pipe.close)
        return candor, pipe

    def push(self, candor, begin, end):
        """Each alert is a line of more than 1 kB."""
        text = {"summary": "x" * 1000, "description": "y" * 1000}
        for first in range(begin, end, 250):
            alerts = [{"labels": {"alertname": f"a{i}", "text": "z" * 1000}, "annotations": text}
                      for i in range(first, min(first + 250, end))]
            self.assertEqual(request(candor.admin, "POST", "/alertmanager/api/v2/alerts", alerts).status, 200)

    def assert_watches(self, candor):
        self.target.status = 503
        wait_for("a page", lambda: self.phone.messages("page"))
        self.assertEqual(request(candor.admin, "GET", "/-/healthy", timeout=2).status, 200)
        self.assertIsNone(candor.process.poll())


class StandardError(Stalled):
    def test_stalls_neither_pushes_nor_pages_and_what_is_lost_is_told(self):
        candor, pipe = self.piped()
        self.push(candor, 0, 5000)
        self.assert_watches(candor)
        time.sleep(0.1)  # what waits is older than that
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(pipe))
        reader.start()
        wait_for("the loss to be told", lambda: any(b" log_lines_lost " in line for line in lines))
        metrics = request(candor.admin, "GET", "/metrics").text
        self.assertEqual(candor.stop(), 0)
        reader.join()
        for line in lines:
            self.assertRegex(line, rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error) \w+.*\n$")
        [told] = [i for i, line in enumerate(lines) if b" log_lines_lost " in line]
        lost = int(re.search(rb" lines=(\d+): ", lines[told])[1])
        alerts = sum(b" signal_changed source=push alert=" in line for line in lines)
        self.assertGreater(alerts, 500)
        self.assertGreaterEqual(lost, 5000 - alerts)
        self.assertIn(f"\ncandor_log_lines_lost_total {lost}\n", metrics)
        times = [line.split()[0] for line in lines if b" signal_changed " in line]
        self.assertEqual(times, sorted(times))
        self.assertLess(lines[told - 1].split()[0], lines[told].split()[0], "lines have the time of what they tell of")
        self.assertIn(b"candord_stopped", lines[-1])

    def test_that_stalls_does_not_keep_candord_from_ending(self):
        candor, _ = self.piped()
        self.push(candor, 0, 20)
        begun = time.monotonic()
        self.assertEqual(candor.stop(), 0)
        self.assertLess(time.monotonic() - begun, 8)

    def test_that_stalls_does_not_keep_a_second_signal_from_ending_it_at_once(self):
        candor, _ = self.piped()
        self.push(candor, 0, 20)
        visitor = socket.create_connection(("127.0.0.1", candor.admin))
        self.addCleanup(visitor.close)
        visitor.sendall(b"GET / HTTP/1.1\r\nHost:")  # what candord waits for at its end
        time.sleep(0.3)
        candor.process.terminate()
        time.sleep(0.3)
        candor.process.terminate()
        self.assertEqual(candor.process.wait(2.5), 128 + signal.SIGTERM)

    def test_may_end_before_candord(self):
        candor, pipe = self.piped()
        pipe.close()
        self.push(candor, 0, 20)
        self.assert_watches(candor)
        self.assertEqual(candor.stop(), 0)

    def test_may_end_before_mistakes_are_printed(self):
        file = self.folder / "candor.toml"
        file.write_text("x = 1\n")
        reading, writing = os.pipe()
        os.close(reading)
        for output in ({"stderr": writing}, {"stdout": writing, "stderr": writing}):
            done = subprocess.run([str(BIN / "candord"), "--check", "--config", str(file)], timeout=60, **output)
            self.assertEqual(done.returncode, 78)
        os.close(writing)


class Journald(Stalled):
    def test_stalls_neither_pushes_nor_pages_and_what_is_lost_is_told(self):
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(journal.close)
        (self.folder / "journal").mkdir()
        journal.bind(str(self.folder / "journal" / "socket"))
        journal.settimeout(20)
        script = (
            f"mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && "
            f"mount --bind {self.folder}/journal /run/systemd/journal && "
            f'export JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2) && exec "$@"'
        )
        candor = self.watching(["unshare", "-m", "bash", "-c", script, "bash"], stderr=subprocess.DEVNULL)
        self.push(candor, 0, 5000)
        self.assert_watches(candor)
        entry = ""
        while "CANDOR_EVENT=log_lines_lost" not in entry:
            entry = journal.recv(65536).decode()
        self.assertRegex(entry, r"(?m)^PRIORITY=4$")
        self.assertRegex(entry, r"(?m)^CANDOR_LINES=[1-9]\d*$")
        self.assertRegex(entry, r"(?m)^MESSAGE=log_lines_lost lines=[1-9]\d*: ")
        with contextlib.suppress(TimeoutError):
            journal.settimeout(1)
            while True:
                journal.recv(65536)
        self.assertEqual(candor.stop(), 0)


if __name__ == "__main__":
    unittest.main()
