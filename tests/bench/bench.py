"""What the rows of the table share: a folder with candord and its peers, and what is read of them."""

import contextlib
import gzip
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import Candor, free_port, port_answers, request, wait_for  # noqa: E402

UNIT = pathlib.Path(__file__).resolve().parents[2] / "contrib" / "systemd" / "candord.service"
UNIT_ENVIRONMENT = dict(line.split("=", 1) for line in re.findall(r"^Environment=(.*)$", UNIT.read_text(), re.MULTILINE))
TICKS = os.sysconf("SC_CLK_TCK")
ROUNDS = int(os.environ.get("ROUNDS", "3"))


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_of_tree(pid):
    """CPU seconds of a process, of what it has waited for, and of its children that run."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = sum(int(field) for field in fields[11:15]) / TICKS
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_of_tree(child) for child in children if pathlib.Path(f"/proc/{child}").exists())


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
        candor = Candor(folder, config, env=UNIT_ENVIRONMENT, **options)
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

    def prometheus(self, blackbox_port, targets, every):
        """One that has the blackbox_exporter at that port ask each target so often."""
        port = free_port()
        (self.folder / "targets.json").write_text(json.dumps([{"targets": targets}]))
        (self.folder / "prometheus.yml").write_text(f"""
global: {{ scrape_interval: {every}, scrape_timeout: {every} }}
scrape_configs:
- job_name: blackbox
  metrics_path: /probe
  params: {{ module: [http_2xx] }}
  file_sd_configs: [ {{ files: [ {self.folder}/targets.json ] }} ]
  relabel_configs:
  - {{ source_labels: [__address__], target_label: __param_target }}
  - {{ source_labels: [__param_target], target_label: instance }}
  - {{ target_label: __address__, replacement: "127.0.0.1:{blackbox_port}" }}
""")
        return self.run("prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/tsdb",
                        f"--web.listen-address=127.0.0.1:{port}", "--log.level=error", port=port)


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


def parts(bench, url, only, within=()):
    """Items a core-second of Google Benchmark's programs, medians by name; `within` is a command that starts them."""
    program = pathlib.Path(os.environ["CANDOR_BIN"]) / "parts"
    done = subprocess.run(
        [*within, "taskset", "-c", "0", str(program), f"--benchmark_filter={only}", "--benchmark_format=json",
         f"--benchmark_repetitions={max(ROUNDS, 2)}", "--benchmark_report_aggregates_only=true",
         "--benchmark_enable_random_interleaving=true", "--benchmark_min_time=1"],
        capture_output=True, text=True, check=True, cwd=bench.folder, env={**os.environ, "CANDOR_BENCH_TARGET": url})
    found = json.loads(done.stdout)["benchmarks"]
    for wrong in (one for one in found if one.get("error_occurred")):
        sys.exit(f"{wrong['name']}: {wrong['error_message']}")
    return {one["run_name"]: one for one in found if one["aggregate_name"] == "median"}


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
