"""The process beside its peers: at its start, and when there is nothing to do."""

import time

from bench import ROUNDS, Bench, cpu_seconds, median, probes, resident_mb
from harness import request


def row_idle():
    """100 probes every 30 s, and nothing else."""
    with Bench() as bench:
        _, port = bench.nginx()
        candor = bench.candor(probes(100, "30s", f"http://127.0.0.1:{port}/{{i}}"))
        alertmanager, _ = bench.alertmanager("http://127.0.0.1:1/")
        blackbox, _ = bench.blackbox()
        time.sleep(35)
        pid = candor.process.pid
        cpu, began = cpu_seconds(pid), time.monotonic()
        time.sleep(40)
        used = 100 * (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
        print(f"| idle, 100 probes every 30 s | {resident_mb(pid):.1f} MB, {used:.2f} % CPU | Alertmanager "
              f"{resident_mb(alertmanager):.0f} MB, blackbox_exporter {resident_mb(blackbox):.0f} MB |", flush=True)


def row_start():
    """Start with 1,000,000 journalled events after kill -9."""
    with Bench() as bench:
        candor = bench.candor("")
        for batch in range(4000):
            ended = {"endsAt": "2026-01-01T00:00:00Z", "startsAt": "2025-12-31T00:00:00Z"} if batch % 2 else {}
            alerts = [{"labels": {"alertname": f"Alert{i}", "service": "shop"}, **ended} for i in range(250)]
            assert request(candor.admin, "POST", "/alertmanager/api/v2/alerts", alerts).status == 200
        times = []
        for _ in range(ROUNDS):
            candor.kill()
            began = time.monotonic()
            candor.start()
            times.append((time.monotonic() - began) * 1000)
        size = (candor.state / "candor.db").stat().st_size / 1e6
        print(f"| start with 1,000,000 journalled events, after kill -9 | ready after {median(times):.0f} ms; journal {size:.0f} MB | – |",
              flush=True)
