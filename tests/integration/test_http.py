"""Real servers as what http probes ask: nginx for HTTP/2 and client certificates, tinyproxy as a proxy, behind socat for TLS."""

import contextlib
import http.server
import json
import socket
import struct
import subprocess
import threading
import time
import unittest

from harness import BIN, CandorTest, free_port, port_answers, wait_for

OK, DEGRADED, FAILING = 0, 1, 2


class Shop(http.server.BaseHTTPRequestHandler):
    """Gives out a token and a session at /login, and wants both at /orders."""

    token = "t0ken/with a space"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/login":
            self.answer(200, {"access_token": self.token}, {"Set-Cookie": "session=s1; Path=/; HttpOnly"})
        elif self.path == "/orders" and self.is_known():
            self.answer(201, {"id": 4711}, {"Location": "/orders/4711"})
        else:
            self.answer(401, {"error": "who are you?"})

    def do_GET(self):
        known = self.is_known() and self.path == "/orders/4711"
        self.answer(200 if known else 404, {"status": "paid", "items": [{"price": 9.5}]})

    def is_known(self):
        return self.headers["Authorization"] == f"Bearer {self.token}" and self.headers["Cookie"] == "session=s1"

    def answer(self, status, body, headers=None):
        payload = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *args):
        pass


class Http(CandorTest):
    def probe(self, settings, timeout="5s", kind="http"):
        file = self.folder / "probe.toml"
        file.write_text(f'[[probe]]\nname = "shop"\ntimeout = "{timeout}"\n[probe.{kind}]\n{settings}\n')
        done = subprocess.run([str(BIN / "candorctl"), "probe", "run", "shop", "--config", str(file)],
                              capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr

    def nginx(self, *servers):
        blocks = "\n".join(f"server {{ {text} }}" for text in servers)
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.err;\n"
            "events {}\nhttp { access_log off; client_body_temp_path body; proxy_temp_path proxy;\n"
            f"fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n{blocks}\n}}\n"
        )
        self.run_in_background("nginx", "-p", str(self.folder), "-c", "nginx.conf", log="nginx.log")

    def make_certificate(self, name, days=5):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", f"/CN={name}",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", str(self.folder / f"{name}.key"), "-out", str(self.folder / f"{name}.pem")],
            check=True, capture_output=True,
        )

    def shop(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def test_http2_in_clear_and_over_tls(self):
        self.make_certificate("server")
        tls = f"ssl_certificate {self.folder}/server.pem; ssl_certificate_key {self.folder}/server.key;"
        clear, both, old = free_port(), free_port(), free_port()
        self.nginx(
            f"listen 127.0.0.1:{clear} http2; location / {{ return 200 $server_protocol; }}",
            f"listen 127.0.0.1:{both} ssl http2; {tls} location / {{ return 200 $server_protocol; }}",
            f"listen 127.0.0.1:{old} ssl; {tls} location / {{ return 200 $server_protocol; }}",
        )
        wait_for("nginx", lambda: all(port_answers(port) for port in (clear, both, old)))
        two = 'http2 = true\nbody_matches = "^HTTP/2"\nca_file = "server.pem"\n'
        for url in (f"http://127.0.0.1:{clear}/", f"https://127.0.0.1:{both}/"):
            code, text = self.probe(f'url = "{url}"\n{two}' if "https" in url else f'url = "{url}"\nhttp2 = true\nbody_matches = "^HTTP/2"')
            self.assertEqual(code, OK, text)
        code, text = self.probe(f'url = "https://127.0.0.1:{old}/"\nca_file = "server.pem"\nhttp2 = true')
        self.assertEqual(code, FAILING, text)
        self.assertIn("over HTTP/1.1, expected HTTP/2", text)
        code, text = self.probe(f'url = "https://127.0.0.1:{both}/"\nca_file = "server.pem"\nbody_matches = "^HTTP/1.1"')
        self.assertEqual(code, OK, text)

    def test_http2_answers_of_any_size(self):
        self.make_certificate("server")
        self.folder.chmod(0o755)  # for the workers of an nginx that root starts
        sizes = (0, 1000, 4097, 32000, 100_000, 1_000_000)
        for size in sizes:
            (self.folder / f"{size}").write_bytes(b"x" * size)
        headers = "".join(f'add_header X-{i} "{"v" * 100}";' for i in range(400))
        files = f"root {self.folder}; location /headers {{ {headers} return 200 ok; }}"
        clear, both = free_port(), free_port()
        self.nginx(
            f"listen 127.0.0.1:{clear} http2; {files}",
            f"listen 127.0.0.1:{both} ssl http2; {files} ssl_certificate server.pem; ssl_certificate_key server.key;",
        )
        wait_for("nginx", lambda: all(port_answers(port) for port in (clear, both)))
        paths = [*map(str, sizes), "headers"]
        for url in (f"http://127.0.0.1:{clear}", f"https://127.0.0.1:{both}"):
            for path in paths * 3:
                trust = 'ca_file = "server.pem"\n' if "https" in url else ""
                code, text = self.probe(f'url = "{url}/{path}"\nhttp2 = true\n{trust}', timeout="3s")
                self.assertEqual(code, OK, f"{url}/{path}: {text}")

    def test_a_client_certificate(self):
        self.make_certificate("server")
        self.make_certificate("candor")
        self.make_certificate("stranger")
        port = free_port()
        self.nginx(
            f"listen 127.0.0.1:{port} ssl; ssl_certificate {self.folder}/server.pem;"
            f"ssl_certificate_key {self.folder}/server.key; ssl_client_certificate {self.folder}/candor.pem;"
            "ssl_verify_client on; location / { return 200 $ssl_client_s_dn; }"
        )
        wait_for("nginx", lambda: port_answers(port))
        common = f'url = "https://127.0.0.1:{port}/"\nca_file = "server.pem"\nbody_matches = "CN=candor"\n'

        def shown(name):
            return f'client_certificate = {{ file = "{name}.pem" }}\nclient_key = {{ file = "{name}.key" }}\n'

        self.assertEqual(self.probe(common + shown("candor"))[0], OK)
        for wrong in (common, common + shown("stranger")):
            code, text = self.probe(wrong)
            self.assertEqual(code, FAILING, text)
            self.assertIn("HTTP 400", text)
        code, text = self.probe(common + 'client_certificate = { file = "candor.pem" }\nclient_key = { file = "server.key" }')
        self.assertEqual(code, 78, text)
        self.assertIn("they do not belong together", text)

    def test_how_long_a_certificate_is_valid(self):
        self.make_certificate("server", days=5)
        port = free_port()
        self.nginx(
            f"listen 127.0.0.1:{port} ssl; ssl_certificate {self.folder}/server.pem;"
            f"ssl_certificate_key {self.folder}/server.key; location / {{ return 200; }}"
        )
        wait_for("nginx", lambda: port_answers(port))
        common = f'url = "https://127.0.0.1:{port}/"\nca_file = "server.pem"\n'
        code, text = self.probe(common + 'cert_degraded_below = "4d"')
        self.assertEqual(code, OK, text)
        self.assertIn("CN=server", text)
        code, text = self.probe(common + 'cert_degraded_below = "21d"\ncert_failing_below = "3d"')
        self.assertEqual(code, DEGRADED, text)
        self.assertIn("certificate CN=server of 127.0.0.1", text)
        self.assertEqual(self.probe(common + 'cert_failing_below = "21d"')[0], FAILING)

    def test_a_flow_with_a_login(self):
        url = self.shop()
        steps = (
            f'degraded_above = "4s"\n[[probe.http.steps]]\nname = "login"\nurl = "{url}/login"\nmethod = "POST"\nbody = "{{}}"\n'
            'capture = [{ name = "token", json = "$.access_token" }]\n'
            f'[[probe.http.steps]]\nname = "order"\nurl = "{url}/orders"\nmethod = "POST"\nbody = "{{}}"\n'
            'bearer = "{{token}}"\nstatus = "201"\ncapture = [{ name = "id", json = "$.id" }]\n'
            f'[[probe.http.steps]]\nname = "look"\nurl = "{url}/orders/{{{{id}}}}"\nbearer = "{{{{token}}}}"\n'
            'json = [{ path = "$.status", equals = "paid" }, { path = "$.items[-1].price", at_most = 10 }]\n'
        )
        code, text = self.probe(steps)
        self.assertEqual(code, OK, text)
        code, text = self.probe(steps.replace('bearer = "{{token}}"\nstatus', 'bearer = "another"\nstatus'))
        self.assertEqual(code, FAILING, text)
        self.assertIn(f"step 2 of 3, order: POST {url}/orders: HTTP 401 from 127.0.0.1", text)
        code, text = self.probe(steps.replace("at_most = 10", "at_most = 9"))
        self.assertEqual(code, FAILING, text)
        self.assertIn("$.items[-1].price is 9.5, expected at most 9", text)
        self.assertNotIn("t0ken", text)

    def test_a_proxy(self):
        url = self.shop()
        port = free_port()
        (self.folder / "tinyproxy.conf").write_text(
            f"Port {port}\nListen 127.0.0.1\nTimeout 10\nBasicAuth ana pr0xy-secret\nAllow 127.0.0.1\n"
        )
        self.run_in_background("tinyproxy", "-d", "-c", str(self.folder / "tinyproxy.conf"), log="tinyproxy.log")
        wait_for("tinyproxy", lambda: port_answers(port))
        asked = f'url = "{url}/orders/1"\nstatus = "404"\nproxy = "http://'
        code, text = self.probe(f'{asked}ana:pr0xy-secret@127.0.0.1:{port}"')
        self.assertEqual(code, OK, text)
        code, text = self.probe(f'{asked}ana:wrong-one@127.0.0.1:{port}"')
        self.assertEqual(code, FAILING, text)
        # tinyproxy asks with 401 where RFC 9110 has 407.
        self.assertIn(f"HTTP 401 from proxy 127.0.0.1:{port}", text)
        self.assertNotIn("wrong-one", text)

    def test_a_proxy_behind_tls(self):
        self.make_certificate("proxy")
        self.make_certificate("stranger")
        inner = self.folder / "tinyproxy.conf"
        port, plain = free_port(), free_port()
        inner.write_text(f"Port {plain}\nListen 127.0.0.1\nTimeout 10\nAllow 127.0.0.1\n")
        self.run_in_background("tinyproxy", "-d", "-c", str(inner), log="tinyproxy.log")
        self.run_in_background("socat", f"OPENSSL-LISTEN:{port},bind=127.0.0.1,cert={self.folder}/proxy.pem,"
                               f"key={self.folder}/proxy.key,verify=0,fork,reuseaddr", f"TCP:127.0.0.1:{plain}", log="socat.log")
        wait_for("the proxy", lambda: port_answers(port) and port_answers(plain))
        asked = f'url = "{self.shop()}/orders/1"\nstatus = "404"\nproxy = "https://127.0.0.1:{port}"\n'
        for trusted in ('ca_file = "proxy.pem"', "tls_verify = false"):
            code, text = self.probe(asked + trusted)
            self.assertEqual(code, OK, text)
        code, text = self.probe(asked + 'ca_file = "stranger.pem"')
        self.assertEqual(code, FAILING, text)
        self.assertRegex(text, rf"certificate of proxy 127.0.0.1:{port} for 127.0.0.1 was refused: self-signed")

    def test_hostile_answers(self):
        """Endless bodies, slow heads and bombs end by the probe's own limits."""
        port = free_port()
        big = self.folder / "www"
        big.mkdir()
        with open(big / "zeros", "wb") as file:
            file.truncate(1 << 30)
        self.folder.chmod(0o755)
        self.nginx(f"listen 127.0.0.1:{port}; root {big}; sendfile on;")
        wait_for("nginx", lambda: port_answers(port))
        code, text = self.probe(f'url = "http://127.0.0.1:{port}/zeros"\nbody_matches = "x"')
        self.assertEqual(code, FAILING, text)
        self.assertIn("only the first 1048576 bytes read", text)

    def test_certificates_that_are_none(self):
        """A server whose certificate message holds what no certificate is; http and tls probes tell of it and end."""
        def record(kind, payload):
            return bytes([22]) + b"\x03\x03" + struct.pack(">H", len(payload) + 4) + bytes([kind]) + \
                struct.pack(">I", len(payload))[1:] + payload

        def sized(data):
            return struct.pack(">I", len(data))[1:] + data

        hello = record(2, b"\x03\x03" + bytes(32) + b"\0" + b"\xc0\x2f" + b"\0")
        for garbage in (b"", b"\xff" * 300, b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x02\x01\x01", bytes(16000)):
            certificate = record(11, sized(sized(garbage)))
            listener = socket.create_server(("127.0.0.1", 0))
            self.addCleanup(listener.close)

            def serve(listener=listener, answer=hello + certificate):
                for _ in range(2):
                    client, _ = listener.accept()
                    with client, contextlib.suppress(OSError):
                        client.recv(4096)
                        client.sendall(answer)
                        client.recv(4096)

            thread = threading.Thread(target=serve)
            thread.start()
            port = listener.getsockname()[1]
            code, text = self.probe(f'url = "https://127.0.0.1:{port}/"', timeout="2s")
            self.assertEqual(code, FAILING, text)
            self.assertIn(f"TLS handshake with 127.0.0.1:{port}", text)
            code, text = self.probe(f'address = "127.0.0.1:{port}"', timeout="2s", kind="tls")
            self.assertEqual(code, FAILING, text)
            self.assertIn(f"127.0.0.1:{port}", text)
            thread.join(10)

    def test_a_head_that_drips(self):
        """Each byte comes in time, and the whole never."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def drip():
            client, _ = listener.accept()
            with client, contextlib.suppress(OSError):
                client.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while True:
                    client.sendall(b"x")
                    time.sleep(0.05)

        thread = threading.Thread(target=drip)
        thread.start()
        code, text = self.probe(f'url = "http://127.0.0.1:{listener.getsockname()[1]}/"', timeout="400ms")
        thread.join(10)
        self.assertEqual(code, FAILING, text)
        self.assertIn("did not end within 400 ms", text)


if __name__ == "__main__":
    unittest.main()
