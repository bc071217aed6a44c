"""What keeps candord from starting, and the one sentence that says what to do."""

import os
import socket
import subprocess
import unittest

from harness import BIN, CandorTest, request, shop, wait_for


class Configuration(CandorTest):
    def check(self, text, *command):
        file = self.folder / "candor.toml"
        file.write_text(text)
        command = command or ("candord", "--check", "--config")
        return subprocess.run([str(BIN / command[0]), *command[1:], str(file)], capture_output=True, text=True, timeout=60)

    def test_every_mistake_is_printed_with_its_place_and_exit_78(self):
        wrong = """
[daemon]
locaton = "fra1"
[[component]]
id = "checkout"
[[probe]]
name = "a"
component = "chekout"
every = "10 seconds"
[probe.http]
url = "ftp://x"
[[probe]]
name = "b"
[probe.dnss]
address = "x:1"
[[rule]]
name = "r"
component = "checkout"
when = { any = [ { probe = 'component=~"["' } ] }
page = "nobody"
[[status_page]]
name = "x"
kind = "statuspage"
"""
        for command in (("candord", "--check", "--config"), ("candorctl", "config", "check")):
            done = self.check(wrong, *command)
            self.assertEqual(done.returncode, 78, done.stderr)
            for place, words in {
                ":3:1": 'did you mean "location"?',
                ":8:": 'did you mean "checkout"?',
                ":9:": "10 seconds",
                ":11:": "http or https",
                ":14:": 'did you mean "dns"?',
                ":19:": "[",
                ":20:": "nobody",
                ":21:": "not supported by this version",
            }.items():
                lines = [line for line in done.stderr.splitlines() if f"candor.toml{place}" in line]
                self.assertTrue(lines and any(words in line for line in lines), f"{place} {words}\n{done.stderr}")

    def test_what_is_not_toml_is_named(self):
        done = self.check("[daemon\n")
        self.assertEqual(done.returncode, 78)
        self.assertIn("candor.toml:1:", done.stderr)
        unset = subprocess.run([str(BIN / "candord"), "--config", ""], capture_output=True, text=True, timeout=60)
        self.assertEqual(unset.returncode, 64, unset.stderr)
        self.assertIn("--config: it is empty", unset.stderr)
        missing = subprocess.run([str(BIN / "candord"), "--config", "/no/such/file"], capture_output=True, text=True)
        self.assertEqual(missing.returncode, 78)
        self.assertIn("/no/such/file", missing.stderr)

    def test_an_admin_listener_for_all_needs_tokens(self):
        done = self.check('[listen]\nadmin = "0.0.0.0:9180"\n')
        self.assertEqual(done.returncode, 78)
        self.assertIn("tokens", done.stderr)
        good = '[listen]\nadmin = "0.0.0.0:9180"\n[auth]\ntokens = [{ name = "ana", scope = "admin", secret = "%s" }]\n'
        self.assertEqual(self.check(good % ("x" * 32)).returncode, 0)

    def test_a_rule_over_no_probe_and_a_secret_used_twice_are_told(self):
        rule = '[[rule]]\nname = "r"\nwhen = { probe = \'probe="chekout"\' }\n'
        done = self.check(rule, "candorctl", "config", "check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("no configured probe matches", done.stderr)
        token = '{ name = "%s", scope = "read", secret = "0123456789abcdef" }'
        done = self.check(f"[auth]\ntokens = [{token % 'ana'}, {token % 'bo'}]\n")
        self.assertEqual(done.returncode, 78)
        self.assertIn("same secret", done.stderr)

    def test_a_command_that_is_none_is_named(self):
        def said(*words):
            done = subprocess.run([str(BIN / "candorctl"), *words], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (64, ""), words)
            return done.stderr

        self.assertIn("there is no command update; did you mean incident update?\nIt is one of status, incident, ack, ",
                      said("update", "inc_1", "--body", "words"))
        self.assertIn("there is no command incident bogus\nIt is one of list, show, open, ", said("incident", "bogus"))
        self.assertIn("A subcommand is required", said("incident"))
        self.assertIn("A subcommand is required", said())

    def test_rules_are_checked_alone(self):
        rules = '[[rule]]\nname = "r"\ncomponent = "shop"\nwhen = { probe = \'a="b"\', for = "30s" }\n'
        done = self.check(rules, "candorctl", "rules", "check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("for 30s", done.stdout)
        done = self.check(rules.replace("when", "wehn"), "candorctl", "rules", "check")
        self.assertEqual(done.returncode, 78)
        self.assertIn('did you mean "when"?', done.stderr)


class Starting(CandorTest):
    def fails(self, candor, status):
        candor.start(wait=False)
        self.assertEqual(candor.process.wait(20), status, candor.log.read_text())
        return candor.log.read_text()

    def test_a_taken_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            said = self.fails(self.candor("", start=False, public=port), 69)
            self.assertIn(str(port), said)
            said = self.fails(self.candor("", start=False, admin=port), 69)
            self.assertIn(str(port), said)

    def test_a_state_directory_that_cannot_be(self):
        (self.folder / "file").write_text("")
        candor = self.candor("", start=False)
        candor.state = self.folder / "file" / "state"
        candor.configure("")
        self.assertIn("state_dir", self.fails(candor, 73))

    def test_a_state_directory_that_everybody_can_write(self):
        candor = self.candor("", start=False)
        candor.state.mkdir()
        candor.state.chmod(0o777)
        self.assertIn(f"everybody on this machine can replace what is in the state directory {candor.state} (mode 0777)",
                      self.fails(candor, 73))
        self.assertEqual(list(candor.state.iterdir()), [])
        for mode in (0o1777, 0o755):
            candor.state.chmod(mode)
            candor.start()
            self.assertEqual(candor.stop(), 0)

    def test_a_state_directory_of_its_own_making_is_its_own(self):
        candor = self.candor("", start=False)
        candor.state = self.folder / "new" / "state"
        candor.configure("")
        candor.file.write_text(candor.file.read_text().replace('/state"', '/state/"'))
        candor.start()
        self.assertEqual(candor.stop(), 0)
        self.assertEqual([path.stat().st_mode & 0o777 for path in (candor.state, candor.state / "ack.key")],
                         [0o700, 0o600])

    def test_a_key_of_ack_links_that_others_may_have_put_there_or_read(self):
        candor = self.candor("", start=False)
        candor.state.mkdir()
        key = candor.state / "ack.key"
        key.write_bytes(b"k" * 32)
        for mode in (0o602, 0o620):
            key.chmod(mode)
            self.assertIn(f"{key} can be written by others (mode {mode:04o})", self.fails(candor, 73))
        key.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(key, 65534, -1)
            self.assertIn(f"{key} belongs to another user (65534)", self.fails(candor, 73))
            os.chown(key, 0, -1)
        key.chmod(0o644)
        candor.log.unlink(missing_ok=True)
        candor.start()
        self.assertEqual(candor.stop(), 0)
        self.assertIn(f"{key} can be read by everybody (mode 0644): chmod 600 it", candor.log.read_text())
        self.assertEqual(key.read_bytes(), b"k" * 32)

    def test_a_key_of_ack_links_that_is_none(self):
        candor = self.candor("", start=False)
        candor.state.mkdir()
        key = candor.state / "ack.key"
        os.mkfifo(key)
        self.assertIn(f"{key} is not a file", self.fails(candor, 73))
        key.unlink()
        victim = self.folder / "victim"
        victim.write_text("untouched")
        (candor.state / "ack.key.new").symlink_to(victim)
        candor.start()
        self.assertEqual(candor.stop(), 0)
        self.assertEqual((victim.read_text(), len(key.read_bytes()), key.is_symlink()), ("untouched", 32, False))

    def test_a_second_candord_on_the_same_journal(self):
        first = self.candor("")
        second = self.candor("", start=False)
        second.configure("")
        self.assertIn("another", self.fails(second, 75))
        self.assertEqual(request(first.admin, "GET", "/-/ready").status, 200)

    def test_a_journal_that_is_not_one(self):
        candor = self.candor("", start=False)
        candor.state.mkdir()
        (candor.state / "candor.db").write_bytes(os.urandom(8192))
        said = self.fails(candor, 65)
        self.assertIn("candor.db", said)

    def test_a_damaged_journal_says_where(self):
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url))
        target.status = 500
        wait_for("a page", lambda: phone.messages("page"))
        candor.kill()
        # A byte of an event's text, in the database or in its write-ahead log.
        for file in (candor.state / "candor.db", candor.state / "candor.db-wal"):
            data = bytearray(file.read_bytes()) if file.exists() else bytearray()
            for at in range(len(data) - 4):
                if data[at : at + 4] == b"503 " or data[at : at + 4] == b"HTTP":
                    data[at] ^= 0x20
            file.write_bytes(data)
        candor.start(wait=False)
        wait_for("an end or a start", lambda: candor.process.poll() is not None or candor.is_ready())
        if candor.process.poll() is None:
            # SQLite's own checksums took the damaged log's end for a transaction that never was: the last good commit.
            self.assertLessEqual(len(candor.incidents()), 1)
        else:
            self.assertEqual(candor.process.returncode, 65, candor.log.read_text())


if __name__ == "__main__":
    unittest.main()
