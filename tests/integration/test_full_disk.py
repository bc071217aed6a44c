"""A full disk: candord refuses what it cannot keep, loses nothing, and goes on by itself."""

import contextlib
import os
import subprocess
import time
import unittest

from harness import BIN, CandorTest, request, shop, wait_for


def fill(file):
    """Takes what is left of the disk."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(descriptor, b"x" * 4096):
            pass
    os.close(descriptor)


def call(candor):
    return request(candor.admin, "GET", "/api/v1/heartbeat/backup")


class FullDisk(CandorTest):
    def test_says_at_once_that_an_update_was_due(self):
        disk = self.disk("3m")
        candor = self.candor('[cadence]\nminor = "10s"\n[[component]]\nid = "shop"\nname = "Shop"\n')
        opened = candor.api("POST", "/api/v1/incidents", {"title": "T", "body": "x", "components": {"shop": "major_outage"}})
        fill(disk / "filler")
        page = f"/incidents/{opened.json['id']}"
        self.assertNotIn("was due by", candor.page(page).text)
        wait_for("the promise to be taken back", lambda: "was due by" in candor.page(page).text)
        self.assertNotIn("We cannot see", candor.page("/").text)

    def test_accepts_no_more_and_loses_nothing(self):
        disk = self.disk("3m")
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
        disk = self.disk("3m")
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

    def job_whose_calls_are_kept_out(self, late_after):
        """A job that has called, and for a second longer than it may be silent is refused; and the file that fills the disk."""
        disk = self.disk("3m")
        candor = self.candor('[[probe]]\nname = "backup"\nevery = "100ms"\n[probe.heartbeat]\n'
                             f'late_after = "{late_after}s"\n')
        self.assertEqual(call(candor).status, 200)
        wait_for("the call to count", lambda: "probe=backup health=ok" in candor.log.read_text())
        fill(disk / "filler")
        wait_for("a refusal", lambda: call(candor).status == 503)
        time.sleep(late_after + 1)
        self.assertEqual(call(candor).status, 503)
        return candor, disk / "filler"

    def expect_no_late_job(self, candor):
        self.assertEqual(call(candor).status, 200)
        wait_for("the job to be well", lambda: candor.log.read_text().count("probe=backup health=ok") == 2)
        self.assertNotIn("health=failing", candor.log.read_text())

    def test_makes_no_job_late_whose_calls_it_kept_out(self):
        candor, filler = self.job_whose_calls_are_kept_out(2)
        filler.unlink()
        wait_for("readiness to return", lambda: request(candor.admin, "GET", "/-/ready").status == 200)
        wait_for("the job to be unknown", lambda: "no calls were heard until" in candor.log.read_text())
        self.expect_no_late_job(candor)

    def test_that_has_room_again_as_candord_ends_makes_no_job_late_at_the_next_start(self):
        candor, filler = self.job_whose_calls_are_kept_out(5)
        filler.unlink()
        self.assertEqual(candor.stop(), 0)
        candor.start()
        time.sleep(3)
        self.expect_no_late_job(candor)

    def test_a_start_that_waits_for_room(self):
        disk = self.disk("3m")
        candor = self.candor("")
        candor.stop()
        fill(disk / "filler")
        candor.start(wait=False)
        self.assertEqual(candor.process.wait(20), 75, candor.log.read_text())
        self.assertIn("the disk is full", candor.log.read_text())
        (disk / "filler").unlink()
        candor.start()


if __name__ == "__main__":
    unittest.main()
