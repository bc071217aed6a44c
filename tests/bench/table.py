"""Candor beside its peers, in one run: each row measures both in turn and prints medians and their ratio.

    CANDOR_BIN=build/release/bin python3 tests/bench/table.py [ROW …]

Needs nginx, wrk, nagios4-core, prometheus-alertmanager and prometheus-blackbox-exporter of Debian. Everything is on loopback.
"""

import contextlib
import gzip
import http.client
import json
import os
import pathlib
import re
import secrets
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import Candor, free_port, port_answers, request, wait_for  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
ROUNDS = int(os.environ.get("ROUNDS", "3"))
WORDS = [secrets.token_hex(4) for _ in range(500)]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def median(values):
    return statistics.median(values)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Bench:
    """A folder, and processes that end with it."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="candor-bench-"))
        self.folder.chmod(0o711)  # nginx's worker is another user
        self.stack = contextlib.ExitStack()
        return self

    def __exit__(self, *_):
        self.stack.close()
        shutil.rmtree(self.folder, True)

    def run(self, *command, port):
        with (self.folder / "peers.log").open("ab") as log:
            process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, cwd=self.folder)
        self.stack.callback(process.wait, 20)
        self.stack.callback(process.terminate)
        wait_for(command[0], lambda: port_answers(port))
        return process.pid

    def candor(self, config, nice=0, real_time=False, **options):
        folder = self.folder / f"candor{time.monotonic_ns()}"
        folder.mkdir()
        candor = Candor(folder, config, **options)
        usual = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, nice or usual)
        if real_time:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        try:
            candor.start()
        finally:
            os.setpriority(os.PRIO_PROCESS, 0, usual)
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        self.stack.callback(candor.stop)
        return candor

    @staticmethod
    def html_of(candor):
        return wait_for("the page", lambda: (page := candor.page("/")).status == 200 and page).body

    def nginx(self, body=b"ok\n", packed=False, address="127.0.0.1"):
        """Answers `body` at every path, `packed` to who asks for gzip; the worker's pid and the port."""
        port = free_port()
        folder = self.folder / "nginx"
        folder.mkdir(exist_ok=True)
        (folder / "index.html").write_bytes(body)
        if packed:
            (folder / "index.html.gz").write_bytes(gzip.compress(body, 9))
        (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; worker_rlimit_nofile 19000;
events {{ worker_connections 16000; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 100; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; gzip_static on;
  server {{ listen {address}:{port} backlog=4096; root {folder}; location / {{ try_files /index.html =404; }} }} }}
""")
        master = self.run("nginx", "-e", folder / "error.log", "-c", folder / "nginx.conf", port=port)
        answer = request(port, "GET", "/")
        assert (answer.status, answer.body) == (200, body), "nginx does not serve what it should"
        children = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return int(children[0]), port

    def alertmanager(self, receiver, group_by="..."):
        """`...`: each alert is a group of its own."""
        port = free_port()
        (self.folder / "am.yml").write_text(
            "route: { receiver: r, group_wait: 0s, group_interval: 1s, repeat_interval: 1h, "
            f"group_by: ['{group_by}'] }}\n"
            f"receivers: [ {{ name: r, webhook_configs: [ {{ url: '{receiver}' }} ] }} ]\n")
        pid = self.run("prometheus-alertmanager", f"--config.file={self.folder}/am.yml", f"--storage.path={self.folder}/am",
                       f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error", port=port)
        return pid, port

    def blackbox(self):
        port = free_port()
        (self.folder / "bb.yml").write_text("modules: { http_2xx: { prober: http, timeout: 5s, http: { preferred_ip_protocol: ip4 } } }\n")
        return self.run("prometheus-blackbox-exporter", f"--config.file={self.folder}/bb.yml",
                        f"--web.listen-address=127.0.0.1:{port}", "--log.level=error", port=port), port


def probes(count, every, url, timeout="3s", keep_alive="true", offset=0):
    return "".join(f'[[probe]]\nname = "p{offset + i}"\nevery = "{every}"\ntimeout = "{timeout}"\n[probe.http]\n'
                   f'url = "{url.format(i=i)}"\nkeep_alive = {keep_alive}\n' for i in range(count))


def histogram(candor, name):
    """Cumulative counts by upper bound."""
    text = candor.api("GET", "/metrics").text
    found = re.findall(rf'{name}_bucket{{le="([^"]+)"}} (\d+)', text)
    return {float(bound): int(count) for bound, count in found}


def share_within(before, after, share):
    """The bucket's upper bound below which `share` of what came between lies."""
    total = after[float("inf")] - before.get(float("inf"), 0)
    for bound in sorted(after):
        if total and after[bound] - before.get(bound, 0) >= share * total:
            return bound
    return float("nan")


def row_ten_thousand_probes():
    """10,000 http probes of one server every 10 s; then 1,000 of them hang; then each has a server of its own."""
    with Bench() as bench:
        _, port = bench.nginx(address="0.0.0.0")
        silent = socket_that_never_answers(bench)
        answering, hanging = f"http://127.0.0.1:{port}/{{i}}", f"http://127.0.0.1:{silent}/{{i}}"
        crowds = {
            "of one server": probes(10_000, "10s", answering),
            "of one server, 1,000 hanging": probes(9_000, "10s", answering) + probes(1_000, "10s", hanging, offset=10_000),
            "of 10,000 servers": "".join(probes(1, "10s", f"http://127.0.{i // 250}.{i % 250 + 1}:{port}/", offset=i)
                                         for i in range(10_000)),
        }
        for name, config in crowds.items():
            candor = bench.candor(config)
            time.sleep(12)
            pid = candor.process.pid
            before, cpu, began = histogram(candor, "candor_probes_start_delay_seconds"), cpu_seconds(pid), time.monotonic()
            time.sleep(20)
            after, used = histogram(candor, "candor_probes_start_delay_seconds"), cpu_seconds(pid) - cpu
            runs = after[float("inf")] - before[float("inf")]
            print(f"| 10,000 http probes every 10 s, {name} | {100 * used / (time.monotonic() - began):.1f} % CPU, "
                  f"{resident_mb(pid):.0f} MB, start delay p99 ≤ {1000 * share_within(before, after, 0.99):.0f} ms, "
                  f"{runs} runs in 20 s |", flush=True)
            candor.stop()


def cpu_of_tree(pid):
    """CPU seconds of a process, of what it has waited for, and of its children that run."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = sum(int(field) for field in fields[11:15]) / TICKS
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_of_tree(child) for child in children if pathlib.Path(f"/proc/{child}").exists())


def row_cost_a_probe():
    """1,000 http runs a second, by ever more probes: CPU a run and memory a probe stay what they are."""
    with Bench() as bench:
        _, port = bench.nginx()
        for count in (100, 1_000, 10_000, 50_000):
            candor = bench.candor(probes(count, f"{count}ms", f"http://127.0.0.1:{port}/{{i}}"))
            pid = candor.process.pid
            time.sleep(count / 1000 + 5)
            # Asking for so many figures costs too, and is not what is measured: before the first look, after the last.
            began, cpu = histogram(candor, "candor_probes_start_delay_seconds"), cpu_seconds(pid)
            time.sleep(20)
            used, now = cpu_seconds(pid) - cpu, histogram(candor, "candor_probes_start_delay_seconds")
            runs = now[float("inf")] - began[float("inf")]
            print(f"| {count:,} probes, {runs / 20:,.0f} runs a second | {1e6 * used / runs:.0f} µs CPU a run, "
                  f"{resident_mb(pid):.0f} MB, start delay p99 ≤ {1000 * share_within(began, now, 0.99):.0f} ms |", flush=True)
            candor.stop()


def nagios(bench, services, plugin):
    """Nagios that runs the plugin once a second for each service; its pid and its folder."""
    folder = bench.folder / f"nagios{time.monotonic_ns()}"
    for name in ("", "results", "objects"):
        (folder / name).mkdir()
    (folder / "objects" / "all.cfg").write_text(
        "define timeperiod {\n timeperiod_name always\n alias always\n"
        + "".join(f" {day}day 00:00-24:00\n" for day in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")) + "}\n"
        f"define command {{\n command_name true\n command_line {plugin}\n}}\n"
        "define contact {\n contact_name none\n host_notification_period always\n service_notification_period always\n"
        " host_notification_commands true\n service_notification_commands true\n host_notifications_enabled 0\n"
        " service_notifications_enabled 0\n}\n"
        "define host {\n host_name h\n address 127.0.0.1\n max_check_attempts 1\n active_checks_enabled 0\n contacts none\n}\n"
        + "".join(f"define service {{\n host_name h\n service_description s{i}\n check_command true\n check_interval 1\n"
                  " retry_interval 1\n max_check_attempts 1\n check_period always\n contacts none\n}\n" for i in range(services)))
    (folder / "nagios.cfg").write_text(f"""log_file={folder}/log
cfg_dir={folder}/objects
object_cache_file={folder}/cache
precached_object_file={folder}/precached
status_file={folder}/status
status_update_interval=10
lock_file={folder}/lock
temp_file={folder}/temp
temp_path={folder}
check_result_path={folder}/results
state_retention_file={folder}/retention
command_file={folder}/commands
query_socket={folder}/query
nagios_user=root
nagios_group=root
interval_length=1
max_concurrent_checks=0
execute_service_checks=1
check_for_updates=0
enable_notifications=0
log_initial_states=0
use_syslog=0
illegal_macro_output_chars=`~$&|'"<>
""")
    process = subprocess.Popen(["nagios4", str(folder / "nagios.cfg")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bench.stack.callback(process.wait)
    bench.stack.callback(process.terminate)
    return process.pid, folder


def nagios_checks(folder):
    """In the last minute, as its own statistics have it."""
    done = subprocess.run(["nagios4stats", "-c", str(folder / "nagios.cfg"), "-m", "-d", "NUMACTSVCCHECKS1M"],
                          capture_output=True, text=True, check=True)
    return int(done.stdout)


def plugins(bench, services, plugin):
    """Checks a core-second with all that runs for them, and a second: candord's, then Nagios's."""
    config = "".join(f'[[probe]]\nname = "p{i}"\nevery = "1s"\ntimeout = "900ms"\n[probe.exec]\ncommand = ["{plugin}"]\n'
                     for i in range(services))
    candor = bench.candor(config)
    time.sleep(5)
    before, cpu = histogram(candor, "candor_probes_start_delay_seconds"), cpu_of_tree(candor.process.pid)
    time.sleep(20)
    used = cpu_of_tree(candor.process.pid) - cpu
    runs = histogram(candor, "candor_probes_start_delay_seconds")[float("inf")] - before[float("inf")]
    candor.stop()
    pid, folder = nagios(bench, services, plugin)
    time.sleep(15)
    cpu, began = cpu_of_tree(pid), time.monotonic()
    time.sleep(75)
    theirs, span = cpu_of_tree(pid) - cpu, time.monotonic() - began
    checks = nagios_checks(folder) * span / 60
    subprocess.run(["kill", str(pid)], check=True)
    wait_for("the end of Nagios", lambda: not (folder / "lock").exists())
    return runs / used, runs / 20, checks / theirs, checks / span


def row_plugins():
    """500 plugins a second, beside Nagios: one with the C library's start, and one without any."""
    with Bench() as bench:
        for plugin in ("/bin/true", pathlib.Path(os.environ["CANDOR_BIN"]) / "nothing"):
            ours, our_rate, theirs, their_rate = (median(column) for column in
                                                  zip(*(plugins(bench, 500, plugin) for _ in range(ROUNDS))))
            print(f"| exec probes of {pathlib.Path(plugin).name}, {our_rate:,.0f} a second | {ours:,.0f} a core-second | Nagios 4, "
                  f"{their_rate:,.0f} a second: {theirs:,.0f}: {ours / theirs:.2f} × |", flush=True)


def socket_that_never_answers(bench):
    import socket
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(4096)
    bench.stack.callback(listener.close)
    return listener.getsockname()[1]


def post_alert(connection, path, name, **more):
    body = json.dumps([{"labels": {"alertname": name}, "generatorURL": "http://127.0.0.1/", **more}])
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status


class Receiver:
    """A webhook in a process of its own (receiver.py)."""

    def __init__(self, bench):
        script = pathlib.Path(__file__).with_name("receiver.py")
        self.process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, bufsize=0)
        bench.stack.callback(self.close)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()

    def next(self, name):
        """When the next message came that names this."""
        while True:
            assert select.select([self.process.stdout], [], [], 10)[0], f"no webhook for {name} within 10 s"
            at, body = self.process.stdout.readline().decode().split(" ", 1)
            if re.search(rf"\b{name}\b", body):
                return float(at)


def latencies(port, path, receiver, count, prefix, first=0):
    """From before an alert's POST until its webhook is there, in ms."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    found = []
    for i in range(first, first + count):
        began = time.time()
        post_alert(connection, path, f"{prefix}{i}")
        found.append((receiver.next(f"{prefix}{i}") - began) * 1000)
        time.sleep(0.01)
    connection.close()
    return found


def parts(bench, url, only, within=()):
    """Items a core-second of Google Benchmark's programs, medians by name; `within` is a command that starts them."""
    program = pathlib.Path(os.environ["CANDOR_BIN"]) / "parts"
    done = subprocess.run(
        [*within, "taskset", "-c", "0", str(program), f"--benchmark_filter={only}", "--benchmark_format=json",
         f"--benchmark_repetitions={ROUNDS}", "--benchmark_report_aggregates_only=true",
         "--benchmark_enable_random_interleaving=true", "--benchmark_min_time=1"],
        capture_output=True, text=True, check=True, cwd=bench.folder, env={**os.environ, "CANDOR_BENCH_TARGET": url})
    found = json.loads(done.stdout)["benchmarks"]
    for wrong in (one for one in found if one.get("error_occurred")):
        sys.exit(f"{wrong['name']}: {wrong['error_message']}")
    return {one["run_name"]: one for one in found if one["aggregate_name"] == "median"}


def blackbox_rate(bench, url, runs=3000, at_once=16):
    """Probes a core-second of blackbox_exporter, which opens a connection for each."""
    pid, port = bench.blackbox()
    path = f"/probe?module=http_2xx&target={url}"

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(runs // at_once):
            connection.request("GET", path)
            assert b"probe_success 1" in connection.getresponse().read()
        connection.close()

    cpu = cpu_seconds(pid)
    askers = [threading.Thread(target=ask) for _ in range(at_once)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    return runs // at_once * at_once / (cpu_seconds(pid) - cpu)


def row_http_probe():
    """One http probe after the other, 64 at a time: CPU a run, beside libcurl alone and blackbox_exporter."""
    with Bench() as bench:
        _, port = bench.nginx()
        url = f"http://127.0.0.1:{port}/"
        found = parts(bench, url, "http_")
        theirs = blackbox_rate(bench, url)
        for kind in ("fresh", "reused"):
            ours, bare = (found[f"http_{kind}/{who}"]["items_per_second"] for who in ("candor", "bare"))
            print(f"| http probe, {kind} connection | {ours:,.0f} a core-second | bare libcurl multi {bare:,.0f}: {ours / bare:.2f}; "
                  f"blackbox_exporter, fresh: {theirs:,.0f}: {ours / theirs:.1f} × |", flush=True)


def row_kinds():
    """tcp, icmp and exec probes: CPU a run, beside bare loops. Pings go through a network of their own, where they are allowed."""
    own_network = ["unshare", "-n", "sh", "-c",
                   'ip link set lo up && sysctl -qw net.ipv4.ping_group_range="0 0" && exec "$@"', "sh"]
    with Bench() as bench:
        _, port = bench.nginx()
        url = f"http://127.0.0.1:{port}/"
        found = {**parts(bench, url, "^(tcp|exec)/"), **parts(bench, url, "^icmp/", own_network)}
        rates = {name.removesuffix("/manual_time"): one["items_per_second"] for name, one in found.items()}
        for kind, name in (("tcp", "tcp"), ("icmp", "icmp"), ("exec", "exec"), ("exec", "exec, 2 GB held")):
            ours, bare = rates[f"{kind}/candor" + ("_2GB" if "held" in name else "")], rates[f"{kind}/bare"]
            print(f"| {name} probe | {ours:,.0f} a core-second | bare loop {bare:,.0f}: {ours / bare:.2f} |", flush=True)


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
        count = 60
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


def row_visitors():
    """10,000 kept connections of visitors, 1,000 requests a second over them."""
    import asyncio

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
        import resource
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


def main():
    rows = {name.removeprefix("row_"): row for name, row in globals().items() if name.startswith("row_")}
    asked = sys.argv[1:] or list(rows)
    for name in asked:
        if name not in rows:
            sys.exit(f"there is no row {name}; there are {', '.join(rows)}")
        rows[name]()


if __name__ == "__main__":
    main()
