"""The checks of the documentation can fail: each finds what is planted for it, and finds nothing where nothing is wrong."""

import pathlib
import shutil
import tempfile
import unittest

from checks import check_page  # first: it finds the harness
from markdown import Page, check_links
from sources import check_sources

GOOD_RULE = """```toml rules
[[rule]]
name = "r"
when = { probe = 'component="checkout"' }
```
"""


class Planted(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="candor-docs-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def page(self, text, name="page.md"):
        file = self.folder / name
        file.write_text(text)
        return Page(file)

    def findings(self, text):
        return [str(finding) for finding in check_page(self.page(text), self.folder / "run", patience=0.5)]

    def finds(self, text, *words):
        found = self.findings(text)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def test_what_is_right_is_left_alone(self):
        text = f"# A\n\n{GOOD_RULE}\n```toml\n[page]\nname = \"Acme\"\n```\n```console\n$ printf 'a\\nb 17\\n'\na\nb …\n$ false\n$ echo $?\n1\n```\n"
        self.assertEqual(self.findings(text), [])

    def test_a_wrong_configuration(self):
        self.finds('# A\n```toml\n[page]\nnmae = "Acme"\n```\n', "page.md:4:", 'did you mean "name"?')

    def test_a_wrong_rule(self):
        found = self.findings(GOOD_RULE.replace("probe =", "prob ="))
        self.assertTrue(any('did you mean "probe"?' in one and "page.md:4:" in one for one in found), found)

    def test_a_wrong_output(self):
        self.finds("```console\n$ echo one\ntwo\n```\n", "page.md:2:", "`echo one`", "one", "two")
        shutil.rmtree(self.folder / "run")
        self.finds("```console\n$ candorctl status\nAll is well.\n```\n", "candorctl status", "incident is open")

    def test_an_output_that_is_not_shown(self):
        self.finds("```console\n$ echo one\n```\n", "one")

    def test_a_command_that_fails(self):
        self.finds("```console\n$ candorctl incident lsit\n…\n```\n", "status 64")

    def test_a_command_of_the_api_that_is_refused(self):
        self.finds('```sh\ncurl -sS --json \'{"titel": "x"}\' "$CANDOR_URL/api/v1/incidents"\n```\n', "status 22")

    def test_a_command_that_nothing_runs(self):
        self.finds("```console root\n$ apt-get install candor\n```\n", "nothing is known to run")
        self.finds("```console root\n$ systemctl enable --now candor\n```\n", "no unit candor.service")

    def test_configurations_of_other_programs(self):
        self.finds("```yaml\nscrape_configs:\n- job_nmae: x\n```\n", "promtool")
        self.finds("```nginx\nserver { lisetn 80; }\n```\n", "nginx", "lisetn")
        self.finds("```ini candord.service\n[Service]\nLoadCredental=ana:/x\n```\n", "systemd-analyze", "LoadCredental")

    def test_a_kind_that_nothing_checks(self):
        self.finds("```perl\n1\n```\n", "nothing checks")

    def test_links(self):
        self.page("# There\n## Where it is\n## Where it is\n", "other.md")
        good = "# Here\n[a](other.md) [b](other.md#where-it-is-1) [c](#here) [d](https://x.example/y) `[e](nowhere.md)`\n"
        self.assertEqual(list(check_links([self.page(good)])), [])
        for link in ("nowhere.md", "other.md#nowhere", "#there"):
            found = list(check_links([self.page(f"# Here\n\n[x]({link})\n")]))
            self.assertEqual(len(found), 1)
            self.assertIn(f"page.md:3: the link {link} leads to no", str(found[0]))

    def test_names_of_the_source(self):
        (self.folder / "rules").mkdir()
        (self.folder / "rules/judge.cpp").write_text("void Judge::settle() {}\n")
        good = "`rules/judge.cpp`, `judge.cpp`, `Judge::settle()`, `settle()`, `candorctl status`, `not::all words`\n"
        self.assertEqual(list(check_sources([self.page(good)], self.folder)), [])
        for name in ("daemon/judge.cpp", "udge.cpp", "Judge::unsettle()", "unsettle()", "Jury::settle()"):
            found = list(check_sources([self.page(f"# Here\n`{name}`\n")], self.folder))
            self.assertEqual([str(one) for one in found], [f"{self.folder}/page.md:2: there is no `{name}` in the source"])

    def test_an_id_stands_for_one_incident(self):
        # The page's id is learnt from what is printed, and from then on stands for that one, in commands too.
        shown = "```console\n$ echo incident-{1..1} | sed s/.*/real0001real/\nk8s2m9x4bt7q\n$ echo k8s2m9x4bt7q\n%s\n```\n"
        self.assertEqual(self.findings(shown % "k8s2m9x4bt7q"), [])
        shutil.rmtree(self.folder / "run")
        self.finds("```console\n$ printf '%s\\n' real0001real real0002real\nk8s2m9x4bt7q\nk8s2m9x4bt7q\n```\n", "real0002real")


if __name__ == "__main__":
    unittest.main()
