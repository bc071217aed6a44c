"""How long from a failure to the page of the lead and to public words, through a real candord on this machine.

    CANDOR_BIN=build/release/bin python3 tests/bench/disclosure_delay.py [TRIALS]

A target flips to HTTP 503 at a random moment of the probe's interval. The promise is `for` + one interval + 100 ms; what
is printed is the delay beyond `for`, to be held against one interval (1000 ms) + 100 ms.
"""

import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import Candor, Recorder, shop, wait_for  # noqa: E402

HOLD = 1.0


def main():
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    folder = tempfile.mkdtemp(prefix="candor-bench-")
    target, phone = Recorder(), Recorder()
    config = shop(target.url, phone.url, hold="1s", every="1s", resolve_after="0s").replace(
        'resolve_after = "0s"', 'resolve_after = "0s"\nreopen_within = "0s"'
    )
    candor = Candor(folder, config).start()
    pages, words = [], []
    try:
        for trial in range(trials):
            wait_for("quiet", lambda: all(s["health"] == "ok" for s in candor.signals()) and candor.signals())
            wait_for("no open incident", lambda: not candor.page("/api/v2/summary.json").json["incidents"])
            time.sleep(random.uniform(0.5, 1.5))
            known = len(phone.messages("page"))
            seen = []

            def watch():
                while not seen:
                    if candor.page("/api/v2/incidents/unresolved.json").json["incidents"]:
                        seen.append(time.time())
                    time.sleep(0.002)

            watcher = threading.Thread(target=watch)
            flipped = time.time()
            target.status = 503
            watcher.start()
            wait_for("a page", lambda: len(phone.messages("page")) > known)
            watcher.join(30)
            arrived = [item["at"] for item in phone.received if b'"event":"page"' in item["body"]][-1]
            pages.append((arrived - flipped - HOLD) * 1000)
            words.append((seen[0] - flipped - HOLD) * 1000)
            target.status = 200
    finally:
        candor.stop()
        shutil.rmtree(folder)
    for name, values in (("page arrived at the webhook", pages), ("words on the public page", words)):
        values.sort()
        print(f"{name}: {len(values)} trials, beyond `for`: min {values[0]:.0f} ms, median {values[len(values) // 2]:.0f} ms, "
              f"max {values[-1]:.0f} ms (one interval is 1000 ms)")


if __name__ == "__main__":
    main()
