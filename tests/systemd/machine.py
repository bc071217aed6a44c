"""A Debian machine with a real systemd, booted in a container from a root that is made once and never changed."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

SYSTEM = ["systemd", "systemd-sysv", "dbus", "libpam-systemd", "procps", "tzdata"]
NEEDED = {"systemd-nspawn": "systemd-container", "debootstrap": "debootstrap", "nsenter": "util-linux"}


def run(*command, timeout=120, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout, check=False,
                          **options)


def need_tools():
    if os.geteuid() != 0:
        raise AssertionError("booting a systemd needs root")
    for tool, package in NEEDED.items():
        if not shutil.which(tool):
            raise AssertionError(f"{tool} is not installed: apt-get install {package}")


def libraries_of(program):
    """The Debian packages of the shared libraries that a program loads."""
    packages = set()
    for line in run("ldd", program).stdout.splitlines():
        words = line.split()
        if "=>" not in words:
            continue
        file = os.path.realpath(words[words.index("=>") + 1])
        for name in (file, file.removeprefix("/usr")):
            found = run("dpkg-query", "-S", name)
            if found.returncode == 0:
                packages.add(found.stdout.split(":")[0])
                break
        else:
            raise AssertionError(f"{file} belongs to no package")
    return sorted(packages)


def mirror():
    """Where this machine's own packages come from."""
    sites = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").stdout.split()
    if not sites:
        raise AssertionError("apt knows no package lists: apt-get update")
    return sites[0]


def make_root(parent, program):
    """A root with systemd and the libraries that the program needs; the one from before, if it was made of the same."""
    packages = SYSTEM + libraries_of(program)
    root = pathlib.Path(parent) / ("root-" + hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12])
    if root.exists():
        return root
    partial = root.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    made = run("debootstrap", "--variant=minbase", "--include=" + ",".join(packages), "bookworm", partial, mirror(),
               timeout=500)
    if made.returncode != 0:
        raise AssertionError(f"debootstrap failed:\n{made.stdout[-3000:]}{made.stderr[-3000:]}")
    partial.rename(root)
    return root


def children_of(pid):
    with contextlib.suppress(OSError):
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def descendants_of(pid):
    found = []
    for child in children_of(pid):
        found += [child, *descendants_of(child)]
    return found


class Machine:
    """`binds`: files of this machine by their place in that one; (file, True) may be written to."""

    def __init__(self, root, folder, binds):
        self.log = pathlib.Path(folder) / "machine.log"
        options = []
        for place, file in binds.items():
            file, writable = file if isinstance(file, tuple) else (file, False)
            options.append(f"--bind{'' if writable else '-ro'}={file}:{place}")
        nspawn = ["systemd-nspawn", "-q", "-D", str(root), "--volatile=overlay", "--register=no", "--keep-unit",
                  "--private-network", "--boot", "--console=read-only", *options]
        # /run of its own: nspawn keeps its locks there, and this machine's may be on a disk.
        script = 'mount --make-rprivate / && mount -t tmpfs tmpfs /run && exec "$@"'
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(["unshare", "-m", "bash", "-c", script, "bash", *nspawn], stdout=log,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.leader = None

    def wait_until_booted(self, patience=60):
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the machine did not boot:\n{self.log.read_text(errors='replace')[-3000:]}")
            leaders = [pid for pid in descendants_of(self.process.pid) if self.command_of(pid) == "systemd"]
            if leaders:
                self.leader = leaders[0]
                state = self.inside("systemctl", "is-system-running").stdout.strip()
                if state in ("running", "degraded"):
                    return
            time.sleep(0.1)
        raise AssertionError(f"the machine was not up after {patience} s:\n{self.log.read_text(errors='replace')[-3000:]}")

    @staticmethod
    def command_of(pid):
        with contextlib.suppress(OSError):
            return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
        return ""

    def inside(self, *command, timeout=60):
        """Runs a command in the machine."""
        return run("nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "--", *command, timeout=timeout)

    def on_its_network(self, *command):
        """The command line that runs a program of this machine on that one's network."""
        return ["nsenter", "-t", str(self.leader), "-n", "--", *map(str, command)]

    def end(self):
        everything = [self.process.pid, *descendants_of(self.process.pid)]
        for pid in reversed(everything):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(20)
