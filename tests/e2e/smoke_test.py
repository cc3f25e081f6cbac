#!/usr/bin/env python3
"""One campaign from file to report, command by command, on the embedded store."""
import json
import pathlib
import unittest

from harness import Lab, MockGateway, SqliteStore
from judge import judge_campaign

DEVICES = 300


class SmokeTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("smoke"))
        self.store = SqliteStore(self.lab)
        self.gateway = MockGateway(self.lab)
        self.config = self.lab.server_file(self.store, self.gateway)
        self.tokens = self.lab.audience_file(DEVICES)
        self.campaign = self.lab.campaign_file("sale")
        self.lab.run("store", "init", config=self.config)

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def judge(self, **extra):
        verdict = judge_campaign(self.store, self.gateway, self.tokens, "sale",
                                 self.lab.report("sale", self.config), **extra)
        self.assertEqual(verdict.violations, [])

    def test_init_writes_files_that_plan_offline_accepts(self):
        folder = self.lab.path("fresh", "x").parent
        self.lab.run("init", folder)
        campaigns = [p for p in folder.rglob("*.yaml") if "\ncampaign:" in "\n" + p.read_text()]
        self.assertTrue(campaigns, "init wrote no campaign file")
        server = next(folder.rglob("pushonce.yaml"))
        self.lab.run("plan", campaigns[0], "--offline", config=server)

    def test_init_and_store_say_in_json_what_they_made(self):
        folder = self.lab.path("told", "x").parent
        files = json.loads(self.lab.run("--json", "init", folder).out)["files"]
        self.assertIn(str(folder / "config" / "hello.yaml"), files)
        for file in files:
            self.assertTrue(pathlib.Path(file).exists(), file)
        made = json.loads(self.command("--json", "store", "init").out)
        self.assertEqual(made["was_ready"], True)
        migrated = json.loads(self.command("--json", "store", "migrate").out)
        self.assertEqual(migrated["schema_version"], made["schema_version"])

    def test_a_launch_says_in_json_when_it_started(self):
        launched = json.loads(self.command("--json", "launch", self.campaign).out)
        self.assertIsNotNone(launched["started_at"])
        self.assertEqual(launched["started_at"],
                         self.lab.status("sale", self.config)["started_at"])

    def test_plan_counts_without_sending_or_storing(self):
        planned = self.command("plan", self.campaign)
        self.assertIn(str(DEVICES), planned.out.replace(",", ""))
        self.assertEqual(self.gateway.ledger_lines(), 0)
        self.assertEqual(self.store.rows("SELECT count(*) FROM campaign"), [(0,)])

    def test_preview_shows_the_exact_request_without_sending(self):
        shown = self.command("preview", self.campaign, "--appid", "d-000007").out
        self.assertIn("/3/device/" + self.tokens["d-000007"], shown)
        self.assertIn("apns-id", shown)
        self.assertIn("Hello" if "Hello" in shown else "Hallo", shown)
        self.assertEqual(self.gateway.ledger_lines(), 0)

    def test_a_test_send_does_not_spend_the_campaigns_flags(self):
        self.command("test", self.campaign, "--appid", "d-000001", "--appid", "d-000002")
        self.assertEqual(self.gateway.ledger_lines(), 2)
        self.command("launch", self.campaign, "--yes")
        self.assertEqual(self.gateway.ledger_lines(), 2 + DEVICES)

    def test_a_launch_notifies_everyone_once_and_a_second_one_nobody(self):
        self.command("launch", self.campaign, "--yes")
        self.judge()
        again = self.command("launch", self.campaign, "--yes")
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)
        self.assertIn("0 sent", again.out + again.err)
        self.command("restart", "sale")
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)

    def test_status_report_and_lookup_tell_the_same(self):
        self.command("launch", self.campaign, "--yes")
        status = self.lab.status("sale", self.config)
        self.assertIn(str(DEVICES), json.dumps(status))
        report = self.lab.report("sale", self.config)
        self.assertEqual({line["outcome"] for line in report}, {"delivered"})
        self.assertEqual(
            set(report[0]), {"campaign", "appid", "outcome", "reason", "gateway",
                             "notification_id", "tries", "claims", "platform", "locale", "user",
                             "settled_at"})
        table = self.command("report", "sale", "--format", "csv").out.splitlines()
        self.assertEqual(len(table), DEVICES + 1)
        found = self.command("--json", "lookup", "d-000003").out
        self.assertIn("sale", found)
        self.assertIn("delivered", found)
        self.assertIn("sale", self.command("status").out)
        self.command("show", "sale")
        self.assertIn("launch", self.command("audit", "sale").out)

    def test_show_gives_back_the_file_as_it_was_sealed(self):
        self.command("launch", self.campaign, "--yes")
        self.assertIn("template: templates/promo.yaml", self.command("show", "sale").out)

    def test_doctor_finds_this_set_up_fit(self):
        self.assertIn("it takes the credentials", self.command("doctor").out)
        self.command("plan", self.campaign, "--with-gateways")

    def test_a_gateway_that_is_away_is_told_by_doctor_and_plan(self):
        self.gateway.stop()
        for told in (self.command("doctor", expect=5).out,
                     self.command("plan", self.campaign, "--with-gateways", expect=5).out):
            self.assertIn(f"127.0.0.1:{self.gateway.port}", told)
        self.command("plan", self.campaign)

    def test_cancel_binds_and_restart_is_refused_afterwards(self):
        self.lab.campaign_file("sale", rate="50/s")
        launch = self.lab.pushonce("launch", self.campaign, "--yes", config=self.config)
        self.gateway.wait_lines(20)
        self.command("cancel", "sale", "--because", "wrong text")
        launch.wait()
        after = self.gateway.ledger_lines()
        self.assertLess(after, DEVICES)
        self.command("restart", "sale", expect=4)
        self.assertEqual(self.gateway.ledger_lines(), after)
        outcomes = [line["outcome"] for line in self.lab.report("sale", self.config)]
        self.assertEqual(len(outcomes), DEVICES)
        self.assertEqual(outcomes.count("delivered"), after)
        self.assertEqual(outcomes.count("skipped"), DEVICES - after)

    def test_pause_returns_when_nothing_is_claimed_and_resume_with_restart_finishes(self):
        self.lab.campaign_file("sale", rate="100/s")
        launch = self.lab.pushonce("launch", self.campaign, "--yes", config=self.config)
        self.gateway.wait_lines(20)
        self.command("pause", "sale", "--because", "look first")
        self.assertEqual(self.store.rows("SELECT count(*) FROM delivery WHERE state = 1"), [(0,)])
        launch.wait()
        at_pause = self.gateway.ledger_lines()
        resumed = self.command("resume", "sale", "--because", "fine")
        self.assertIn("restart", resumed.out + resumed.err)
        self.assertEqual(self.gateway.ledger_lines(), at_pause)
        self.command("restart", "sale")
        self.judge()


if __name__ == "__main__":
    unittest.main(verbosity=2)
