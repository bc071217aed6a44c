"""WebSockets of a real server, in clear and over TLS, and what such servers do instead of answering."""

import pathlib
import signal
import subprocess
import unittest

from harness import CandorTest, free_port, port_answers, wait_for

SERVER = pathlib.Path(__file__).with_name("websocket_server.py")


class Websocket(CandorTest):
    def server(self, *pair, port=None):
        port = port or free_port()
        process = self.run_in_background("/usr/bin/python3", str(SERVER), str(port), *pair, log="server.log")
        wait_for("the server", lambda: port_answers(port))
        return process, port

    def asking(self, **probes):
        text = ""
        for name, lines in probes.items():
            text += f'[[probe]]\nname = "{name}"\nevery = "300ms"\ntimeout = "2s"\n[probe.websocket]\n{lines}\n'
        return self.candor(text)

    def seen(self, candor, name, wanted):
        def now():
            for signal in candor.signals():
                if signal["labels"]["probe"] == name and signal["health"] == wanted:
                    return signal
            return None

        return wait_for(f"{name} to be {wanted}", now)

    def test_a_server_that_answers(self):
        process, port = self.server()
        url = f'url = "ws://127.0.0.1:{port}/'
        candor = self.asking(
            opened=url + 'silent"',
            echo=url + 'echo"\nsend = "ping é"\nexpect = "^ping é$"',
            fragments=url + 'fragments"\nexpect = "^pong$"',
            token=url + 'token"\nheaders = { X-Token = "swordfish" }\nsend = "1"\nexpect = "1"',
            other=url + 'echo"\nsend = "ping"\nexpect = "pong"',
        )
        for name in ("opened", "echo", "fragments", "token"):
            self.seen(candor, name, "ok")
        self.assertRegex(
            self.seen(candor, "other", "failing")["evidence"],
            rf'^ws://127\.0\.0\.1:{port}/echo: the message "ping" of 127\.0\.0\.1:{port} does not match "pong" '
            r'\(after \d+ ms\)$',
        )
        log = self.folder / "server.log"
        wait_for("a goodbye", lambda: "/echo 1000" in log.read_text() and "/silent 1000" in log.read_text())
        self.assertNotIn("/echo 1006", log.read_text())
        process.kill()
        process.wait(10)
        self.assertIn(
            f"connect to 127.0.0.1:{port}: Connection refused (after ", self.seen(candor, "echo", "failing")["evidence"])
        self.server(port=port)
        self.seen(candor, "echo", "ok")

    def test_what_comes_in_place_of_a_message(self):
        process, port = self.server()
        url = f'url = "ws://127.0.0.1:{port}/'
        expect = '"\nexpect = "pong"'
        candor = self.asking(
            silent=url + "silent" + expect,
            policy=url + "policy" + expect,
            large=url + "large" + expect,
            drop=url + "drop" + expect,
            pings=url + "pings" + expect,
            token=url + "token" + expect,
        )
        wanted = {
            "silent": f"no message from 127.0.0.1:{port} within 2 s",
            "policy": 'with code 1008 ("not you"), without a message',
            "large": f"the message of 127.0.0.1:{port} cannot be read: more than 64 kB",
            "drop": f"no message from 127.0.0.1:{port}: ",
            "pings": f"127.0.0.1:{port}",
            "token": f"HTTP 403 from 127.0.0.1:{port} after",
        }
        for name, part in wanted.items():
            self.assertIn(part, self.seen(candor, name, "failing")["evidence"])
        process.send_signal(signal.SIGSTOP)
        self.addCleanup(process.send_signal, signal.SIGCONT)
        candor.stop()
        stopped = self.asking(echo=url + 'echo"\nsend = "a"\nexpect = "a"')
        self.assertIn(f"no upgrade by 127.0.0.1:{port} within 2 s", self.seen(stopped, "echo", "failing")["evidence"])
        process.send_signal(signal.SIGCONT)
        self.seen(stopped, "echo", "ok")

    def test_tls(self):
        pair = [str(self.folder / f"shop.{suffix}") for suffix in ("crt", "key")]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=shop", "-addext", "subjectAltName=DNS:localhost", "-out", pair[0], "-keyout", pair[1]],
            check=True, capture_output=True,
        )
        _, port = self.server(*pair)
        ask = 'echo"\nsend = "ping"\nexpect = "ping"\n'
        candor = self.asking(
            known=f'url = "wss://localhost:{port}/{ask}ca_file = "{pair[0]}"',
            misnamed=f'url = "wss://127.0.0.1:{port}/{ask}ca_file = "{pair[0]}"',
            unknown_issuer=f'url = "wss://localhost:{port}/{ask}',
            trusting=f'url = "wss://127.0.0.1:{port}/{ask}tls_verify = false',
            clear=f'url = "ws://127.0.0.1:{port}/{ask}',
        )
        self.seen(candor, "known", "ok")
        self.seen(candor, "trusting", "ok")
        for name in ("misnamed", "unknown_issuer"):
            self.assertIn("certificate", self.seen(candor, name, "failing")["evidence"])
        self.seen(candor, "clear", "failing")
        self.assertRegex(candor.api("GET", "/metrics").text, r'certificate_expiry_timestamp_seconds\{probe="known"')

    def test_a_server_of_another_protocol(self):
        web = self.recorder()
        candor = self.asking(web=f'url = "ws://127.0.0.1:{web.port}/"')
        self.assertIn(": HTTP 200 from", self.seen(candor, "web", "failing")["evidence"])


if __name__ == "__main__":
    unittest.main()
