"""A candord that was stopped for a while blames nobody for it."""

import contextlib
import os
import signal
import socketserver
import threading
import time
import unittest

from harness import CandorTest, ana, wait_for

DELAY = 0.4
STOPS = 3


class Greeter(socketserver.ThreadingTCPServer):
    """Greets late, so that somebody always waits for it."""

    allow_reuse_address, daemon_threads = True, True

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                time.sleep(DELAY)
                self.request.sendall(b"220 shop\r\n")
                self.request.recv(1)

    RequestHandlerClass = Handler

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)


def probe(name, kind, timeout):
    return (f'[[component]]\nid = "{name}"\nname = "{name}"\n[[probe]]\nname = "{name}"\ncomponent = "{name}"\n'
            f'every = "300ms"\ntimeout = "{timeout}"\n[probe.{kind}\n'
            f'[[rule]]\nname = "{name}"\ncomponent = "{name}"\npage = "all"\n'
            f'when = {{ any = [{{ probe = \'probe="{name}"\' }}, {{ probe = \'probe="{name}"\', health = "degraded" }}] }}\n')


class Standstill(CandorTest):
    def test_of_the_process(self):
        target, phone, greeter = self.recorder(), self.recorder(), Greeter()
        target.delay = DELAY
        threading.Thread(target=greeter.serve_forever, daemon=True).start()
        self.addCleanup(greeter.server_close)
        self.addCleanup(greeter.shutdown)
        tcp = f'tcp]\naddress = "127.0.0.1:{greeter.server_address[1]}"\ndialogue = [{{ expect = "^220" }}]'
        names = ("web", "slow", "tcp", "exec")
        candor = self.candor(
            '[page]\nname = "Shop"\n' + ana(phone.url) + probe("web", f'http]\nurl = "{target.url}"', "2s") +
            probe("slow", f'http]\nurl = "{target.url}"\ndegraded_above = "2s"', "30s") + probe("tcp", tcp, "2s") +
            probe("exec", f'exec]\ncommand = ["/bin/sleep", "{DELAY}"]', "2s"))

        def runs():
            seen = {one["name"]: one for one in candor.api("GET", "/api/v1/probes").json["probes"]}
            return {name: seen[name]["runs"] for name in names}

        def all_ran(times):
            before = runs()
            wait_for("every probe to run", lambda: all(runs()[name] >= before[name] + times for name in names))

        wait_for("all to be well", lambda: {one["health"] for one in candor.signals()} == {"ok"})
        for _ in range(STOPS):
            all_ran(3)
            os.kill(candor.process.pid, signal.SIGSTOP)
            time.sleep(3)
            os.kill(candor.process.pid, signal.SIGCONT)
        all_ran(3)
        self.assertEqual(candor.incidents(), [], candor.log.read_text())
        self.assertEqual(phone.messages("page"), [])
        self.assertIn(" warning runs_dropped under_way=", candor.log.read_text())
        metrics = candor.api("GET", "/metrics").text
        dropped = next(line for line in metrics.splitlines() if line.startswith("candor_probes_dropped_total "))
        self.assertGreaterEqual(float(dropped.split()[1]), STOPS)
        self.assertNotRegex(metrics, r'candor_probes_runs_total\{[^}]*health="(failing|degraded)"[^}]*\} [1-9]')

        target.status = 503
        wait_for("a true failure to be seen", lambda: phone.messages("page"))


if __name__ == "__main__":
    unittest.main()
