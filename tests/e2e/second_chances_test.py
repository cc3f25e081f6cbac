#!/usr/bin/env python3
"""Outages, wrong environments, and second chances (T10) for what was proved not sent.

    second_chances_test.py [--store sqlite|mariadb] [unittest arguments]
"""
import json
import os
import sys
import unittest

from harness import STORES, Fault, Lab, MockGateway
from judge import (DOUBT_BIT, REJECTED, SKIPPED, judge_campaign, judge_second_chances, read_flags,
                   read_ledger)

STORE = os.environ.get("E2E_STORE", "mariadb")
DEVICES = 2000
PAUSED, DONE, DONE_WITH_DOUBT = 3, 5, 6
SICK = (Fault("unavailable"), Fault("unregistered"), Fault("bad_device_token"),
        Fault("stall_after"))


class ChancesCase(unittest.TestCase):
    faults = ()
    gateway_keys = {}
    rate = "20000/s"
    retry = "{attempts: 3, first: 100ms, max: 200ms}"

    def setUp(self):
        self.lab = self.enterContext(Lab("chances"))
        self.store = STORES[STORE](self.lab)
        self.gateway = MockGateway(self.lab, faults=self.faults)
        self.gateway.keys.update(self.gateway_keys)
        self.config = self.lab.server_file(self.store, self.gateway)
        self.command("store", "init")
        self.tokens = self.lab.audience_file(DEVICES, faults=SICK)
        self.campaign = self.lab.campaign_file("sale", rate=self.rate, retry=self.retry)

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def cure_gateway(self):
        self.gateway.cure()

    def state(self):
        return int(self.store.rows("SELECT state FROM campaign WHERE HEX(name) = HEX('sale')")
                   [0][0])

    def flags(self):
        return read_flags(self.store, "sale")

    def counts(self):
        return self.lab.status("sale", self.config)["counts"]

    def dry_run(self, *arguments):
        before = self.flags(), self.gateway.ledger_lines(), self.state()
        foretold = json.loads(
            self.command("--json", "restart", "sale", "--dry-run", *arguments).out)
        self.assertEqual((self.flags(), self.gateway.ledger_lines(), self.state()), before)
        return foretold

    def include(self, *arguments, expect=0, ordered=()):
        """A restart with second chances for `ordered`, judged; answers its JSON document."""
        before = self.flags()
        sent = self.gateway.ledger_lines()
        foretold = self.dry_run(*arguments)
        self.assertEqual(foretold["would_send"]["second_chances"], len(ordered))
        done = self.command("--json", "restart", "sale", *arguments, "--because", "the cure works",
                            expect=expect)
        verdict = judge_second_chances(before, self.flags(), ordered)
        self.assertEqual(verdict.violations, [])
        self.assertEqual(verdict.figures["second chances"], len(ordered))
        document = json.loads(done.out)
        self.assertEqual(document["second_chances"], len(ordered))
        if ordered:
            audit = self.command("audit", "sale").out
            self.assertIn("second chance for", audit)
            self.assertIn("the cure works", audit)
        self.assertEqual(self.gateway.ledger_lines() - sent,
                         foretold["would_send"]["total"] if expect in (0, 3) else 0)
        return document

    def having(self, state, reasons=None):
        return {a for a, flag in self.flags().items() if flag.state == state and (
            reasons is None or flag.code & ~DOUBT_BIT in reasons)}

    def assert_judged(self, **extra):
        verdict = judge_campaign(self.store, self.gateway, self.tokens, "sale",
                                 self.lab.report("sale", self.config), **extra)
        self.assertEqual(verdict.violations, [])
        print(f"  {self.id().split('.')[-1]} [{STORE}]: {verdict.figures}")
        return verdict.figures


class OutageTest(ChancesCase):
    """An hour of outage in fast-forward: nobody answers, then somebody sick, then all is well."""
    gateway_keys = {"patience": "1s"}
    rate = "2000/s"

    def test_an_outage_costs_no_try_and_what_it_used_up_gets_a_second_chance(self):
        launch = self.lab.pushonce("launch", self.campaign, "--yes", config=self.config)
        self.gateway.wait_lines(DEVICES // 4)
        self.gateway.stop()
        self.assertEqual(launch.wait(), 5, launch.tail())
        doubt = self.counts()["in_doubt"]
        for _ in range(2):  # somebody tries again while it is down
            self.command("restart", "sale", expect=5)
        tries = self.store.rows("SELECT coalesce(max(tries), 0) FROM delivery WHERE state = 4")
        self.assertEqual(int(tries[0][0]), 0)

        # It comes back, and for a while answers some of them 503 only.
        self.gateway.arguments += ["--faults", self.lab.write(
            "faults.yaml", 'seed: 1\nrules:\n  - {fault: unavailable, share: 30%}\n')]
        self.gateway.start()
        self.command("restart", "sale", expect=3)
        self.assertIn(self.state(), (DONE, DONE_WITH_DOUBT))
        counts = self.counts()
        self.assertGreater(counts["undelivered"], DEVICES // 10)
        self.assertEqual(counts["pending"], 0)
        self.command("restart", "sale", expect=3)  # without an order nothing more is sent
        self.assertEqual(self.counts(), counts)

        self.cure_gateway()
        undelivered = self.having(SKIPPED, {500})
        self.assertEqual(len(undelivered), counts["undelivered"])
        shown = self.command("restart", "sale", "--dry-run").err
        self.assertIn("With --include it would add", shown)
        self.include("--include", "undelivered", expect=3 if doubt else 0, ordered=undelivered)
        figures = self.assert_judged(doubt_explained=(), doubt_killed_max=self.gateway.wire_max())
        self.assertEqual(figures["DELIVERED"], DEVICES - doubt)
        tries = {line["appid"]: line["tries"] for line in self.lab.report("sale", self.config)}
        self.assertEqual({tries[a] for a in undelivered}, {4})  # three refused, one accepted


class RejectedTest(ChancesCase):
    faults = SICK
    # Requests that are never answered time out soon.
    gateway_keys = {"timeout": "1s"}

    def setUp(self):
        super().setUp()
        self.command("launch", self.campaign, "--yes", expect=3)
        self.assertEqual(self.state(), DONE_WITH_DOUBT)
        self.undelivered = self.having(SKIPPED)
        self.unregistered = self.having(REJECTED, {200})
        self.bad_token = self.having(REJECTED, {202})
        for found in (self.undelivered, self.unregistered, self.bad_token):
            self.assertEqual(len(found), DEVICES // 100)

    def test_each_group_gets_its_second_chance_and_those_in_doubt_none(self):
        doubt = self.counts()["in_doubt"]
        self.assertEqual(doubt, DEVICES // 100)
        self.cure_gateway()
        foretold = self.dry_run()
        self.assertEqual(foretold["would_send"], {"total": 0, "retryable": 0, "never_tried": 0,
                                                  "second_chances": 0})
        self.assertEqual({(k["outcome"], k["reason"]): k["count"]
                          for k in foretold["could_be_included"]},
                         {("undelivered", "tries_used_up"): 20, ("rejected", "unregistered"): 20,
                          ("rejected", "bad_device_token"): 20})
        self.include("--include", "rejected", "--reason", "bad_device_token", expect=3,
                     ordered=self.bad_token)
        self.include("--include", "undelivered", expect=3, ordered=self.undelivered)
        self.include("--include", "undelivered", expect=3, ordered=())
        # A token that is known to be dead is rejected again, without a request.
        sent = self.gateway.ledger_lines()
        self.command("restart", "sale", "--include", "rejected", expect=3)
        self.assertEqual(self.gateway.ledger_lines(), sent)
        self.assertEqual(self.having(REJECTED, {200}), self.unregistered)
        self.assertEqual({self.flags()[a].tries for a in self.unregistered}, {1})
        self.assertEqual(self.state(), DONE_WITH_DOUBT)
        dead = len(self.unregistered)
        self.assertEqual(self.counts(), {"delivered": DEVICES - doubt - dead, "rejected": dead,
                                         "in_doubt": doubt, "skipped": 0, "undelivered": 0,
                                         "pending": 0})
        self.assert_judged()

    def test_the_allowance_starts_anew_and_tries_stay_honest(self):
        self.command("restart", "sale", "--include", "undelivered", expect=3)
        self.assertEqual(self.having(SKIPPED), self.undelivered)
        tries = {a: flag.tries for a, flag in self.flags().items() if a in self.undelivered}
        self.assertEqual(set(tries.values()), {6})
        self.command("restart", "sale", "--include", "undelivered", expect=3)
        self.assertEqual({self.flags()[a].tries for a in self.undelivered}, {9})
        self.assert_judged()

    def test_rejected_again_is_rejected_still_and_trips_no_breaker(self):
        self.command("restart", "sale", "--include", "rejected", expect=3)
        self.assertEqual(self.state(), DONE_WITH_DOUBT)
        self.assertEqual(self.having(REJECTED, {200}), self.unregistered)
        self.assertEqual(self.having(REJECTED, {202}), self.bad_token)
        self.assertEqual({self.flags()[a].claims for a in self.unregistered}, {2})
        self.assert_judged()

    def test_what_was_in_doubt_once_stays_as_it_is(self):
        """An answer that came late made it rejected; the doubt is remembered."""
        one = min(self.bad_token)
        sql = (f"UPDATE delivery SET code = code | {DOUBT_BIT}"
               f" WHERE appid = X'{one.encode().hex()}'")
        if STORE == "sqlite":
            import contextlib
            import sqlite3
            with contextlib.closing(sqlite3.connect(self.store.path)) as db:
                db.execute(sql)
                db.commit()
        else:
            self.store.execute(sql, "pushonce")
        self.cure_gateway()
        self.assertEqual(self.dry_run("--include", "rejected")["once_in_doubt"], 1)
        self.include("--include", "rejected", "--reason", "bad_device_token", expect=3,
                     ordered=self.bad_token - {one})
        self.assertEqual(self.flags()[one].state, REJECTED)
        self.assert_judged()

    def test_wrong_orders_are_told_and_change_nothing(self):
        before = self.flags()
        for arguments, expect, words in (
                (("--include", "delivered"), 2, "undelivered"),
                (("--include", "in_doubt"), 2, "undelivered"),
                (("--reason", "unregistered"), 2, "--include"),
                (("--include", "undelivered", "--reason", "unregistered"), 2,
                 "--include rejected"),
                (("--include", "rejected", "--reason", "unregisterd"), 2, "unregistered"),
                (("--include", "rejected", "--reason", "timeout"), 2, "no reason of")):
            said = self.command("restart", "sale", *arguments, expect=expect)
            self.assertIn(words, said.err + said.out)
        self.assertEqual(self.flags(), before)


class DeadlineTest(ChancesCase):
    faults = SICK
    gateway_keys = {"timeout": "1s"}

    def test_a_deadline_that_passed_is_told_with_its_cure(self):
        campaign = self.lab.campaign_file("sale", rate=self.rate, retry=self.retry, deadline="1s")
        self.command("launch", campaign, "--yes", expect=3)
        before = self.flags()
        said = self.command("restart", "sale", "--include", "undelivered,rejected", expect=4).err
        self.assertIn("pushonce set sale deadline=", said)
        self.assertIn("deadline passed", self.command("restart", "sale", "--dry-run").err)
        self.assertEqual(self.flags(), before)
        self.command("set", "sale", "deadline=1h", "--because", "they may have it later")
        again = self.command("restart", "sale", "--include", "undelivered,rejected", expect=3).err
        self.assertIn("A second chance for", again)


class WrongEnvironmentTest(ChancesCase):
    """Sandbox tokens sent to production: every one is refused, and none of them is to blame."""

    def setUp(self):
        super().setUp()
        self.gateway.stop()
        self.gateway.arguments += ["--faults", self.lab.write(
            "faults.yaml", "seed: 1\nrules:\n  - {fault: bad_device_token}\n")]
        self.gateway.start()

    def test_the_breaker_pauses_and_after_the_fix_nobody_is_burnt(self):
        said = self.command("launch", self.campaign, "--yes", expect=6).err
        self.assertIn("pushonce resume sale", said)
        self.assertEqual(self.state(), PAUSED)
        self.assertEqual(self.having(REJECTED), set())
        self.assertEqual(self.gateway.ledger_lines(), 0)

        # The server file is put right: another host and environment.
        self.gateway.stop()
        sandbox = MockGateway(self.lab)
        sandbox.keys["environment"] = "sandbox"
        self.config = self.lab.server_file(self.store, sandbox)
        self.command("restart", "sale", expect=4)
        warned = self.command("resume", "sale", "--because", "sandbox tokens").err
        self.assertIn("--accept-target", warned)
        refused = self.command("restart", "sale", expect=4).err
        self.assertIn("--accept-target", refused)
        self.assertIn("another target", self.command("launch", self.campaign, expect=4).err)
        self.command("pause", "sale", "--because", "the target")
        self.command("resume", "sale", "--accept-target", "--because", "these are sandbox tokens")
        audit = self.command("audit", "sale").out
        self.assertIn("target of apns: was", audit)
        self.assertIn("these are sandbox tokens", audit)

        self.command("restart", "sale")
        self.assertEqual(self.assert_judged()["DELIVERED"], DEVICES)
        self.command("launch", self.campaign, "--yes")
        self.assertEqual(len(read_ledger(self.gateway.ledger_path)), DEVICES)


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--store":
        STORE = sys.argv[2]
        del sys.argv[1:3]
    unittest.main(verbosity=2)
