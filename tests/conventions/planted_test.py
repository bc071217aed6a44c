#!/usr/bin/env python3
"""The test of the checks: each finds a violation planted in a small tree, and says nothing of a tree without one."""

import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import cmake_lists  # noqa: E402
import coroutines  # noqa: E402
import floor_plan  # noqa: E402
import headers_alone  # noqa: E402
import house  # noqa: E402
import include_edges  # noqa: E402
import purity  # noqa: E402
import systemd_units  # noqa: E402


class Planted(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()

    def plant(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def places(self, check):
        """file:line of each finding."""
        return [f"{finding.file}:{finding.line}" for finding in sorted(set(check(self.root)))]


class CodeOnly(unittest.TestCase):
    def test_blanks_comments_and_strings_and_keeps_lines(self):
        text = 'a; // wall_now()\n/* b\nc */ d("e // f\\"g", R"x(h\n")x", 1\'000, \'"\'); // i'
        self.assertEqual(house.code_only(text), 'a; \n\n d("", ""\n, 1\'000, ""); ')


class IncludeEdges(Planted):
    def setUp(self):
        super().setUp()
        for header in ("base/time.h", "base/log.h", "base/net/loop.h", "rules/signal.h", "rules/rule.h", "probes/probe.h",
                       "daemon/oncall/oncall.h", "daemon/incident/engine.h", "daemon/http/server.h",
                       "daemon/config/config.h", "daemon/app.h"):
            self.plant(header, "#pragma once\n#include <string>\n")

    def test_lets_the_floor_plan_pass(self):
        self.plant("daemon/app.cpp", '#include "daemon/app.h"\n#include "daemon/config/config.h"\n#include "base/net/loop.h"\n')
        self.plant("daemon/incident/engine.cpp", '#include "daemon/oncall/oncall.h"\n#include "rules/rule.h"\n')
        self.plant("daemon/http/server.cpp", "#include <boost/beast/core.hpp>\n")
        self.plant("probes/http.cpp", '#include "rules/signal.h"\n#include "base/log.h"\n')
        self.plant("base/net/loop.cpp", '#include "base/time.h"\n// #include "daemon/app.h"\n')
        self.assertEqual(self.places(include_edges.check), [])

    def test_catches_each_way_up(self):
        self.plant("base/a.cpp", '#include "base/time.h"\n#include "base/net/loop.h"\n')
        self.plant("rules/a.cpp", '\n#  include "daemon/incident/engine.h"\n')
        self.plant("rules/b.cpp", '#include "base/log.h"\n#include "base/net/loop.h"\n')
        self.plant("probes/a.cpp", '#include "rules/rule.h"\n')
        self.plant("daemon/incident/a.cpp", '#include "daemon/app.h"\n')
        self.plant("daemon/http/a.cpp", '#include "daemon/incident/engine.h"\n')
        self.plant("daemon/ctl/a.cpp", '#include "daemon/incident/engine.h"\n')
        self.assertEqual(self.places(include_edges.check),
                         ["base/a.cpp:2", "daemon/ctl/a.cpp:1", "daemon/http/a.cpp:1", "daemon/incident/a.cpp:1",
                          "probes/a.cpp:1", "rules/a.cpp:2", "rules/b.cpp:1", "rules/b.cpp:2"])

    def test_catches_relative_paths_and_unknown_rooms(self):
        self.plant("rules/a.cpp", '#include "signal.h"\n')
        self.plant("daemon/attic/a.cpp", "\n")
        self.assertEqual(self.places(include_edges.check), ["daemon/attic/a.cpp:1", "rules/a.cpp:1"])

    def test_catches_a_heavy_library_in_a_header_that_another_room_sees(self):
        self.plant("daemon/http/session.h", "#pragma once\n/* two\nlines */\n#include <boost/asio/io_context.hpp>\n")
        self.plant("daemon/http/listener.h", '#pragma once\n#include "daemon/http/session.h"\n')
        self.plant("daemon/http/listener.cpp", '#include "daemon/http/listener.h"\n')
        self.assertEqual(self.places(include_edges.check), [])
        self.plant("daemon/page/site.cpp", '#include "daemon/http/listener.h"\n')
        self.assertEqual(self.places(include_edges.check), ["daemon/http/session.h:4"])

    def test_holds_a_table_that_points_down_only(self):
        above = set(floor_plan.ALLOWED)
        for room, allowed in floor_plan.ALLOWED.items():
            for name in allowed:
                target = name if name in floor_plan.ALLOWED else floor_plan.room_of(name)
                self.assertNotIn(target, above, f"{room} includes {name}, which is not below it")
            above.remove(room)


class Purity(Planted):
    def test_lets_words_that_only_look_alike_pass(self):
        self.plant("base/time.cpp", "auto t = std::chrono::system_clock::now(); time(nullptr);\n")
        self.plant("rules/a.cpp", 'Instant now; /* wall_now() */ auto text = "steady_clock::now()"; rebrand(1); format_time(now);\n')
        self.plant("daemon/app.cpp", "#include <thread>\nstd::mutex m; auto now = wall_now(); Stopwatch watch; run_time(0);\n")
        self.assertEqual(self.places(purity.check), [])

    def test_catches_a_clock_above_base(self):
        self.plant("probes/a.cpp", "\nauto t = std::chrono::steady_clock::now();\n")
        self.plant("daemon/http/a.cpp", "auto t = time(nullptr);\n\n::clock_gettime(CLOCK_MONOTONIC, &ts);\n")
        self.plant("daemon/store/a.cpp", "auto t = BootClock::now();\n")
        self.assertEqual(self.places(purity.check),
                         ["daemon/http/a.cpp:1", "daemon/http/a.cpp:3", "daemon/store/a.cpp:1", "probes/a.cpp:2"])

    def test_catches_what_a_pure_room_must_not_name(self):
        lines = ["auto a = wall_now();", "std::mutex b;", "std::random_device c;", "std::thread d;", "#include <mutex>",
                 "int e = socket(AF_INET, SOCK_STREAM, 0);", "std::chrono::system_clock::time_point f;", "Stopwatch g;",
                 "random_number();", "std::ofstream h;", "getenv(name);", "int i = rand();"]
        for folder in floor_plan.PURE:
            self.plant(f"{folder}/a.cpp", "\n".join(lines) + "\n")
        self.assertEqual(len(self.places(purity.check)), len(lines) * len(floor_plan.PURE))


GOOD_AWAITS = """
const auto executor = co_await asio::this_coro::executor;
const auto winner = co_await (std::move(connected) || std::move(expired));
co_await timer.async_wait(token);
if (co_await ready()) { count = Point{1, 2}; }
if (co_await ready()) return Point{1, 2};
if (co_await ready()) [[likely]] { return {}; }
for (auto& row : co_await rows(name)) { use(Point{row, 2}); }
while (co_await more(a[0], b[i])) { list = {1, 2}; }
co_return Answer{200, text};
co_return Answer{co_await size(), name};
auto done = co_await each(rows, [](const Row& row) { return Point{row.x, 2}; });
Point p{1, 2}; co_await draw(p);
auto f = [&]() -> Task<> { co_await draw(p); };
void g() { Point q{1, 2}; } Task<> h() { co_await draw(q); }
// co_await draw(Point{1, 2});
log("co_await draw({1, 2})");
"""

BAD_AWAITS = (
    "co_await draw(Point{1, 2});",
    "co_await draw({1, 2});",
    "auto x = co_await fetch(Request{.url = url});",
    "auto x = co_await fetch(url, std::vector<int>{1, 2}).value();",
    "co_await each(rows, [&](int x) { use(x); });",
    "co_await each(rows, [this](int x) { use(x); });",
    "co_await each(rows, [x = std::move(x)]() mutable -> int { return x; });",
    "if (co_await ready(Point{1, 2})) { go(); }",
    "use(Point{1, 2}, co_await ready());",
    "use(co_await ready(), Point{1, 2});",
    "co_await\n  draw(one,\n       Point{1, 2});",
    "co_await Draw{1, 2};",
    "co_return co_await draw({});",
)


class Coroutines(Planted):
    def test_lets_the_forms_pass_that_compile_well(self):
        for line in GOOD_AWAITS.strip().splitlines():
            with self.subTest(line):
                self.assertEqual(list(coroutines.refused(line)), [])
        self.plant("probes/a.cpp", GOOD_AWAITS)
        self.assertEqual(self.places(coroutines.check), [])

    def test_catches_the_forms_that_g_plus_plus_12_miscompiles(self):
        for text in BAD_AWAITS:
            with self.subTest(text):
                self.assertNotEqual(list(coroutines.refused(f"void f() {{\n  int x = g(1)[2];\n  {text}\n}}\n")), [])

    def test_names_the_line(self):
        self.plant("daemon/http/a.cpp", "Task<> f() {\n  co_await draw(one,\n                Point{1, 2});\n}\n")
        self.plant("tests/unit/b.cpp", "co_await draw({1});\n")
        self.assertEqual(self.places(coroutines.check), ["daemon/http/a.cpp:3", "tests/unit/b.cpp:1"])


class CMakeLists(Planted):
    def setUp(self):
        super().setUp()
        self.plant("base/time.cpp", "")
        self.plant("base/CMakeLists.txt", "candor_library(candor_base # the ground\n  SOURCES time.cpp PRIVATE fmt::fmt)\n")
        self.plant("daemon/deliver/worker.cpp", "")
        self.plant("daemon/deliver/channels/webhook.cpp", "")
        self.plant("daemon/deliver/CMakeLists.txt", "candor_library(candor_deliver SOURCES worker.cpp channels/webhook.cpp\n"
                                                    "  PUBLIC candor_incident candor_store PRIVATE candor_net)\n")
        self.plant("tests/unit/base/time_test.cpp", "")
        self.plant("tests/unit/base/CMakeLists.txt", "candor_test(base_test SOURCES time_test.cpp LIBRARIES candor_base)\n")

    def test_lets_the_houses_form_pass(self):
        self.assertEqual(self.places(cmake_lists.check), [])

    def test_catches_globbing(self):
        self.plant("probes/CMakeLists.txt", "\nfile(GLOB files *.cpp)\nfile(\n  GLOB_RECURSE more *.cpp)\n")
        self.assertEqual(self.places(cmake_lists.check), ["probes/CMakeLists.txt:2", "probes/CMakeLists.txt:3"])

    def test_catches_a_source_that_is_listed_nowhere_or_twice(self):
        self.plant("base/id.cpp", "")
        self.plant("tests/unit/base/id_test.cpp", "")
        self.plant("CMakeLists.txt", "add_executable(other base/time.cpp)\n")
        self.assertEqual(self.places(cmake_lists.check), ["base/id.cpp:1", "base/time.cpp:1", "tests/unit/base/id_test.cpp:1"])

    def test_catches_a_room_without_its_own_library(self):
        self.plant("rules/rule.cpp", "")
        self.plant("rules/CMakeLists.txt", "add_library(candor_rules rule.cpp)\n")
        self.plant("probes/http.cpp", "")
        self.plant("probes/CMakeLists.txt", "candor_library(candor_probing SOURCES http.cpp)\n")
        self.assertEqual(self.places(cmake_lists.check),
                         ["probes/CMakeLists.txt:1", "probes/CMakeLists.txt:1", "rules/CMakeLists.txt:1"])

    def test_catches_a_link_against_the_floor_plan(self):
        self.plant("rules/rule.cpp", "")
        self.plant("rules/CMakeLists.txt", "candor_library(candor_rules SOURCES rule.cpp\n  PRIVATE candor_incident)\n")
        self.assertEqual(self.places(cmake_lists.check), ["rules/CMakeLists.txt:1"])


class HeadersAlone(Planted):
    def setUp(self):
        super().setUp()
        compiler = next((name for name in ("c++", "g++", "clang++") if shutil.which(name)), None)
        if compiler is None:
            self.skipTest("no C++ compiler")
        self.plant("base/time.cpp", "")
        self.plant("build/compile_commands.json", json.dumps([{
            "directory": str(self.root / "build"), "file": str(self.root / "base/time.cpp"),
            "command": f"ccache {compiler} -DHERE=1 -std=c++17 -Wall -Werror -include nowhere.hxx -o time.o "
                       f"-c {self.root}/base/time.cpp"}]))

    def check(self, root):
        return headers_alone.check(root, root / "build")

    def test_lets_a_complete_header_pass(self):
        self.plant("base/time.h", "#pragma once\n#include <string>\ninline std::string f() { return {}; }\nstatic_assert(HERE);\n")
        self.plant("rules/rule.h", '#pragma once\n#include "base/time.h"\ninline std::string g() { return f(); }\n')
        self.assertEqual(self.places(self.check), [])

    def test_catches_a_header_that_leans_on_others_and_one_without_a_guard(self):
        self.plant("base/time.h", "#pragma once\n\nstd::string f();\n")
        self.plant("rules/rule.h", "struct Rule {};\n")
        self.assertEqual(self.places(self.check), ["base/time.h:3", "rules/rule.h:1"])

    def test_catches_a_build_folder_that_knows_nothing(self):
        self.plant("build/compile_commands.json", "[]")
        self.assertEqual(self.places(self.check), ["compile_commands.json:1"])


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class SystemdUnits(Planted):
    def setUp(self):
        super().setUp()
        for unit in (house.ROOT / "contrib" / "systemd").iterdir():
            self.plant(unit.name, unit.read_text(encoding="utf-8"))

    def test_catches_a_misspelt_directive(self):
        text = (self.root / "candord.service").read_text(encoding="utf-8")
        self.plant("candord.service", text.replace("WatchdogSec=", "WatchdogSecs="))
        self.assertEqual([finding.file for finding in systemd_units.check(self.root)], ["candord.service"])

    def test_catches_a_service_that_may_do_much(self):
        text = (self.root / "candord.service").read_text(encoding="utf-8")
        kept = [line for line in text.splitlines() if not line.startswith(("Protect", "SystemCall", "Capability"))]
        self.plant("candord.service", "\n".join(kept) + "\n")
        self.assertIn("exposure", "\n".join(finding.what for finding in systemd_units.check(self.root)))


if __name__ == "__main__":
    unittest.main()
