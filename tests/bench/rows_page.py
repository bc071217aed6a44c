"""The public page beside its peers, and what a crowd on it does to the watch."""

import asyncio
import contextlib
import os
import re
import resource
import secrets
import subprocess
import threading
import time

from bench import ROUNDS, Bench, Receiver, histogram, latencies, median, percentile, probes, resident_mb, share_within

WORDS = [secrets.token_hex(4) for _ in range(500)]


def wrk(port, seconds=4, connections=256):
    done = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-H",
                           "Accept-Encoding: gzip", f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
    return rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def row_page():
    """The page against nginx with the same bytes, 256 connections, each server on one core."""
    with Bench() as bench:
        candor = bench.candor("".join(
            f'[[component]]\nid = "c{i}"\nname = "{name}"\ndescription = "What {name} does"\n'
            for i in range(150) for name in [f"{secrets.choice(WORDS)} {secrets.choice(WORDS)} {i}"]))
        html = bench.html_of(candor)
        _, port = bench.nginx(html, packed=True)
        subprocess.run(["taskset", "-acp", "0", str(candor.process.pid)], check=True, capture_output=True)
        rates = {"ours": [], "theirs": []}
        for _ in range(ROUNDS):
            rates["ours"].append(wrk(candor.public))
            rates["theirs"].append(wrk(port))
        ours = [median(values) for values in zip(*rates["ours"])]
        theirs = [median(values) for values in zip(*rates["theirs"])]
        size = len(candor.page("/", {"Accept-Encoding": "gzip"}).body)
        print(f"| page, {len(html)} B ({size} B gzip), 256 connections | {ours[0]:,.0f} req/s, p99 {ours[1]:.1f} ms | nginx "
              f"(gzip_static): {theirs[0]:,.0f} req/s, p99 {theirs[1]:.1f} ms: {ours[0] / theirs[0]:.2f} |", flush=True)


@contextlib.contextmanager
def before_all_others():
    """Who measures, and the phone, would be on machines of their own; here they go before all that shares the cores. What
    is started meanwhile does not."""
    os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(2))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def row_page_saturated():
    """What a crowd on the page does to the watch: as candord's unit starts it, and with real time for it."""
    saturate("", nice=-10)
    saturate(", CPUSchedulingPolicy=rr", real_time=True)


def saturate(how, **priority):
    """1,000 probes every second, and pages going out."""
    with Bench() as bench:
        phone = Receiver(bench)
        os.sched_setscheduler(phone.process.pid, os.SCHED_RR, os.sched_param(2))
        _, port = bench.nginx()
        count = 250  # of which the 99th percentile is more than the worst but one
        config = probes(1000, "1s", f"http://127.0.0.1:{port}/{{i}}")
        config += "".join(f'[[rule]]\nname = "r{r}-{i}"\nwhen = {{ alert = \'alertname="c{r}-{i}"\' }}\npage = "all"\n'
                          for r in ("calm", "crowd") for i in range(ROUNDS * count))
        config += (f'[[contact]]\nname = "ana"\n[[contact.method]]\nkind = "webhook"\nurl = "{phone.url}"\n'
                   '[[escalation]]\nname = "all"\nsteps = [{ notify = ["contact:ana"], wait = "1h" }]\n')
        candor = bench.candor(config, **priority)
        time.sleep(5)
        delays, paged, rates = {"calm": [], "crowd": []}, {"calm": [], "crowd": []}, []
        for round_ in range(ROUNDS):
            for state in ("calm", "crowd"):
                crowd = threading.Thread(target=lambda: rates.append(wrk(candor.public, seconds=8)[0]))
                if state == "crowd":
                    crowd.start()
                    time.sleep(1)
                before = histogram(candor, "candor_probes_start_delay_seconds")
                began = time.monotonic()
                with before_all_others():
                    paged[state] += latencies(candor.admin, "/alertmanager/api/v2/alerts", phone, count, f"c{state}-",
                                              first=round_ * count)
                time.sleep(max(0.0, 5 - (time.monotonic() - began)))
                delays[state].append(share_within(before, histogram(candor, "candor_probes_start_delay_seconds"), 0.99))
                if state == "crowd":
                    crowd.join()
        print(f"| page saturated ({median(rates):,.0f} req/s){how}: 1,000 probes a second, and pages | start delay p99 ≤ "
              f"{median(delays['calm']) * 1000:.0f} → ≤ {median(delays['crowd']) * 1000:.0f} ms; alert → webhook p50 "
              f"{median(paged['calm']):.1f} → {median(paged['crowd']):.1f} ms, p99 {percentile(paged['calm'], 0.99):.1f} → "
              f"{percentile(paged['crowd'], 0.99):.1f} ms | – |", flush=True)


def row_visitors():
    """10,000 kept connections of visitors, 1,000 requests a second over them."""
    async def visit(port, seconds=15, visitors=10_000, rate=1000):
        streams, times = [], []
        for start in range(0, visitors, 500):
            streams += await asyncio.gather(*[asyncio.open_connection("127.0.0.1", port, local_addr=(f"127.0.5.{i % 200 + 1}", 0))
                                              for i in range(start, start + 500)])
        raw = b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"

        async def ask(reader, writer):
            began = time.monotonic()
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"[Cc]ontent-[Ll]ength: (\d+)", head)
            if length:
                await reader.readexactly(int(length[1]))
            else:
                await reader.readuntil(b"0\r\n\r\n")
            times.append((time.monotonic() - began) * 1000)

        began, tasks = time.monotonic(), []
        for number in range(seconds * rate):
            await asyncio.sleep(max(0, began + number / rate - time.monotonic()))
            tasks.append(asyncio.ensure_future(ask(*streams[number % visitors])))
        await asyncio.gather(*tasks)
        for _, writer in streams:
            writer.close()
        return times

    with Bench() as bench:
        candor = bench.candor("".join(f'[[component]]\nid = "c{i}"\nname = "Component number {i}"\n' for i in range(60)))
        worker, port = bench.nginx(bench.html_of(candor), packed=True)
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        found = {}
        for who, at, pid in (("ours", candor.public, candor.process.pid), ("theirs", port, worker)):
            peak = []
            done = threading.Event()

            def watch(pid=pid, peak=peak, done=done):
                while not done.wait(0.5):
                    peak.append(resident_mb(pid))

            watcher = threading.Thread(target=watch)
            watcher.start()
            times = asyncio.run(visit(at))
            done.set()
            watcher.join()
            found[who] = (max(peak), percentile(times, 0.5), percentile(times, 0.99))
        print("| 10,000 keep-alive visitors at 1,000 req/s | {:.0f} MB, p50 {:.1f} ms, p99 {:.1f} ms | nginx: {:.0f} MB, p50 {:.1f} ms, p99 {:.1f} ms "
              "(client's own time included in both) |".format(*found["ours"], *found["theirs"]), flush=True)
