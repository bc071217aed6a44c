"""What runs the commands of ```console root blocks: they need an installed service or change the machine.

Each is a pattern, and the evidence: files of the source tree and what stands in them.
"""

import re

from markdown import Finding
from session import commands

UNITS = "contrib/systemd"
COMMANDS = [
    # The demo that contrib/run ends in is run to its end; what it installs is checked by conventions.packages_test.
    (r"contrib/run( --build-only)?", [("contrib/CMakeLists.txt", "demo.tells_one_incident_from_beginning_to_end"),
                                      ("contrib/run", "--build-only")]),
    (r"contrib/run -- --config candor\.toml", [("contrib/CMakeLists.txt", "examples.${example}")]),
    (r"contrib/test( --quick)?", [(".ci/run", "contrib/test"), ("contrib/test", "--quick")]),
    (r"git clone \S+|cd candor", [("contrib/run", "contrib/lib.sh")]),
    # tests/docs/test_examples.py installs the build into a folder of its own.
    (r"cmake --install build/release --prefix /usr", [("tests/docs/test_examples.py", '"--install"')]),
    (r"systemd-sysusers", [("tests/systemd/test_systemd.py", 'inside("systemd-sysusers")')]),
    (r"install -d -m 0755 /etc/candor", [(f"{UNITS}/candord.service", "ConfigurationDirectory=candor")]),
    (r"install -d -m 0700 /etc/candor/secrets", [(f"{UNITS}/candord.service", "/etc/candor/secrets/")]),
    (r"install -m 0644 /usr/share/doc/candor/examples/candor\.toml /etc/candor/candor\.toml",
     [("contrib/CMakeLists.txt", "candor.toml demo/demo.toml")]),
    # A restore, run as it stands there.
    (r"cd /var/lib/candor/|mkdir -p /var/backups/old|mv candor\.db\* /var/backups/old/|mv /var/backups/old/candor\.db\.lock \.|"
     r"cp /var/backups/candor\.db candor\.db|chown --reference=ack\.key candor\.db|chmod 0600 candor\.db",
     [("tests/systemd/test_systemd.py", "test_restores_to_the_letter_of_the_guide")]),
    (r"openssl rand -hex 32 > /etc/candor/secrets/[\w-]+", [("daemon/http/auth.cpp", "openssl rand -hex 32")]),
]
# The units exist and systemd itself reads them (conventions.systemd_units).
SYSTEMCTL = re.compile(r"systemctl (?:daemon-reload|(?:enable --now|edit|reload|restart|start|stop|status|disable --now)"
                       r"(?P<units>(?: [a-z-]+(?:\.socket|\.service)?)+))")
JOURNALCTL = re.compile(r"journalctl -u candord(?: -f| -p err| --since today| (?P<field>CANDOR_[A-Z]+)=\S+)*")


def check_elsewhere(block, root):
    for line, command, _ in commands(block):
        if systemctl := SYSTEMCTL.fullmatch(command):
            for unit in (systemctl["units"] or "").split():
                unit = unit if "." in unit else f"{unit}.service"
                if not (root / UNITS / unit).is_file():
                    yield Finding(block.file, line, f"there is no unit {unit} in {UNITS}")
        elif JOURNALCTL.fullmatch(command):
            continue
        else:
            yield from check_listed(block, line, command, root)


def check_listed(block, line, command, root):
    evidence = next((evidence for pattern, evidence in COMMANDS if re.fullmatch(pattern, command)), None)
    if evidence is None:
        yield Finding(block.file, line, f"nothing is known to run `{command}`: make it a console block, or say in "
                                        "tests/docs/elsewhere.py what runs it")
    for file, needle in evidence or ():
        if not (root / file).is_file() or needle not in (root / file).read_text(encoding="utf-8"):
            yield Finding(block.file, line, f"`{command}` was run by what {file} says of {needle!r}, which is gone")
