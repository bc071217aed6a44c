"""A backup taken under load, restored as the operator's guide says."""

import contextlib
import shutil
import sqlite3
import subprocess
import threading
import time
import unittest

from harness import CandorTest, ana, request, shop, wait_for


class Backup(CandorTest):
    def push(self, candor, *names):
        alerts = [{"labels": {"alertname": name}} for name in names]
        self.assertEqual(request(candor.admin, "POST", "/alertmanager/api/v2/alerts", alerts).status, 200)

    def fill(self, candor, name):
        """Until the log is so long that it is moved into the journal, in a lull."""
        journal = candor.state / "candor.db"
        before = journal.stat().st_size
        for part in range(100):
            alerts = [{"labels": {"alertname": f"{name}{part}-{number}", "x": "y" * 300}} for number in range(256)]
            self.assertEqual(request(candor.admin, "POST", "/alertmanager/api/v2/alerts", alerts).status, 200)
            time.sleep(0.1)
            if journal.stat().st_size > before:
                break
        self.assertGreater(journal.stat().st_size, before)
        time.sleep(0.5)  # all of it

    def test_taken_while_alerts_arrive_is_restored_by_putting_it_in_place(self):
        target, phone = self.recorder(), self.recorder()
        candor = self.candor(shop(target.url, phone.url))
        target.status = 503
        wait_for("a page", lambda: phone.messages("page"))
        done = threading.Event()
        answers = []

        def push():
            while not done.is_set():
                alert = [{"labels": {"alertname": f"A{len(answers)}"}}]
                answers.append(request(candor.admin, "POST", "/alertmanager/api/v2/alerts", alert).status)

        pushing = threading.Thread(target=push)
        pushing.start()
        try:
            wait_for("alerts", lambda: len(answers) > 50)
            copy = self.folder / "copy.db"
            made = candor.ctl("backup", str(copy), "--journal", str(candor.state / "candor.db"))
            self.assertEqual(made.returncode, 0, made.stderr)
            at_the_copy = len(answers)
            wait_for("more alerts", lambda: len(answers) > at_the_copy + 50)
        finally:
            done.set()
            pushing.join()
        self.assertEqual(set(answers), {200}, "nobody was held up or turned away")
        before = candor.incidents()[0]["id"]
        self.assertEqual(candor.stop(), 0)

        key = (candor.state / "ack.key").read_bytes()
        shutil.rmtree(candor.state)
        candor.state.mkdir(mode=0o700)
        shutil.copyfile(copy, candor.state / "candor.db")
        (candor.state / "ack.key").write_bytes(key)
        (candor.state / "ack.key").chmod(0o600)
        candor.start()
        self.assertEqual(candor.incidents()[0]["id"], before)
        known = {signal["labels"].get("alertname") for signal in candor.signals()}
        self.assertIn("A49", known, "it was answered before the copy was begun")
        self.assertNotIn(f"A{at_the_copy + 50}", known, "it came after the copy")
        ack = phone.messages("page")[0]["ack_url"]
        self.assertEqual(candor.page(ack[ack.index("/ack/"):]).status, 200, "links in pages already sent still work")

    def test_of_a_journal_that_cannot_be_written_is_made_or_refused_with_what_to_do(self):
        disk = self.disk("16m")
        candor = self.candor("")
        candor.stop()
        (disk / "a?b%20#c").mkdir()
        (disk / "a?b%20#c" / "candor.db").write_bytes((disk / "candor.db").read_bytes())
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

        def back_up(journal, copy):
            return candor.ctl("backup", "--journal", str(journal), str(self.folder / copy))

        for journal, copy in ((disk / "candor.db", "one.db"), (disk / "a?b%20#c" / "candor.db", "two.db")):
            done = back_up(journal, copy)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue((self.folder / copy).exists())

        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        candor.start()
        candor.kill()
        (disk / "candor.db-shm").unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        done = back_up(disk / "candor.db", "three.db")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("copy candor.db and candor.db-wal to where they can be written", done.stderr)
        self.assertFalse((self.folder / "three.db").exists())

    def test_a_restored_journal_gives_nothing_the_name_of_what_it_has_forgotten(self):
        phone = self.recorder()
        rules = "".join(f'''
[[rule]]
name = "{name}"
when = {{ alert = 'alertname="{name}"' }}
page = "all"
''' for name in ("Web", "Db"))
        candor = self.candor(rules + ana(phone.url, wait="1h"))

        self.push(candor, "Other")
        copy = self.folder / "copy.db"
        made = candor.ctl("backup", str(copy), "--journal", str(candor.state / "candor.db"))
        self.assertEqual(made.returncode, 0, made.stderr)
        self.push(candor, "Web")
        wait_for("a page", lambda: phone.messages("page"))
        (forgotten,) = candor.incidents()
        self.assertEqual(candor.stop(), 0)
        (candor.state / "candor.db").unlink()
        shutil.copyfile(copy, candor.state / "candor.db")
        candor.start()
        self.push(candor, "Db")
        wait_for("another page", lambda: len(phone.messages("page")) == 2)
        (opened,) = candor.incidents()
        self.assertNotEqual(opened["id"], forgotten["id"])
        self.assertEqual(len({message["headers"]["Idempotency-Key"] for message in phone.received}), 2)
        ack = phone.messages("page")[0]["ack_url"]
        self.assertEqual(candor.page(ack[ack.index("/ack/"):]).status, 404, "the link is of what is forgotten")

    def test_a_journal_that_is_deleted_under_candord_is_there_again(self):
        candor = self.candor("")

        self.push(candor, "Before")
        for file in candor.state.glob("candor.db*"):
            file.unlink()
        self.push(candor, "After")
        self.assertEqual(candor.stop(), 0)
        self.assertIn("journal_put_back", candor.log.read_text())
        candor.start()
        self.assertEqual({signal["labels"]["alertname"] for signal in candor.signals()}, {"Before", "After"})

    def test_a_state_directory_that_is_moved_away_is_there_again_with_the_key_of_ack_links(self):
        candor = self.candor("")
        key = candor.state / "ack.key"
        before = key.read_bytes()
        self.push(candor, "Before")
        candor.state.rename(self.folder / "moved")
        candor.state.mkdir(0o700)
        self.assertEqual(candor.stop(), 0)
        self.assertEqual((key.read_bytes(), key.stat().st_mode & 0o777), (before, 0o600))
        candor.start()
        self.assertEqual([signal["labels"]["alertname"] for signal in candor.signals()], ["Before"])

    def test_a_new_key_of_ack_links_beside_an_old_journal_is_told(self):
        candor = self.candor("")
        self.push(candor, "Before")
        self.assertEqual(candor.stop(), 0)
        (candor.state / "ack.key").unlink()
        self.assertNotIn("ack_key_made_anew", candor.log.read_text())
        candor.start()
        self.assertIn("ack_key_made_anew", candor.log.read_text())

    def test_an_older_copy_of_the_same_run_that_is_written_over_the_journal_is_left_alone(self):
        candor = self.candor("")
        journal = candor.state / "candor.db"
        self.fill(candor, "a")
        copy = journal.read_bytes()
        self.fill(candor, "b")
        with journal.open("r+b") as file:
            file.write(copy)
            file.truncate()
        wait_for("a word of it", lambda: "was written over" in candor.log.read_text(), 15)
        self.assertEqual(candor.api("GET", "/-/ready").status, 503)
        candor.kill()
        self.assertEqual(journal.read_bytes(), copy)

    def test_a_log_that_another_program_moved_after_kills_is_candords_own(self):
        candor = self.candor("", start=False)
        for run in "abc":
            candor.start()
            self.push(candor, *(f"{run}{number}" for number in range(60)))
            candor.kill()
        candor.start()
        with contextlib.closing(sqlite3.connect(candor.state / "candor.db", isolation_level=None)) as other:
            other.execute("PRAGMA wal_checkpoint")
        self.push(candor, "Late")
        self.assertEqual(candor.stop(), 0)
        self.assertNotIn("was written over", candor.log.read_text())
        candor.start()
        self.assertEqual(len(candor.api("GET", "/api/v1/signals?limit=500").json["signals"]), 181)


if __name__ == "__main__":
    unittest.main()
