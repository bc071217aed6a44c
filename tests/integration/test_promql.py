"""The values of a real Prometheus's queries, and what it says when it has none."""

import unittest

from harness import CandorTest, free_port, port_answers, request, wait_for


class Promql(CandorTest):
    def prometheus(self, port=None):
        """Scrapes the file `metrics`, and asks its readers who they are."""
        port = port or free_port()
        (self.folder / "prometheus.yml").write_text(
            "global: { scrape_interval: 1s, scrape_timeout: 1s }\n"
            "scrape_configs:\n- job_name: shop\n  static_configs: [ { targets: ['127.0.0.1:%d'] } ]\n" % self.metrics.port
        )
        (self.folder / "web.yml").write_text(
            "basic_auth_users: { ana: '$2b$04$z734p.Cl137VoGfznr5w/OkCrztK1FLmUlPCaOqUdIn1lza2QkOTa' }\n"
        )
        process = self.run_in_background(
            "prometheus",
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self.folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
            *self.web,
            log="prometheus.log",
        )
        wait_for("Prometheus", lambda: port_answers(port) and request(port, "GET", "/-/ready").status in (200, 401))
        return process, port

    def setUp(self):
        super().setUp()
        self.web = []
        self.metrics = self.recorder()
        self.metrics.headers = {"Content-Type": "text/plain; version=0.0.4"}
        self.measured(a=1, b=2)

    def measured(self, **values):
        lines = [f'refused{{provider="{name}"}} {value}\n' for name, value in values.items()]
        self.metrics.body = "".join(lines).encode()

    def asking(self, url, **probes):
        text = ""
        for name, lines in probes.items():
            text += f'[[probe]]\nname = "{name}"\nevery = "300ms"\n[probe.promql]\nurl = "{url}"\n{lines}\n'
        return self.candor(text)

    def seen(self, candor, name, wanted):
        def now():
            for signal in candor.signals():
                if signal["labels"]["probe"] == name and signal["health"] == wanted:
                    return signal
            return None

        return wait_for(f"{name} to be {wanted}", now)

    def test_values_that_pass_their_limits(self):
        _, port = self.prometheus()
        candor = self.asking(
            f"http://127.0.0.1:{port}/",
            each="query = 'refused'\nfailing_above = 10\ndegraded_above = 5",
            all="query = 'scalar(sum(refused))'\nfailing_above = 10",
            scraped="query = 'up{job=\"shop\"}'\nfailing_below = 1",
        )
        for name in ("each", "all", "scraped"):
            self.seen(candor, name, "ok")
        self.measured(a=1, b=7.5)
        evidence = self.seen(candor, "each", "degraded")["evidence"]
        self.assertTrue(evidence.startswith(
            f'query "refused" at http://127.0.0.1:{port}: 7.5 of refused{{instance="127.0.0.1:{self.metrics.port}", '
            'job="shop", provider="b"}, the worst of 2 series, above 5 (after '), evidence)
        self.assertEqual(self.seen(candor, "all", "ok")["evidence"], "")
        self.measured(a=11, b=7.5)
        self.assertIn('11 of refused{', self.seen(candor, "each", "failing")["evidence"])
        by_hand = candor.ctl("probe", "run", "each", "--config", str(candor.file))
        self.assertEqual((by_hand.returncode, by_hand.stdout.splitlines()[1]), (2, "for customers: problems"))
        self.assertIn(": 18.5, above 10", self.seen(candor, "all", "failing")["evidence"])
        self.metrics.status = 500
        self.assertIn(": 0 of up{", self.seen(candor, "scraped", "failing")["evidence"])
        self.metrics.status = 200
        self.measured(a=1, b=1)
        for name in ("each", "all", "scraped"):
            self.seen(candor, name, "ok")
        readings = candor.api("GET", "/metrics").text
        self.assertRegex(readings, r'candor_probes_reading\{probe="all",name="value",unit=""\} 2\n')
        self.assertRegex(readings, r'candor_probes_reading\{probe="each",name="series",unit=""\} 2\n')

    def test_what_no_value_can_be_had_of(self):
        process, port = self.prometheus()
        url = f"http://127.0.0.1:{port}"
        limit = "failing_above = 10"
        candor = self.asking(
            url,
            absent=f"query = 'nothing_of_this_name'\n{limit}",
            nan=f"query = 'vector(0) / 0'\n{limit}",
            broken=f"query = 'sum('\n{limit}",
            range=f"query = 'refused[5m]'\n{limit}",
            text=f"query = '\"ok\"'\n{limit}",
            good=f"query = 'vector(1)'\n{limit}",
        )
        self.seen(candor, "good", "ok")
        self.assertIn("no data", self.seen(candor, "absent", "unknown")["evidence"])
        self.assertIn(": NaN, which", self.seen(candor, "nan", "unknown")["evidence"])
        broken = self.seen(candor, "broken", "unknown")["evidence"]
        self.assertIn(f'query "sum(" at {url}: HTTP 400 from 127.0.0.1:{port} after ', broken)
        self.assertIn(' ms: Prometheus says "', broken)
        self.assertIn("parse error", broken)
        self.assertIn("over a range of time", self.seen(candor, "range", "unknown")["evidence"])
        self.assertIn("a text and not a number", self.seen(candor, "text", "unknown")["evidence"])
        process.kill()
        self.assertIn(
            f'connect to 127.0.0.1:{port}: Connection refused (after ', self.seen(candor, "good", "unknown")["evidence"])
        process.wait(10)
        self.prometheus(port)
        self.seen(candor, "good", "ok")

    def test_a_prometheus_that_asks_for_a_password_and_is_below_a_path(self):
        self.web = [f"--web.config.file={self.folder}/web.yml", "--web.external-url=http://127.0.0.1/prom"]
        _, port = self.prometheus()
        lines = "query = 'vector(1)'\nfailing_above = 10"
        with_user = self.asking(f"http://ana:swordfish@127.0.0.1:{port}/prom", known=lines)
        self.seen(with_user, "known", "ok")
        with_user.stop()
        without = self.asking(f"http://127.0.0.1:{port}/prom", unknown=lines)
        self.assertIn("HTTP 401", self.seen(without, "unknown", "unknown")["evidence"])
        without.stop()
        beside = self.asking(f"http://ana:swordfish@127.0.0.1:{port}", misplaced=lines)
        evidence = self.seen(beside, "misplaced", "unknown")["evidence"]
        self.assertIn("HTTP 404", evidence)
        self.assertNotIn("swordfish", evidence + beside.log.read_text())


if __name__ == "__main__":
    unittest.main()
