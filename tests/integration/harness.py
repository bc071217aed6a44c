"""What the integration tests share: a candord of their own, a target to probe, a phone to page, and patience with a bound.

Every process and port belongs to one test; nothing outlives it.
"""

import atexit
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

BIN = pathlib.Path(os.environ["CANDOR_BIN"])
PATIENCE = 30.0


FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def unpacked(program):
    """A server that contrib/test unpacks and does not install."""
    found = shutil.which(program, path=f"{BIN.parent}/unpacked/usr/sbin:/usr/sbin")
    if not found:
        raise AssertionError(f"there is no {program}: contrib/test unpacks it beside the programs that it builds")
    return found


def sanitized():
    """Whether candord is built with a sanitizer, which keeps several bytes for each of the program's."""
    program = (BIN / "candord").read_bytes()
    return b"__asan_init" in program or b"__tsan_init" in program


def ahead(by):
    """The environment of a candord whose clock is so far ahead: whom it asks seems to have run for as long. The times
    of its files are the machine's."""
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0"}


def _claim(block):
    """Whether no other program of tests has these ports; this one has them until it ends."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0candor-tests-ports-{block}")
    except OSError:
        claim.close()
        return False
    atexit.register(claim.close)
    return True


def _candidates():
    """Ports below those that the kernel gives to whoever connects, of which a test may take thousands."""
    above = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    blocks, many = 48, 256
    first = max(above, 32_768) - blocks * many  # where the kernel gives nearly all of them there is no better place
    for i in range(blocks):
        block = (os.getpid() + i) % blocks
        if _claim(block):
            yield from range(first + block * many, first + (block + 1) * many)


_ports = _candidates()


def free_port():
    """One that nothing listens on, and that nobody else was given: what was asked for may not listen yet."""
    for port in _ports:
        with socket.socket() as it:
            try:
                it.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("every port that tests may have is taken")


def wait_for(what, condition, patience=PATIENCE):
    """Polls until condition() is true and answers its value; fails naming what was waited for."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s in vain for {what}")
        time.sleep(0.02)


def port_answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


def request(port, method, path, body=None, headers=None, timeout=20):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


class Recorder:
    """An HTTP server on a port of its own: a target whose status can be set, and a phone that keeps what it is sent."""

    def __init__(self, port=0):
        recorder = self
        self.status, self.body, self.delay, self.headers = 200, b"ok\n", 0.0, {}
        self.hangs_up = False  # in place of an answer
        self.received, self.gets = [], 0
        self.changed = threading.Condition()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                if recorder.delay:
                    time.sleep(recorder.delay)
                if recorder.hangs_up:
                    self.close_connection = True
                    return
                self.send_response(recorder.status)
                for name, value in recorder.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(recorder.body)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # whoever asked was killed
                    self.wfile.write(recorder.body)

            def do_GET(self):
                recorder.gets += 1
                self.answer()

            def do_POST(self):
                at = time.time()
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with recorder.changed:
                    recorder.received.append({"at": at, "headers": dict(self.headers), "body": raw, "path": self.path})
                    recorder.changed.notify_all()
                self.answer()

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def messages(self, event=None):
        with self.changed:
            everything = [json.loads(item["body"]) for item in self.received]
        return [message for message in everything if event is None or message.get("event") == event]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Candor:
    """A candord in a folder of its own. `config` is TOML without [listen] and [daemon]; those are written here."""

    def __init__(self, folder, config, env=None, public=None, admin=None, daemon="", listen=""):
        self.folder = pathlib.Path(folder)
        self.public, self.admin = public or free_port(), admin or free_port()
        self.env = {**os.environ, **(env or {})}
        self.daemon, self.listen = daemon, listen
        self.file = self.folder / "candor.toml"
        self.log = self.folder / "candord.log"
        self.state = self.folder / "state"
        self.process = None
        self.configure(config)

    def configure(self, config):
        head = (
            f'[daemon]\nlocation = "test1"\nstate_dir = "{self.state}"\n{self.daemon}\n'
            f'[listen]\npublic = "127.0.0.1:{self.public}"\nadmin = "127.0.0.1:{self.admin}"\n{self.listen}\n'
        )
        self.file.write_text(head + config)

    def start(self, wait=True):
        with self.log.open("ab") as log:
            command = [str(BIN / "candord"), "--config", str(self.file)]
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=self.env)
        if wait:
            wait_for("candord to be ready", self.is_ready)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"candord ended with {self.process.returncode}:\n{self.log.read_text()}")
        with contextlib.suppress(OSError):
            return request(self.admin, "GET", "/-/ready").status == 200
        return False

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
                raise AssertionError("candord did not stop within 15 s of SIGTERM")
        return self.process.returncode if self.process else None

    def api(self, method, path, body=None, headers=None):
        return request(self.admin, method, path, body, headers)

    def page(self, path, headers=None):
        return request(self.public, "GET", path, headers=headers)

    def incidents(self):
        return self.api("GET", "/api/v1/incidents").json["incidents"]

    def signals(self):
        return self.api("GET", "/api/v1/signals").json["signals"]

    def ctl(self, *arguments, env=None):
        return subprocess.run(
            [str(BIN / "candorctl"), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env={**self.env, "CANDOR_URL": f"http://127.0.0.1:{self.admin}", **(env or {})},
        )


class CandorTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="candor-test-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.processes = []
        self.addCleanup(self.end_processes)

    def disk(self, size):
        """The state directory as a file system of its own."""
        disk = self.folder / "state"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)], check=False)
        return disk

    def end_processes(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def run_in_background(self, *command, log):
        with (self.folder / log).open("ab") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder)
        self.processes.append(process)
        return process

    def recorder(self, port=0):
        recorder = Recorder(port)
        self.addCleanup(recorder.close)
        return recorder

    def heed_sanitizers(self, candor):
        """Not every report of theirs ends the process."""
        if not candor.log.exists():
            return
        said = candor.log.read_text(errors="replace")
        for report in ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", ": runtime error: "):
            at = said.find(report)
            self.assertEqual(at, -1, said[max(at - 200, 0):at + 4000])

    def candor(self, config, start=True, **options):
        candor = Candor(self.folder, config, **options)
        self.addCleanup(self.heed_sanitizers, candor)
        self.addCleanup(candor.stop)
        if start:
            candor.start()
        return candor


def ana(url, wait="60s", repeat=3):
    """One person, and the escalation `all` that pages her."""
    return f"""
[[contact]]
name = "ana"
[[contact.method]]
kind = "webhook"
url = "{url}"
[[escalation]]
name = "all"
steps = [{{ notify = ["contact:ana"], wait = "{wait}" }}]
repeat = {repeat}
"""


def shop(target_url, phone_url, hold="0s", resolve_after="1s", every="200ms", extra_rule="", holding="", wait="60s"):
    """The configuration most tests use: one probe, one rule, one person."""
    return f"""
[page]
name = "Shop Status"
[[component]]
id = "checkout"
name = "Checkout"
[[probe]]
name = "checkout-http"
component = "checkout"
every = "{every}"
timeout = "2s"
[probe.http]
url = "{target_url}"
[[rule]]
name = "checkout-down"
component = "checkout"
impact = "critical"
when = {{ probe = 'component="checkout"', for = "{hold}" }}
resolve_after = "{resolve_after}"
page = "all"
{extra_rule}
{holding}
{ana(phone_url, wait)}
"""


def day_and_night(ana_url, bo_url, page):
    """A rule on the alert `A` that pages along `day`, which is ana's, or `night`, which is bo's and hers."""
    contacts = "".join(
        f'[[contact]]\nname = "{name}"\n[[contact.method]]\nkind = "webhook"\nurl = "{url}"\n'
        for name, url in (("ana", ana_url), ("bo", bo_url))
    )
    return f"""
{contacts}
[[escalation]]
name = "day"
steps = [{{ notify = ["contact:ana"], wait = "10m" }}]
[[escalation]]
name = "night"
steps = [{{ notify = ["contact:bo", "contact:ana"], wait = "10m" }}]
[[rule]]
name = "shop-down"
when = {{ alert = 'alertname="A"' }}
page = "{page}"
"""


ALERT_A = [{"labels": {"alertname": "A"}, "endsAt": "2100-01-01T00:00:00Z"}]
