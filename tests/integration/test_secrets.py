"""Secrets planted wherever a configuration may hold one, and looked for wherever candord writes or says something."""

import os
import pathlib
import resource
import signal
import socket
import subprocess
import time
import unittest

from harness import BIN, PATIENCE, CandorTest, ana, free_port, wait_for

MARK = "planted"


class Secrets(CandorTest):
    def setUp(self):
        super().setUp()
        self.secrets = {}
        self.said = []  # (where, bytes)

    def plant(self, name):
        """A secret of its own for each place, which nothing else could print."""
        self.secrets[name] = f"{MARK}-{name}-7f3a9c"
        return self.secrets[name]

    def file_with(self, name):
        path = self.folder / f"{name}.secret"
        path.write_text(self.plant(name) + "\n")
        path.chmod(0o600)
        return path

    def configuration(self, target, phone, dead):
        credentials = self.folder / "credentials"
        credentials.mkdir(exist_ok=True)
        (credentials / "token").write_text(self.plant("token-credential"))
        self.env = {
            "CREDENTIALS_DIRECTORY": str(credentials),
            "HOOK": f"http://127.0.0.1:{phone}/hook?key={self.plant('hook-query')}",
            "PROBE_HEADER": self.plant("probe-header"),
        }
        return f"""
[auth]
tokens = [
  {{ name = "ana", scope = "admin", secret = {{ credential = "token" }} }},
  {{ name = "bo", scope = "read", secret = "{self.plant('token-literal')}" }},
]
[[component]]
id = "shop"
[[probe]]
name = "down"
component = "shop"
every = "200ms"
timeout = "150ms"
[probe.http]
url = "http://user:{self.plant('probe-password')}@127.0.0.1:{dead}/x?token={self.plant('probe-query')}"
headers = {{ X-Key = {{ env = "PROBE_HEADER" }} }}
[[probe]]
name = "refused"
component = "shop"
every = "200ms"
timeout = "150ms"
[probe.http]
url = "http://127.0.0.1:{target}/?k={self.plant('second-query')}"
status = ["404"]
[[prometheus]]
name = "main"
url = "http://prom:{self.plant('prometheus-password')}@127.0.0.1:{dead}"
every = "300ms"
[[alertmanager]]
name = "am"
url = "http://127.0.0.1:{dead}"
bearer = {{ file = "{self.file_with('alertmanager-bearer')}" }}
every = "300ms"
[[rule]]
name = "shop-down"
component = "shop"
when = {{ probe = 'component="shop"' }}
page = "all"
[[contact]]
name = "ana"
[[contact.method]]
kind = "webhook"
url = {{ env = "HOOK" }}
headers = {{ Authorization = "Bearer {self.plant('hook-header')}" }}
[[contact.method]]
kind = "webhook"
url = "http://hook:{self.plant('hook-password')}@127.0.0.1:{dead}/{self.plant('hook-path')}"
[[escalation]]
name = "all"
steps = [{{ notify = ["contact:ana"], wait = "1m" }}]
"""

    def heard(self, where, data):
        self.said.append((where, data if isinstance(data, bytes) else data.encode()))

    def ask_everything(self, candor):
        authorization = {"Authorization": f"Bearer {self.secrets['token-credential']}"}
        incident = candor.api("GET", "/api/v1/incidents", headers=authorization).json["incidents"][0]["id"]
        for path in ("/api/v1/incidents", f"/api/v1/incidents/{incident}", "/api/v1/signals", "/api/v1/status", "/api/v1/pages",
                     "/api/v1/rules", "/api/v1/probes", "/api/v1/openapi.json", "/metrics", "/-/ready", "/nothing"):
            self.heard(path, candor.api("GET", path, headers=authorization).body)
        self.heard("a wrong token", candor.api("GET", "/api/v1/incidents", headers={"Authorization": "Bearer wrong"}).body)
        for path in ("/", f"/incidents/{incident}", "/history", "/history.atom", "/api/v2/summary.json", "/ack/x", "/nothing"):
            self.heard(path, candor.page(path).body)
        token = {"CANDOR_TOKEN": self.secrets["token-credential"]}
        for words in (["status"], ["incident", "list"], ["incident", "show", incident], ["--json", "incident", "show", incident],
                      ["config", "check", str(candor.file)], ["--json", "config", "check", str(candor.file)],
                      ["rules", "check", str(candor.file)]):
            done = candor.ctl(*words, env=token)
            self.heard(f"candorctl {' '.join(words)}", done.stdout + done.stderr)

    def reload_badly(self, candor, config):
        authorization = {"Authorization": f"Bearer {self.secrets['token-credential']}"}
        for bad in (config.replace('kind = "webhook"', 'kind = "webhok"'), config.replace("[[contact]]", "[[contact]]\nx = 1"),
                    config.replace("http://user:", "htp://user:"), config + "\n[[[", config.replace('"Bearer ', '"Bearer \\u0000'),
                    config.replace('every = "200ms"', 'every = "200"')):
            candor.configure(bad)
            self.heard("a bad reload", candor.api("POST", "/-/reload", headers=authorization).body)
            self.heard("the status after it", candor.api("GET", "/api/v1/status", headers=authorization).body)
            self.heard("a bad check", (done := candor.ctl("config", "check", str(candor.file))).stdout + done.stderr)
        candor.configure(config)

    def look(self, wanted):
        return [(where, name) for where, data in self.said for name, secret in wanted.items() if secret.encode() in data]

    def test_are_nowhere_to_be_found(self):
        target, phone = self.recorder(), self.recorder()
        phone.status, phone.body = 500, b"no"
        target.status = 503
        config = self.configuration(target.port, phone.port, free_port())
        candor = self.candor(config, env=self.env)
        wait_for("a page that fails", lambda: phone.received)
        self.assertIn(self.secrets["hook-query"], phone.received[0]["path"], "used where it belongs")
        self.assertIn(self.secrets["hook-header"], phone.received[0]["headers"]["Authorization"])
        time.sleep(2)  # a few rounds of everything that fails
        self.ask_everything(candor)
        self.reload_badly(candor, config)
        process = pathlib.Path(f"/proc/{candor.process.pid}")
        self.heard("process arguments", (process / "cmdline").read_bytes())
        self.assertEqual((process / "mem").stat().st_uid, 0)
        candor.stop()
        self.heard("the log", candor.log.read_bytes())
        for file in candor.state.iterdir():
            self.heard(f"state/{file.name}", file.read_bytes())

        # The search itself finds what is there: the page names its component, the log its probes.
        self.assertGreater(len(self.look({"component": "shop"})), 10)
        self.assertTrue(any(where == "the log" for where, _ in self.look({"probe": "refused"})))
        self.assertEqual(self.look(self.secrets), [])

    def test_are_in_no_core_dump(self):
        limits = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (limits[1], limits[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, limits)

        silent = socket.create_server(("127.0.0.1", 0))
        silent.settimeout(PATIENCE)
        self.addCleanup(silent.close)
        nobody = f"http://127.0.0.1:{silent.getsockname()[1]}"

        def dumped(process):
            process.send_signal(signal.SIGABRT)
            self.assertEqual(process.wait(10), -signal.SIGABRT)
            cores = list(pathlib.Path().glob("core*"))
            return [(file.read_bytes(), file.unlink())[0] for file in cores]

        def asking(*words, env=None):
            """A candorctl that waits for an answer."""
            process = subprocess.Popen([str(BIN / "candorctl"), *words], env={**os.environ, **(env or {})})
            connection, _ = silent.accept()
            self.addCleanup(connection.close)
            self.assertTrue(connection.recv(1))
            return process

        candor = self.candor(f'[auth]\ntokens = [{{ name = "ana", scope = "admin", secret = "{self.plant("token")}" }}]\n')
        self.assertEqual(len(dumped(candor.process)), 0)
        self.assertEqual(len(dumped(asking("status", env={"CANDOR_URL": nobody, "CANDOR_TOKEN": self.plant("token-of-ctl")}))), 0)
        probe = self.folder / "probe.toml"
        probe.write_text(f'[[probe]]\nname = "p"\nevery = "30s"\ntimeout = "20s"\n[probe.http]\nurl = "{nobody}/"\n'
                         f'bearer = {{ file = "{self.file_with("probe-bearer")}" }}\n')  # fmt: skip
        self.assertEqual(len(dumped(asking("probe", "run", "p", "--config", str(probe)))), 0)
        if pathlib.Path("/proc/sys/kernel/core_pattern").read_text().startswith("core") and limits[1] != 0:
            secret = self.plant("another")
            other = subprocess.Popen(["sleep", "60"], env={**os.environ, "TOKEN": secret})
            self.assertTrue(secret.encode() in b"".join(dumped(other)), "any other process is dumped here with what it holds")


class Proxies(CandorTest):
    def test_none_of_the_environment_is_told_anything(self):
        proxy, phone, source = self.recorder(), self.recorder(), self.recorder()
        env = {name: proxy.url for name in ("http_proxy", "all_proxy", "ALL_PROXY")}
        config = (
            '[auth]\ntokens = [{ name = "ana", scope = "admin", secret = "tell-nobody-tell-nobody" }]\n'
            f'[[prometheus]]\nname = "main"\nurl = "{source.url}"\nevery = "200ms"\n'
        )
        candor = self.candor(config + ana(phone.url), env=env)
        token = {"CANDOR_TOKEN": "tell-nobody-tell-nobody"}
        opened = candor.ctl("incident", "open", "--title", "Down", "--page", "all", env=token)
        self.assertEqual(opened.returncode, 0, opened.stderr)
        wait_for("a page", lambda: phone.messages("page"))
        wait_for("a question", lambda: source.gets)
        self.assertEqual((proxy.gets, proxy.received), (0, []))


if __name__ == "__main__":
    unittest.main()
