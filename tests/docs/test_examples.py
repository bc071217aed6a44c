"""The pages of README.md and docs/: everything they say to type or to configure works, and every link leads somewhere."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from checks import BIN, ROOT, Stage, check_page, request, wait_for  # first: it finds the harness
from markdown import Page, check_links
from sources import check_sources

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


class Pages(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="candor-docs-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def nothing(self, findings):
        found = [str(finding) for finding in findings]
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_links_lead_somewhere(self):
        self.nothing(check_links([Page(file) for file in PAGES]))

    def test_what_is_named_of_the_source_is_there(self):
        self.nothing(check_sources([Page(file) for file in (*PAGES, ROOT / "CONTRIBUTING.md")], ROOT))

    def test_candorctl_reference_names_every_command_and_option_and_no_others(self):
        page = Page(ROOT / "docs/reference/candorctl.md")

        def help_of(*command):
            return subprocess.run([str(BIN / "candorctl"), *command, "--help"], capture_output=True, text=True).stdout

        def walk(*command):
            text = help_of(*command)
            names = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.MULTILINE)
            if names:
                for name in re.findall(r"^  ([a-z-]+) ", names[1], re.MULTILINE):
                    yield from walk(*command, name)
            elif command:
                yield " ".join(command), set(re.findall(r"^  (?:-\w,)?(--[a-z]+)", text, re.MULTILINE))

        common = set(re.findall(r"^  (?:-\w,)?(--[a-z]+)", help_of(), re.MULTILINE))
        for command, options in walk():
            with self.subTest(command):
                section = page.section(f"candorctl {command}")
                self.assertIsNotNone(section, f"docs/reference/candorctl.md has no heading candorctl {command}")
                self.assertEqual(set(re.findall(r"^\| `(--[a-z]+)", section, re.MULTILINE)), options - common)
        for option in common:
            self.assertIn(option, page.file.read_text())

    def test_metrics_that_the_operators_guide_names_exist(self):
        page = Page(ROOT / "docs/operators.md")
        folder = self.folder / "metrics"
        folder.mkdir()
        stage = Stage(Page(ROOT / "docs/reference/candorctl.md"), folder, 20)
        self.addCleanup(stage.end)
        stage.start()
        named = set(re.findall(r"\bcandor_[a-z_]+[a-z]\b", page.file.read_text(encoding="utf-8")))
        self.assertTrue(named)

        def unknown():
            text = request(stage.names.port("admin"), "GET", "/metrics").text
            have = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
            return {name for name in named if re.sub("_(bucket|sum|count)$", "", name) not in have}

        with contextlib.suppress(AssertionError):  # some are there once a source was asked
            wait_for("every metric", lambda: not unknown(), patience=10)
        self.assertEqual(unknown(), set())

    def test_what_is_installed_is_where_the_operators_guide_says(self):
        build = BIN.parent
        done = subprocess.run(["cmake", "--install", str(build), "--prefix", str(self.folder / "usr")], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for file in ("bin/candord", "bin/candorctl", "lib/systemd/system/candord.service", "lib/systemd/system/candord.socket",
                     "lib/systemd/system/candord-admin.socket", "share/doc/candor/examples/candor.toml"):
            self.assertTrue((self.folder / "usr" / file).is_file(), file)
        unit = (self.folder / "usr/lib/systemd/system/candord.service").read_text()
        self.assertIn(f"ExecStart={self.folder}/usr/bin/candord --config /etc/candor/candor.toml", unit)


def add_page_tests():
    for file in PAGES:
        def test(self, file=file):
            self.nothing(check_page(Page(file), self.folder / file.stem))

        name = re.sub(r"\W", "_", str(file.relative_to(ROOT)).removesuffix(".md"))
        setattr(Pages, f"test_page_{name}", test)


add_page_tests()

if __name__ == "__main__":
    unittest.main()
