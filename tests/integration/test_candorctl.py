"""What candorctl tells when it asks in vain: another server, wrong words, wrong tokens, nowhere to write."""

import json
import os
import subprocess
import unittest

from harness import BIN, CandorTest, shop, wait_for


class Elsewhere(CandorTest):
    """candorctl asks something that is not candord's admin listener, or tells nobody what came of it."""

    def assert_refused(self, done, exit, words):
        self.assertEqual((done.returncode, done.stdout), (exit, ""), done.stderr)
        self.assertIn(words, done.stderr)

    def test_answers_that_are_not_candords_are_told(self):
        other = self.recorder()
        candor = self.candor("", start=False)
        commands = (("ack", "abc"), ("incident", "resolve", "abc"), ("incident", "open", "--title", "x"), ("status",),
                    ("incident", "list"), ("incident", "show", "x"), ("probe", "list"), ("probe", "show", "x"))  # fmt: skip
        words = f"what answers at {other.url}"
        for status, body in ((200, b"<html>welcome</html>"), (200, b'{"foo":1}'), (200, b"[]"), (404, b"<html></html>")):
            other.status, other.body = status, body
            for command in commands:
                with self.subTest(command=command, body=body):
                    self.assert_refused(candor.ctl("--url", other.url, *command), 69, words)
                    self.assert_refused(candor.ctl("--json", "--url", other.url, *command), 69, words)
        other.status, other.headers = 302, {"Location": "http://127.0.0.1:1/"}
        self.assert_refused(candor.ctl("--url", other.url, "ack", "abc"), 69, "redirects elsewhere (HTTP 302)")

    def test_a_server_in_trouble_that_is_not_candord_is_told(self):
        other = self.recorder()
        candor = self.candor("", start=False)
        other.status, other.body = 503, b"<html>busy</html>"
        for command in (("incident", "list"), ("status",), ("ack", "abc")):
            done = candor.ctl("--url", other.url, *command)
            self.assert_refused(done, 69, f"what is at {other.url}/ answers with HTTP 503, and not as candord does")
            self.assertIn("CANDOR_URL", done.stderr)

    def test_a_large_answer_is_read_and_one_that_is_too_large_is_told(self):
        other = self.recorder()
        candor = self.candor("", start=False)
        change, question = ("ack", "abc"), ("incident", "show", "abc")
        answer = lambda megabytes: json.dumps({"id": "abc", "title": "x", "timeline": [], "evidence": "x" * (megabytes << 20)}).encode()
        other.body = answer(20)
        for command in (change, question):
            self.assertEqual((done := candor.ctl("--url", other.url, *command)).returncode, 0, done.stderr)
        other.body = answer(64)
        self.assert_refused(candor.ctl("--url", other.url, *change), 76, "this is done, and candord's answer is too large to be shown")
        done = candor.ctl("--url", other.url, *question)
        self.assert_refused(done, 76, "candord's answer is too large to be shown")
        self.assertNotIn("is done", done.stderr)
        other.status = 500
        self.assert_refused(candor.ctl("--url", other.url, *change), 69, "may be done now, later or never")

    def test_words_that_are_empty_are_refused_before_anybody_is_asked(self):
        candor = self.candor("", start=False)
        for command in (("incident", "show"), ("incident", "resolve"), ("ack",), ("probe", "show")):
            self.assertIn("it is empty", self.refused(candor, *command, ""))
        opening, telling = ("incident", "open", "--title", "x"), ("incident", "update", "abc", "--body", "x")
        for command, options in (
            (("incident", "open"), ("--title",)), (opening, ("--impact", "--component", "--body", "--page")),
            (("incident", "update", "abc"), ("--body",)), (telling, ("--title", "--impact", "--component", "--status")),
            (("incident", "resolve", "abc"), ("--body",)), (("incident", "edit", "abc", "--body", "x"), ("--title",)),
            (("incident", "edit", "abc"), ("--body",)), (("incident", "veto", "abc"), ("--reason",)),
            (("incident", "lead", "abc"), ("--lead",)), (("ack", "abc"), ("--contact",)),
            (("probe", "list"), ("--health", "--after", "--limit")), (("probe", "run", "x"), ("--config",)),
            (("probe", "show", "x"), ("--resolution", "--from", "--to")), (("status",), ("--url",)),
            (("import", "blackbox", "x"), ("--targets",)), (("backup", "x"), ("--journal",)),
        ):  # fmt: skip
            for option in options:
                with self.subTest(command=command, option=option):
                    self.assertIn(option, self.refused(candor, *command, option, ""))
                    self.assertIn(option, self.refused(candor, *command, option + "="))
        for option, command in {
            "--title": ("incident", "open", "--title", "\u200b"),
            "--body": ("incident", "update", "abc", "--body", "\u00a0\u202e"),
            "--reason": ("incident", "veto", "abc", "--reason", " \t"),
        }.items():
            self.assertIn(f"{option}: it is empty: nobody sees anything of it", self.refused(candor, *command))
        for command in (("config", "check"), ("rules", "check"), ("backup",), ("import", "gatus")):
            self.assertIn("it is empty", self.refused(candor, *command, ""))

    def test_words_that_are_not_utf_8_are_refused_before_anybody_is_asked(self):
        candor = self.candor("", start=False)
        for option, command in {
            "--body": ("incident", "update", "abc", "--body", b"Stra\xdfe"),
            "--reason": ("incident", "veto", "abc", "--reason", b"\xe9"),
            "--title": ("incident", "open", "--title", b"\xe9t\xe9"),
            "--contact": ("ack", "abc", "--contact", b"\xe9"),
            "--component": ("incident", "update", "abc", "--body", "x", "--component", b"sh\xf6p=operational"),
            "--after": ("probe", "list", "--after", b"\xe9"),
            "incident": ("ack", b"\xe9"),
        }.items():
            with self.subTest(option=option):
                self.assertIn(f"{option}: it is not UTF-8", self.refused(candor, *command))
        file = os.fsencode(self.folder) + b"/h\xfclle.toml"
        with open(file, "w") as configuration:
            configuration.write(candor.file.read_text())
        done = subprocess.run([str(BIN / "candorctl"), "config", "check", file], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, "a file may have any name")

    def refused(self, candor, *command):
        done = candor.ctl(*command)
        self.assertEqual((done.returncode, done.stdout), (64, ""), command)
        return done.stderr

    def test_an_address_that_is_not_a_listeners_is_wrong_usage(self):
        candor = self.candor("")
        here = f"http://127.0.0.1:{candor.admin}"
        for url in ("http://", "http:///", "here", "ftp://here", here + "/foo", here + "?x", here + "/?x", here + "#x", here + "//"):
            with self.subTest(url=url):
                self.assertIn("write it as http://HOST:PORT", self.refused(candor, "--url", url, "status"))
                self.assertEqual(candor.ctl("status", env={"CANDOR_URL": url}).returncode, 64)
        for url in (here, here + "/", here.replace("//", "//ana:secret@")):
            self.assertEqual(candor.ctl("--url", url, "status").returncode, 0, url)

    def test_a_component_that_is_given_two_statuses_is_named(self):
        candor = self.candor("", start=False)
        words = self.refused(candor, "incident", "update", "abc", "--body", "x",
                             "--component", "shop=operational", "--component", "shop=major_outage")  # fmt: skip
        self.assertIn('--component names "shop" twice', words)

    def test_the_public_page_is_told_from_the_admin_listener(self):
        candor = self.candor("")
        public = f"http://127.0.0.1:{candor.public}"
        for command in (("status",), ("ack", "abc")):
            self.assert_refused(candor.ctl("--url", public, *command), 69, "is candord's public page, not its admin listener")

    def test_what_cannot_be_written_is_told(self):
        candor = self.candor("")
        candor.api("POST", "/api/v1/incidents", {"title": "x" * 200, "body": "y" * 20_000})
        for command in (("status",), ("--json", "status"), ("--json", "incident", "list"), ("--json", "config", "keys")):
            with self.subTest(command=command), open("/dev/full", "w") as full:
                done = subprocess.run(
                    [str(BIN / "candorctl"), *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                    env={**candor.env, "CANDOR_URL": f"http://127.0.0.1:{candor.admin}"},
                )  # fmt: skip
                self.assertEqual(done.returncode, 74, done.stderr)
                self.assertIn("could not be written", done.stderr)

    def test_a_standard_error_that_cannot_be_written_changes_no_exit_status(self):
        candor = self.candor("", start=False)
        plug = self.folder / "plug.toml"
        plug.write_text(
            '[[probe]]\nname = "plug"\nevery = "1m"\ntimeout = "5s"\n[probe.exec]\ncommand = ["/bin/sh", "-c", "exit 1"]\n'
            '[[rule]]\nname = "wrong"\n'
        )
        ctl = str(BIN / "candorctl")
        for command, exit in {
            "status": 69, "nosuch": 64, "incident nosuch": 64, "config check /nosuch": 78, "rules check /nosuch": 78,
            "import gatus /nosuch": 78, "backup --journal /nosuch x": 1, f"probe run nosuch --config {plug}": 64,
            f"probe run plug --config {plug}": 1,
        }.items():  # fmt: skip
            for redirection in ("2>&-", "2>/dev/full", "0<&- 2>&-", ">/dev/null 2>&-"):
                with self.subTest(command=command, redirection=redirection):
                    done = subprocess.run(
                        ["bash", "-c", f"{ctl} {command} {redirection}"], capture_output=True, timeout=60, cwd=self.folder,
                        env={**candor.env, "CANDOR_URL": f"http://127.0.0.1:{candor.admin}"},
                    )  # fmt: skip
                    self.assertEqual(done.returncode, exit)
        for redirection in (">&- 2>&-", "0<&- >&- 2>&-", ">/dev/full 2>/dev/full", ">&- 2>/dev/full"):
            with self.subTest(redirection=redirection):
                self.assertEqual(subprocess.run(["bash", "-c", f"{ctl} config keys {redirection}"], timeout=60).returncode, 74)

    def test_no_file_takes_the_place_of_standard_descriptors_that_are_closed(self):
        candor = self.candor(shop("http://127.0.0.1:1", "http://127.0.0.1:1"), start=False)
        process = candor.process = subprocess.Popen(
            ["bash", "-c", f'exec "{BIN}/candord" --config "{candor.file}" 0<&- >&- 2>&-'], env={**os.environ, **candor.env})
        self.processes.append(process)
        wait_for("candord", candor.is_ready)
        for descriptor in range(3):
            self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{descriptor}"), "/dev/null")
        self.assertEqual(candor.api("GET", "/-/ready").status, 200)

    def test_json_holds_nothing_that_steers_a_terminal(self):
        candor = self.candor("")
        title = "a\u009b31m\u202eb\u007f"
        opened = candor.ctl("--json", "incident", "open", "--title", title)
        self.assertEqual(opened.returncode, 0, opened.stderr)
        self.assertEqual(json.loads(opened.stdout)["title"], title)
        self.assertIn("a\\u009b31m\\u202eb\\u007f", opened.stdout)


class Tokens(CandorTest):
    def test_who_guesses_them_is_told(self):
        secret = "a-secret-of-ana-that-nobody-sees"
        candor = self.candor(f'[auth]\ntokens = [{{ name = "ana", scope = "admin", secret = "{secret}" }}]\n')
        right = {"Authorization": f"Bearer {secret}"}
        wrong = lambda: candor.api("GET", "/api/v1/status", headers={"Authorization": "Bearer a-guess-of-some-length"}).status
        troubles = lambda: candor.api("GET", "/api/v1/status", headers=right).json["troubles"]
        self.assertEqual([wrong() for _ in range(5)], [401] * 5)
        self.assertEqual(troubles(), [])
        answers = [wrong() for _ in range(200)]
        self.assertIn(429, answers)
        self.assertEqual(len(told := troubles()), 1, "and a right token is let in")
        self.assertIn("127.0.0.1 keeps sending wrong tokens", told[0]["what"])
        self.assertIn(f"slowed down, {answers.count(429)} times", told[0]["what"])
        metrics = candor.api("GET", "/metrics", headers=right).text
        self.assertIn("candor_http_wrong_tokens_total 205", metrics)
        lines = [line for line in candor.log.read_text().splitlines() if "wrong_tokens" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("address=127.0.0.1", lines[0])
        self.assertNotIn("a-guess", lines[0])

    def test_a_wrong_one_is_told_so_however_often(self):
        candor = self.candor('[auth]\ntokens = [{ name = "ana", scope = "admin", secret = "a-secret-of-ana-that-nobody-sees" }]\n')
        guess = "a-guess-of-some-length"

        def is_slowed_down():
            while candor.api("GET", "/api/v1/status", headers={"Authorization": f"Bearer {guess}"}).status != 429:
                pass
            done = candor.ctl("status", env={"CANDOR_TOKEN": guess})
            self.assertEqual(done.returncode, 77, done.stderr)
            return "too many wrong tokens" in done.stderr

        wait_for("candorctl to be slowed down", is_slowed_down)

    def test_scopes_and_secrets(self):
        secret = "a-secret-of-ana-that-nobody-sees"
        (self.folder / "ana.token").write_text(secret + "\n")
        auth = (
            '[auth]\ntokens = [{ name = "ana", scope = "responder", secret = { file = "ana.token" } },'
            ' { name = "wall", scope = "read", secret = { env = "WALL_TOKEN" } }]\n'
        )
        candor = self.candor(auth, env={"WALL_TOKEN": "a-secret-of-the-wall-display"})
        ctl = candor.ctl
        self.assertEqual(candor.api("GET", "/api/v1/status").status, 401)
        self.assertEqual(candor.api("GET", "/-/ready").status, 200)
        self.assertEqual(ctl("status").returncode, 77)
        self.assertEqual(ctl("status", env={"CANDOR_TOKEN": "a-secret-of-the-wall-display"}).returncode, 0)
        for token, words in (("a-secret-of-the-wall-display\n", "ends with a line break"), ("a\nb", "control character")):
            done = ctl("status", env={"CANDOR_TOKEN": token})
            self.assertEqual(done.returncode, 77, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertNotIn("a-secret", done.stderr)
        opening = ("incident", "open", "--title", "Search is slow", "--body", "We are looking.")
        self.assertEqual(ctl(*opening, env={"CANDOR_TOKEN": "a-secret-of-the-wall-display"}).returncode, 77)
        done = ctl(*opening, env={"CANDOR_TOKEN": secret})
        self.assertEqual(done.returncode, 0, done.stderr)
        headers = {"Authorization": f"Bearer {secret}"}
        incident = candor.api("GET", "/api/v1/incidents", headers=headers).json["incidents"][0]
        shown = candor.api("GET", "/api/v1/incidents/" + incident["id"], headers=headers)
        self.assertEqual(shown.json["opened_by"]["name"], "token:ana")
        self.assertNotIn(secret, candor.log.read_text() + shown.text)
        self.assertEqual(candor.api("POST", "/-/reload", headers=headers).status, 403)


if __name__ == "__main__":
    unittest.main()
