"""A real nginx as the thing that is watched."""

import json
import subprocess
import unittest

from harness import BIN, CandorTest, free_port, port_answers, wait_for


class Nginx(CandorTest):
    def nginx(self, port, location, tls=""):
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.err;\n"
            "events {}\nhttp { access_log off; client_body_temp_path body; proxy_temp_path proxy;\n"
            "fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
            f"server {{ listen 127.0.0.1:{port} {'ssl' if tls else ''}; {tls}\n location / {{ {location} }} }} }}\n"
        )
        process = self.run_in_background("nginx", "-p", str(self.folder), "-c", "nginx.conf", log="nginx.log")
        wait_for("nginx", lambda: port_answers(port))
        return process

    def probing(self, url, extra=""):
        return self.candor(
            f'[[probe]]\nname = "shop"\nevery = "100ms"\ntimeout = "1s"\n[probe.http]\nurl = "{url}"\n{extra}\n'
        )

    def health(self, candor, wanted):
        def now():
            found = candor.signals()
            return found[0] if found and found[0]["health"] == wanted else None

        return wait_for(f"health {wanted}", now)

    def test_gone_and_back(self):
        port = free_port()
        process = self.nginx(port, "return 200 'all good';")
        candor = self.probing(f"http://127.0.0.1:{port}/healthz", 'body_matches = "all good"')
        self.health(candor, "ok")
        process.terminate()
        process.wait(10)
        self.assertIn("refused", self.health(candor, "failing")["evidence"])
        self.nginx(port, "return 200 'all good';")
        self.health(candor, "ok")

    def test_retries_that_are_sooner_than_the_regular_runs(self):
        port = free_port()
        candor = self.candor(
            '[[probe]]\nname = "shop"\nevery = "10s"\nretry_interval = "100ms"\ntimeout = "1s"\nfall = 6\nrise = 6\n'
            f'[probe.http]\nurl = "http://127.0.0.1:{port}/"\n'
        )
        # Six runs at their regular times take longer than anything is waited for here.
        self.health(candor, "failing")
        self.nginx(port, "return 200;")
        self.health(candor, "ok")

    def test_an_error(self):
        port = free_port()
        self.nginx(port, "return 503;")
        candor = self.probing(f"http://127.0.0.1:{port}/healthz")
        self.assertIn("503", self.health(candor, "failing")["evidence"])

    def test_an_answer_that_says_something_else(self):
        port = free_port()
        self.nginx(port, "return 200 'nothing here';")
        candor = self.probing(f"http://127.0.0.1:{port}/healthz", 'body_matches = "all good"')
        self.assertIn("all good", self.health(candor, "failing")["evidence"])

    def test_a_certificate_nobody_signed(self):
        port = free_port()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", str(self.folder / "key.pem"), "-out", str(self.folder / "cert.pem")],
            check=True, capture_output=True,
        )
        self.nginx(port, "return 200;", tls=f"ssl_certificate {self.folder}/cert.pem; ssl_certificate_key {self.folder}/key.pem;")
        candor = self.probing(f"https://127.0.0.1:{port}/")
        self.assertIn("certificate", self.health(candor, "failing")["evidence"])
        candor.stop()
        trusting = candor.file.read_text() + f'ca_file = "{self.folder}/cert.pem"\n'
        candor.file.write_text(trusting)
        candor.start()
        self.health(candor, "ok")

    def test_slow_answers_are_degraded(self):
        target = self.recorder()
        target.delay = 0.3
        candor = self.probing(target.url, 'degraded_above = "100ms"')
        self.assertIn("slower than 100 ms", self.health(candor, "degraded")["evidence"])
        target.delay = 0
        self.health(candor, "ok")

    def test_not_blamed_while_candord_itself_cannot_see(self):
        port, elsewhere = free_port(), free_port()
        process = self.nginx(port, "return 200 'all good';")
        candor = self.probing(
            f"http://127.0.0.1:{port}/",
            f'[[probe]]\nname = "elsewhere"\nevery = "100ms"\ntimeout = "1s"\n[probe.http]\nurl = "http://127.0.0.1:{elsewhere}/"\n'
            '[self_check]\nprobes = ["elsewhere"]\n')

        def shop(wanted):
            return wait_for(f"the shop to be {wanted}", lambda: next(
                (one for one in candor.signals() if one["labels"]["probe"] == "shop" and one["health"] == wanted), None))

        shop("ok")
        process.terminate()
        process.wait(10)
        self.assertIn("candord cannot see (self check elsewhere fails", shop("unknown")["evidence"])
        self.assertIn("candord cannot see, and what probes find wrong is unknown", candor.ctl("status").stdout)
        self.recorder(elsewhere)
        self.assertIn("refused", shop("failing")["evidence"])
        self.assertNotIn("cannot see", candor.ctl("status").stdout)

    def test_looked_at_once_without_a_daemon(self):
        port = free_port()
        self.nginx(port, "return 200 'all good';")
        config = self.folder / "one.toml"

        def run(extra, *options):
            config.write_text(f'[[probe]]\nname = "shop"\n[probe.http]\nurl = "http://127.0.0.1:{port}/"\n{extra}\n')
            return subprocess.run([str(BIN / "candorctl"), "probe", "run", "shop", "--config", str(config), *options],
                                  capture_output=True, text=True, timeout=20)

        good = run("")
        self.assertEqual((good.returncode, good.stderr), (0, ""))
        self.assertRegex(good.stdout, r"^OK: shop is ok \| 'connect'=.*'total'=[0-9.]+ms\n")
        bad = run('body_matches = "x[|]y"')
        self.assertEqual(bad.returncode, 2)
        line = bad.stdout.splitlines()[0]
        self.assertRegex(line, r"^CRITICAL: shop is failing: .* body does not match \"x\[/\]y\" .* \| ")
        self.assertEqual(line.count("|"), 1)
        self.assertIn("for customers: unexpected answers", bad.stdout)
        found = json.loads(run('body_matches = "none"', "--json").stdout)
        self.assertEqual((found["probe"], found["kind"], found["health"]), ("shop", "http", "failing"))
        plugin = self.folder / "plugin.toml"
        plugin.write_text("[[probe]]\nname = \"disk\"\n[probe.exec]\n"
                          "command = [\"/bin/sh\", \"-c\", \"echo 'fine | total=7GB'\"]\n")
        told = subprocess.run([str(BIN / "candorctl"), "probe", "run", "disk", "--config", str(plugin)],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(told.stdout.splitlines()[0], "OK: disk is ok | 'total'=7GB")
        wrong = run("statuss = 1")
        self.assertEqual(wrong.returncode, 78)
        self.assertIn('did you mean "status"', wrong.stderr)


if __name__ == "__main__":
    unittest.main()
