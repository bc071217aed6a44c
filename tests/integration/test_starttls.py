"""Servers of Debian that begin in clear and then speak TLS: a tcp probe gets there, judges the certificate, and says where it stopped."""

import os
import unittest

from harness import BIN, free_port, unpacked
from test_tcp import Server

# Where contrib/test puts it: Debian lets a machine have one FTP server only, and it may have another.


class Starttls(Server):
    def folder_of(self, name):
        folder = self.folder / name
        folder.mkdir()
        return folder

    def secured(self, protocol, port, dialogue):
        """A dialogue over TLS, one whose certificate is not trusted, and one that looks at the certificate only."""
        lines = f'address = "127.0.0.1:{port}"\nstarttls = "{protocol}"\n'
        said = f"dialogue = [{dialogue}]\n" if dialogue else ""
        return [("secured", "tcp", f"{lines}{said}{self.ca()}"), ("untrusted", "tcp", lines),
                ("certificate", "tls", f"{lines}{self.ca()}\ncert_failing_below = \"1d\"")]

    def expect(self, candor, process, words, port):
        for name in ("secured", "certificate"):
            self.seen(candor, name, "ok")
        self.assertIn("CN=root is neither trusted nor among the certificates sent",
                      self.seen(candor, "untrusted", "failing")["evidence"])
        self.assertRegex(self.seen(candor, "without", "failing")["evidence"], words)
        self.end(process)
        for name in ("secured", "certificate"):
            self.assertRegex(self.seen(candor, name, "failing")["evidence"],
                             rf"127\.0\.0\.1:{port}: Connection refused|Connection reset|connection was closed|got nothing|Broken pipe")

    def dovecot(self, name, port, protocol, tls):
        folder = self.folder_of(name)
        (folder / "dovecot.conf").write_text(
            f"base_dir = {folder}/run\nlog_path = {folder}/log\nprotocols = {protocol}\nlisten = 127.0.0.1\n"
            + (f"ssl = yes\nssl_cert = <{self.good[0]}\nssl_key = <{self.good[1]}\n" if tls else "ssl = no\n")
            + "passdb {\n driver = static\n args = password=x\n}\n"
            "userdb {\n driver = static\n args = uid=nobody gid=nogroup home=/tmp\n}\n"
            f"service {protocol}-login {{\n inet_listener {protocol} {{\n  port = {port}\n }}\n"
            f" inet_listener {protocol}s {{\n  port = 0\n }}\n}}\n"
        )
        return self.start(name, port, "dovecot", "-F", "-c", str(folder / "dovecot.conf"))

    def test_pop3(self):
        port, without = free_port(), free_port()
        process = self.dovecot("dovecot", port, "pop3", True)
        self.dovecot("plain", without, "pop3", False)
        candor = self.probing(
            *self.secured("pop3", port, '{ send = "CAPA\\r\\n" }, { expect = "^UIDL" }, { send = "QUIT\\r\\n" }'),
            ("without", "tcp", f'address = "127.0.0.1:{without}"\nstarttls = "pop3"'),
        )
        self.expect(candor, process, 'expected the consent to STLS from .*, got "-ERR', port)

    def test_imap(self):
        port, without = free_port(), free_port()
        process = self.dovecot("dovecot", port, "imap", True)
        self.dovecot("plain", without, "imap", False)
        candor = self.probing(
            *self.secured("imap", port, '{ send = "a CAPABILITY\\r\\n" }, { expect = "^a OK" }'),
            ("without", "tcp", f'address = "127.0.0.1:{without}"\nstarttls = "imap"'),
        )
        self.expect(candor, process, 'expected the consent to STARTTLS from .*, got "c BAD', port)

    def slapd(self, name, port, lines):
        folder = self.folder_of(name)
        (folder / "slapd.conf").write_text(f"include /etc/ldap/schema/core.schema\npidfile {folder}/pid\n{lines}")
        return self.start(name, port, "/usr/sbin/slapd", "-d", "0", "-h", f"ldap://127.0.0.1:{port}/", "-f",
                          str(folder / "slapd.conf"))

    def test_ldap(self):
        port, without = free_port(), free_port()
        process = self.slapd("slapd", port, f"TLSCertificateFile {self.good[0]}\nTLSCertificateKeyFile {self.good[1]}\n")
        self.slapd("plain", without, "")
        candor = self.probing(
            *self.secured("ldap", port, ""),
            ("without", "tcp", f'address = "127.0.0.1:{without}"\nstarttls = "ldap"'),
        )
        # An answer at once, which says no in its result code (RFC 4511, section 4.1.9).
        self.expect(candor, process, r'expected the consent to StartTLS from .*, got "protocolError \(2\): unsupported extended operation" after [\d.]+ m?s$', port)

    def vsftpd(self, name, port, tls):
        folder = self.folder_of(name)
        (folder / "empty").mkdir()
        (folder / "vsftpd.conf").write_text(
            f"listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nanonymous_enable=YES\nftp_username=nobody\n"
            f"secure_chroot_dir={folder}/empty\nseccomp_sandbox=NO\nxferlog_enable=NO\n"
            + ("" if os.geteuid() == 0 else "run_as_launching_user=YES\n")
            + (f"ssl_enable=YES\nallow_anon_ssl=YES\nrsa_cert_file={self.good[0]}\nrsa_private_key_file={self.good[1]}\n" if tls else "")
        )
        return self.start(name, port, unpacked("vsftpd"), str(folder / "vsftpd.conf"))

    def test_ftp(self):
        port, without = free_port(), free_port()
        process = self.vsftpd("vsftpd", port, True)
        self.vsftpd("plain", without, False)
        candor = self.probing(
            *self.secured("ftp", port, '{ send = "FEAT\\r\\n" }, { expect = "^211 " }, { send = "QUIT\\r\\n" }, { expect = "^221 " }'),
            ("without", "tcp", f'address = "127.0.0.1:{without}"\nstarttls = "ftp"'),
        )
        self.expect(candor, process, 'expected the consent to AUTH TLS from .*, got "5', port)


if __name__ == "__main__":
    unittest.main()
