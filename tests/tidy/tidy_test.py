#!/usr/bin/env python3
"""scripts/tidy finds a planted violation of each of its rules, and nothing in a clean tree."""
import importlib.machinery
import importlib.util
import json
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load_tidy():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("tidy", str(ROOT / "scripts" / "tidy"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
    loader.exec_module(module)
    return module


tidy = load_tidy()

ROOMS = """
room(base LINKS fmt::fmt)
room(campaign LINKS base)
room(store LINKS campaign)
room(store_sql FOLDER store/sql LINKS store)
room(store_mysql FOLDER store/mysql LINKS store_sql)
room(store_sqlite FOLDER store/sqlite LINKS store_sql)
room(gateway LINKS campaign)
room(http2 FOLDER gateway/http2 LINKS gateway)
room(apns FOLDER gateway/apns LINKS http2)
room(engine LINKS store gateway)
room(config LINKS engine)
room(cli LINKS config store_mysql store_sqlite apns)
"""
CLEAN = {
    "dispatcher/CMakeLists.txt": ROOMS,
    "dispatcher/main.cpp": '#include "cli/run.h"\nint main() try { return run(); }\n'
                           "catch (const std::exception&) { return 1; }\n",
    "dispatcher/cli/run.h": "#pragma once\nint run();\n",
    "dispatcher/cli/assemble.cpp": '#include "store/mysql/session.h"\n',
    "dispatcher/store/mysql/session.h": "#pragma once\nvoid commit();\n",
}
H = "#pragma once\n"
# (rule, file, content): each must be found under its rule.
PLANTED = [
    ("rooms", "dispatcher/base/a.cpp", '#include "campaign/b.h"\n'),
    ("rooms", "dispatcher/store/mysql/a.cpp", '#include "store/sqlite/b.h"\n'),
    ("rooms", "dispatcher/gateway/apns/a.cpp", '#include "engine/b.h"\n'),
    ("rooms", "dispatcher/engine/a.cpp", '#include "store/mysql/session.h"\n'),
    ("rooms", "dispatcher/cli/launch.cpp", '#include "store/mysql/session.h"\n'),
    ("rooms", "dispatcher/cli/launch.cpp", '#include "launch.h"\n'),
    ("rooms", "dispatcher/attic/a.cpp", "int a;\n"),
    ("rooms", "dispatcher/CMakeLists.txt", ROOMS.replace("LINKS store_sql)", "LINKS engine)", 1)),
    ("rooms", "dispatcher/CMakeLists.txt", ROOMS.replace("campaign LINKS base",
                                                         "campaign LINKS store")),
    ("third-party", "dispatcher/engine/a.cpp", "#include <nghttp2/nghttp2.h>\n"),
    ("third-party", "dispatcher/store/sql/a.cpp", "#include <mysql_driver.h>\n"),
    ("third-party", "dispatcher/cli/a.cpp", "#include <yaml-cpp/yaml.h>\n"),
    ("third-party", "dispatcher/base/random.cpp", "#include <openssl/rand.h>\n"),
    ("third-party", "dispatcher/engine/a.cpp", "#include <boost/asio.hpp>\n"),
    ("third-party", "dispatcher/cli/options.h", H + "#include <CLI/CLI.hpp>\n"),
    ("third-party", "dispatcher/campaign/json.h", H + "#include <nlohmann/json.hpp>\n"),
    ("catch", "dispatcher/engine/a.cpp", "void f() { try { g(); } catch (const E& e) {} }\n"),
    ("catch", "dispatcher/main.cpp", "int main() try { run(); }\ncatch (...) { return 1; }\n"),
    ("catch", "dispatcher/main.cpp", "int main() { return 0; }\n"),
    ("banned", "dispatcher/store/mysql/a.cpp", "void f() { connection_->commit(); }\n"),
    ("banned", "dispatcher/store/mysql/a.cpp", "void f() { connection.rollback(); }\n"),
    ("banned", "dispatcher/store/mysql/a.cpp", "void f() { c->setAutoCommit(false); }\n"),
    ("banned", "dispatcher/store/mysql/a.cpp", "void f() { s->setUInt64(1, 2); }\n"),
    ("banned", "dispatcher/gateway/b.cpp", "void f() { ::connect(s, a, n); }\n"),
    ("banned", "dispatcher/engine/a.cpp", "void f() { std::this_thread::sleep_for(1s); }\n"),
    ("banned", "tests/engine/a_test.cpp", "void f() { std::this_thread::sleep_for(1s); }\n"),
    ("banned", "tests/e2e/a.py", "import time\ntime." + "sleep(1)\n"),
    ("banned", "dispatcher/cli/a.cpp", 'void f() { std::system("ls"); }\n'),
    ("banned", "dispatcher/cli/a.cpp", "void f() { strtok(a, b); }\n"),
    ("banned", "dispatcher/cli/a.cpp", "void f() { gets(a); }\n"),
    ("banned", "dispatcher/engine/a.cpp", "auto t = std::chrono::steady_clock::now();\n"),
    ("banned", "dispatcher/engine/a.cpp", "std::random_device device;\n"),
    ("banned", "dispatcher/engine/a.cpp", "void f() { thread.detach(); }\n"),
    ("banned", "dispatcher/engine/a.cpp", "std::thread worker;\n"),
    ("banned", "dispatcher/base/a.h", H + "using namespace std;\n"),
    ("banned", "dispatcher/base/a.cpp", "auto text = std::format(a);\n"),
    ("sql", "dispatcher/engine/a.cpp", 'auto q = "SELECT 1 FROM delivery";\n'),
    ("columns", "dispatcher/base/a.cpp", "// " + "x" * 98 + "\n"),
    ("unfinished", "dispatcher/base/a.cpp", "// TO" + "DO: later\n"),
    ("unfinished", "tests/base/a_test.cpp", "// FIX" + "ME\n"),
    ("blanks", "dispatcher/base/a.cpp", "int a; \n"),
    ("pragma", "dispatcher/cli/run.h", "int run();\n"),
    ("size", "dispatcher/base/a.cpp", "int a;\n" * 401),
    ("names", "dispatcher/base/utils.cpp", "int a;\n"),
    ("names", "dispatcher/base/store_manager.cpp", "int a;\n"),
    ("names", "dispatcher/base/Clock.cpp", "int a;\n"),
    ("lock", "tests/peers/package-lock.json",
     json.dumps({"packages": {"a": {"resolved": "somewhere"}}})),
    ("unreferenced", "dispatcher/base/lonely.h", H),
    ("unreferenced", "config/lonely.yaml", "a: 1\n"),
]
# What looks like a violation and is none.
INNOCENT = [
    ("dispatcher/engine/a.cpp", "// catch (a) sleep_for TO" + "DOS are words here\n"),
    ("dispatcher/engine/a.cpp", 'auto text = "catch (it) if you can; std::system(1)";\n'),
    ("dispatcher/engine/a.cpp", "void f() { session.commit(); session.rollback(); }\n"),
    ("dispatcher/base/clock.cpp", "auto t = std::chrono::system_clock::now();\n"),
    ("dispatcher/engine/a.cpp", "auto n = std::thread::hardware_concurrency();\n"),
    ("dispatcher/engine/a.cpp", "auto million = 1'000'000; // don't\n"),
    ("dispatcher/store/sql/a.cpp", 'auto q = "SELECT 1 FROM delivery";\n'),
]


class TidyTest(unittest.TestCase):
    def findings(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            return tidy.findings_of(folder)

    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(self.findings(CLEAN), [])

    def test_each_planted_violation_is_found_under_its_rule(self):
        for rule, name, content in PLANTED:
            with self.subTest(rule=rule, name=name, content=content[:60]):
                found = self.findings({**CLEAN, name: content})
                self.assertIn((name, rule), [(f[0], f[2]) for f in found])

    def test_words_in_comments_and_texts_are_no_violations(self):
        for name, content in INNOCENT:
            with self.subTest(name=name, content=content[:60]):
                self.assertEqual(self.findings({**CLEAN, name: content}), [])


if __name__ == "__main__":
    unittest.main()
