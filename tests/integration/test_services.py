"""Servers of Debian as what is watched, each by the kind of probe that knows its dialogue."""

import os
import pathlib
import pwd
import shutil
import subprocess
import unittest

from harness import free_port
from test_tcp import Server

MARIA = "/usr/sbin/mariadbd"


class Services(Server):
    """One daemon watches each server while it is good, refuses, and is gone."""

    def watch(self, probes, ok=(), failing=()):
        candor = self.probing(*probes)
        for name in ok:
            self.seen(candor, name, "ok")
        for name, words in failing:
            self.assertIn(words, self.seen(candor, name, "failing")["evidence"])
        return candor

    def gone(self, candor, process, *names):
        self.end(process)
        for name in names:
            evidence = self.seen(candor, name, "failing")["evidence"]
            # Some still listen for a second while they end, and say so, break off what they took, or leave it without a word.
            self.assertRegex(evidence, "Connection refused|Connection reset|Broken pipe|connection was closed|got nothing|[Ss]hutting down")

    def owned_by(self, user, name):
        folder = self.folder / name
        folder.mkdir()
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
        return folder

    def certificate(self, folder, user):
        for file, name in zip(self.good, ("chain.pem", "key.pem")):
            shutil.copy(file, folder / name)
            (folder / name).chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(folder / name, user)

    def test_smtp(self):
        port = free_port()
        process = self.smtp(port)
        address = f'address = "127.0.0.1:{port}"'
        candor = self.watch(
            [("mail", "smtp", address), ("secured", "smtp", f"{address}\nstarttls = true\n{self.ca()}"),
             ("strange", "smtp", f"{address}\nstarttls = true")],
            ok=("mail", "secured"), failing=[("strange", "CN=root is neither trusted")],
        )
        self.gone(candor, process, "mail", "secured")

    def test_imap(self):
        port, folder = free_port(), self.folder / "dovecot"
        folder.mkdir()
        (folder / "dovecot.conf").write_text(
            f"base_dir = {folder}/run\nlog_path = {folder}/log\nprotocols = imap\nlisten = 127.0.0.1\n"
            f"ssl = yes\nssl_cert = <{self.good[0]}\nssl_key = <{self.good[1]}\n"
            "passdb {\n driver = static\n args = password=x\n}\n"
            "userdb {\n driver = static\n args = uid=nobody gid=nogroup home=/tmp\n}\n"
            "service imap-login {\n inet_listener imap {\n"
            f"  port = {port}\n }}\n inet_listener imaps {{\n  port = 0\n }}\n}}\n"
        )
        process = self.start("dovecot", port, "dovecot", "-F", "-c", str(folder / "dovecot.conf"))
        address = f'address = "127.0.0.1:{port}"'
        candor = self.watch(
            [("mail", "imap", address), ("secured", "imap", f"{address}\nstarttls = true\n{self.ca()}"),
             ("wrong", "smtp", address)],
            ok=("mail", "secured"), failing=[("wrong", "expected a greeting of SMTP")],
        )
        self.gone(candor, process, "mail", "secured")

    def test_ssh(self):
        port = free_port()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / "key")], check=True)
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        process = self.start("sshd", port, "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h",
                             str(self.folder / "key"), "-p", str(port), "-o", "ListenAddress=127.0.0.1",
                             "-o", "PidFile=none")
        candor = self.watch([("gate", "ssh", f'address = "127.0.0.1:{port}"')], ok=["gate"])
        self.gone(candor, process, "gate")

    def test_redis(self):
        port, secured = free_port(), free_port()
        process = self.redis(port, "--requirepass", "swordfish", "--tls-port", str(secured), "--tls-auth-clients", "no",
                             "--tls-cert-file", str(self.good[0]), "--tls-key-file", str(self.good[1]),
                             "--tls-ca-cert-file", str(self.authority.root))
        address = f'address = "127.0.0.1:{port}"'
        candor = self.watch(
            [("cache", "redis", f'{address}\npassword = "swordfish"'), ("bare", "redis", address),
             ("wrong", "redis", f'{address}\npassword = "planted-7f3a9c"'),
             ("secured", "redis", f'address = "127.0.0.1:{secured}"\npassword = "swordfish"\ntls = true\n{self.ca()}')],
            ok=("cache", "secured"),
            failing=[("bare", 'got "-NOAUTH Authentication required." after'), ("wrong", 'got "-WRONGPASS')],
        )
        self.assertNotIn("planted-7f3a9c", candor.log.read_text())
        self.gone(candor, process, "cache", "secured")

    def test_mqtt(self):
        port, closed = free_port(), free_port()
        (self.folder / "passwords").touch()
        (self.folder / "passwords").chmod(0o644)
        self.folder.chmod(0o755)
        subprocess.run(["mosquitto_passwd", "-b", str(self.folder / "passwords"), "ana", "swordfish"], check=True,
                       capture_output=True)
        (self.folder / "passwords").chmod(0o644)
        (self.folder / "mosquitto.conf").write_text(
            f"per_listener_settings true\nlistener {port} 127.0.0.1\nallow_anonymous true\n"
            f"listener {closed} 127.0.0.1\nallow_anonymous false\npassword_file {self.folder}/passwords\n"
        )
        process = self.start("mosquitto", port, "mosquitto", "-c", str(self.folder / "mosquitto.conf"))
        candor = self.watch(
            [("open", "mqtt", f'address = "127.0.0.1:{port}"'),
             ("known", "mqtt", f'address = "127.0.0.1:{closed}"\nuser = "ana"\npassword = "swordfish"'),
             ("unknown", "mqtt", f'address = "127.0.0.1:{closed}"')],
            ok=("open", "known"), failing=[("unknown", 'got "not authorized (5)"')],
        )
        self.gone(candor, process, "open", "known")

    def test_postgres(self):
        port, folder = free_port(), self.owned_by("postgres", "postgres")
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        (self.folder / "password").write_text("swordfish\n")
        as_postgres = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
        as_postgres = as_postgres if os.geteuid() == 0 else []
        subprocess.run([*as_postgres, programs / "initdb", "--no-sync", "-D", folder / "data", "-A", "scram-sha-256",
                        f"--pwfile={self.folder}/password"], check=True, capture_output=True, cwd=folder)
        rules = folder / "data" / "pg_hba.conf"
        rules.write_text("host all trusted,homeless,nosuch 127.0.0.1/32 trust\n" + rules.read_text())
        self.certificate(folder, "postgres")
        subprocess.run([*as_postgres, programs / "postgres", "--single", "-D", folder / "data", "postgres"], check=True,
                       input=b"CREATE ROLE trusted LOGIN\nCREATE ROLE homeless LOGIN\n"
                             b"CREATE DATABASE trusted OWNER trusted\n", capture_output=True, cwd=folder)
        process = self.start("postgres", port, *as_postgres, str(programs / "postgres"), "-D", str(folder / "data"),
                             "-h", "127.0.0.1", "-p", str(port), "-k", "", "-c", "ssl=on", "-c", "fsync=off",
                             "-c", f"ssl_cert_file={folder}/chain.pem", "-c", f"ssl_key_file={folder}/key.pem")
        address = f'address = "127.0.0.1:{port}"'
        candor = self.watch(
            [("db", "postgres", address), ("login", "postgres", f'{address}\nuser = "candor"'),
             ("secured", "postgres", f'{address}\nuser = "candor"\nstarttls = true\n{self.ca()}'),
             ("certificate", "tls", f'{address}\nstarttls = "postgres"\n{self.ca()}'),
             ("trusted", "postgres", f'{address}\nuser = "trusted"'),
             ("nosuch", "postgres", f'{address}\nuser = "nosuch"'),
             ("homeless", "postgres", f'{address}\nuser = "homeless"')],
            ok=("db", "login", "secured", "certificate", "trusted"),
            failing=[("nosuch", 'FATAL: role "nosuch" does not exist (28000)'),
                     ("homeless", 'FATAL: database "homeless" does not exist (3D000)')],
        )
        self.gone(candor, process, "db", "login", "secured", "trusted")

    def test_mysql(self):
        port, folder = free_port(), self.owned_by("mysql", "mysql")
        subprocess.run(["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={folder}/data",
                        "--skip-test-db", "--auth-root-authentication-method=normal"], check=True, capture_output=True)
        (self.folder / "init.sql").write_text("CREATE OR REPLACE USER 'candor'@'127.0.0.1' IDENTIFIED BY '';\n"
                                              "CREATE OR REPLACE USER 'candor'@'localhost' IDENTIFIED BY '';\n")
        process = self.start("mariadb", port, MARIA, "--no-defaults", "--user=mysql", f"--datadir={folder}/data",
                             f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket",
                             f"--pid-file={folder}/pid", f"--init-file={self.folder}/init.sql")
        address = f'address = "127.0.0.1:{port}"'
        candor = self.watch(
            [("db", "mysql", address), ("login", "mysql", f'{address}\nuser = "candor"'),
             ("stranger", "mysql", f'{address}\nuser = "eve"')],
            ok=("db", "login"), failing=[("stranger", "Access denied for user 'eve'")],
        )
        self.gone(candor, process, "db", "login")


if __name__ == "__main__":
    unittest.main()
