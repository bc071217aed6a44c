"""Checks the configurations that the pages show: Candor's own, and those of the programs around it, each by its program."""

import json
import os
import pathlib
import re
import subprocess

from harness import BIN, free_port
from markdown import Finding

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECRET = "https://hooks.example/0123456789abcdef/"  # with a name behind it, serves as a token and as an address
NAMED = re.compile(r"\b(?P<kind>env|file|credential)\s*=\s*\"(?P<name>[^\"]+)\"")
AUTHORITY = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"


def run(*command, env=None, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "NO_COLOR": "1", **(env or {})}, **options)


def provide(text, folder):
    """Puts what a configuration names where it looks for it; answers the environment that it needs."""
    environment = {"CREDENTIALS_DIRECTORY": str(folder / "secrets")}
    for named in NAMED.finditer(text):
        if named["kind"] == "env":
            environment[named["name"]] = SECRET + named["name"]
            continue
        file = folder / ("secrets" if named["kind"] == "credential" else ".") / named["name"].lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SECRET + file.name + "\n")
    for authority in re.findall(r"\bca_file\s*=\s*\"([^\"]+)\"", text):
        (folder / authority.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (folder / authority.lstrip("/")).write_text(AUTHORITY)
    for include in re.findall(r"^include\s*=\s*\[(.*?)\]", text, re.MULTILINE):
        for name in re.findall(r"\"([^\"]+)\"", include):
            (folder / name).mkdir(parents=True, exist_ok=True)
    return environment


def relative(text):
    """The same with absolute names of files as relative ones, for a folder of our own."""
    return re.sub(r"(\b(?:file|ca_file)\s*=\s*\")/+", r"\1", text)


def check_toml(block, folder):
    rules = "rules" in block.info
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "candor.toml"
    file.write_text(relative(block.text))
    done = run(BIN / "candorctl", "rules" if rules else "config", "check", file, env=provide(block.text, folder))
    if done.returncode == 0 and not done.stderr:
        return
    for line in done.stderr.splitlines() or ["it is refused without a word"]:
        at = re.match(rf"{re.escape(str(file))}:(\d+):\d+: (.*)", line)
        if at:
            yield Finding(block.file, block.line + int(at[1]), at[2])
        elif "mistake" not in line:
            yield Finding(block.file, block.line, line)


def check_yaml(block, folder):
    folder.mkdir(parents=True, exist_ok=True)
    text = block.text
    for secret in set(re.findall(r"(?:credentials_file|password_file):\s*(/[\w./-]+)", text)):
        (folder / pathlib.Path(secret).name).write_text(SECRET)
        text = text.replace(secret, str(folder / pathlib.Path(secret).name))
    file = folder / "config.yml"
    file.write_text(text)
    if re.search(r"^groups:", text, re.MULTILINE):
        command = ("promtool", "check", "rules", file)
    elif re.search(r"^receivers:", text, re.MULTILINE):
        command = ("amtool", "check-config", file)
    else:
        command = ("promtool", "check", "config", file)
    done = run(*command, env={"HOME": str(folder)})
    if done.returncode != 0:
        yield Finding(block.file, block.line, f"{command[0]} says: {(done.stdout + done.stderr).strip()}")


def check_nginx(block, folder):
    """A `server` block, within the least that nginx wants around it."""
    folder.mkdir(parents=True, exist_ok=True)
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", certificate)
    text = re.sub(r"(ssl_certificate_key )\S+;", rf"\1{key};", block.text)
    text = re.sub(r"(ssl_certificate )\S+;", rf"\1{certificate};", text)
    # Ports of our own: nginx -t binds them.
    text = re.sub(r"listen (?:\[::\]:)?\d+\b", lambda _: f"listen 127.0.0.1:{free_port()}", text)
    file = folder / "nginx.conf"
    file.write_text(f"pid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{text}}}\n")
    done = run("/usr/sbin/nginx", "-t", "-q", "-p", folder, "-c", file)
    if done.returncode != 0:
        yield Finding(block.file, block.line, f"nginx says: {done.stderr.strip()}")


def check_drop_in(block, folder):
    """A drop-in for a unit of ours, named behind `ini`; systemd reads both."""
    unit = block.info[1] if len(block.info) > 1 else "candord.service"
    source = ROOT / "contrib/systemd" / unit
    if not source.is_file():
        yield Finding(block.file, block.line, f"there is no unit {unit} in contrib/systemd")
        return
    (folder / f"{unit}.d").mkdir(parents=True, exist_ok=True)
    for file in source.parent.iterdir():
        (folder / file.name).write_text(file.read_text().replace("/usr/bin/candord", "/bin/true"))
    (folder / f"{unit}.d" / "override.conf").write_text(block.text)
    done = run("systemd-analyze", "verify", "--man=no", folder / unit, env={"SYSTEMD_UNIT_PATH": f"{folder}:"})
    said = [line for line in (done.stdout + done.stderr).splitlines() if str(folder) in line or unit in line]
    if done.returncode != 0 or said:
        yield Finding(block.file, block.line, f"systemd-analyze says: {' '.join(said) or done.stderr.strip()}")


def shape(value):
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return None


def check_message(block, messages):
    """A `json page` or `json resolved` block has the fields of what a contact was really sent."""
    shown = json.loads(block.text)
    sent = [message for message in messages if message["event"] == block.info[1]]
    if not sent:
        yield Finding(block.file, block.line, f"no {block.info[1]} was sent")
    elif not any(shape(shown) == shape(message) for message in sent):
        yield Finding(block.file, block.line, f"what is sent has other fields: {json.dumps(sent[-1])}")
