"""Probes beside their peers."""

import http.client
import os
import pathlib
import socket
import subprocess
import threading
import time

from bench import ROUNDS, Bench, cpu_of_tree, cpu_seconds, histogram, median, parts, probes, resident_mb, share_within
from harness import wait_for


def row_ten_thousand_probes():
    """10,000 http probes of one server every 10 s; then 1,000 of them hang; then each has a server of its own. Beside
    them a Prometheus and a blackbox_exporter that ask the one server as often."""
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
            # Asking for so many figures costs too, and is not what is measured: before the first look, after the last.
            before, cpu, began = histogram(candor, "candor_probes_start_delay_seconds"), cpu_seconds(pid), time.monotonic()
            time.sleep(20)
            used, took = cpu_seconds(pid) - cpu, time.monotonic() - began
            after = histogram(candor, "candor_probes_start_delay_seconds")
            runs = after[float("inf")] - before[float("inf")]
            print(f"| 10,000 http probes every 10 s, {name} | {100 * used / took:.1f} % CPU, "
                  f"{resident_mb(pid):.0f} MB, start delay p99 ≤ {1000 * share_within(before, after, 0.99):.0f} ms, "
                  f"{runs} runs in 20 s |", flush=True)
            candor.stop()
        exporter, at = bench.blackbox()
        pids = (exporter, bench.prometheus(at, [answering.format(i=i) for i in range(10_000)], "10s"))
        time.sleep(25)
        cpu, began = [cpu_seconds(pid) for pid in pids], time.monotonic()
        time.sleep(20)
        used, took = [cpu_seconds(pid) - was for pid, was in zip(pids, cpu)], time.monotonic() - began
        print(f"| the same of one server by Prometheus and blackbox_exporter | {100 * sum(used) / took:.1f} % CPU "
              f"({100 * used[0] / took:.1f} % blackbox_exporter), {sum(map(resident_mb, pids)):.0f} MB |", flush=True)


def row_cost_a_probe():
    """1,000 http runs a second, by ever more probes: CPU a run and memory a probe stay what they are."""
    with Bench() as bench:
        _, port = bench.nginx()
        for count in (100, 1_000, 10_000, 50_000):
            candor = bench.candor(probes(count, f"{count}ms", f"http://127.0.0.1:{port}/{{i}}"))
            pid = candor.process.pid
            time.sleep(count / 1000 + 5)
            began, cpu = histogram(candor, "candor_probes_start_delay_seconds"), cpu_seconds(pid)
            time.sleep(20)
            used, now = cpu_seconds(pid) - cpu, histogram(candor, "candor_probes_start_delay_seconds")
            runs = now[float("inf")] - began[float("inf")]
            print(f"| {count:,} probes, {runs / 20:,.0f} runs a second | {1e6 * used / runs:.0f} µs CPU a run, "
                  f"{resident_mb(pid):.0f} MB, start delay p99 ≤ {1000 * share_within(began, now, 0.99):.0f} ms |", flush=True)
            candor.stop()


def socket_that_never_answers(bench):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(4096)
    bench.stack.callback(listener.close)
    return listener.getsockname()[1]


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
