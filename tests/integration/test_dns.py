"""A real unbound as the resolver that is asked: with zones of its own, one of them signed, and with its moods."""

import subprocess
import unittest

from harness import CandorTest, free_port, port_answers, wait_for

LONG = " ".join(f'"{"part-%02d-" % part + "x" * 200}"' for part in range(40))  # 8 kB in one TXT record
ZONE = f"""
$ORIGIN acme.test.
@ 300 IN SOA ns1.acme.test. hostmaster.acme.test. 7 7200 3600 1209600 3600
@ 300 IN NS ns1.acme.test.
@ 300 IN MX 10 mx1.acme.test.
@ 300 IN MX 20 MX2.acme.test.
@ 300 IN CAA 0 issue "ca.example"
@ 300 IN TXT "v=spf1 " "mx -all"
@ 300 IN TXT "evil \\027[2J\\010 \\255"
ns1 300 IN A 192.0.2.53
mx1 300 IN A 192.0.2.25
pay 60 IN A 192.0.2.1
pay 60 IN A 192.0.2.2
pay 60 IN AAAA 2001:db8::1
shop 30 IN CNAME pay
_pay._tcp 300 IN SRV 10 5 443 pay.acme.test.
long 300 IN TXT {LONG}
"""
REVERSE = """
$ORIGIN 2.0.192.in-addr.arpa.
@ 300 IN SOA ns1.acme.test. hostmaster.acme.test. 7 7200 3600 1209600 3600
@ 300 IN NS ns1.acme.test.
1 300 IN PTR pay.acme.test.
"""


class Dns(CandorTest):
    def sign(self, zone):
        """Answers the name of the signed zone's file, and that of its key."""
        (self.folder / "acme.zone").write_text(zone)
        for flags in ([], ["-f", "KSK"]):
            subprocess.run(["dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *flags, "acme.test"], cwd=self.folder, check=True,
                           capture_output=True)
        subprocess.run(["dnssec-signzone", "-S", "-o", "acme.test", "acme.zone"], cwd=self.folder, check=True,
                       capture_output=True)
        key = next(path for path in self.folder.glob("Kacme.test*.key") if " 257 " in path.read_text())
        return "acme.zone.signed", key.name

    def unbound(self, port, extra="", zone="acme.zone"):
        if zone == "acme.zone":
            (self.folder / zone).write_text(ZONE)
        (self.folder / "reverse.zone").write_text(REVERSE)
        (self.folder / "unbound.conf").write_text(f"""
server:
  chroot: ""
  username: ""
  directory: "{self.folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  interface: 127.0.0.1@{port}
  do-ip6: no
  local-zone: "test." nodefault
  local-zone: "2.0.192.in-addr.arpa." nodefault
  local-zone: "silent.example." always_deny
  local-zone: "refused.example." always_refuse
  cache-max-ttl: 0
{extra}
auth-zone:
  name: "acme.test"
  zonefile: "{zone}"
  for-upstream: yes
  for-downstream: no
auth-zone:
  name: "2.0.192.in-addr.arpa"
  zonefile: "reverse.zone"
remote-control:
  control-enable: no
""")
        process = self.run_in_background("unbound", "-d", "-c", str(self.folder / "unbound.conf"), log="unbound.log")
        wait_for("unbound", lambda: port_answers(port))
        return process

    def asking(self, port, **probes):
        text = ""
        for name, lines in probes.items():
            text += f'[[probe]]\nname = "{name}"\nevery = "300ms"\ntimeout = "5s"\n[probe.dns]\n'
            text += f'resolver = "127.0.0.1:{port}"\n{lines}\n'
        return self.candor(text)

    def seen(self, candor, name, wanted):
        def now():
            for signal in candor.signals():
                if signal["labels"]["probe"] == name and signal["health"] == wanted:
                    return signal
            return None

        return wait_for(f"{name} to be {wanted}", now)

    def expect_ok(self, candor, *names):
        for name in names:
            signal = wait_for(f"{name} to be seen", lambda: [s for s in candor.signals() if s["labels"]["probe"] == name])[0]
            self.assertEqual((name, signal["health"], signal["evidence"]), (name, "ok", ""))

    def test_every_type_is_read(self):
        port = free_port()
        self.unbound(port)
        probes = {
            "a": 'name = "pay.acme.test"\nequals = ["192.0.2.2", "192.0.2.1"]',
            "aaaa": 'name = "PAY.acme.test."\ntype = "AAAA"\nequals = ["2001:DB8::1"]',
            "alias": 'name = "shop.acme.test"\nequals = ["192.0.2.2", "192.0.2.1"]',
            "cname": 'name = "shop.acme.test"\ntype = "CNAME"\nequals = ["pay.acme.test"]',
            "mx": 'name = "acme.test"\ntype = "MX"\nequals = ["10 mx1.acme.test.", "20 mx2.acme.test"]',
            "ns": 'name = "acme.test"\ntype = "NS"\ncontains = ["ns1.acme.test"]',
            "soa": 'name = "acme.test"\ntype = "SOA"\nmatches = "^ns1\\\\.acme\\\\.test hostmaster\\\\.acme\\\\.test 7 "',
            "txt": 'name = "acme.test"\ntype = "TXT"\ncontains = ["v=spf1 mx -all"]',
            "odd": 'name = "acme.test"\ntype = "TXT"\ncontains = [\'evil \\027[2J\\010 \\255\']',
            "srv": 'name = "_pay._tcp.acme.test"\ntype = "SRV"\nequals = ["10 5 443 pay.acme.test"]',
            "caa": 'name = "acme.test"\ntype = "CAA"\nequals = [\'0 issue "ca.example"\']',
            "ptr": 'name = "192.0.2.1"\ntype = "PTR"\nequals = ["pay.acme.test"]',
            "none": 'name = "mx1.acme.test"\ntype = "AAAA"\nequals = []',
            "absent": 'name = "absent.acme.test"\nrcode = "NXDOMAIN"',
            "refused": 'name = "refused.example"\nrcode = "REFUSED"',
            "tcp": 'name = "pay.acme.test"\nprotocol = "tcp"\nequals = ["192.0.2.2", "192.0.2.1"]',
            "long": 'name = "long.acme.test"\ntype = "TXT"\nmatches = "^part-00-x+part-01-.*part-39-x+$"',
        }
        candor = self.asking(port, **probes)
        self.expect_ok(candor, *probes)
        report = candor.ctl("probe", "run", "alias", "--config", str(candor.file))
        self.assertEqual(report.returncode, 0, report.stdout)
        self.assertIn("'answers'=2 'lowest_ttl'=", report.stdout)

    def test_wrong_answers_are_told(self):
        port = free_port()
        self.unbound(port)
        candor = self.asking(
            port,
            other='name = "pay.acme.test"\nequals = ["192.0.2.1", "192.0.2.3"]',
            absent='name = "absent.acme.test"',
            none='name = "mx1.acme.test"\ntype = "AAAA"',
            refused='name = "refused.example"',
            silent='name = "silent.example"',
            there='name = "pay.acme.test"\nrcode = "NXDOMAIN"',
            text='name = "acme.test"\ntype = "TXT"\nmatches = "google"',
            long='name = "long.acme.test"\ntype = "TXT"\ncontains = ["short"]',
            unsigned='name = "pay.acme.test"\nauthentic = true',
        )
        ask = rf"^ask 127\.0\.0\.1:{port} for "
        took = r" after [\d.]+ m?s"
        for name, words in {
            "other": rf"A of pay\.acme\.test: 192\.0\.2\.1, 192\.0\.2\.2{took}, expected 192\.0\.2\.1, 192\.0\.2\.3 and nothing else$",
            "absent": rf"A of absent\.acme\.test: NXDOMAIN{took}, expected NOERROR$",
            "none": rf"AAAA of mx1\.acme\.test: no AAAA record{took}, expected one$",
            "refused": rf"A of refused\.example: REFUSED{took}, expected NOERROR$",
            "silent": r"A of silent\.example: no answer within 5 s$",
            "there": rf"A of pay\.acme\.test: 192\.0\.2\.1, 192\.0\.2\.2{took}, expected NXDOMAIN$",
            "text": rf'TXT of acme\.test: "evil \\027\[2J\\010 \\255", "v=spf1 mx -all"{took}, none matches "google"$',
            "unsigned": rf"A of pay\.acme\.test: 192\.0\.2\.1, 192\.0\.2\.2{took}, and the resolver does not say that DNSSEC",
        }.items():
            self.assertRegex(self.seen(candor, name, "failing")["evidence"], ask + words)
        long = self.seen(candor, "long", "failing")["evidence"]
        self.assertRegex(long, rf'^ask 127\.0\.0\.1:{port} over TCP, as its answer over UDP was cut off, for TXT of .*"short" is missing$')
        self.assertLess(len(long), 400)

    def test_a_resolver_that_goes_and_comes(self):
        port = free_port()
        process = self.unbound(port)
        candor = self.asking(port, udp='name = "pay.acme.test"', tcp='name = "pay.acme.test"\nprotocol = "tcp"')
        self.expect_ok(candor, "udp", "tcp")
        process.terminate()
        process.wait(10)
        self.assertRegex(self.seen(candor, "udp", "failing")["evidence"],
                         rf"^ask 127\.0\.0\.1:{port} for A of pay\.acme\.test: not reached: nothing listens there")
        self.assertRegex(self.seen(candor, "tcp", "failing")["evidence"],
                         rf"^ask 127\.0\.0\.1:{port} over TCP for A of pay\.acme\.test: not reached: the connection was refused")
        self.unbound(port)
        for name in ("udp", "tcp"):
            self.seen(candor, name, "ok")

    def test_dnssec(self):
        zone, key = self.sign(ZONE)
        port = free_port()
        self.unbound(port, f'  module-config: "validator iterator"\n  trust-anchor-file: "{key}"', zone)
        probes = {
            "signed": 'name = "pay.acme.test"\nauthentic = true',
            "absent": 'name = "absent.acme.test"\nauthentic = true\nrcode = "NXDOMAIN"',
        }
        candor = self.asking(port, **probes)
        self.expect_ok(candor, *probes)

    def test_dnssec_that_does_not_verify(self):
        zone, key = self.sign(ZONE)
        signed = self.folder / zone
        signed.write_text(signed.read_text().replace("192.0.2.2\n", "192.0.2.66\n"))
        port = free_port()
        self.unbound(port, f'  module-config: "validator iterator"\n  trust-anchor-file: "{key}"', zone)
        candor = self.asking(port, forged='name = "pay.acme.test"\nauthentic = true')
        self.assertRegex(self.seen(candor, "forged", "failing")["evidence"],
                         rf"^ask 127\.0\.0\.1:{port} for A of pay\.acme\.test: SERVFAIL after [\d.]+ m?s, expected NOERROR$")


if __name__ == "__main__":
    unittest.main()
