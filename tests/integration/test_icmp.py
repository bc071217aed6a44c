"""Hosts that a candord pings, in networks of their own: the kernel's answers, and those that it leaves out."""

import ctypes
import os
import pathlib
import subprocess
import unittest

from harness import CandorTest, wait_for



def run(*command):
    subprocess.run(command, check=True, capture_output=True, text=True)


@unittest.skipUnless(os.geteuid() == 0, "networks need root")
class Icmp(CandorTest):
    """This process and its candord move to a network `here`, which a pair of devices joins with the target's."""

    @classmethod
    def setUpClass(cls):
        cls.here, cls.there = f"candor-{os.getpid()}-a", f"candor-{os.getpid()}-b"
        cls.before = os.open("/proc/self/ns/net", os.O_RDONLY)
        cls.addClassCleanup(os.close, cls.before)
        for name in (cls.here, cls.there):
            run("ip", "netns", "add", name)
            cls.addClassCleanup(subprocess.run, ["ip", "netns", "del", name], check=False)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", cls.here, "link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", cls.there)
        for name, device, last in ((cls.here, "va", 1), (cls.there, "vb", 2)):
            run("ip", "-n", name, "addr", "add", f"10.77.0.{last}/24", "dev", device)
            run("ip", "-n", name, "addr", "add", f"fd77::{last}/64", "dev", device, "nodad")
            run("ip", "-n", name, "link", "set", device, "up")
        cls.move_to(f"/run/netns/{cls.here}")
        cls.addClassCleanup(cls.move_to, f"/proc/self/fd/{cls.before}")

    @staticmethod
    def move_to(path):
        handle = os.open(path, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(handle, 0x40000000) != 0:  # CLONE_NEWNET
                raise OSError(ctypes.get_errno(), f"cannot move to {path}")
        finally:
            os.close(handle)

    def setUp(self):
        super().setUp()
        pathlib.Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")

    def pinging(self, **hosts):
        text = ""
        for name, lines in hosts.items():
            text += f'[[probe]]\nname = "{name}"\nevery = "300ms"\ntimeout = "800ms"\n[probe.icmp]\n{lines}\n'
        return self.candor(text)

    def seen(self, candor, name, wanted):
        def now():
            for signal in candor.signals():
                if signal["labels"]["probe"] == name and signal["health"] == wanted:
                    return signal
            return None

        return wait_for(f"{name} to be {wanted}", now)

    def target(self, *command):
        run("ip", "netns", "exec", self.there, *command)

    def test_a_host_that_goes_and_comes(self):
        candor = self.pinging(
            four='host = "10.77.0.2"\ninterval = "20ms"',
            six='host = "fd77::2"\ninterval = "20ms"',
            own='host = "localhost"\ninterval = "20ms"',
        )
        for name in ("four", "six", "own"):
            self.seen(candor, name, "ok")
        self.target("sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=1", "net.ipv6.icmp.echo_ignore_all=1")
        for name, address in (("four", "10.77.0.2"), ("six", "fd77::2")):
            self.assertIn(f"ping {address}: 3 of 3 packets lost within 800 ms",
                          self.seen(candor, name, "failing")["evidence"])
        self.target("sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=0", "net.ipv6.icmp.echo_ignore_all=0")
        for name in ("four", "six"):
            self.seen(candor, name, "ok")

    def test_a_network_that_refuses(self):
        self.target("ip", "route", "add", "unreachable", "10.88.0.0/16")
        self.target("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        run("ip", "route", "add", "10.88.0.0/16", "via", "10.77.0.2")
        candor = self.pinging(beyond='host = "10.88.0.1"', nowhere='host = "192.0.2.1"')
        self.assertIn("No route to host", self.seen(candor, "beyond", "failing")["evidence"])
        self.assertIn("Network is unreachable", self.seen(candor, "nowhere", "failing")["evidence"])

    def test_what_the_kernel_forbids(self):
        pathlib.Path("/proc/sys/net/ipv4/ping_group_range").write_text("1 0")
        candor = self.pinging(shop='host = "10.77.0.2"')
        self.assertIn("sysctl -w net.ipv4.ping_group_range", self.seen(candor, "shop", "unknown")["evidence"])
        pathlib.Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")
        self.seen(candor, "shop", "ok")

    def test_a_host_that_answers_some(self):
        limit = "net.ipv4.icmp_ratelimit={}", "net.ipv4.icmp_ratemask={}"
        self.target("sysctl", "-q", "-w", *(text.format(value) for text, value in zip(limit, (1000, 6169))))
        self.addCleanup(self.target, "sysctl", "-q", "-w", *(text.format(value) for text, value in zip(limit, (0, 0))))
        candor = self.pinging(line='host = "10.77.0.2"\npackets = 20\ninterval = "20ms"\ndegraded_at_loss = "5%"')
        self.assertRegex(self.seen(candor, "line", "degraded")["evidence"],
                         r"ping 10\.77\.0\.2: \d+ of 20 packets lost within 800 ms \(\d+%, degraded at 5%\)")


if __name__ == "__main__":
    unittest.main()
