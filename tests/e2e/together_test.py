#!/usr/bin/env python3
"""Several processes and operators on one campaign: every device is still notified once.

    together_test.py [--store sqlite|mariadb] [unittest arguments]
"""
import os
import signal
import sys
import unittest

from harness import STORES, Lab, MockGateway, wait_until
from judge import judge_campaign

STORE = os.environ.get("E2E_STORE", "sqlite")
DEVICES = 6000
RATE = "3000/s"


class TogetherTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("together"))
        self.store = STORES[STORE](self.lab)
        self.gateway = MockGateway(self.lab)
        self.config = self.lab.server_file(self.store, self.gateway, lease="2s")
        self.lab.run("store", "init", config=self.config)
        self.tokens = self.lab.audience_file(DEVICES)
        self.campaign = self.lab.campaign_file("sale", rate=RATE)

    def start(self, *arguments):
        return self.lab.pushonce(*arguments, config=self.config)

    def run_command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def wait_first_sends(self, lines=200):
        self.gateway.wait_lines(lines)

    def assert_ended(self, process, *codes):
        code = process.wait()
        self.assertIn(code, codes, process.tail())

    def assert_each_once(self, **extra):
        report = self.lab.report("sale", self.config)
        verdict = judge_campaign(self.store, self.gateway, self.tokens, "sale", report, **extra)
        self.assertEqual(verdict.violations, [])
        print(f"  {self.id().split('.')[-1]} [{STORE}]: {verdict.figures}")
        return verdict

    def test_two_launches_at_the_same_instant(self):
        both = [self.start("launch", self.campaign, "--yes") for _ in range(2)]
        for process in both:
            self.assert_ended(process, 0)
        self.assertEqual(self.assert_each_once().figures["DELIVERED"], DEVICES)

    def test_restart_beside_a_running_launch(self):
        launch = self.start("launch", self.campaign, "--yes")
        self.wait_first_sends()
        restart = self.start("restart", "sale")
        self.assert_ended(launch, 0)
        self.assert_ended(restart, 0)
        self.assertEqual(self.assert_each_once().figures["DELIVERED"], DEVICES)

    def test_three_workers_beside_a_launch_of_which_one_is_killed(self):
        workers = [self.start("worker") for _ in range(3)]
        launch = self.start("launch", self.campaign, "--yes")
        self.wait_first_sends()
        workers[0].kill9()
        self.assert_ended(launch, 0, 3)
        for worker in workers[1:]:
            worker.signal(signal.SIGTERM)
            self.assert_ended(worker, 0, 5)
        self.run_command("restart", "sale", expect={0, 3})
        self.assert_each_once(doubt_explained=(), doubt_killed_max=self.gateway.wire_max())

    def test_workers_finish_a_launch_that_was_killed(self):
        launch = self.start("launch", self.campaign, "--yes")
        self.wait_first_sends()
        launch.kill9()
        workers = [self.start("worker") for _ in range(3)]
        wait_until(lambda: self.campaign_state() in (5, 6), "the workers finish the campaign")
        for worker in workers:
            worker.signal(signal.SIGTERM)
            self.assert_ended(worker, 0, 5)
        self.assert_each_once(doubt_explained=(), doubt_killed_max=self.gateway.wire_max())

    def test_pause_against_workers_leaves_no_claim_and_resume_goes_on(self):
        workers = [self.start("worker") for _ in range(2)]
        launch = self.start("launch", self.campaign, "--yes")
        self.wait_first_sends()
        self.run_command("pause", "sale", "--because", "a look")
        claimed = self.store.rows("SELECT count(*) FROM delivery WHERE state = 1")
        self.assertEqual(int(claimed[0][0]), 0)
        at_pause = self.gateway.ledger_lines()
        self.assertLess(at_pause, DEVICES)
        self.run_command("resume", "sale", "--because", "fine")
        launch.wait()
        self.run_command("restart", "sale")
        for worker in workers:
            worker.stop()
        self.assertEqual(self.assert_each_once().figures["DELIVERED"], DEVICES)

    def test_cancel_against_workers_binds(self):
        workers = [self.start("worker") for _ in range(2)]
        launch = self.start("launch", self.campaign, "--yes")
        self.wait_first_sends()
        self.run_command("cancel", "sale", "--because", "wrong text")
        launch.wait()
        for worker in workers:
            worker.stop()
        sent = self.gateway.ledger_lines()
        self.assertLess(sent, DEVICES)
        self.run_command("restart", "sale", expect=4)
        self.assertEqual(self.gateway.ledger_lines(), sent)
        self.assert_each_once()

    def test_a_worker_stopped_past_its_lease_and_woken_sends_nobody_twice(self):
        launch = self.start("launch", self.campaign, "--yes")
        self.wait_first_sends()
        self.stop_outside_a_transaction(launch)
        before = self.gateway.ledger_lines()
        # The other takes the chunks over only when the lease of the stopped one has run out.
        restart = self.start("restart", "sale")
        wait_until(lambda: self.gateway.ledger_lines() > before + DEVICES // 4,
                   "a successor takes the work over")
        launch.signal(signal.SIGCONT)
        self.assert_ended(launch, 0, 3, 5)
        self.assert_ended(restart, 0, 3)
        self.run_command("restart", "sale", expect={0, 3})
        # What it had heard before it was stopped it still knows: its word ends that doubt.
        self.assert_each_once(doubt_explained=(), doubt_killed_max=self.gateway.wire_max())

    def test_a_worker_stopped_wherever_it_was_and_woken_sends_nobody_twice(self):
        launch = self.start("launch", self.campaign, "--yes")
        self.wait_first_sends()
        launch.signal(signal.SIGSTOP)
        # Perhaps in the middle of a transaction: then the other waits for its locks.
        restart = self.start("restart", "sale")
        wait_until(lambda: "delivered" in restart.err, "the restart says how the campaign stands")
        launch.signal(signal.SIGCONT)
        self.assert_ended(launch, 0, 3, 5)
        self.assert_ended(restart, 0, 3, 5)
        self.run_command("restart", "sale", expect={0, 3})
        self.assert_each_once()

    def stop_outside_a_transaction(self, process):
        """A stopped process keeps its locks: it is stopped where it holds a lease and no lock."""
        def stopped():
            process.signal(signal.SIGSTOP)
            if self.store.is_idle():
                return True
            process.signal(signal.SIGCONT)
            return False
        wait_until(stopped, "the process is between two transactions")

    def test_two_operators_who_pause_and_cancel_at_once_both_get_an_answer(self):
        launch = self.start("launch", self.campaign, "--yes")
        self.wait_first_sends()
        orders = [self.start("pause", "sale", "--because", "one"),
                  self.start("cancel", "sale", "--because", "other")]
        for order in orders:
            self.assert_ended(order, 0, 4)
        self.run_command("cancel", "sale", "--because", "sure", expect={0, 4})
        launch.wait()
        self.assertEqual(self.campaign_state(), 7)
        self.assert_each_once()

    def campaign_state(self):
        rows = self.store.rows("SELECT state FROM campaign WHERE HEX(name) = HEX('sale')")
        return int(rows[0][0]) if rows else None


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--store":
        STORE = sys.argv[2]
        del sys.argv[1:3]
    unittest.main(verbosity=2)
