#!/usr/bin/env python3
"""One campaign over APNs, FCM, Web Push and a webhook: each goes at its own speed, and one that is
away or stuck holds up no other. (That nobody is notified twice under kill -9: kill_test.py
--gateway fleet.)"""
import collections
import json
import unittest

from fleet import KINDS, Fleet
from harness import Lab, SqliteStore, wait_until
from judge import judge_campaign

DEVICES = 4000
STUCK = "android"


class FleetTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("fleet"))
        self.store = SqliteStore(self.lab)
        self.fleet = Fleet(self.lab)
        self.fleet.keys.update(patience="60s")
        self.config = self.lab.server_file(self.store, self.fleet)
        self.tokens = self.fleet.audience_file(self.lab, DEVICES)
        self.campaign = self.lab.campaign_file("sale", gateway=self.fleet.name)
        self.lab.run("store", "init", config=self.config)

    def stuck(self):
        return self.fleet.members[STUCK]

    def wait_for_the_others(self, launch):
        """Until every device of the other gateways was notified."""
        wanted = collections.Counter(map(self.fleet.platform_of, self.tokens))

        def are_done():
            self.assertTrue(launch.running(), launch.tail())
            return all(member.ledger_lines() == wanted[platform]
                       for platform, member in self.fleet.members.items() if platform != STUCK)
        wait_until(are_done, "the other gateways are done")

    def judge(self, **extra):
        report = self.lab.report("sale", self.config)
        verdict = judge_campaign(self.store, self.fleet, self.tokens, "sale", report, **extra)
        self.assertEqual(verdict.violations, [])
        return report

    def test_each_device_is_notified_over_its_own_gateway(self):
        done = self.lab.run("--json", "launch", self.campaign, "--yes", config=self.config)
        now = {one["gateway"]: one for one in json.loads(done.out)["now_by_gateway"]}
        report = self.judge()
        for member in self.fleet.members.values():
            self.assertEqual(now[member.name]["delivered"], member.ledger_lines())
            self.assertIn(f"  {member.name}: 1,000 sent now: 1,000 delivered", done.err)
        names = {platform: member.name for platform, member in self.fleet.members.items()}
        for line in report:
            self.assertEqual(line["outcome"], "delivered", line)
            self.assertEqual(line["gateway"], names[self.fleet.platform_of(line["appid"])])
        for member in self.fleet.members.values():
            self.assertEqual(member.ledger_lines(), DEVICES // len(KINDS))
        self.lab.run("launch", self.campaign, "--yes", config=self.config)
        self.assertEqual(self.fleet.ledger_lines(), DEVICES)

    def test_a_gateway_that_is_away_holds_up_no_other(self):
        self.stuck().stop()
        launch = self.lab.pushonce("launch", self.campaign, "--yes", config=self.config)
        self.wait_for_the_others(launch)
        self.assertEqual(self.stuck().ledger_lines(), 0)
        self.stuck().start()
        self.assertEqual(launch.wait(), 0, launch.tail())
        self.assertEqual(self.judge()[0]["outcome"], "delivered")

    def test_a_gateway_that_is_stuck_holds_up_no_other(self):
        self.stuck().freeze()
        launch = self.lab.pushonce("launch", self.campaign, "--yes", config=self.config)
        self.wait_for_the_others(launch)
        self.assertEqual(self.stuck().ledger_lines(), 0)
        self.stuck().thaw()
        self.assertIn(launch.wait(), (0, 3), launch.tail())
        # What it did not answer in time may be in doubt: what was on its wire.
        self.judge(doubt_explained=(), doubt_killed_max=self.stuck().wire_max())


if __name__ == "__main__":
    unittest.main(verbosity=2)
