#!/usr/bin/env python3
"""The same campaign on a real MySQL 9 server, with a kill -9 in the middle. Where that server
cannot be fetched the test is skipped and says why (exit 77).
"""
import os
import subprocess
import sys
import unittest

from harness import ROOT, Lab, MockGateway, MySqlStore
from judge import judge_campaign

DEVICES = 5000
SKIPPED = 77
MYSQL_ROOT = os.environ.get("PUSHONCE_MYSQL_ROOT", str(ROOT / "var" / "mysql"))


class MySqlTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("mysql"))
        self.store = MySqlStore(self.lab, MYSQL_ROOT)
        self.addCleanup(self.store.remove)
        self.gateway = MockGateway(self.lab)
        self.config = self.lab.server_file(self.store, self.gateway)
        self.lab.run("store", "init", config=self.config)
        self.tokens = self.lab.audience_file(DEVICES)
        self.campaign = self.lab.campaign_file("sale", rate="3000/s")

    def test_a_campaign_killed_and_restarted_on_mysql_notifies_everyone_once(self):
        launch = self.lab.pushonce("launch", self.campaign, "--yes", config=self.config)
        self.gateway.wait_lines(DEVICES * 4 // 10)
        launch.kill9()
        self.gateway.settle()
        self.lab.run("restart", "sale", config=self.config, expect={0, 3})
        again = self.lab.run("launch", self.campaign, "--yes", config=self.config, expect={0, 3})
        self.assertIn("0 sent", again.out + again.err)
        verdict = judge_campaign(self.store, self.gateway, self.tokens, "sale",
                                 self.lab.report("sale", self.config), doubt_explained=(),
                                 doubt_killed_max=self.gateway.wire_max())
        self.assertEqual(verdict.violations, [])
        print("  judged:", verdict.figures)


if __name__ == "__main__":
    fetched = subprocess.run([ROOT / "scripts" / "fetch-mysql", MYSQL_ROOT], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
    print(fetched.stdout.strip(), flush=True)
    if fetched.returncode != 0:
        print("skipped: a MySQL server cannot be had here, see above")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
