"""The two listeners against clients that mean no good: bounded memory, the right status, and everybody else is served."""

import contextlib
import pathlib
import re
import resource
import socket
import threading
import time
import unittest

from harness import CandorTest, request, sanitized, shop, wait_for

LEAKS = re.compile(rb"/work|/home|/root|/tmp|terminate|exception|std::|boost|beast|sqlite|\.cpp", re.IGNORECASE)
ADMIN_TOKEN = "an-admin-token-of-32-characters!"


def resident_kb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def kernel_tcp_kb():
    return int(re.search(r"TCP: .* mem (\d+)", pathlib.Path("/proc/net/sockstat").read_text())[1]) * 4


def connect(port, source="127.0.0.1"):
    client = socket.socket()
    client.settimeout(10)
    client.bind((source, 0))
    client.connect(("127.0.0.1", port))
    return client


def say(port, raw, source="127.0.0.1"):
    """What comes back until the end of the connection, or until nothing more comes."""
    with connect(port, source) as client:
        with contextlib.suppress(OSError):
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(OSError):
            while part := client.recv(65536):
                answer += part
        return answer


def status_of(answer):
    match = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(match[1]) if match else None


def get(target, *headers, method="GET", host="127.0.0.1"):
    lines = [f"{method} {target} HTTP/1.1".encode(), *([f"Host: {host}".encode()] if host else []), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


class Attacks(CandorTest):
    def setUp(self):
        super().setUp()
        self.target, self.phone = self.recorder(), self.recorder()
        self.config = shop(self.target.url, self.phone.url)

    def expect_served(self, candor):
        self.assertEqual(candor.page("/").status, 200)
        self.assertEqual(candor.api("GET", "/-/healthy").status, 200)

    def test_strange_requests_get_the_right_status_and_learn_nothing(self):
        candor = self.candor(self.config)
        long = b"a" * 20_000
        cases = [
            (400, get("/", b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"0\r\n\r\n"),
            (400, get("/", b"Content-Length: 5", b"Content-Length: 6") + b"hello"),
            (400, get("/", b"Content-Length: -1")),
            (400, get("/", b"Content-Length: 1e3")),
            (501, get("/", b"Transfer-Encoding: chunked, identity") + b"0\r\n\r\n"),
            (400, get("/", b"Transfer-Encoding: chunked") + b"zz\r\nhello\r\n0\r\n\r\n"),
            (400, get("/", b"Transfer-Encoding: chunked") + b"FFFFFFFFFFFFFFFFFF\r\nhello"),
            (400, get("/", b"Space : before")),
            (400, get("/", b"Nul: a\0b")),
            (400, get("/", host=None)),
            (400, get("/", b"Host: two.example")),
            (400, b"GET /\r\n\r\n"),
            (400, b"GET / HTTP/3.0\r\nHost: x\r\n\r\n"),
            (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
            (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            (400, get("/%00")),
            (400, get("/%2e%2e/etc/passwd")),
            (400, get("/../../etc/passwd")),
            (400, get("/%c0%ae%c0%ae/")),
            (400, get("/%ff")),
            (400, get("/a%2fb")),
            (400, get("/a\\..\\b")),
            (400, get("/%zz")),
            (400, get("example.com/")),
            (431, get("/", b"Long: " + long)),
            (431, get("/" + "a" * 20_000)),
            (431, get("/", *[b"N%d: 1" % i for i in range(3000)])),
            (431, get("/", *[b"a:"] * 100)),
            (413, get("/", b"Content-Length: 99999999", method="POST")),
            (413, get("/", b"Transfer-Encoding: chunked", method="POST") + b"4FFFFFF\r\n" + b"x" * 9_000_000),
        ]
        for port in (candor.public, candor.admin):
            for wanted, raw in cases:
                answer = say(port, raw)
                with self.subTest(port=port == candor.public, raw=raw[:60]):
                    self.assertIn(status_of(answer), {wanted, 414} if wanted == 431 else {wanted}, answer[:300])
                    self.assertEqual(len(re.findall(rb"HTTP/1\.1 \d{3}", answer)), 1, "nothing after it is a request")
                    self.assertIsNone(LEAKS.search(answer), answer)
            for method in ("TRACE", "CONNECT", "PROPFIND", "get"):
                self.assertIn(status_of(say(port, get("/", method=method))), (400, 405, 404, 501))
        self.expect_served(candor)

    def test_strange_bodies_are_refused_by_the_push_api(self):
        candor = self.candor(self.config)
        deep = b"[" * 10_000 + b"]" * 10_000
        nested = b'[{"labels":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}]"
        bomb = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xec\xc1\x01" + b"\x00" * 2000
        pushed = "/alertmanager/api/v2/alerts"
        for body, headers in [(deep, {}), (nested, {}), (b"\xff\xfe", {}), (b"{", {}), (b"", {}), (b"null", {}),
                              (b'[{"labels":{"\xff":7}}]', {}), (bomb, {"Content-Encoding": "gzip"}),
                              (b"[1,2,3]", {}), (b'[{"labels":{"alertname":1e999}}]', {})]:
            answer = request(candor.admin, "POST", pushed, body, {"Content-Type": "application/json", **headers})
            with self.subTest(body=body[:40]):
                self.assertIn(answer.status, (400, 415))
                self.assertIsNone(LEAKS.search(answer.body), answer.body)
        self.assertFalse([signal for signal in candor.signals() if signal["kind"] == "alert"])
        self.expect_served(candor)

    def test_a_thousand_requests_in_one_write_are_answered_in_order(self):
        candor = self.candor(self.config)
        paths = ["/", "/nothing-here", "/history"] * 300
        raw = b"".join(get(path) for path in paths[:-1]) + get(paths[-1], b"Connection: close")
        answers = [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", say(candor.public, raw))]
        self.assertEqual(answers, [200, 404, 200] * 300)

    def test_fifteen_thousand_idle_connections_keep_nobody_out(self):
        self.allow_descriptors(16_000)
        candor = self.candor(self.config)
        before = resident_kb(candor.process.pid)
        idle = []
        self.addCleanup(lambda: [client.close() for client in idle])
        for i in range(15_000):
            client = connect(candor.public, f"127.0.1.{i % 200 + 1}")
            if i % 3 == 1:
                client.sendall(b"GET / HTTP/1.1\r\nHost: dripping\r\nX-Dr")  # and never the rest
            if i % 3 == 2:
                client.sendall(get("/badge/none.svg"))
            idle.append(client)
            if i % 1000 == 999:
                self.expect_served(candor)
        for i in range(1_500):
            idle.append(connect(candor.admin, f"127.0.2.{i % 200 + 1}"))
        self.expect_served(candor)
        grown = (resident_kb(candor.process.pid) - before) / 1024
        print(f"15,000 idle connections: {grown:.0f} MB more", flush=True)
        self.assertLess(grown, 400 if sanitized() else 100)
        self.target.status = 503
        wait_for("a page in spite of them", lambda: self.phone.messages("page"))

    def test_heads_that_never_end_take_no_more_memory_than_all_may_have_and_give_it_back(self):
        self.allow_descriptors(6_000)
        candor = self.candor(self.config)
        before = resident_kb(candor.process.pid)
        held = []
        self.addCleanup(lambda: [client.close() for client in held])
        unfinished = get("/", *[b"a%d: " % i + b"y" * 150 for i in range(95)])[:-4]
        for i in range(4_000):  # 60 MB in all
            client = connect(candor.public)
            with contextlib.suppress(OSError):
                client.sendall(unfinished)
            held.append(client)
            if i % 1000 == 999:
                self.expect_served(candor)
        grown = (resident_kb(candor.process.pid) - before) / 1024
        for client in held:
            client.close()

        def kept():
            return (resident_kb(candor.process.pid) - before) / 1024

        print(f"4,000 heads of 15 kB: {grown:.0f} MB more", flush=True)
        self.assertLess(grown, 400 if sanitized() else 40)
        if not sanitized():
            wait_for("most of the memory back", lambda: kept() < 12)
        self.expect_served(candor)

    def allow_descriptors(self, many):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.assertGreaterEqual(hard, many, "this test needs descriptors: ulimit -Hn")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def test_one_address_that_withholds_bodies_keeps_nobody_out_of_the_page(self):
        self.allow_descriptors(14_000)
        candor = self.candor(self.config)
        before = resident_kb(candor.process.pid)
        held = []
        self.addCleanup(lambda: [client.close() for client in held])
        withheld = [get("/", b"Content-Length: 10", *[b"a:"] * 90, method="POST"),
                    get("/ack/x", b"Content-Length: 4000", method="POST") + b"x" * 3999,
                    get("/", b"Transfer-Encoding: chunked") + b"fff\r\n"]
        for i in range(12_100):
            client = connect(candor.public)
            with contextlib.suppress(OSError):
                client.sendall(withheld[i % len(withheld)])
            held.append(client)
            if i % 1000 == 999:
                self.expect_served(candor)
        for _ in range(20):
            self.expect_served(candor)
        self.assertLess((resident_kb(candor.process.pid) - before) / 1024, 400 if sanitized() else 100)

    def test_strangers_keep_no_alert_out_and_have_no_memory(self):
        auth = f'[auth]\ntokens = [{{ name = "ana", scope = "responder", secret = "{ADMIN_TOKEN}" }}]\n'
        candor = self.candor(auth + self.config)
        before = resident_kb(candor.process.pid)
        held = []
        self.addCleanup(lambda: [client.close() for client in held])
        size = 4 << 20
        pushed = "/alertmanager/api/v2/alerts"
        heads = [get("/nothing-here", b"Content-Length: %d" % size, method="POST"),
                 get(pushed, b"Content-Length: %d" % size, method="POST"),
                 get(pushed, b"Content-Length: %d" % size, b"Authorization: Bearer wrong", method="POST"),
                 get("/-/healthy", b"Content-Length: %d" % size)]
        for i in range(100):
            client = connect(candor.admin)
            with contextlib.suppress(OSError):
                client.sendall(heads[i % len(heads)] + b"x" * (size - 1))
            held.append(client)
        self.assertLess((resident_kb(candor.process.pid) - before) / 1024, 60)
        for i in range(1_001):
            client = connect(candor.admin)
            client.sendall(heads[i % len(heads)])
            held.append(client)
        for name in ("One", "Two", "Three"):
            answer = candor.api("POST", pushed, [{"labels": {"alertname": name}}],
                                {"Authorization": f"Bearer {ADMIN_TOKEN}"})
            self.assertEqual(answer.status, 200, answer.body)

    def test_bodies_that_do_not_end_have_bounded_memory_and_make_room(self):
        candor = self.candor(self.config)
        before = resident_kb(candor.process.pid)
        held = []
        self.addCleanup(lambda: [client.close() for client in held])
        head = get("/alertmanager/api/v2/alerts", b"Content-Length: 4000000", b"Content-Type: application/json", method="POST")
        for _ in range(60):
            client = connect(candor.admin)
            with contextlib.suppress(OSError):
                client.sendall(head + b" " * 3_999_999)
            held.append(client)
        self.assertLess((resident_kb(candor.process.pid) - before) / 1024, 400 if sanitized() else 150)
        refused = sum(status_of(self.first_bytes(client)) == 503 for client in held)
        self.assertGreater(refused, 30)
        self.assertEqual(candor.api("GET", "/-/healthy").status, 200)

    @staticmethod
    def first_bytes(client):
        client.settimeout(0.1)
        try:
            return client.recv(65536)
        except OSError:
            return b""

    def test_visitors_who_do_not_read_cost_little_and_are_ended(self):
        candor = self.candor(self.config)
        before = kernel_tcp_kb()
        clients = []
        self.addCleanup(lambda: [client.close() for client in clients])
        for _ in range(100):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
            client.connect(("127.0.0.1", candor.public))
            client.sendall(get("/") * 600)
            clients.append(client)
        self.expect_served(candor)
        time.sleep(2)
        self.assertLess(kernel_tcp_kb() - before, 100 * 128)
        at_last = ('candor_http_connections{listener="public"} 0', 'candor_http_connections{listener="public"} 1')
        wait_for("an end of them", lambda: any(line in candor.api("GET", "/metrics").body.decode() for line in at_last),
                 40)

    def test_dripping_clients_are_ended_and_take_no_memory(self):
        candor = self.candor(self.config)
        before = resident_kb(candor.process.pid)
        clients = [connect(candor.admin, f"127.0.3.{i % 200 + 1}") for i in range(500)]
        self.addCleanup(lambda: [client.close() for client in clients])
        head = get("/alertmanager/api/v2/alerts", b"Content-Length: 4000000", method="POST")
        for number, client in enumerate(clients):
            client.sendall(head + b"[" if number % 2 else b"POST / HTTP/1.1\r\nHo")
        deadline = time.monotonic() + 60
        done = [False] * len(clients)
        while not all(done) and time.monotonic() < deadline:
            for number, client in enumerate(clients):
                if done[number]:
                    continue
                try:
                    client.settimeout(0.01)
                    client.sendall(b"x" if number % 2 == 0 else b" ")
                    done[number] = client.recv(4096) != b"" or True
                except socket.timeout:
                    pass
                except OSError:
                    done[number] = True
        self.assertTrue(all(done), f"{done.count(False)} dripping clients are still there after a minute")
        self.assertLess((resident_kb(candor.process.pid) - before) / 1024, 50)
        self.expect_served(candor)

    def test_guessed_tokens_are_slowed_down_and_right_ones_are_not(self):
        auth = f'[auth]\ntokens = [{{ name = "ana", scope = "read", secret = "{ADMIN_TOKEN}" }}]\n'
        candor = self.candor(auth + self.config)

        def ask(token, source):
            raw = get("/api/v1/incidents", b"Authorization: Bearer " + token.encode(), b"Connection: close")
            return say(candor.admin, raw, source)

        guesses = [ask(f"{ADMIN_TOKEN[:-4]}{i:04}", "127.0.4.1") for i in range(100)]
        statuses = [status_of(answer) for answer in guesses]
        self.assertLess(statuses.count(401), 20)
        self.assertGreater(statuses.count(429), 80)
        self.assertIn(b"Retry-After:", guesses[-1])
        for answer in guesses:
            self.assertNotIn(ADMIN_TOKEN[:8].encode(), answer)
        self.assertEqual(status_of(ask(ADMIN_TOKEN, "127.0.4.1")), 200, "nobody locks out who shares his address")
        self.assertEqual(status_of(ask("wrong-from-somewhere-else", "127.0.4.2")), 401)
        self.assertNotIn(ADMIN_TOKEN[:8], candor.log.read_text())

    def test_altered_and_repeated_ack_links(self):
        candor = self.candor(self.config)
        self.target.status = 503
        link = wait_for("a page", lambda: self.phone.messages("page"))[0]["ack_url"]
        path = link[link.index("/ack/"):]
        token = path.removeprefix("/ack/")
        for i in range(len(token)):
            altered = token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1:]
            answer = request(candor.public, "POST", f"/ack/{altered}")
            # The last character of a base64 text may hold bits that mean nothing.
            self.assertIn(answer.status, (400, 403, 404, 410), f"character {i}")
        for cut in (token[:-1], token + "A", token[: len(token) // 2], "", token * 2):
            self.assertIn(request(candor.public, "POST", f"/ack/{cut}").status, (400, 403, 404, 405, 410, 414))
        self.assertFalse(candor.incidents()[0]["lead"], "none of them acked")
        self.assertEqual(request(candor.public, "GET", path).status, 200)
        self.assertFalse(candor.incidents()[0]["lead"], "to look is not to ack")
        self.assertEqual(request(candor.public, "POST", path).status, 200)
        self.assertEqual(candor.incidents()[0]["lead"], "ana")
        again = request(candor.public, "POST", path)
        self.assertIn(again.status, (200, 409))
        acks = [line for line in candor.api("GET", f"/api/v1/incidents/{candor.incidents()[0]['id']}").json["timeline"]
                if line["what"] == "page_acked"]
        self.assertEqual(len(acks), 1, "repeated, and yet once")

    def test_a_target_that_redirects_to_the_api_has_nothing_done_there(self):
        evil = self.recorder()
        candor = self.candor(self.config + f"""
[[probe]]
name = "partner"
every = "200ms"
timeout = "2s"
[probe.http]
url = "{evil.url}"
method = "POST"
[[probe]]
name = "itself"
every = "200ms"
timeout = "2s"
[probe.http]
url = "http://localhost:PORT/-/healthy"
[[probe]]
name = "backup"
[probe.heartbeat]
late_after = "1h"
""", start=False)
        candor.file.write_text(candor.file.read_text().replace("PORT", str(candor.admin)))
        candor.start()
        self.target.status = 503
        wait_for("a page", lambda: self.phone.messages("page"))
        incident = candor.incidents()[0]["id"]

        def told(path):
            """What the probe's evidence is, once it was redirected there."""
            evil.status, evil.headers = 307, {"Location": f"http://127.0.0.1:{candor.admin}{path}"}
            asked = len(evil.received)
            wait_for("two runs", lambda: len(evil.received) > asked + 2)
            return candor.api("GET", "/api/v1/probes/partner").json["latest"]["evidence"]

        for path in (f"/api/v1/incidents/{incident}/lead", f"/api/v1/incidents/{incident}/resolve",
                     "/api/v1/heartbeat/backup?status=2", "/-/reload"):
            self.assertIn(f"HTTP 403 from 127.0.0.1:{candor.admin}", told(path), path)
        shown = candor.incidents()[0]
        self.assertEqual((shown["lead"], shown["status"]), (None, "investigating"))
        self.assertEqual(candor.api("GET", "/api/v1/probes/backup").json["health"], "unknown")
        self.assertEqual(candor.api("GET", "/api/v1/probes/itself").json["health"], "ok")

    def test_threads_of_clients_that_leave_at_any_moment(self):
        candor = self.candor(self.config)
        raw = get("/history", b"Accept-Encoding: gzip") * 20

        def leave(seed):
            for i in range(100):
                with contextlib.suppress(OSError), connect(candor.public) as client:
                    client.sendall(raw[: (i * 37 + seed) % len(raw)])
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        threads = [threading.Thread(target=leave, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.expect_served(candor)


if __name__ == "__main__":
    unittest.main()
