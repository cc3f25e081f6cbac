#!/usr/bin/env python3
"""The hours in which a campaign sends, and the look at its first recipients that ends by itself.

    send_window_test.py [--store sqlite|mariadb] [unittest arguments]
"""
import datetime
import json
import os
import sys
import unittest

from harness import STORES, Lab, MockGateway, wait_until
from judge import judge_campaign, read_ledger

STORE = os.environ.get("E2E_STORE", "sqlite")
DEVICES = 600
HOUR = datetime.timedelta(hours=1)
# In UTC+14, and never anywhere near a window of an hour or two around now in UTC.
FAR = "Pacific/Kiritimati"


def from_now(hours):
    """That many hours from now, by the clocks of UTC: 09:30."""
    return (datetime.datetime.now(datetime.timezone.utc) + hours * HOUR).strftime("%H:%M")


class SendWindowTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("window"))
        self.store = STORES[STORE](self.lab)
        self.gateway = MockGateway(self.lab)
        self.config = self.lab.server_file(self.store, self.gateway, lease="2s")
        self.run_command("store", "init")

    def run_command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def campaign_file(self, schedule="", **delivery):
        path = self.lab.campaign_file("sale", **delivery)
        path.write_text(path.read_text(encoding="utf-8") + schedule, encoding="utf-8")
        return path

    def launch(self, path):
        return self.lab.pushonce("launch", path, "--yes", config=self.config)

    def reasons(self):
        """How many devices have which outcome and reason."""
        counts = {}
        for line in self.lab.report("sale", self.config):
            key = (line["outcome"], line["reason"])
            counts[key] = counts.get(key, 0) + 1
        return counts

    def assert_each_once(self, tokens):
        report = self.lab.report("sale", self.config)
        verdict = judge_campaign(self.store, self.gateway, tokens, "sale", report)
        self.assertEqual(verdict.violations, [])

    def test_a_campaign_waits_for_its_window_and_follows_a_change_of_it(self):
        tokens = self.lab.audience_file(DEVICES)
        path = self.campaign_file("schedule:\n  zone: UTC\n  send_window: "
                                  f'{{from: "{from_now(2)}", to: "{from_now(3)}"}}\n')
        launch = self.launch(path)
        wait_until(lambda: "closed now, opens at" in launch.err, "the launch says what it is about")
        # Every chunk has been looked at and waits for the opening.
        wait_until(lambda: int(self.store.rows(
            "SELECT count(*) FROM chunk WHERE due_at > 0 AND state = 0")[0][0]) > 0, "it waits")
        status = self.run_command("status", "sale").out
        self.assertIn("and defers the others; closed now, opens at", status)
        self.assertIn("nobody is sent to before its window opens", status)
        self.assertEqual(self.gateway.ledger_lines(), 0)
        self.run_command("set", "sale", "send_window.from=00:00", "send_window.to=24:00")
        self.assertEqual(launch.wait(), 0, launch.tail())
        self.assert_each_once(tokens)
        self.assertEqual(self.reasons(), {("delivered", None): DEVICES})

    def test_who_comes_outside_the_window_is_skipped_where_the_file_says_so(self):
        self.lab.audience_file(DEVICES)
        path = self.campaign_file("schedule:\n  zone: UTC\n  send_window: {outside: skip, "
                                  f'from: "{from_now(2)}", to: "{from_now(3)}"}}\n')
        self.run_command("launch", path, "--yes")
        self.assertEqual(self.gateway.ledger_lines(), 0)
        self.assertEqual(self.reasons(), {("skipped", "window"): DEVICES})

    def test_each_recipient_is_sent_to_by_their_own_clock(self):
        tokens = self.lab.audience_file(DEVICES)
        audience = self.lab.path("audience.csv")
        rows = audience.read_text(encoding="utf-8").splitlines()
        far = 0
        for number, row in enumerate(rows):
            is_far = number % 3 == 1
            far += is_far
            rows[number] += ",timezone" if number == 0 else f",{FAR if is_far else 'UTC'}"
        audience.write_text("\n".join(rows) + "\n", encoding="utf-8")
        path = self.campaign_file("schedule:\n  zone: recipient\n  send_window: "
                                  f'{{from: "{from_now(-2)}", to: "{from_now(2)}"}}\n')
        launch = self.launch(path)
        self.gateway.wait_lines(DEVICES - far)
        wait_until(lambda: self.reasons() == {("delivered", None): DEVICES - far,
                                              ("pending", None): far}, "the others wait")
        self.run_command("set", "sale", "send_window=none")
        self.assertEqual(launch.wait(), 0, launch.tail())
        self.assert_each_once(tokens)
        self.assertEqual(self.reasons(), {("delivered", None): DEVICES})

    def test_a_deadline_before_the_window_opens_ends_the_campaign(self):
        self.lab.audience_file(DEVICES)
        path = self.campaign_file("schedule:\n  zone: UTC\n  send_window: "
                                  f'{{from: "{from_now(2)}", to: "{from_now(3)}"}}\n',
                                  deadline="2s")
        self.run_command("launch", path, "--yes")
        self.assertEqual(self.gateway.ledger_lines(), 0)
        self.assertEqual(self.reasons(), {("skipped", "expired"): DEVICES})
        # Whoever waits does not lease the same chunk over and over.
        leases = int(self.store.rows("SELECT max(fence) FROM chunk")[0][0])
        self.assertLess(leases, 200)

    def test_an_unknown_zone_is_told_with_its_place(self):
        self.lab.audience_file(3)
        path = self.campaign_file("schedule:\n  zone: Europe/Berlln\n"
                                  '  send_window: {from: "09:00", to: "21:00"}\n')
        self.assertIn(":14:9: schedule.zone: there is no time zone 'Europe/Berlln'",
                      self.run_command("plan", path, expect=2).err)
        path = self.campaign_file('schedule:\n  zone: recipient\n'
                                  '  send_window: {from: "09:00", to: "21:00"}\n')
        self.assertIn("there is no column `timezone`",
                      self.run_command("plan", path, expect=2).err)

    def test_the_look_at_the_first_recipients_ends_by_itself(self):
        tokens = self.lab.audience_file(DEVICES)
        path = self.campaign_file(first="{count: 100, then: 2s}")
        self.run_command("launch", path, "--yes")
        self.assert_each_once(tokens)
        lines = read_ledger(self.gateway.ledger_path)
        at = [datetime.datetime.fromisoformat(line["at"].replace("Z", "+00:00")) for line in lines]
        # Two seconds lie between the last claim of the first and the next: a slow answer takes a
        # part of that, never most of it.
        longest = max(later - earlier for earlier, later in zip(at, at[1:]))
        self.assertGreater(longest, HOUR / 3600)
        self.assertLessEqual(at.index(next(later for earlier, later in zip(at, at[1:])
                                           if later - earlier == longest)), 100)
        settings = json.loads(self.run_command("--json", "show", "sale").out)
        self.assertIn("2000", json.dumps(settings))


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--store":
        STORE = sys.argv[2]
        del sys.argv[1:3]
    unittest.main(verbosity=2)
