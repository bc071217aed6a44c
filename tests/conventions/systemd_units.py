#!/usr/bin/env python3
"""Has systemd itself read contrib/systemd/: every unit is understood, and the service's exposure stays low."""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import house

MOST_EXPOSURE = 1.5
SKIPPED = 77
PLACE = re.compile(r"^(?P<file>\S+?\.(?:service|socket|timer)):(?:(?P<line>\d+):)? (?P<what>.*)$")


def verify(units):
    """What systemd-analyze has to say about the units of a folder. /bin/true stands in for a program not installed yet."""
    with tempfile.TemporaryDirectory() as folder:
        copies = []
        for unit in sorted(file for file in units.iterdir() if file.suffix in (".service", ".socket", ".timer")):
            copy = pathlib.Path(folder, unit.name)
            copy.write_text(re.sub(r"^(Exec\w+=)/usr/bin/candord", r"\1/bin/true", unit.read_text(), flags=re.MULTILINE))
            copies.append(str(copy))
        result = subprocess.run(["systemd-analyze", "verify", "--man=no", *copies], text=True, capture_output=True,
                                check=False, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_UNIT_PATH": folder + ":"})
        for line in (result.stdout + result.stderr).splitlines():
            match = PLACE.match(line.strip())
            if match:
                yield house.Finding(pathlib.PurePath(match["file"]).name, int(match["line"] or 1), match["what"])
            elif folder in line or result.returncode != 0:
                yield house.Finding(units.name, 1, line.strip())


def exposure(service):
    result = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(service)], text=True,
                            capture_output=True, check=False)
    match = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    if not match:
        yield house.Finding(service.name, 1, f"systemd-analyze security says nothing of it: {result.stderr.strip()}")
    elif float(match[1]) > MOST_EXPOSURE:
        yield house.Finding(service.name, 1, f"exposure {match[1]} is above {MOST_EXPOSURE}: see `systemd-analyze security "
                                             f"--offline=true {service}` for what lets it do so much")


def check(units):
    yield from verify(units)
    for service in sorted(units.glob("*.service")):
        yield from exposure(service)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=pathlib.Path, default=house.ROOT / "contrib" / "systemd")
    options = parser.parse_args()
    if not shutil.which("systemd-analyze"):
        print("skipped: systemd-analyze is not installed (contrib/test installs it)")
        return SKIPPED
    return house.report(sorted(set(check(options.units))))


if __name__ == "__main__":
    sys.exit(main())
