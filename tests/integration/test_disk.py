"""Disks that fail: slow, stuck, read-only, broken, torn and garbled. (A full one is in test_full_disk.)"""

import errno
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time
import unittest

from harness import ALERT_A, CandorTest, day_and_night, free_port, request, wait_for

HERE = pathlib.Path(__file__).parent
RULE = '[[rule]]\nname = "r"\nwhen = { alert = \'alertname="Last"\' }\n'


def alert(name):
    return [{"labels": {"alertname": name}, "annotations": {"text": "it is down"}}]


def push(candor, name, timeout=20):
    return request(candor.admin, "POST", "/alertmanager/api/v2/alerts", alert(name), timeout=timeout)


def known(candor):
    signals = candor.api("GET", "/api/v1/signals?limit=5000").json["signals"]
    return {signal["labels"]["alertname"] for signal in signals}


def is_ready(candor):
    return request(candor.admin, "GET", "/-/ready").status == 200


class MoodyDisk(CandorTest):
    def setUp(self):
        super().setUp()
        shim = self.folder / "slow_disk.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(HERE / "slow_disk.c"), "-ldl"], check=True)
        self.mood = self.folder / "mood"
        self.set_mood("well")
        # Where candord is built with sanitizers, those want to be loaded first and are content with being told.
        self.shop = self.candor(RULE, env={"LD_PRELOAD": str(shim), "DISK_MOOD": str(self.mood),
                                           "ASAN_OPTIONS": "verify_asan_link_order=0"})

    def set_mood(self, text):
        new = self.mood.with_suffix(".new")
        new.write_text(text)
        new.rename(self.mood)

    def test_slow_answers_late_and_loses_nothing_and_visitors_do_not_wait(self):
        self.set_mood("slow 400")
        answers, took = {}, {}

        def send(name):
            began = time.monotonic()
            answers[name] = push(self.shop, name).status
            took[name] = time.monotonic() - began

        senders = [threading.Thread(target=send, args=(f"A{i}",)) for i in range(20)]
        for sender in senders:
            sender.start()
        slowest_page = 0.0
        while any(sender.is_alive() for sender in senders):
            began = time.monotonic()
            self.assertEqual(self.shop.page("/").status, 200)
            slowest_page = max(slowest_page, time.monotonic() - began)
        for sender in senders:
            sender.join()
        self.shop.kill()
        self.assertEqual(set(answers.values()), {200})
        self.assertGreaterEqual(min(took.values()), 0.4, "an answer before its flush had ended")
        self.assertLess(max(took.values()), 5, "twenty senders share a few flushes")
        self.assertLess(slowest_page, min(took.values()), "a visitor waited for the disk")
        self.set_mood("well")
        self.shop.start()
        self.assertEqual(known(self.shop), set(answers))

    def test_stuck_for_a_while_says_so_takes_nothing_in_and_goes_on_by_itself(self):
        self.set_mood("slow 9000")
        late = {}
        sender = threading.Thread(target=lambda: late.update(answer=push(self.shop, "Late", timeout=60).status))
        sender.start()
        wait_for("readiness to go", lambda: not is_ready(self.shop))
        refused = push(self.shop, "Refused")
        self.assertEqual(refused.status, 503)
        self.assertIn("has not answered for", refused.text)
        self.assertEqual(self.shop.page("/").status, 200)
        self.set_mood("well")
        wait_for("readiness to return", lambda: is_ready(self.shop))
        sender.join()
        self.shop.kill()
        self.shop.start()
        self.assertEqual("Late" in known(self.shop), True, "it was taken in")
        self.assertNotIn("Refused", known(self.shop))

    def fails_for_a_while(self, number):
        self.assertEqual(push(self.shop, "Before").status, 200)
        self.set_mood(f"fail {number}")
        pending = threading.Thread(target=push, args=(self.shop, "During"))
        pending.start()
        wait_for("readiness to go", lambda: not is_ready(self.shop))
        refused = push(self.shop, "Refused")
        self.assertEqual(refused.status, 503)
        self.assertIn(os.strerror(number), refused.text)
        self.assertIn(str(self.shop.state / "candor.db"), refused.text)
        status = self.shop.ctl("status").stdout
        self.assertIn(os.strerror(number), status)
        self.assertEqual(self.shop.page("/").status, 200)
        self.set_mood("well")
        wait_for("readiness to return", lambda: is_ready(self.shop))
        pending.join()
        self.shop.kill()
        self.shop.start()
        self.assertEqual(known(self.shop), {"Before", "During"})

    def test_that_turns_read_only_refuses_what_is_new_and_keeps_what_it_took(self):
        self.fails_for_a_while(errno.EROFS)

    def test_that_breaks_refuses_what_is_new_and_keeps_what_it_took(self):
        self.fails_for_a_while(errno.EIO)

    def test_that_breaks_leaves_probes_of_a_reload_unknown_until_they_have_run(self):
        self.set_mood(f"fail {errno.EIO}")
        pending = threading.Thread(target=push, args=(self.shop, "During"))
        pending.start()
        wait_for("readiness to go", lambda: not is_ready(self.shop))
        slow = '[[probe]]\nname = "slow"\ntimeout = "50s"\nevery = "60s"\n[probe.exec]\ncommand = ["/bin/sleep", "45"]\n'
        self.shop.configure(RULE + slow)
        self.assertEqual(self.shop.api("POST", "/-/reload").status, 200)
        self.set_mood("well")
        wait_for("readiness to return", lambda: is_ready(self.shop))
        pending.join()

        def unknown_since():
            slow = self.shop.api("GET", "/api/v1/probes").json["probes"][0]
            return slow["health"] == "unknown" and slow["since"]

        wait_for("the probe to be known", unknown_since, patience=6)

    def test_that_breaks_opens_nothing_at_a_reload_by_what_was_seen_before(self):
        target = self.recorder()
        target.status = 503
        watched = (RULE + f'[[probe]]\nname = "shop"\nevery = "3s"\n[probe.http]\nurl = "{target.url}"\n'
                   '[[rule]]\nname = "shop-down"\nwhen = { probe = \'probe="shop"\', for = "8s" }\n')
        self.shop.configure(watched)
        self.assertEqual(self.shop.api("POST", "/-/reload").status, 200)
        wait_for("the failure", lambda: [signal["health"] for signal in self.shop.signals()] == ["failing"])
        self.set_mood(f"fail {errno.EIO}")
        pending = threading.Thread(target=push, args=(self.shop, "During"))
        pending.start()
        wait_for("readiness to go", lambda: not is_ready(self.shop))
        target.status = 200
        time.sleep(8)
        self.assertEqual(self.shop.api("POST", "/-/reload").status, 200)
        self.set_mood("well")
        wait_for("readiness to return", lambda: is_ready(self.shop))
        pending.join()
        wait_for("a look", lambda: "ok" in [signal["health"] for signal in self.shop.signals()])
        self.assertEqual(self.shop.incidents(), [])

    def trouble(self, seconds):
        self.set_mood(f"fail {errno.EIO}")
        pending = threading.Thread(target=push, args=(self.shop, f"During{time.monotonic_ns()}"))
        pending.start()
        wait_for("readiness to go", lambda: not is_ready(self.shop))
        time.sleep(seconds)
        self.set_mood("well")
        wait_for("readiness to return", lambda: is_ready(self.shop))
        pending.join()

    def test_that_breaks_opens_nothing_by_what_nobody_looked_at_since(self):
        target = self.recorder()
        target.status = 503
        self.shop.configure(f'[[probe]]\nname = "shop"\nevery = "25s"\n[probe.http]\nurl = "{target.url}"\n'
                            '[[rule]]\nname = "shop-down"\nwhen = { probe = \'probe="shop"\', for = "8s" }\n')
        self.assertEqual(self.shop.api("POST", "/-/reload").status, 200)
        wait_for("the failure", lambda: [signal["health"] for signal in self.shop.signals()] == ["failing"], 30)
        target.status = 200
        looked = target.gets
        self.trouble(12)
        self.assertEqual(target.gets, looked, "no run in the trouble")
        wait_for("a look", lambda: "probe=shop health=ok" in self.shop.log.read_text(), 30)
        self.assertEqual(self.shop.incidents(), [])

    def test_that_breaks_again_and_again_hides_no_job_that_is_dead(self):
        self.shop.configure('[[probe]]\nname = "backup"\nevery = "100ms"\n[probe.heartbeat]\nlate_after = "9s"\n')
        self.assertEqual(self.shop.api("POST", "/-/reload").status, 200)
        self.assertEqual(request(self.shop.admin, "GET", "/api/v1/heartbeat/backup").status, 200)
        wait_for("the call to count", lambda: "probe=backup health=ok" in self.shop.log.read_text())
        began = time.monotonic()
        while time.monotonic() - began < 9 + 15 + 9 + 2:
            self.trouble(1)
            time.sleep(1)
        self.assertIn("probe=backup health=unknown", self.shop.log.read_text())
        self.assertIn("probe=backup health=failing", self.shop.log.read_text())

    def reload_that_withdraws_a_page(self, mood):
        """Ana's page could not be sent; the reload mends her address, and has bo paged before her."""
        ana, bo = self.recorder(), self.recorder()
        self.shop.configure(day_and_night(f"http://127.0.0.1:{free_port()}/", bo.url, "day"))
        self.assertEqual(self.shop.api("POST", "/-/reload").status, 200)
        self.assertEqual(self.shop.api("POST", "/alertmanager/api/v2/alerts", ALERT_A).status, 200)
        wait_for("an attempt", lambda: "delivery_failed" in self.shop.log.read_text())
        self.set_mood(mood)
        self.shop.configure(day_and_night(ana.url, bo.url, "night"))
        self.assertEqual(self.shop.api("POST", "/-/reload").status, 200)
        return ana, bo

    def test_that_is_slow_lets_no_page_out_that_a_reload_withdraws(self):
        ana, bo = self.reload_that_withdraws_a_page("slow 800")
        wait_for("both pages", lambda: ana.messages("page") and bo.messages("page"))
        time.sleep(1)
        self.assertEqual([len(ana.messages("page")), len(bo.messages("page"))], [1, 1])

    def test_that_refuses_keeps_no_page_back_that_a_reload_withdraws_in_vain(self):
        ana, bo = self.reload_that_withdraws_a_page(f"fail {errno.EIO}")
        wait_for("the page that is not withdrawn on the disk", lambda: ana.messages("page"))
        self.assertEqual(bo.messages("page"), [], "what the reload decided is not on the disk")
        self.set_mood("well")
        wait_for("what the reload decided", lambda: bo.messages("page"))

    def test_that_cannot_be_read_at_the_start_is_no_damaged_journal(self):
        self.shop.api("POST", "/api/v1/incidents", {"title": "Slow", "body": "We look into it."})
        self.shop.stop()
        self.set_mood(f"read {errno.EIO}")
        self.shop.start(wait=False)
        self.assertEqual(self.shop.process.wait(20), 75)
        last = self.shop.log.read_text().splitlines()[-1]
        self.assertRegex(last, r"the disk of journal .* cannot be read \(.*Input/output error.*\): look at the disk first")
        self.assertNotIn("backup", last)
        self.set_mood("well")
        self.shop.start()
        self.assertEqual(len(self.shop.incidents()), 1)


class ReadOnly(CandorTest):
    def test_at_the_start_is_told_in_one_sentence_and_harms_nothing(self):
        disk = self.disk("8m")
        candor = self.candor(RULE)
        self.assertEqual(push(candor, "Before").status, 200)
        candor.kill()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        candor.log.unlink()
        candor.start(wait=False)
        self.assertIn(candor.process.wait(20), (65, 73))
        said = candor.log.read_text().strip()
        self.assertEqual(said.count("\n"), 0, said)
        self.assertIn("Read-only file system", said)
        self.assertIn(str(disk), said)
        self.assertNotIn("give it to the user", said)
        self.assertIn("mount it to be written", said)
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        candor.start()
        self.assertEqual(known(candor), {"Before"})


class Damage(CandorTest):
    """The journal of a killed candord, damaged before the next start. Each alert was one commit."""

    ALERTS = [f"A{i}" for i in range(12)]

    def setUp(self):
        super().setUp()
        self.shop = self.candor(RULE)
        for name in self.ALERTS[:6]:
            self.assertEqual(push(self.shop, name).status, 200)
        self.assertEqual(self.shop.stop(), 0)  # so that half is in the file and half in its log
        self.shop.start()
        for name in self.ALERTS[6:]:
            self.assertEqual(push(self.shop, name).status, 200)
        self.shop.kill()
        self.sound = self.folder / "sound"
        shutil.copytree(self.shop.state, self.sound)

    def log(self):
        """The journal's log to its last frame, without the zeros that are kept ready behind it."""
        data = (self.sound / "candor.db-wal").read_bytes()
        end = 32
        while data[end + 8:end + 16] == data[16:24]:
            end += 24 + 4096
        self.assertGreater(end, 32 + 4120)
        return data[:end]

    def put(self, file, data):
        shutil.rmtree(self.shop.state)
        shutil.copytree(self.sound, self.shop.state)
        (self.shop.state / file).write_bytes(data)
        self.shop.log.unlink(missing_ok=True)

    def start_with(self, file, data):
        """Starts with this content of one file; answers what is known, None if it refused, and the log."""
        self.put(file, data)
        self.shop.start(wait=False)
        wait_for("a start or an end",
                 lambda: self.shop.process.poll() is not None or request_or_none(self.shop))
        found = known(self.shop) if self.shop.process.poll() is None else None
        if found is not None:
            wait_for("its log", lambda: "candord_ready" in self.shop.log.read_text())
            self.shop.kill()
        return found, self.shop.log.read_text()

    def check(self, file, data, what):
        found, log = self.start_with(file, data)
        if found is None:
            self.assertEqual(self.shop.process.returncode, 65, f"{what}: {log}")
            self.assertEqual(log.strip().count("\n"), 0, f"{what}: {log}")
            self.assertIn(str(self.shop.state / "candor.db"), log)
            return "refused"
        self.assertEqual(found, set(self.ALERTS[:len(found)]), f"{what}: not what a commit left")
        if len(found) == len(self.ALERTS):
            return "changed nothing"
        told = re.search(r"journal_(cut_short|end_lost).*event \d+ of 20\d\d-", log)
        self.assertTrue(told, f"{what}: {log}")
        return "told"

    def test_of_the_last_transaction_is_told_with_the_event_that_it_goes_on_from(self):
        data = self.log()
        self.assertEqual(self.check("candor.db-wal", data[:-100], "cut within the last frame"), "told")
        garbled = data[:-2000] + os.urandom(2000)
        self.assertEqual(self.check("candor.db-wal", garbled, "a garbled last page"), "told")
        self.assertEqual(self.check("candor.db-wal", garbled + bytes(1 << 20), "with zeros behind it"), "told")
        self.assertEqual(self.check("candor.db-wal", data + bytes(1 << 20), "a log that is wider"), "changed nothing")

    def test_is_met_with_a_log_as_wide_as_its_alerts_need_after_any_start(self):
        log = self.shop.state / "candor.db-wal"
        for number, end in enumerate((self.shop.kill, self.shop.stop, self.shop.stop)):
            self.shop.start()
            time.sleep(0.5)  # a lull with nothing in the log
            self.assertEqual(push(self.shop, f"Wide{number}").status, 200)
            wait_for("room for alerts", lambda: log.stat().st_size >= 32 + 4000 * 4120)
            end()

    def test_of_the_middle_of_the_log_is_told(self):
        data = bytearray(self.log())
        data[len(data) // 2] ^= 0x10
        self.assertEqual(self.check("candor.db-wal", data, "the middle"), "told")
        self.assertIn("journal_end_lost", self.shop.log.read_text())

    def test_of_a_log_that_is_gone_or_empty_is_told_though_the_last_writes_are_young(self):
        for what in ("empty", "gone"):
            self.put("candor.db-wal", b"")
            if what == "gone":
                (self.shop.state / "candor.db-wal").unlink()
            self.shop.start()
            self.assertRegex(self.shop.log.read_text(), r"journal_end_lost.*event \d+ of 20\d\d-", what)
            self.assertRegex(self.shop.ctl("status").stdout, r"what was written after event \d+ of \S+ (may be|is) lost")
            self.shop.stop()
            self.shop.log.unlink()
            self.shop.start()
            self.assertNotRegex(self.shop.log.read_text(), "journal_end_lost|journal_cut_short")
            self.shop.stop()

    def test_that_lost_something_stays_in_sight_until_the_next_start_and_is_told_once(self):
        data = bytearray(self.log())
        data[len(data) // 2] ^= 0x10
        self.put("candor.db-wal", data)
        self.shop.start()
        self.assertRegex(self.shop.ctl("status").stdout, r"what was written after event \d+ of \S+ is lost")
        self.assertIn("candor_store_end_lost 1\n", request(self.shop.admin, "GET", "/metrics").text)
        self.shop.kill()
        self.shop.log.unlink()
        self.shop.start()
        wait_for("its log", lambda: "candord_ready" in self.shop.log.read_text())
        self.assertNotRegex(self.shop.log.read_text(), "journal_end_lost|journal_cut_short")
        self.assertIn("candor_store_end_lost 0\n", request(self.shop.admin, "GET", "/metrics").text)

    def test_of_the_files_last_pages_is_refused(self):
        # The very last one is of an index, empty here and therefore no loss.
        data = (self.sound / "candor.db").read_bytes()
        self.assertEqual(self.check("candor.db", data[:-6000], "cut within the last page but one"), "refused")

    def test_of_a_byte_anywhere_is_refused_told_or_changes_nothing(self):
        fates = {"refused": 0, "told": 0, "changed nothing": 0}
        for file in ("candor.db", "candor.db-wal"):
            data = self.log() if file.endswith("-wal") else (self.sound / file).read_bytes()
            for at in range(13, len(data), len(data) // 16):
                damaged = bytearray(data)
                damaged[at] ^= 0x55
                fates[self.check(file, damaged, f"{file} at {at}")] += 1
        print(fates, flush=True)
        self.assertGreater(fates["told"], 5)


def request_or_none(candor):
    try:
        return request(candor.admin, "GET", "/-/ready").status == 200
    except OSError:
        return None


if __name__ == "__main__":
    unittest.main()
