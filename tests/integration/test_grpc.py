"""The health that a real gRPC server tells, in clear and over TLS, and servers that are none."""

import json
import pathlib
import signal
import subprocess
import unittest

from harness import CandorTest, free_port, port_answers, wait_for

SERVER = pathlib.Path(__file__).with_name("grpc_server.py")


class Grpc(CandorTest):
    def server(self, *pair, port=None, health=True):
        port = port or free_port()
        file = self.folder / ("health.json" if health else "none.json")
        process = self.run_in_background("/usr/bin/python3", str(SERVER), str(port), str(file), *pair, log="server.log")
        wait_for("the gRPC server", lambda: port_answers(port))
        return process, port

    def tell(self, **statuses):
        """`shop` is the service shop; `all` the server as a whole."""
        text = json.dumps({"" if name == "all" else name: status for name, status in statuses.items()})
        (self.folder / "next.json").write_text(text)
        (self.folder / "next.json").rename(self.folder / "health.json")

    def certificate(self, host):
        pair = [str(self.folder / f"{host}.{suffix}") for suffix in ("crt", "key")]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-out", pair[0], "-keyout", pair[1]],
            check=True, capture_output=True,
        )
        return pair

    def asking(self, **probes):
        text = ""
        for name, lines in probes.items():
            text += f'[[probe]]\nname = "{name}"\nevery = "200ms"\ntimeout = "2s"\n[probe.grpc]\n{lines}\n'
        return self.candor(text)

    def seen(self, candor, name, wanted):
        def now():
            for signal in candor.signals():
                if signal["labels"]["probe"] == name and signal["health"] == wanted:
                    return signal
            return None

        return wait_for(f"{name} to be {wanted}", now)

    def test_services_whose_health_changes(self):
        self.tell(all=1, shop=1)
        process, port = self.server()
        address = f'address = "127.0.0.1:{port}"\n'
        candor = self.asking(all=address, shop=address + 'service = "shop"', cart=address + 'service = "cart"')
        self.seen(candor, "all", "ok")
        self.seen(candor, "shop", "ok")
        self.assertRegex(
            self.seen(candor, "cart", "failing")["evidence"],
            rf'^gRPC health check of "cart" at 127\.0\.0\.1:{port}: NOT_FOUND after \d+ ms, the server knows no such '
            r'service \("unknown service: cart 100%"\)$',
        )
        self.tell(all=1, shop=2, cart=1)
        self.assertRegex(
            self.seen(candor, "shop", "failing")["evidence"],
            rf'^gRPC health check of "shop" at 127\.0\.0\.1:{port}: NOT_SERVING after \d+ ms$',
        )
        self.seen(candor, "cart", "ok")
        self.seen(candor, "all", "ok")
        self.tell(all=0, shop="UNAVAILABLE", cart=1)
        self.assertIn("the server has not set this service's health", self.seen(candor, "all", "unknown")["evidence"])
        self.tell(all="UNAVAILABLE", shop=1, cart=1)
        self.assertRegex(self.seen(candor, "all", "failing")["evidence"],
                         r'grpc-status UNAVAILABLE after \d+ ms \("as told: é"\)')
        self.tell(all=1, shop=1, cart=1)
        for name in ("all", "shop", "cart"):
            self.seen(candor, name, "ok")
        process.kill()
        process.wait(10)
        self.assertIn("Connection refused", self.seen(candor, "all", "failing")["evidence"])
        self.server(port=port)
        self.seen(candor, "all", "ok")

    def test_a_server_that_stops_and_goes_on(self):
        self.tell(all=1)
        process, port = self.server()
        candor = self.asking(all=f'address = "127.0.0.1:{port}"')
        self.seen(candor, "all", "ok")
        process.send_signal(signal.SIGSTOP)
        self.addCleanup(process.send_signal, signal.SIGCONT)
        self.assertEqual(
            self.seen(candor, "all", "failing")["evidence"],
            f"gRPC health check: no answer from 127.0.0.1:{port} within 2 s",
        )
        process.send_signal(signal.SIGCONT)
        self.seen(candor, "all", "ok")

    def test_a_server_without_the_protocol(self):
        _, port = self.server(health=False)
        candor = self.asking(all=f'address = "127.0.0.1:{port}"')
        self.assertRegex(
            self.seen(candor, "all", "unknown")["evidence"],
            rf"^gRPC health check at 127\.0\.0\.1:{port}: UNIMPLEMENTED after \d+ ms, the server does not offer grpc\.health\.v1",
        )

    def test_tls(self):
        self.tell(all=1)
        pair = self.certificate("shop.internal")
        _, port = self.server(*pair)
        address = f'address = "127.0.0.1:{port}"\n'
        tls = address + "tls = true\n"
        candor = self.asking(
            known=tls + f'server_name = "shop.internal"\nca_file = "{pair[0]}"',
            misnamed=tls + f'ca_file = "{pair[0]}"',
            unknown_issuer=tls + 'server_name = "shop.internal"',
            trusting=tls + "tls_verify = false",
            clear=address,
        )
        self.seen(candor, "known", "ok")
        self.seen(candor, "trusting", "ok")
        self.assertIn("certificate of", self.seen(candor, "misnamed", "failing")["evidence"])
        self.assertIn("self-signed certificate", self.seen(candor, "unknown_issuer", "failing")["evidence"])
        self.seen(candor, "clear", "failing")

    def nginx(self, *servers):
        """Answers the ports that it listens on."""
        ports = [free_port() for _ in servers]
        text = "".join(f"server {{ listen 127.0.0.1:{port} {lines} }}\n" for port, lines in zip(ports, servers))
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.err;\n"
            f"events {{}}\nhttp {{ access_log off; client_body_temp_path {self.folder}/body;\n{text}}}\n"
        )
        self.run_in_background("nginx", "-p", str(self.folder), "-c", "nginx.conf", log="nginx.log")
        for port in ports:
            wait_for("nginx", lambda at=port: port_answers(at))
        return ports

    def test_a_proxy_in_between(self):
        self.tell(all=1)
        server, port = self.server()
        pair = self.certificate("shop.internal")
        passed, missing, old = self.nginx(
            f"http2; location / {{ grpc_pass grpc://127.0.0.1:{port}; }}",
            "http2; location / { return 404; }",
            f"ssl; ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]}; location / {{ return 200 ok; }}",
        )
        candor = self.asking(
            passed=f'address = "127.0.0.1:{passed}"',
            missing=f'address = "127.0.0.1:{missing}"',
            old=f'address = "127.0.0.1:{old}"\ntls = true\ntls_verify = false',
        )
        self.seen(candor, "passed", "ok")
        self.assertIn(": HTTP 404", self.seen(candor, "missing", "failing")["evidence"])
        self.assertIn("without HTTP/2", self.seen(candor, "old", "failing")["evidence"])
        server.kill()
        self.assertIn(": HTTP 502", self.seen(candor, "passed", "failing")["evidence"])

    def test_a_server_of_another_protocol(self):
        web = self.recorder()
        candor = self.asking(web=f'address = "127.0.0.1:{web.port}"')
        self.assertIn("is it gRPC, and without TLS?", self.seen(candor, "web", "failing")["evidence"])


if __name__ == "__main__":
    unittest.main()
