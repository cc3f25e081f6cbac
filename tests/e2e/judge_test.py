#!/usr/bin/env python3
"""The judge sees each planted violation, and none in an honest run."""
import unittest

import judge as j
from judge import Flag, judge

AUDIENCE = {"a": "T-a", "b": "T-b", "c": "T-c", "d": "T-d"}
TIMEOUT = 400


def flag(state, code=0):
    return Flag(state, code, 1, 1, 7)


def honest():
    """a delivered, b rejected, c in doubt (and accepted), d skipped out of doubt (and accepted)."""
    return {
        "audience": dict(AUDIENCE),
        "ledger": [{"token": "T-a"}, {"token": "T-c"}, {"token": "T-d"}],
        "flags": {"a": flag(j.DELIVERED), "b": flag(j.REJECTED, 200),
                  "c": flag(j.IN_DOUBT, TIMEOUT | j.DOUBT_BIT),
                  "d": flag(j.SKIPPED, 503 | j.DOUBT_BIT)},
        "report": [{"appid": "a", "outcome": "delivered", "reason": None},
                   {"appid": "b", "outcome": "rejected", "reason": "unregistered"},
                   {"appid": "c", "outcome": "in_doubt", "reason": "timeout"},
                   {"appid": "d", "outcome": "skipped", "reason": "resolved"}],
        "state": j.DONE_WITH_DOUBT,
        "doubt_explained": {"c"},
        "doubt_killed_max": 0,
    }


class JudgeTest(unittest.TestCase):
    def verdict(self, **changes):
        run = honest()
        run.update(changes)
        return judge(**run).violations

    def assert_broken(self, invariant, **changes):
        found = self.verdict(**changes)
        self.assertTrue(any(v.startswith(invariant + ":") for v in found), found)

    def with_flag(self, appid, new):
        return {**honest()["flags"], appid: new}

    def test_an_honest_run_has_no_violations(self):
        self.assertEqual(self.verdict(), [])

    def test_a_second_acceptance_is_seen(self):
        self.assert_broken("I1", ledger=honest()["ledger"] + [{"token": "T-a"}])

    def test_an_audited_second_send_is_allowed(self):
        self.assertEqual(
            self.verdict(ledger=honest()["ledger"] + [{"token": "T-a"}], resent={"a"}), [])

    def test_a_lost_device_is_seen(self):
        flags = honest()["flags"]
        del flags["b"]
        self.assert_broken("I2", flags=flags)

    def test_an_unsettled_flag_in_a_finished_campaign_is_seen(self):
        self.assert_broken("I2", flags=self.with_flag("b", flag(j.CLAIMED)))
        self.assert_broken("I2", flags=self.with_flag("b", flag(j.RELEASED, 304)))

    def test_an_unknown_state_is_seen(self):
        self.assert_broken("I2", flags=self.with_flag("b", flag(9)))

    def test_delivered_without_acceptance_is_seen(self):
        self.assert_broken("I3", ledger=honest()["ledger"][1:])

    def test_assumed_deliveries_need_no_acceptance(self):
        self.assertEqual(self.verdict(flags=self.with_flag(
            "a", flag(j.DELIVERED, j.CODE_ASSUMED | j.DOUBT_BIT)), ledger=honest()["ledger"][1:]),
            [])

    def test_accepted_and_not_flagged_is_seen(self):
        flags = honest()["flags"]
        del flags["a"]
        self.assert_broken("I4", flags=flags)

    def test_accepted_and_settled_as_not_sent_is_seen(self):
        ledger = honest()["ledger"] + [{"token": "T-b"}]
        self.assert_broken("I5", ledger=ledger)
        self.assert_broken("I5", ledger=ledger, flags=self.with_flag("b", flag(j.SKIPPED, 501)))
        self.assert_broken("I4", ledger=ledger)

    def test_a_send_outside_the_audience_is_seen(self):
        self.assert_broken("I6", ledger=honest()["ledger"] + [{"token": "stranger"}])
        self.assert_broken("I6", flags=self.with_flag("stranger", flag(j.REJECTED, 200)))

    def test_unexplained_doubt_is_seen(self):
        self.assert_broken("I7", doubt_explained=set())
        self.assert_broken("I7", flags=self.with_flag("c", flag(j.IN_DOUBT, j.DOUBT_BIT)))
        self.assert_broken("I7", state=j.DONE)

    def test_doubt_that_is_gone_is_seen(self):
        self.assert_broken("I7", flags=self.with_flag("c", flag(j.DELIVERED)))

    def test_a_report_that_differs_is_seen(self):
        report = honest()["report"]
        self.assert_broken("I11", report=report[1:])
        self.assert_broken("I11", report=report + report[:1])
        self.assert_broken("I11", report=report + [
            {"appid": "x", "outcome": "delivered", "reason": None}])
        self.assert_broken("I11", report=[
            {"appid": "a", "outcome": "rejected", "reason": "unregistered"}] + report[1:])
        self.assert_broken("I11", report=report[:1] + [
            {"appid": "b", "outcome": "rejected", "reason": None}] + report[2:])

    def test_whoever_was_not_sent_is_pending_or_in_a_cancelled_campaign_skipped(self):
        run = {"flags": {"a": flag(j.DELIVERED), "b": flag(j.RELEASED, 307)},
               "audience": {"a": "T-a", "b": "T-b", "c": "T-c"}, "ledger": [{"token": "T-a"}],
               "doubt_explained": None, "doubt_killed_max": None}
        for state, outcome, reason in ((j.CANCELLED, "skipped", "cancelled"), (3, "pending", None)):
            report = [{"appid": "a", "outcome": "delivered", "reason": None}] + [
                {"appid": appid, "outcome": outcome, "reason": reason} for appid in "bc"]
            self.assertEqual(self.verdict(**run, state=state, report=report), [])
        self.assert_broken("I11", **run, state=j.CANCELLED, report=report)

    def test_what_another_campaign_of_the_scope_holds_is_its_own_affair(self):
        flags = {"a": Flag(j.DELIVERED, 0, 1, 1, 7, "other"), "b": flag(j.DELIVERED),
                 "c": Flag(j.IN_DOUBT, TIMEOUT | j.DOUBT_BIT, 1, 1, 7, "other"),
                 "stranger": Flag(j.REJECTED, 200, 1, 1, 7, "other")}
        run = {"audience": {a: "T-" + a for a in "abc"}, "flags": flags, "state": j.DONE,
               "ledger": [{"token": "T-a"}, {"token": "T-b"}], "doubt_explained": None}
        held = {"outcome": "skipped", "reason": "already_by:other"}
        report = [{"appid": "a", **held}, {"appid": "b", "outcome": "delivered", "reason": None},
                  {"appid": "c", **held}]
        self.assertEqual(self.verdict(**run, report=report), [])
        self.assert_broken("I1", **{**run, "ledger": run["ledger"] + [{"token": "T-a"}]})
        self.assert_broken("I11", **run, report=[
            {"appid": "a", "outcome": "delivered", "reason": None}] + report[1:])
        self.assert_broken("I11", **run, report=[
            {**report[0], "reason": "already_by:third"}] + report[1:])
        for state in (j.CLAIMED, j.RELEASED):
            broken = self.verdict(**{**run, "flags": {
                **flags, "c": Flag(state, 304, 1, 1, 0, "other")}}, report=None)
            self.assertEqual(bool(broken), state == j.RELEASED, broken)


class SecondChancesTest(unittest.TestCase):
    before = {"a": flag(j.REJECTED, 200), "b": flag(j.SKIPPED, 500), "c": flag(j.DELIVERED),
              "d": flag(j.REJECTED, 200 | j.DOUBT_BIT), "e": flag(j.SKIPPED, 504)}
    delivered = Flag(j.DELIVERED, 0, 2, 2, 9)

    def violations(self, ordered, **after):
        return j.judge_second_chances(self.before, {**self.before, **after}, ordered).violations

    def test_what_was_ordered_may_move(self):
        self.assertEqual(self.violations("ab", a=self.delivered, b=self.delivered), [])
        self.assertEqual(self.violations("ab", a=self.delivered), [])

    def test_every_wrong_move_is_seen(self):
        self.assertTrue(self.violations("b", a=self.delivered))
        self.assertTrue(self.violations("d", d=self.delivered))
        self.assertTrue(self.violations("e", e=self.delivered))
        self.assertTrue(self.violations("c", c=self.delivered))
        self.assertTrue(self.violations("a", a=Flag(j.DELIVERED, 0, 2, 0, 9)))


if __name__ == "__main__":
    unittest.main()
