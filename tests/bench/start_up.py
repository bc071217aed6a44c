"""How long a start takes with a long journal: 100,000 signal changes through the push API, kill -9, start.

    CANDOR_BIN=build/release/bin python3 tests/bench/start_up.py [CHANGES]
"""

import pathlib
import re
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import Candor, request, wait_for  # noqa: E402

BATCH = 250


def main():
    changes = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    folder = tempfile.mkdtemp(prefix="candor-bench-")
    candor = Candor(folder, "").start()
    try:
        began = time.monotonic()
        for batch in range(changes // BATCH):
            # Each batch begins the alerts that the one before ended, so that every post is BATCH changes.
            ended = {"endsAt": "2026-01-01T00:00:00Z", "startsAt": "2025-12-31T00:00:00Z"} if batch % 2 else {}
            alerts = [{"labels": {"alertname": f"Alert{i}", "service": "shop"}, **ended} for i in range(BATCH)]
            assert request(candor.admin, "POST", "/alertmanager/api/v2/alerts", alerts).status == 200
        took = time.monotonic() - began
        print(f"{changes} changes accepted durably in {took:.1f} s ({changes / took:.0f} a second, one client, {BATCH} a post)")
        candor.kill()
        began = time.monotonic()
        candor.start()
        ready = time.monotonic() - began
        wait_for("both starts in the log", lambda: candor.log.read_text().count("candord_ready") == 2)
        opened = re.findall(r"journal_opened .*", candor.log.read_text())[-1]
        print(f"ready {ready * 1000:.0f} ms after the start of the process; {opened.split(': ')[0]}")
    finally:
        candor.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
