#!/usr/bin/env python3
"""What contrib/run and contrib/test do about Debian packages, on machines that a folder of pretended programs plays."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import house  # noqa: E402

BOOKWORM = 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'

DPKG_QUERY = """#!/bin/bash
# dpkg-query -W -f=FORMAT PATTERN over the names in $MACHINE/installed
found=1
while read -r name; do
  if [[ $name == $3 ]]; then
    case $2 in *Package*) echo "installed $name" ;; *) echo installed ;; esac
    found=0
  fi
done <"$MACHINE/installed"
exit $found
"""

APT_GET = """#!/bin/bash
echo "$DEBIAN_FRONTEND $*" >>"$MACHINE/apt.log"
[[ " $* " == *" $(cat "$MACHINE/apt.fails" 2>/dev/null || echo nothing) "* ]] && exit 100
exit 0
"""


class Machine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "bin").mkdir()
        self.program("dpkg-query", DPKG_QUERY)
        self.program("apt-get", APT_GET)
        self.program("sudo", '#!/bin/bash\nexec "$@"\n')
        self.has("os-release", BOOKWORM)
        self.has("installed", "")

    def program(self, name, text):
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def has(self, name, text):
        (self.folder / name).write_text(text)

    def install(self, *packages):
        script = 'set -euo pipefail; source "$1"; shift; install_packages "$@"'
        result = subprocess.run(
            ["bash", "-c", script, "contrib/run", str(house.ROOT / "contrib" / "lib.sh"), *packages],
            env={"PATH": f"{self.folder}/bin:/usr/bin:/bin", "MACHINE": str(self.folder),
                 "CANDOR_OS_RELEASE": str(self.folder / "os-release")},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        log = self.folder / "apt.log"
        return result, log.read_text().splitlines() if log.exists() else []

    def test_an_equipped_machine_is_left_alone(self):
        self.has("installed", "g++\ncmake\n")
        result, apt = self.install("g++", "cmake")
        self.assertEqual((result.returncode, apt), (0, []), result.stderr)

    def test_only_what_is_missing_is_installed_and_nothing_is_removed(self):
        self.has("installed", "g++\n")
        result, apt = self.install("g++", "cmake", "ccache", "cmake")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(apt), 2)
        self.assertIn(" update", apt[0])
        self.assertRegex(apt[1], r"^noninteractive .* install -y --no-install-recommends --no-remove cmake ccache$")

    def test_another_boost_is_named_before_apt_is_asked(self):
        self.has("installed", "libboost1.74-dev\nlibboost-dev\nlibboost-json1.81-dev\n")
        result, apt = self.install("libboost1.81-dev")
        self.assertEqual((result.returncode, apt), (1, []))
        self.assertIn("does not allow beside libboost1.74-dev", result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1)

    def test_the_boost_that_is_needed_stands_in_nobodys_way(self):
        self.has("installed", "libboost1.81-dev\nlibboost-url1.81-dev\n")
        result, apt = self.install("libboost1.81-dev", "cmake")
        self.assertEqual((result.returncode, len(apt)), (0, 2), result.stderr)

    def test_another_curl_is_named_before_apt_is_asked(self):
        self.has("installed", "libcurl4-gnutls-dev\n")
        result, apt = self.install("libcurl4-openssl-dev")
        self.assertEqual((result.returncode, apt), (1, []))
        self.assertIn("libcurl4-gnutls-dev", result.stderr)

    def test_another_system_is_told_what_is_needed(self):
        self.has("os-release", "ID=fedora\nVERSION_ID=41\n")
        result, apt = self.install("g++", "cmake")
        self.assertEqual((result.returncode, apt), (1, []))
        self.assertIn("g++ cmake", result.stderr)
        self.assertIn("--no-install", result.stderr)

    def test_a_failing_apt_ends_it_with_a_sentence(self):
        for failing in ("update", "cmake"):
            self.has("apt.fails", failing)
            result, _ = self.install("cmake")
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, r"apt-get .*\(see above\)")

    def unpack(self, *packages):
        self.program("apt-get", APT_GET.replace("exit 0", '[[ $2 == download ]] && touch "$3_1.deb"\nexit 0'))
        self.program("dpkg-deb", '#!/bin/bash\nmkdir -p "usr/share/doc/${2%%_*}"\n')
        folder = self.folder / "unpacked"
        script = 'set -euo pipefail; source "$1"; shift; unpack_packages "$@"'
        result = subprocess.run(
            ["bash", "-c", script, "contrib/test", str(house.ROOT / "contrib" / "lib.sh"), str(folder), *packages],
            env={"PATH": f"{self.folder}/bin:/usr/bin:/bin", "MACHINE": str(self.folder)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        log = self.folder / "apt.log"
        return result, log.read_text().splitlines() if log.exists() else []

    def test_what_may_stand_beside_nothing_is_unpacked_once_and_not_installed(self):
        self.has("installed", "nginx\n")
        for _ in range(2):
            result, apt = self.unpack("nginx", "chrony")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual([line.strip() for line in apt], ["-q download chrony"])
            self.assertEqual(sorted(path.name for path in (self.folder / "unpacked").iterdir()), ["usr"])

    def test_a_package_that_cannot_be_had_ends_it_with_a_sentence(self):
        self.has("apt.fails", "chrony")
        result, _ = self.unpack("chrony")
        self.assertEqual(result.returncode, 1)
        self.assertIn("apt-get could not download chrony", result.stderr)


class Arguments(unittest.TestCase):
    def run_script(self, *command):
        return subprocess.run(["bash", str(house.ROOT / "contrib" / command[0]), *command[1:]], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False, cwd="/")

    def test_help_says_how_and_does_nothing(self):
        for script in ("run", "test", "fuzz", "bench"):
            result = self.run_script(script, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(f"contrib/{script} ", result.stdout)

    def test_a_wrong_preset_or_argument_is_refused_before_anything_is_done(self):
        for command in (("run", "--preset", "fast"), ("test", "--preset=fast"), ("run", "--config", "x.toml"), ("run", "--preset"),
                        ("fuzz", "no_such_target"), ("fuzz", "--seconds", "0"), ("fuzz", "--seconds"), ("bench", "--fast")):
            with self.subTest(command):
                result = self.run_script(*command)
                self.assertNotEqual(result.returncode, 0)
                self.assertNotIn("==>", result.stdout)


if __name__ == "__main__":
    unittest.main()
