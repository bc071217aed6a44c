"""Real servers of many protocols as what is watched: over TCP, over TLS, and by the dialogues of their kinds."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import CandorTest, free_port, port_answers, wait_for

SMTP = """
import ssl, sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("chain.pem", "key.pem")
controller = Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1]), tls_context=context)
controller.start()
time.sleep(600)
"""


def openssl(folder, *arguments, days=None):
    command = ["openssl", *arguments]
    if days is not None:  # a certificate that was signed another day
        command = ["faketime", f"{days * 24:+.0f} hours", *command]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


class Authority:
    """A root, an intermediate that it signed, and certificates for hosts."""

    def __init__(self, folder):
        self.folder = folder
        self.root = self.make("root", None, "CA:TRUE", 3650)
        self.make("intermediate", "root", "CA:TRUE", 1000)

    def make(self, name, issuer, constraints, days, names=None, start=None):
        (self.folder / f"{name}.ext").write_text(
            f"basicConstraints=critical,{constraints}\n" + (f"subjectAltName={names}\n" if names else "")
        )
        openssl(self.folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.csr")
        signer = ["-signkey", f"{name}.key"] if issuer is None else ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"]
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", *signer, "-CAcreateserial", "-days", str(days),
                "-extfile", f"{name}.ext", "-out", f"{name}.pem", days=start)
        return self.folder / f"{name}.pem"

    def host(self, name, names="DNS:localhost,IP:127.0.0.1", days=60, start=None, issuer="intermediate"):
        """Answers the files of the chain and of the key."""
        own = self.make(name, issuer, "CA:FALSE", days, names, start).read_text()
        chain = self.folder / f"{name}.chain"
        chain.write_text(own + (self.folder / "intermediate.pem").read_text())
        return chain, self.folder / f"{name}.key"


class Server(CandorTest):
    """Servers with certificates of an authority of their own, and the health of those that watch them."""

    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="candor-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, True)
        cls.authority = Authority(cls.shared)
        cls.good = cls.authority.host("good")

    def probing(self, *probes, timeout="1s"):
        text = ""
        for name, kind, lines in probes:
            text += f'[[probe]]\nname = "{name}"\nevery = "200ms"\ntimeout = "{timeout}"\n[probe.{kind}]\n{lines}\n'
        return self.candor(text)

    def seen(self, candor, name, wanted):
        found = {}

        def now():
            for signal in candor.signals():
                if signal["labels"]["probe"] == name:
                    found.update(signal)
                    return signal if signal["health"] == wanted else None
            return None

        try:
            return wait_for(f"{name} to be {wanted}", now, 15)
        except AssertionError as error:
            raise AssertionError(f"{error}: {found}") from None

    def start(self, name, port, *command):
        process = self.run_in_background(*command, log=f"{name}.log")
        try:
            wait_for(name, lambda: process.poll() is not None or port_answers(port), 20)
            self.assertIsNone(process.poll())
        except AssertionError as error:
            raise AssertionError(f"{error}\n{(self.folder / f'{name}.log').read_text()}") from None
        return process

    def end(self, process):
        process.terminate()
        process.wait(10)

    def ca(self):
        return f'ca_file = "{self.authority.root}"'

    def redis(self, port, *options):
        return self.start("redis", port, "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir",
                          str(self.folder), "--save", "", *options)

    def smtp(self, port):
        (self.folder / "smtp.py").write_text(SMTP)
        shutil.copy(self.good[0], self.folder / "chain.pem")
        shutil.copy(self.good[1], self.folder / "key.pem")
        return self.start("smtp", port, "/usr/bin/python3", "smtp.py", str(port))


class Tcp(Server):
    def nginx(self, extra="", **certificates):
        """One server for each certificate; answers their ports."""
        servers, ports = "", {}
        for name, (chain, key) in certificates.items():
            ports[name] = free_port()
            servers += (f"server {{ listen 127.0.0.1:{ports[name]} ssl; ssl_certificate {chain}; "
                        f"ssl_certificate_key {key}; {extra} return 200 'ok'; }}\n")
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.err;\nevents {{}}\n"
            "http { access_log off; client_body_temp_path body; proxy_temp_path proxy;\n"
            f"fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n{servers} }}\n"
        )
        self.start("nginx", ports[next(iter(ports))], "nginx", "-p", str(self.folder), "-c", "nginx.conf")
        return ports

    def test_a_server_that_goes_and_comes(self):
        port = free_port()
        candor = self.probing(("redis", "tcp", f'address = "127.0.0.1:{port}"'))
        self.assertIn(f"connect to 127.0.0.1:{port}: Connection refused (after ",
                      self.seen(candor, "redis", "failing")["evidence"])
        process = self.redis(port)
        self.seen(candor, "redis", "ok")
        self.end(process)
        self.seen(candor, "redis", "failing")

    def test_a_dialogue_in_clear_and_over_starttls(self):
        port = free_port()
        process = self.smtp(port)
        dialogue = 'dialogue = [{ expect = "^220 " }, { send = "QUIT\\r\\n" }, { expect = "^221" }]'
        secured = 'dialogue = [{ send = "EHLO candor\\r\\n" }, { expect = "^250 " }]\nstarttls = "smtp"'
        other = 'dialogue = [{ expect = "^554 " }]'
        address = f'address = "127.0.0.1:{port}"'
        candor = self.probing(
            ("clear", "tcp", f"{address}\n{dialogue}"),
            ("secured", "tcp", f"{address}\n{secured}\n{self.ca()}"),
            ("untrusted", "tcp", f"{address}\n{secured}"),
            ("other", "tcp", f"{address}\n{other}"),
            ("imap", "tcp", f'{address}\nstarttls = "imap"'),
            ("certificate", "tls", f'{address}\nstarttls = "smtp"\n{self.ca()}'),
        )
        for name in ("clear", "secured", "certificate"):
            self.seen(candor, name, "ok")
        self.assertIn("CN=root is neither trusted nor among the certificates sent",
                      self.seen(candor, "untrusted", "failing")["evidence"])
        evidence = self.seen(candor, "other", "failing")["evidence"]
        self.assertRegex(evidence, rf'expected "\^554 " from 127.0.0.1:{port} within 1 s, got "220 .*"')
        self.assertIn("expected a greeting of IMAP", self.seen(candor, "imap", "failing")["evidence"])
        self.end(process)
        for name in ("clear", "secured", "certificate"):
            self.assertIn("Connection refused", self.seen(candor, name, "failing")["evidence"])

    def test_certificates(self):
        make = self.authority.host
        certificates = {
            "good": self.good,
            "soon": make("soon", days=10),
            "now": make("now", days=2),
            "over": make("over", days=30, start=-33.5),
            "early": make("early", days=30, start=5),
            "other": make("other", names="DNS:other.example"),
        }
        bare = make("bare")
        (self.shared / "bare.chain").write_text((self.shared / "bare.pem").read_text())
        certificates["bare"] = bare
        self.authority.make("old", "root", "CA:TRUE", 30, start=-40.5)
        chain, key = make("under", issuer="old")
        chain.write_text((self.shared / "under.pem").read_text() + (self.shared / "old.pem").read_text())
        certificates["under"] = (chain, key)
        ports = self.nginx(**certificates)
        probes = [(name, "tls", f'address = "localhost:{port}"\n{self.ca()}') for name, port in ports.items()]
        candor = self.probing(*probes, ("strange", "tls", f'address = "127.0.0.1:{ports["good"]}"'),
                              ("web", "http", f'url = "https://localhost:{ports["under"]}/"\n{self.ca()}'))
        self.seen(candor, "good", "ok")

        def expect(name, health, pattern):
            at = rf"127\.0\.0\.1:{ports.get(name, 0) or ports['good']} \(localhost\)" if name in ports else ".*"
            self.assertRegex(self.seen(candor, name, health)["evidence"], pattern.replace("AT", at))

        expect("soon", "degraded", r"^certificate CN=soon of AT expires in 9 days, on \d{4}-\d\d-\d\d \(seen after \d+ ms\)$")
        expect("now", "failing", r"^certificate CN=now of AT expires in 47 hours, on ")
        expect("over", "failing", r"^certificate CN=over of AT expired 3 days ago, on ")
        expect("early", "failing", r"^certificate CN=early of AT is not valid before ")
        expect("other", "failing", r"^certificate CN=other of AT is for other\.example, not for localhost \(seen after ")
        expect("bare", "failing", r"^certificate CN=bare of AT was refused: its issuer CN=intermediate is neither trusted")
        expect("under", "failing", r"^intermediate certificate CN=old of AT expired 10 days ago, on ")
        expect("web", "failing", r"^certificate of AT was refused: certificate has expired: that of the authority above it, CN=old \(after ")
        expect("strange", "failing", r"^intermediate certificate CN=intermediate .* its issuer CN=root is neither")

    def test_versions_of_tls(self):
        ports = self.nginx(extra="ssl_protocols TLSv1.2;", good=self.good)
        address = f'address = "localhost:{ports["good"]}"\n{self.ca()}\n'
        candor = self.probing(("any", "tls", address), ("newest", "tls", f'{address}minimum = "1.3"'),
                              ("plain", "tcp", f'address = "localhost:{ports["good"]}"\nstarttls = "ldap"'))
        self.seen(candor, "any", "ok")
        self.assertIn("speaks TLS 1.2 and no newer, expected at least TLS 1.3",
                      self.seen(candor, "newest", "failing")["evidence"])
        self.assertIn("the consent to StartTLS", self.seen(candor, "plain", "failing")["evidence"])

    def test_a_server_that_wants_to_know_who_asks(self):
        """It hears no more after its alert, so what is sent meanwhile may be answered with a reset."""
        port = free_port()
        self.run_in_background("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", self.good[0],
                               "-cert_chain", self.good[0], "-key", self.good[1], "-Verify", "1", "-verify_return_error", "-quiet", log="server.log")
        wait_for("openssl", lambda: port_answers(port))
        lines = f'address = "localhost:{port}"\n{self.ca()}\ntls = true\n'
        candor = self.probing(
            ("once", "tcp", lines + 'dialogue = [{ send = "a" }, { expect = "b" }]'),
            ("often", "tcp", lines + 'dialogue = [{ send = "a" }, { send = "a" }, { send = "a" }, { expect = "b" }]'))
        for name in ("once", "often"):
            self.assertIn("tlsv13 alert certificate required", self.seen(candor, name, "failing")["evidence"])

    def test_a_dialogue_over_tls(self):
        ports = self.nginx(good=self.good)
        lines = (f'address = "localhost:{ports["good"]}"\n{self.ca()}\ntls = true\n'
                 'dialogue = [{ send = "GET / HTTP/1.0\\r\\n\\r\\n" }, { expect = "^HTTP/1.1 200" }, { expect = "^ok$" }]\n')
        candor = self.probing(("shop", "tcp", lines + 'cert_degraded_below = "50d"'),
                              ("soon", "tcp", lines + 'cert_degraded_below = "61d"'))
        self.seen(candor, "shop", "ok")
        self.assertIn("expires in 59 days", self.seen(candor, "soon", "degraded")["evidence"])


if __name__ == "__main__":
    unittest.main()
