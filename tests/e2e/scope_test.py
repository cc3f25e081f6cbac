#!/usr/bin/env python3
"""Campaigns that share a scope (once_per), and what cancelled ones leave behind.

    scope_test.py [--store sqlite|mariadb] [unittest arguments]
"""
import json
import os
import shutil
import signal
import sys
import unittest

from harness import STORES, TEMPLATE, Lab, MockGateway, wait_until
from judge import judge_campaign, read_flags, read_ledger

STORE = os.environ.get("E2E_STORE", "mariadb")
DEVICES = 6000
TENTH = DEVICES // 10
RUNNING, RECONCILING, DONE, CANCELLED = 2, 4, 5, 7
RELEASED, IN_DOUBT = 4, 5


class ScopeCase(unittest.TestCase):
    devices = DEVICES
    rate = "3000/s"

    def setUp(self):
        self.lab = self.enterContext(Lab("scope"))
        self.store = STORES[STORE](self.lab)
        self.gateway = MockGateway(self.lab)
        self.config = self.lab.server_file(self.store, self.gateway, lease="2s")
        self.command("store", "init")
        self.tokens = self.lab.audience_file(self.devices)
        self.campaign = self.lab.campaign_file("sale", rate=self.rate)

    def start(self, *arguments):
        return self.lab.pushonce(*arguments, config=self.config)

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def launch_and_wait(self, lines=TENTH):
        launch = self.start("launch", self.campaign, "--yes")
        self.gateway.wait_lines(lines)
        return launch

    def corrected_file(self, name="sale-2", once_per="sale", rate="9000/s"):
        """The campaign with its mistake corrected, under a new name and in the scope of the old."""
        self.lab.campaign_file(name, rate=rate)
        self.lab.write("templates/corrected.yaml", TEMPLATE.replace("% off", "% off everything"))
        path = self.lab.path(f"{name}.yaml")
        text = path.read_text().replace("templates/promo.yaml", "templates/corrected.yaml")
        path.write_text(text.replace(f"campaign: {name}\n",
                                     f"campaign: {name}\nonce_per: {once_per}\n"))
        return path

    def state(self, campaign):
        rows = self.store.rows("SELECT state FROM campaign WHERE HEX(name) ="
                               f" '{campaign.encode().hex().upper()}'")
        return int(rows[0][0]) if rows else None

    def outcomes(self, campaign):
        """appid → (outcome, reason) of the report."""
        return {line["appid"]: (line["outcome"], line["reason"])
                for line in self.lab.report(campaign, self.config)}

    def assert_judged(self, *campaigns, **extra):
        for campaign in campaigns:
            report = self.lab.report(campaign, self.config)
            verdict = judge_campaign(self.store, self.gateway, self.tokens, campaign, report,
                                     **extra)
            self.assertEqual(verdict.violations, [])
            print(f"  {self.id().split('.')[-1]} [{STORE}] {campaign}: {verdict.figures}")


class CorrectedFileTest(ScopeCase):
    def test_a_mistake_at_ten_percent_is_corrected_for_exactly_the_others(self):
        launch = self.launch_and_wait()
        said = self.command("cancel", "sale", "--because", "typo in the title").err
        self.assertIn("in flight when it took effect", said)
        launch.wait()
        first = {line["token"] for line in read_ledger(self.gateway.ledger_path)}
        self.assertGreaterEqual(len(first), TENTH)
        self.assertLess(len(first), DEVICES)
        self.assert_judged("sale")
        self.assertNotIn("pending", {outcome for outcome, _ in self.outcomes("sale").values()})

        # The corrected text under the old name is refused, and told what to do instead.
        self.lab.write("templates/promo.yaml", TEMPLATE.replace("% off", "% off everything"))
        refused = self.command("launch", self.campaign, "--yes", expect=4).err
        self.assertIn("once_per: sale", refused)
        self.assertIn("campaign: sale-2", refused)

        corrected = self.corrected_file()
        planned = json.loads(self.command("--json", "plan", corrected).out)["store"]
        self.assertEqual(planned["new"] + planned["retryable"], DEVICES - len(first))
        self.assertEqual([(other["campaign"], other["state"], other["delivered"])
                          for other in planned["other_campaigns"]],
                         [("sale", "cancelled", len(first))])
        shown = self.command("plan", corrected).out
        self.assertIn("shared with sale (cancelled)", shown)

        self.command("launch", corrected, "--yes")
        everything = [line["token"] for line in read_ledger(self.gateway.ledger_path)]
        self.assertEqual(len(everything), DEVICES)
        self.assertEqual(set(everything), set(self.tokens.values()))
        self.assertTrue(first.isdisjoint(everything[len(first):]))
        self.assert_judged("sale", "sale-2")

        outcomes = self.outcomes("sale-2")
        reached_before = {a for a, said in outcomes.items()
                          if said == ("skipped", "already_by:sale")}
        self.assertEqual({self.tokens[a] for a in reached_before}, first)
        self.assertEqual({said for a, said in outcomes.items() if a not in reached_before},
                         {("delivered", None)})
        status = self.lab.status("sale-2", self.config)
        self.assertEqual(status["counts"]["skipped"], len(first))
        self.assertEqual(status["other_campaigns_of_scope"],
                         [{"campaign": "sale", "state": "cancelled"}])
        self.assertIn("once per sale, together with sale (cancelled)",
                      self.command("status", "sale-2").out)
        lines = [json.loads(line) for line in
                 self.command("--json", "lookup", min(reached_before)).out.splitlines()]
        self.assertEqual({(line["campaign"], line["outcome"], line["reason"]) for line in lines},
                         {("sale", "delivered", None), ("sale-2", "skipped", "already_by:sale")})

    def test_a_scope_that_nobody_has_used_is_told_before_it_costs_a_duplicate(self):
        self.command("launch", self.campaign, "--yes")
        shown = self.command("plan", self.corrected_file(once_per="sael")).out
        self.assertIn("no campaign has sent once per 'sael'", shown)

    def test_a_campaign_of_the_scope_that_still_runs_is_told(self):
        launch = self.launch_and_wait()
        self.command("pause", "sale", "--because", "a look")
        launch.wait()
        shown = self.command("plan", self.corrected_file()).out
        self.assertIn("pushonce cancel sale", shown)


class LostHostTest(ScopeCase):
    """Claims of a host that is gone: nobody leases in a cancelled campaign again."""

    def lose_host(self):
        """The launch dies with requests on the wire, and its journals with it."""
        launch = self.launch_and_wait()
        self.gateway.freeze()
        self.gateway.wait_unread()
        launch.kill9()
        shutil.rmtree(self.lab.path("journal"))
        self.gateway.thaw()
        self.gateway.settle()
        # A slow machine may have had a request time out before the kill.
        self.doubt_before = self.count_in_state(5)
        claimed = self.count_in_state(1)
        self.assertGreater(claimed, 0)
        return claimed

    def count_in_state(self, state):
        return int(self.store.rows(f"SELECT count(*) FROM delivery WHERE state = {state}")[0][0])

    def cancel_without_waiting(self):
        cancel = self.start("cancel", "sale", "--because", "wrong text")
        wait_until(lambda: self.state("sale") == CANCELLED, "it is cancelled")
        cancel.signal(signal.SIGTERM)
        self.assertIn(cancel.wait(), (0, 5), cancel.tail())

    def assert_swept(self, claimed):
        outcomes = [outcome for outcome, _ in self.outcomes("sale").values()]
        self.assertEqual(outcomes.count("pending"), 0)
        self.assertEqual(outcomes.count("in_doubt"), claimed + self.doubt_before)
        self.assert_judged("sale")

    def test_cancel_waits_for_the_lease_and_leaves_nothing_pending(self):
        claimed = self.lose_host()
        said = json.loads(self.command("--json", "cancel", "sale", "--because", "wrong text").out)
        self.assertEqual((said["in_flight"], said["in_doubt_now"], said["claims_left"]),
                         (claimed, claimed, 0))
        self.assert_swept(claimed)

    def test_pause_waits_for_the_lease_too(self):
        claimed = self.lose_host()
        said = self.command("pause", "sale", "--because", "a look").err
        self.assertIn(f"{claimed} notifications were on the wire", said.replace(",", ""))
        outcomes = [outcome for outcome, _ in self.outcomes("sale").values()]
        self.assertEqual(outcomes.count("in_doubt"), claimed + self.doubt_before)
        self.assertEqual(self.store.rows("SELECT count(*) FROM delivery WHERE state = 1"),
                         [(0,)] if STORE == "sqlite" else [("0",)])

    def test_restart_sweeps_a_cancelled_campaign(self):
        claimed = self.lose_host()
        self.cancel_without_waiting()
        sent = self.gateway.ledger_lines()

        def is_swept():
            self.command("restart", "sale", expect=4)
            return "pending" not in {outcome for outcome, _ in self.outcomes("sale").values()}
        wait_until(is_swept, "a restart sweeps what lost processes held")
        self.assert_swept(claimed)
        self.assertEqual(self.gateway.ledger_lines(), sent)

    def test_a_worker_sweeps_a_cancelled_campaign(self):
        claimed = self.lose_host()
        self.cancel_without_waiting()
        worker = self.start("worker")
        wait_until(lambda: self.store.rows("SELECT count(*) FROM delivery WHERE state = 1")[0][0]
                   in (0, "0"), "the worker sweeps what lost processes held")
        worker.stop()
        self.assert_swept(claimed)

    def test_resolve_finds_what_a_lost_host_held(self):
        claimed = self.lose_host()
        self.cancel_without_waiting()

        def is_resolved():
            self.command("resolve", "sale", "--assume-delivered", "--all", "--because", "seen")
            return self.store.rows("SELECT count(*) FROM delivery WHERE state IN (1, 5)")[0][0] in (
                0, "0")
        wait_until(is_resolved, "resolve sweeps and settles")
        outcomes = list(self.outcomes("sale").values())
        self.assertEqual(outcomes.count(("delivered", "assumed")), claimed)

    def test_cancel_reads_the_journal_of_a_process_that_died_here(self):
        launch = self.launch_and_wait()
        launch.kill9()
        self.gateway.settle()
        self.command("cancel", "sale", "--because", "wrong text")
        outcomes = [outcome for outcome, _ in self.outcomes("sale").values()]
        self.assertEqual(outcomes.count("pending"), 0)
        self.assertLessEqual(outcomes.count("in_doubt"), self.gateway.wire_max())
        self.assert_judged("sale", doubt_explained=(), doubt_killed_max=self.gateway.wire_max())


class LateReleaseTest(ScopeCase):
    """A process of a cancelled campaign that was stopped wakes up after the corrected one ended."""
    rate = "1000/s"

    def stop_with_claims(self, process):
        """A stopped process keeps its locks: it is stopped where it holds claims and no lock."""
        def stopped():
            process.signal(signal.SIGSTOP)
            claimed = self.store.rows("SELECT count(*) FROM delivery WHERE state = 1")[0][0]
            if self.store.is_idle() and int(claimed) > self.gateway.wire_max():
                return True
            process.signal(signal.SIGCONT)
            return False
        wait_until(stopped, "the process holds claims that it did not send")

    def end_corrected_before_the_late_release(self):
        launch = self.launch_and_wait(300)
        self.gateway.freeze()  # what is claimed from now on waits behind what is on the wire
        self.stop_with_claims(launch)
        self.gateway.thaw()
        self.gateway.settle()
        self.command("cancel", "sale", "--because", "typo")  # sweeps its claims into doubt
        self.command("launch", self.corrected_file(), "--yes")
        self.assertEqual(self.state("sale-2"), DONE)
        before = self.gateway.ledger_lines()
        launch.signal(signal.SIGCONT)
        launch.wait()
        released = [a for a, flag in read_flags(self.store, "sale").items()
                    if flag.state == RELEASED]
        self.assertTrue(released, "the woken process gave nothing back: the test shows nothing")
        self.assertEqual(self.gateway.ledger_lines(), before)
        self.assertEqual(self.state("sale-2"), RECONCILING)
        return released

    def assert_all_reached(self, released):
        self.assertEqual(self.state("sale-2"), DONE)
        outcomes = self.outcomes("sale-2")
        self.assertEqual({outcomes[a] for a in released}, {("delivered", None)})
        self.assert_judged("sale", "sale-2")

    def test_restart_finishes_what_came_back(self):
        released = self.end_corrected_before_the_late_release()
        self.command("restart", "sale-2")
        self.assert_all_reached(released)

    def test_a_worker_finishes_what_came_back(self):
        released = self.end_corrected_before_the_late_release()
        worker = self.start("worker")
        wait_until(lambda: self.state("sale-2") == DONE, "the worker finishes it")
        worker.stop()
        self.assert_all_reached(released)

    def test_recipients_left_over_in_a_finished_campaign_are_found(self):
        """As a database would be left by a program that did not re-open the campaign."""
        released = self.end_corrected_before_the_late_release()
        self.command("restart", "sale-2")
        left = released[:3]
        keys = ",".join(f"X'{a.encode().hex()}'" for a in left)
        self.change("UPDATE delivery SET state = 4, claim_id = 0, tries = 0, campaign_id ="
                    " (SELECT id FROM campaign WHERE HEX(name) = HEX('sale'))"
                    f" WHERE appid IN ({keys})")
        self.assertEqual(self.lab.status("sale-2", self.config)["retryable"]
                         + self.lab.status("sale-2", self.config)["never_tried"], len(left))
        before = self.gateway.ledger_lines()
        foretold = json.loads(self.command("--json", "restart", "sale-2", "--dry-run").out)
        self.assertEqual(foretold["would_send"]["total"], len(left))
        self.command("launch", self.lab.path("sale-2.yaml"), "--yes")
        self.assertEqual(self.gateway.ledger_lines(), before + len(left))
        self.assertEqual(self.state("sale-2"), DONE)

    def change(self, sql):
        """Alters the tables behind the product's back."""
        if STORE == "sqlite":
            import contextlib
            import sqlite3
            with contextlib.closing(sqlite3.connect(self.store.path)) as db:
                db.execute(sql)
                db.commit()
        else:
            self.store.execute(sql, "pushonce")


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--store":
        STORE = sys.argv[2]
        del sys.argv[1:3]
    unittest.main(verbosity=2)
