"""Alerts, from their POST to the webhook, beside their peers."""

import http.client
import json
import os
import shutil
import time

from bench import ROUNDS, Bench, Receiver, cpu_seconds, latencies, median, parts, percentile, resident_mb


def row_signal_change():
    """One of 100,000 signals changes."""
    with Bench() as bench:
        for name, found in parts(bench, "", "one_signal_change").items():
            rules = name.split("/")[1]
            print(f"| one signal change, {rules} rules × 100,000 signals | p50 {found['p50_us']:.1f} µs, p99 {found['p99_us']:.1f} µs | – |",
                  flush=True)


def row_alert_to_webhook():
    """One alert's POST → the webhook."""
    count = 100
    with Bench() as bench:
        ours, theirs = [], []
        phone = Receiver(bench)
        _, alertmanager = bench.alertmanager(phone.url)
        # A rule for each alert, as Alertmanager has a group for each.
        config = "".join(f'[[rule]]\nname = "r{r}-{i}"\nwhen = {{ alert = \'alertname="c{r}-{i}"\' }}\npage = "all"\n'
                         for r in range(ROUNDS) for i in range(count))
        config += f'[[contact]]\nname = "ana"\n[[contact.method]]\nkind = "webhook"\nurl = "{phone.url}"\n[[escalation]]\nname = "all"\nsteps = [{{ notify = ["contact:ana"], wait = "1h" }}]\n'
        candor = bench.candor(config)
        for r in range(ROUNDS):
            ours += latencies(candor.admin, "/alertmanager/api/v2/alerts", phone, count, f"c{r}-")
            theirs += latencies(alertmanager, "/api/v2/alerts", phone, count, f"a{r}-")
        fsync, slow_fsync = fsync_ms(bench.folder, pause=0.01)
        print(f"| alert POST → webhook, durable | p50 {median(ours):.2f} ms, p99 {percentile(ours, 0.99):.2f} ms | "
              f"Alertmanager, in memory: p50 {median(theirs):.2f} ms, p99 {percentile(theirs, 0.99):.2f} ms; "
              f"a page made durable as seldom: p50 {fsync:.2f} ms, p99 {slow_fsync:.2f} ms |", flush=True)


def fsync_ms(folder, pause):
    """A page written into a file that has its length and made durable, every `pause` seconds: a disk that is asked
    seldom, by a core that had halted, takes longer than one that is asked again at once. Median and 99th percentile."""
    found = []
    with (folder / "sync").open("wb") as file:
        file.write(bytes(300 * 4096))
        file.flush()
        os.fsync(file.fileno())
        for i in range(300):
            began = time.monotonic()
            os.pwrite(file.fileno(), b"x" * 4096, i * 4096)
            os.fdatasync(file.fileno())
            found.append((time.monotonic() - began) * 1000)
            time.sleep(pause)
    return median(found), percentile(found, 0.99)


def push_many(port, path, first, count, batch=250):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for start in range(first, first + count, batch):
        alerts = [{"labels": {"alertname": f"Alert{i}", "instance": f"host-{i % 500}:9100", "job": "node", "severity": "page"},
                   "annotations": {"summary": f"something is wrong with number {i}"},
                   "endsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600)),
                   "generatorURL": "http://prometheus.example/graph"} for i in range(start, start + batch)]
        connection.request("POST", path, json.dumps(alerts), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()


def row_alert_intake():
    """Alerts accepted a core-second, and memory at 100,000 active ones."""
    with Bench() as bench:
        rates, memory = {"ours": [], "theirs": []}, {}
        for _ in range(ROUNDS):
            alertmanager, port = bench.alertmanager("http://127.0.0.1:1/", group_by="job")
            candor = bench.candor("")
            for who, pid, at, path in (("ours", candor.process.pid, candor.admin, "/alertmanager/api/v2/alerts"),
                                       ("theirs", alertmanager, port, "/api/v2/alerts")):
                cpu = cpu_seconds(pid)
                push_many(at, path, 0, 100_000)
                rates[who].append(100_000 / (cpu_seconds(pid) - cpu))
                memory.setdefault(who, []).append(resident_mb(pid))
            candor.stop()
            os.kill(alertmanager, 15)
            shutil.rmtree(bench.folder / "am", True)
        ours, theirs = median(rates["ours"]), median(rates["theirs"])
        print(f"| alerts accepted, durable | {ours:,.0f} a core-second, {median(memory['ours']):.0f} MB at 100,000 active | "
              f"Alertmanager, in memory: {theirs:,.0f} and {median(memory['theirs']):.0f} MB: {ours / theirs:.1f} × and "
              f"{median(memory['ours']) / median(memory['theirs']):.2f} |", flush=True)
