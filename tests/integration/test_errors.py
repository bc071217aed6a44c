"""What goes wrong around candord, and the one sentence that says what to do."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
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


def fill(file):
    """Takes what is left of the disk."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(descriptor, b"x" * 4096):
            pass
    os.close(descriptor)


class FullDisk(CandorTest):
    def small_disk(self):
        disk = self.folder / "state"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)], check=False)
        return disk

    def test_accepts_no_more_and_loses_nothing(self):
        disk = self.small_disk()
        candor = self.candor('[[rule]]\nname = "r"\nwhen = { alert = \'alertname="Last"\' }\n')
        accepted = []
        refused = None
        filler = disk / "filler"
        for i in range(2000):
            if i == 20:
                fill(filler)
            name = f"Alert{i}"
            alert = {"labels": {"alertname": name}, "annotations": {"text": "x" * 2000}, "generatorURL": "http://p/"}
            answer = request(candor.admin, "POST", "/alertmanager/api/v2/alerts", [alert], timeout=10)
            if answer.status != 200:
                refused = answer
                break
            accepted.append(name)
        self.assertGreater(len(accepted), 19)
        wait_for("readiness to go", lambda: request(candor.admin, "GET", "/-/ready").status == 503)
        self.assertEqual(refused.status, 503)
        self.assertIn("full", refused.text)
        self.assertIn("candor_store_writable 0", candor.api("GET", "/metrics").text)
        opened = candor.api("POST", "/api/v1/incidents", {"title": "x"})
        self.assertEqual(opened.status, 503)
        self.assertIn("full", opened.text)
        done = subprocess.run([str(BIN / "candorctl"), "--url", f"http://127.0.0.1:{candor.admin}", "incident", "open", "--title", "x"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 69, done.stdout)
        self.assertIn("full", done.stderr)

        filler.unlink()
        wait_for("readiness to return", lambda: request(candor.admin, "GET", "/-/ready").status == 200)
        candor.kill()
        candor.start()
        kept = {signal["labels"]["alertname"] for signal in candor.api("GET", "/api/v1/signals?limit=5000").json["signals"]}
        self.assertLessEqual(set(accepted), kept)

    def test_confirms_no_ack_that_is_not_on_it(self):
        disk = self.small_disk()
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url))
        target.status = 500
        [page] = wait_for("a page", lambda: phone.messages("page"))
        path = page["ack_url"][page["ack_url"].index("/ack/"):]
        wait_for("what follows the page to be on the disk", lambda: candor.page(path).status == 200)
        time.sleep(1)
        fill(disk / "filler")
        pressed = request(candor.public, "POST", path, timeout=20)
        self.assertEqual(pressed.status, 503, pressed.text)
        self.assertIn("You are not the lead yet", pressed.text)
        looked = candor.page(path)
        self.assertEqual(looked.status, 503)
        self.assertNotIn("You are the lead now", looked.text)
        (disk / "filler").unlink()
        wait_for("the ack to be kept", lambda: "You are the lead now" in candor.page(path).text)
        candor.kill()
        candor.start()
        self.assertIn("You are the lead now", candor.page(path).text)

    def test_makes_no_job_late_whose_calls_it_kept_out(self):
        disk = self.small_disk()
        candor = self.candor('[[probe]]\nname = "backup"\nevery = "100ms"\n[probe.heartbeat]\nlate_after = "2s"\n')
        call = "/api/v1/heartbeat/backup"
        self.assertEqual(request(candor.admin, "GET", call).status, 200)
        wait_for("the call to count", lambda: "probe=backup health=ok" in candor.log.read_text())
        fill(disk / "filler")
        wait_for("a refusal", lambda: request(candor.admin, "GET", call).status == 503)
        time.sleep(3)
        (disk / "filler").unlink()
        wait_for("readiness to return", lambda: request(candor.admin, "GET", "/-/ready").status == 200)
        wait_for("the job to be unknown", lambda: "no calls were heard until" in candor.log.read_text())
        self.assertEqual(request(candor.admin, "GET", call).status, 200)
        wait_for("the job to be well", lambda: candor.log.read_text().count("probe=backup health=ok") == 2)
        self.assertNotIn("health=failing", candor.log.read_text())

    def test_a_start_that_waits_for_room(self):
        disk = self.small_disk()
        candor = self.candor("")
        candor.stop()
        fill(disk / "filler")
        candor.start(wait=False)
        self.assertEqual(candor.process.wait(20), 75, candor.log.read_text())
        self.assertIn("the disk is full", candor.log.read_text())
        (disk / "filler").unlink()
        candor.start()


class Reload(CandorTest):
    def test_a_wrong_configuration_changes_nothing_and_says_why(self):
        target, phone = self.recorder(), self.recorder()
        config = shop(target.url, phone.url)
        candor = self.candor(config)
        candor.configure(config.replace("every =", "evry =").replace("[[rule]]", "[[rule]]\nwehn = 1", 1))
        checked = subprocess.run(
            [str(BIN / "candord"), "--check", "--config", str(candor.file)], capture_output=True, text=True
        )
        mistakes = checked.stderr.splitlines()[:-1]
        self.assertGreater(len(mistakes), 1)
        answer = candor.api("POST", "/-/reload")
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.text.splitlines(), mistakes)
        self.assertIn('did you mean "every"?', answer.text)
        candor.process.send_signal(1)
        wait_for("both refusals", lambda: candor.log.read_text().count("reload_refused") == 2)
        for mistake in mistakes:
            self.assertEqual(candor.log.read_text().count(f"config_mistake: {mistake}"), 2)
        target.status = 500
        wait_for("the old configuration to work", candor.incidents)

    def test_a_refused_one_is_in_the_status_until_one_is_accepted(self):
        good = '[[component]]\nid = "shop"\n'
        candor = self.candor(good)
        troubles = lambda: candor.api("GET", "/api/v1/status").json["troubles"]
        self.assertEqual(troubles(), [])
        candor.configure(good + "[page\n")
        mistake = candor.api("POST", "/-/reload").text.strip()
        self.assertEqual(len(first := troubles()), 1)
        self.assertIn(f"the one before it is in force: {mistake}: mend it and reload", first[0]["what"])
        self.assertIn(mistake, candor.ctl("status").stdout)
        candor.configure(good.replace("id =", "idd ="))
        candor.process.send_signal(signal.SIGHUP)
        wait_for("the latest refusal", lambda: "id is missing" in troubles()[0]["what"])
        self.assertIn(", and 1 more: mend it", troubles()[0]["what"])
        self.assertEqual([it["since"] for it in troubles()], [first[0]["since"]], "since the first of them")
        candor.configure(good)
        candor.process.send_signal(signal.SIGHUP)
        wait_for("nothing to be wrong", lambda: not troubles())

    def test_sighup_takes_over_a_good_one_and_open_incidents_stay(self):
        target, phone = self.recorder(), self.recorder()
        config = shop(target.url, phone.url)
        candor = self.candor(config)
        target.status = 500
        wait_for("a page", lambda: phone.messages("page"))
        candor.configure(config.replace('name = "Checkout"', 'name = "Cash desk"'))
        candor.process.send_signal(1)
        wait_for("the new name", lambda: "Cash desk" in candor.page("/").text)
        time.sleep(1)
        self.assertEqual(len(candor.incidents()), 1)
        self.assertEqual(len(phone.messages("page")), 1, "a reload pages nobody again")
        candor.configure(config.replace("[[component]]", "[[component]]", 1).replace("127.0.0.1", "127.0.0.1"))
        moved = candor.file.read_text().replace(f':{candor.public}"', ':1"')
        candor.file.write_text(moved)
        answer = candor.api("POST", "/-/reload")
        self.assertEqual(answer.status, 400)
        self.assertRegex(answer.text, r"candor\.toml:\d+:\d+: \[listen\] public cannot change .*restart")


    def test_it_names_the_open_incidents_that_it_leaves_to_humans(self):
        target, phone = self.recorder(), self.recorder()
        config = shop(target.url, phone.url)
        candor = self.candor(config)
        self.assertEqual(candor.api("POST", "/-/reload").text, "watching 1 probes and 0 sources by 1 rules\n")
        target.status = 500
        wait_for("a page", lambda: phone.messages("page"))
        [incident] = candor.incidents()
        candor.configure(config.replace("[[rule]]\nname = \"", "[[rule]]\nname = \"new-"))
        answer = candor.api("POST", "/-/reload")
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.text, f"\nopen until somebody resolves them, .*: {incident['id']}\n")
        wait_for("the line about it", lambda: "incidents_left_to_humans" in candor.log.read_text())
        self.assertIn(f"of open incident {incident['id']} is no longer configured", candor.ctl("status").stdout)
        target.status = 200
        wait_for("it to be well", lambda: {one["health"] for one in candor.signals()} == {"ok"})
        candor.configure(config)
        self.assertIn(incident["id"], candor.api("POST", "/-/reload").text, "its rule is back, and quiet")
        self.assertRegex(candor.ctl("status").stdout, f"nobody saw the end of .* open incident {incident['id']} ")
        done = candor.ctl("incident", "resolve", incident["id"], "--body", "The payment provider is back.")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(incident["id"], candor.api("POST", "/-/reload").text)
        self.assertNotIn("nobody saw the end", candor.ctl("status").stdout)

    def test_it_names_an_escalation_that_it_takes_out_under_an_open_incident(self):
        target, phone = self.recorder(), self.recorder()
        config = shop(target.url, phone.url)
        candor = self.candor(config.replace('page = "all"\n', ""))
        wait_for("a first probe", lambda: target.gets > 0)
        target.status = 500
        [incident] = wait_for("an incident", candor.incidents)
        candor.configure(config)
        self.assertEqual(candor.api("POST", "/-/reload").text, "watching 1 probes and 0 sources by 1 rules\n")
        wait_for("a page, of the escalation that the rule has now", lambda: phone.messages("page"))

        candor.configure(config.replace('"all"', '"first"').replace('page = "first"\n', ""))
        words = (f'incident {incident["id"]} paged along escalation "all", which is no longer configured: '
                 "nobody is paged further")
        self.assertIn(words + "\n", candor.api("POST", "/-/reload").text)
        wait_for("the log", lambda: "escalation_lost" in candor.log.read_text())
        self.assertIn('paged along escalation "all", which is no longer configured', candor.ctl("status").stdout)
        self.assertEqual(candor.ctl("ack", incident["id"], "--contact", "ana").returncode, 0)
        self.assertEqual(candor.api("POST", "/-/reload").text, "watching 1 probes and 0 sources by 1 rules\n")
        self.assertEqual(len(phone.messages("page")), 1)

    def test_an_open_incident_follows_its_component_to_another_id_or_is_named(self):
        target, phone = self.recorder(), self.recorder()
        config = shop(target.url, phone.url)
        candor = self.candor(config)
        wait_for("a first probe", lambda: target.gets > 0)
        target.status = 500
        wait_for("public words", lambda: "Checkout is having problems" in candor.page("/").text)
        [incident] = candor.incidents()
        self.assertEqual(candor.ctl("ack", incident["id"], "--contact", "ana").returncode, 0)

        def component():
            [one] = candor.page("/api/v2/components.json").json["components"]
            return one["name"], one["status"]

        config = config.replace('id = "checkout"', 'id = "till-07"')
        config = config.replace('name = "checkout-down"\ncomponent = "checkout"', 'name = "checkout-down"\ncomponent = "till-07"')
        config = config.replace('name = "checkout-http"\ncomponent = "checkout"', 'name = "checkout-http"\ncomponent = "till-07"')
        candor.configure(config.replace("when = { probe = 'component=\"checkout\"'", "when = { probe = 'probe=\"checkout-http\"'"))
        self.assertNotIn("no longer configured", candor.api("POST", "/-/reload").text)
        wait_for("the new id", lambda: component() == ("Checkout", "major_outage"))

        candor.ctl("incident", "update", incident["id"], "--body", "We know more.")
        gone = candor.file.read_text().replace('id = "till-07"', 'id = "shop"').replace('component = "till-07"\n', "")
        candor.file.write_text(gone)
        answer = candor.api("POST", "/-/reload")
        self.assertEqual(answer.status, 200, answer.text)
        self.assertIn(f'incident {incident["id"]} is about component "till-07", which is no longer configured', answer.text)
        wait_for("the log", lambda: "component_lost" in candor.log.read_text())
        self.assertNotIn("till-07", candor.page("/incidents/" + incident["id"]).text)
        self.assertNotIn("till-07", candor.page("/api/v2/summary.json").text)


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
