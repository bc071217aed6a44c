"""Time servers as what is watched: a real chronyd, with time and without, and fakes for what no good one says."""

import socket
import struct
import threading
import time
import unittest

from harness import BIN, CandorTest, free_port, unpacked, wait_for


class FakeClock:
    """A time server that says what it is told to."""

    def __init__(self, test, ahead=0.0, first=0x24, stratum=2, code=b"\0\0\0\0", forged=False):
        self.ahead, self.first, self.stratum, self.code, self.forged = ahead, first, stratum, code, forged
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.ended = False
        thread = threading.Thread(target=self.serve, daemon=True)
        thread.start()
        test.addCleanup(self.socket.close)
        test.addCleanup(thread.join, 10)
        test.addCleanup(self.end)

    def end(self):
        self.ended = True
        self.socket.sendto(b"", ("127.0.0.1", self.port))

    def serve(self):
        while not self.ended:
            question, peer = self.socket.recvfrom(2048)
            if len(question) != 48:
                continue
            now = time.time() + self.ahead + 2208988800
            moment = struct.pack("!II", int(now) % 2**32, int(now % 1 * 2**32))
            mark = bytes(8) if self.forged else question[40:]
            head = struct.pack("!BBBbII", self.first, self.stratum, 6, -20, 0x8000, 0x14000) + self.code + moment
            self.socket.sendto(head + mark + moment + moment, peer)


class Ntp(CandorTest):
    def watching(self, **probes):
        text = ""
        for name, (port, lines) in probes.items():
            text += f'[[probe]]\nname = "{name}"\nevery = "300ms"\ntimeout = "2s"\n[probe.ntp]\n'
            text += f'address = "localhost:{port}"\n{lines}\n'
        return self.candor(text)

    def seen(self, candor, name, wanted):
        def now():
            for signal in candor.signals():
                if signal["labels"]["probe"] == name and signal["health"] == wanted:
                    return signal
            return None

        return wait_for(f"{name} to be {wanted}", now)

    def chronyd(self, port, lines):
        self.folder.chmod(0o755)
        file = self.folder / f"chrony-{port}.conf"
        file.write_text(f"{lines}\nallow 127.0.0.0/8\nbindaddress 127.0.0.1\nport {port}\ncmdport 0\nbindcmdaddress /\n"
                        f"pidfile {self.folder}/chrony-{port}.pid\n")
        # -x: it touches no clock.
        process = self.run_in_background(unpacked("chronyd"), "-x", "-d", "-U", "-u", "root", "-f", str(file), log=f"chrony-{port}.log")

        def answers():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
                it.settimeout(0.2)
                it.connect(("127.0.0.1", port))
                try:
                    it.send(b"\x23" + bytes(39) + b"anything")
                    return it.recv(512)
                except OSError:
                    return None

        wait_for("chronyd", answers)
        return process

    def test_a_real_server(self):
        port, without = free_port(), free_port()
        process = self.chronyd(port, "local stratum 5")
        self.chronyd(without, "")
        candor = self.watching(
            good=(port, 'stratum_at_most = 5\noffset_degraded_above = "200ms"\noffset_failing_above = "1s"'),
            far=(port, "stratum_at_most = 4"),
            without=(without, ""),
        )
        self.seen(candor, "good", "ok")
        report = candor.ctl("probe", "run", "good", "--config", str(candor.file))
        self.assertEqual(report.returncode, 0, report.stdout)
        self.assertRegex(report.stdout, r"'stratum'=5 'offset'=-?[\d.e-]+s 'delay'=[\d.e-]+s 'root_delay'=")
        ask = r"^ask 127\.0\.0\.1:\d+ \(localhost\) for the time: "
        self.assertRegex(self.seen(candor, "far", "failing")["evidence"],
                         ask + r"answered after [\d.]+ m?s, but it is 5 steps from a reference clock \(its stratum\), more than 4$")
        self.assertRegex(self.seen(candor, "without", "failing")["evidence"],
                         ask + r"answered after [\d.]+ m?s, but it is not synchronized")
        process.terminate()
        process.wait(10)
        self.assertRegex(self.seen(candor, "good", "failing")["evidence"], ask + r"Connection refused \(after ")
        self.chronyd(port, "local stratum 3")
        self.seen(candor, "good", "ok")

    def test_clocks_that_differ(self):
        limits = 'offset_degraded_above = "10s"\noffset_failing_above = "10m"'
        candor = self.watching(
            same=(FakeClock(self).port, limits),
            ahead=(FakeClock(self, ahead=60).port, limits),
            behind=(FakeClock(self, ahead=-7200).port, limits),
        )
        self.seen(candor, "same", "ok")
        self.assertRegex(self.seen(candor, "ahead", "degraded")["evidence"],
                         r"its clock is (59\.\d+|60(\.\d+)?) s ahead of this machine's, more than 10 s \(stratum 2, there and back "
                         r"[\d.]+ m?s\); either of them may be the wrong one$")
        self.assertRegex(self.seen(candor, "behind", "failing")["evidence"],
                         r"its clock is (2h|1h59m59s|2h1s) behind this machine's, more than 600 s \(stratum 2")

    def test_servers_that_give_no_time(self):
        candor = self.watching(
            rate=(FakeClock(self, first=0xE4, stratum=0, code=b"RATE").port, ""),
            deny=(FakeClock(self, first=0xE4, stratum=0, code=b"DENY").port, ""),
            hostile=(FakeClock(self, first=0xE4, stratum=0, code=b"\x1b[2J").port, ""),
            leap=(FakeClock(self, first=0xE4).port, ""),
            forged=(FakeClock(self, forged=True).port, ""),
            nobody=(free_port(), ""),
        )
        for name, words in {
            "rate": r"but it is asked more often than it wants \(RATE\)$",
            "deny": r"but it refuses to serve this machine \(DENY\)$",
            "hostile": "but it is not synchronized$",
            "leap": r"but it is not synchronized \(stratum 2, leap indicator 3\)$",
            "forged": "no answer within 2 s, asked 3 times; packets that came and were no answer to it: 3$",
            "nobody": r"Connection refused \(after ",
        }.items():
            self.assertRegex(self.seen(candor, name, "failing")["evidence"], words)


if __name__ == "__main__":
    unittest.main()
