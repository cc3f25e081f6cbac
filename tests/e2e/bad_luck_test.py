#!/usr/bin/env python3
"""Stores and gateways that go away, disks that fill up, processes that are killed."""
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import unittest

from harness import (BINARY, PLAIN_PREFIX, Fault, Lab, MariaDbStore, MockGateway, SqliteStore,
                     wait_until)
from judge import judge_campaign

DEVICES = 6000


class BadLuckCase(unittest.TestCase):
    store_type = SqliteStore
    store_keys = {}
    faults = ()

    def setUp(self):
        self.lab = self.enterContext(Lab("bad-luck"))
        self.store = self.store_type(self.lab)
        self.gateway = MockGateway(self.lab, faults=self.faults)
        self.configure()
        self.command("store", "init")
        self.tokens = self.lab.audience_file(DEVICES)
        self.campaign = self.lab.campaign_file("sale", rate="3000/s")

    def configure(self):
        self.config = self.lab.server_file(self.store, self.gateway, **self.store_keys)

    def start(self, *arguments, **options):
        return self.lab.pushonce(*arguments, config=self.config, **options)

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def launch_and_wait(self, lines=500):
        launch = self.start("launch", self.campaign, "--yes")
        self.gateway.wait_lines(lines)
        return launch

    def assert_each_once(self, **extra):
        report = self.lab.report("sale", self.config)
        verdict = judge_campaign(self.store, self.gateway, self.tokens, "sale", report, **extra)
        self.assertEqual(verdict.violations, [])
        print(f"  {self.id().split('.')[-1]}: {verdict.figures}")
        return verdict.figures


class StoreDownTest(BadLuckCase):
    store_type = MariaDbStore
    store_keys = {"patience": "20s"}

    def test_a_store_that_is_down_at_the_start_is_exit_5_and_says_how_to_reach_it(self):
        self.store.stop()
        said = self.command("launch", self.campaign, "--yes", expect=5).err
        self.assertIn(str(self.store.port), said)
        self.assertNotIn(self.store.password, said)
        self.assertEqual(self.gateway.ledger_lines(), 0)

    def test_a_store_that_may_forget_is_refused_unless_that_is_accepted_on_record(self):
        self.store.execute("SET GLOBAL innodb_flush_log_at_trx_commit=0")
        said = self.command("launch", self.campaign, "--yes", expect=2).err
        self.assertIn("innodb_flush_log_at_trx_commit is 0", said)
        self.assertIn("SET GLOBAL innodb_flush_log_at_trx_commit=1", said)
        self.assertEqual(self.gateway.ledger_lines(), 0)
        self.command("launch", self.campaign, "--yes", "--accept-weak-durability")
        self.assertIn("accept-weak-durability", self.command("audit", "sale").out)
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)
        self.command("restart", "sale", expect=2)

    def test_a_store_that_comes_back_within_patience_is_waited_for(self):
        launch = self.launch_and_wait()
        self.store.stop()
        settled = self.lines_when_still()
        self.assertLess(settled, DEVICES)
        self.store.start()
        self.assertEqual(launch.wait(), 0, launch.tail())
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)

    def test_a_store_killed_in_mid_run_loses_nothing_that_was_answered(self):
        launch = self.launch_and_wait()
        self.store.kill9()
        self.store.start()
        self.assertEqual(launch.wait(), 0, launch.tail())
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)

    def lines_when_still(self):
        """The ledger's length once it has not grown for ten looks."""
        seen = []

        def still():
            seen.append(self.gateway.ledger_lines())
            return len(seen) > 10 and seen[-1] == seen[-11]
        wait_until(still, "no claim means no send", poll=0.05)
        return seen[-1]


class StoreGoneTest(BadLuckCase):
    """Beyond patience: exit 5, answers stay in the journal, the next run settles them."""
    store_type = MariaDbStore
    store_keys = {"patience": "2s"}

    def test_answers_wait_in_the_journal_for_the_next_run(self):
        launch = self.launch_and_wait()
        self.store.stop()
        self.assertEqual(launch.wait(), 5, launch.tail())
        sent = self.gateway.ledger_lines()
        self.store.start()
        self.command("restart", "sale")
        self.assertGreater(self.gateway.ledger_lines(), sent)
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)


class StoreRefusesTest(BadLuckCase):
    """A store that answers and refuses is waited for no longer than one that does not answer."""
    store_type = MariaDbStore
    store_keys = {"patience": "2s"}

    def test_a_read_only_server_is_exit_5_after_patience(self):
        launch = self.launch_and_wait()
        self.store.execute("SET GLOBAL read_only=1")
        self.assertEqual(launch.wait(), 5, launch.tail())
        self.assertIn("read-only", launch.err)
        self.store.execute("SET GLOBAL read_only=0")
        self.command("restart", "sale")
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)


class StoreFileTest(BadLuckCase):
    """What can happen to the embedded store's file in mid-run."""
    store_keys = {"patience": "2s"}

    def test_a_file_that_somebody_else_keeps_locked_is_exit_5_after_patience(self):
        launch = self.launch_and_wait()
        with contextlib.closing(sqlite3.connect(self.store.path, timeout=30,
                                                isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self.assertEqual(launch.wait(), 5, launch.tail())
            other.execute("ROLLBACK")
        self.command("restart", "sale")
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)

    def test_a_file_that_is_removed_stops_the_run_instead_of_recording_into_nowhere(self):
        launch = self.launch_and_wait()
        for file in self.store.path.parent.iterdir():
            file.unlink()
        self.assertEqual(launch.wait(), 6, launch.tail())
        self.assertIn("removed", launch.err)
        self.assertLess(self.gateway.ledger_lines(), DEVICES)

    def test_a_file_that_is_gone_after_a_campaign_is_not_replaced_unasked(self):
        campaign = self.lab.campaign_file("sale", rate="100000/s")
        self.command("launch", campaign, "--yes")
        for file in self.store.path.parent.glob(self.store.path.name + "*"):
            file.unlink()
        for command in (("launch", campaign, "--yes"), ("restart", "sale")):
            said = self.command(*command, expect=6).err
            self.assertIn("is gone: it was sent from before", said)
        self.assertFalse(self.store.path.exists())
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)

        text = self.config.read_text()
        self.config.write_text(text.replace(self.store.path.name, "mistyped.db"))
        said = self.command("launch", campaign, "--yes", expect=4).err
        self.assertIn(str(self.store.path), said)
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)

        self.command("store", "init")  # who asks for it gets a new one
        self.command("launch", campaign, "--yes")
        self.assertEqual(self.gateway.ledger_lines(), 2 * DEVICES)


class GatewayDownTest(BadLuckCase):
    def configure(self):
        self.gateway.keys["patience"] = "2s"
        super().configure()

    def test_a_gateway_that_is_down_is_exit_5_after_its_patience_and_costs_no_try(self):
        self.gateway.stop()
        self.command("launch", self.campaign, "--yes", expect=5)
        tries = self.store.rows("SELECT coalesce(max(tries), 0) FROM delivery")
        self.assertEqual(int(tries[0][0]), 0)
        self.gateway.start()
        self.command("restart", "sale")
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)

    def test_a_gateway_that_dies_in_mid_run_leaves_doubt_only_for_what_was_on_the_wire(self):
        launch = self.launch_and_wait()
        self.gateway.process.kill9()
        self.assertEqual(launch.wait(), 5, launch.tail())
        self.gateway.start()
        self.command("restart", "sale", expect={0, 3})
        self.assert_each_once(doubt_explained=(), doubt_killed_max=self.gateway.wire_max())


class SlowGatewayTest(BadLuckCase):
    """A pause binds although the lane has claimed all that it may and asks for no more."""

    def setUp(self):
        self.lab = self.enterContext(Lab("slow-gateway"))
        self.store = SqliteStore(self.lab)
        self.gateway = MockGateway(self.lab, latency="100ms")
        self.gateway.keys.update(connections=1, in_flight=3, patience="60s")
        self.configure()
        self.command("store", "init")
        self.tokens = self.lab.audience_file(DEVICES)
        self.campaign = self.lab.campaign_file("sale")

    def pause(self):
        self.command("pause", "sale", "--because", "a typo")
        return self.gateway.ledger_lines()

    def test_a_pause_gives_back_what_waits_for_a_slow_gateway(self):
        launch = self.launch_and_wait(20)
        self.assertLess(self.pause(), 500)
        self.assertEqual(launch.wait(), 5, launch.tail())
        self.assertIn("paused", launch.err)

    def test_a_pause_ends_a_run_that_waits_for_a_gateway_that_is_away(self):
        launch = self.launch_and_wait(20)
        self.gateway.process.kill9()
        self.pause()
        self.assertEqual(launch.wait(20), 5, launch.tail())
        self.assertIn("paused", launch.err)


class StopTest(BadLuckCase):
    def test_ctrl_c_drains_and_exits_5(self):
        launch = self.launch_and_wait()
        launch.signal(signal.SIGINT)
        self.assertEqual(launch.wait(), 5, launch.tail())
        self.command("restart", "sale")
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)

    def test_a_second_ctrl_c_exits_at_once_and_is_safe(self):
        launch = self.launch_and_wait()
        self.gateway.freeze()
        self.gateway.wait_unread()
        launch.signal(signal.SIGINT)
        launch.signal(signal.SIGTERM)
        self.assertEqual(launch.wait(10), 5, launch.tail())
        self.gateway.thaw()
        self.gateway.settle()
        self.command("restart", "sale", expect={0, 3})
        self.assert_each_once(doubt_explained=(), doubt_killed_max=self.gateway.wire_max())

    def test_after_kill_9_restart_says_what_it_found_and_finishes(self):
        launch = self.launch_and_wait()
        launch.kill9()
        self.gateway.settle()
        done = self.command("restart", "sale", expect={0, 3})
        sentence = re.search(r"([\d,]+) claimed: ([\d,]+) never left this machine, ([\d,]+) were "
                             r"answered, ([\d,]+) (?:are|is) in doubt", done.err + done.out)
        self.assertIsNotNone(sentence, done.tail())
        claimed, never, answered, doubt = (int(g.replace(",", "")) for g in sentence.groups())
        self.assertEqual(claimed, never + answered + doubt)
        figures = self.assert_each_once(doubt_explained=(), doubt_killed_max=doubt)
        self.assertEqual(done.code, 3 if figures["in doubt"] else 0)

    def test_a_dry_run_of_restart_changes_nothing(self):
        launch = self.launch_and_wait()
        launch.kill9()
        self.gateway.settle()
        before = self.gateway.ledger_lines(), self.store.rows("SELECT * FROM delivery")
        self.command("restart", "sale", "--dry-run", expect={0, 3})
        after = self.gateway.ledger_lines(), self.store.rows("SELECT * FROM delivery")
        self.assertEqual(before, after)


class RefusedTest(BadLuckCase):
    faults = (Fault("bad_device_token", {"token_prefix": f'"{PLAIN_PREFIX}"'}),)

    def test_what_was_refused_when_it_died_is_told_apart_and_sent_when_that_is_cured(self):
        """Rejections of a wrong environment are withheld until the breaker has judged them."""
        self.campaign = self.lab.campaign_file("sale", rate="100000/s")
        died = self.start("launch", self.campaign, "--yes", env={"CRASH_AT": "CP13:5"})
        self.assertEqual(died.wait(), -signal.SIGKILL, died.tail())
        self.gateway.cure()
        done = self.command("restart", "sale", expect={0, 3})
        found = re.search(r"left this machine, ([\d,]+) refused unprocessed, 0 were answered,"
                          r" ([\d,]+) (?:are|is) in doubt", done.err)
        self.assertIsNotNone(found, done.tail())
        self.assertEqual(int(found[1]), 4)
        figures = self.assert_each_once(doubt_explained=(), doubt_killed_max=int(found[2]))
        self.assertEqual(figures["DELIVERED"], DEVICES - figures["in doubt"])


class JournalDirectoryTest(BadLuckCase):
    def test_what_is_no_journal_file_is_not_opened(self):
        launch = self.launch_and_wait()
        launch.kill9()
        self.gateway.settle()
        os.mkfifo(self.lab.path("journal", "0000abcd.journal"))
        os.mkfifo(self.lab.path("journal", "0000abcd.journal.0.new"))
        self.command("restart", "sale", expect={0, 3})
        self.assert_each_once(doubt_explained=(), doubt_killed_max=self.gateway.wire_max())


class StandardStreamsTest(BadLuckCase):
    """Whatever becomes of the streams, the campaign is sent and nothing is said that is not so."""

    def shell(self, line):
        command = f'"{BINARY}" --config "{self.config}" '
        done = self.lab.start(["bash", "-c", line.replace("pushonce ", command)], "shell")
        done.code = done.wait()
        return done

    def test_a_run_outlives_the_reader_of_its_messages(self):
        done = self.shell(f'(pushonce --log-level trace launch "{self.campaign}" --yes; '
                          'echo $? > said; mv said code) 2>&1 | head -n 1')
        self.assertEqual(done.code, 0, done.tail())
        wait_until(lambda: self.lab.path("code").exists(), "the run ends")
        self.assertEqual(self.lab.path("code").read_text(), "0\n")
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)

    def test_a_run_without_any_stream_writes_into_no_other_file(self):
        self.assertEqual(self.shell(f'pushonce --log-level trace launch "{self.campaign}" --yes '
                                    '<&- >&- 2>&-').code, 0)
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)

    def test_a_result_that_could_not_be_written_is_no_success(self):
        self.command("launch", self.campaign, "--yes")
        self.assertEqual(self.shell("pushonce report sale > /dev/full").code, 5)
        self.assertEqual(self.shell("pushonce --json status sale > /dev/full").code, 5)


class ResolveTest(BadLuckCase):
    """Devices in doubt are held until somebody decides."""

    def setUp(self):
        super().setUp()
        launch = self.launch_and_wait()
        self.gateway.freeze()
        self.gateway.wait_unread()
        launch.kill9()
        self.gateway.thaw()
        self.gateway.settle()
        self.command("restart", "sale", expect=3)
        self.doubt = [line["appid"] for line in self.lab.report("sale", self.config)
                      if line["outcome"] == "in_doubt"]
        self.assertTrue(self.doubt)

    def test_restart_holds_devices_in_doubt(self):
        before = self.gateway.ledger_lines()
        self.command("restart", "sale", expect=3)
        self.assertEqual(self.gateway.ledger_lines(), before)
        self.assert_each_once()

    def test_assume_delivered_settles_them_without_sending(self):
        before = self.gateway.ledger_lines()
        self.command("resolve", "sale", "--assume-delivered", "--all", "--because", "seen")
        self.command("restart", "sale")
        self.assertEqual(self.gateway.ledger_lines(), before)
        self.assertEqual(self.assert_each_once()["DELIVERED"], DEVICES)

    def test_skip_settles_them_without_sending(self):
        before = self.gateway.ledger_lines()
        self.command("resolve", "sale", "--skip", "--all", "--because", "enough")
        self.command("restart", "sale", expect={0, 3})
        self.assertEqual(self.gateway.ledger_lines(), before)
        self.assertEqual(self.assert_each_once()["SKIPPED"], len(self.doubt))

    def test_resend_sends_again_under_an_audited_order(self):
        self.command("resolve", "sale", "--resend", "--all", "--because", "rather twice",
                     expect={0, 3})
        self.command("restart", "sale")
        figures = self.assert_each_once(resent=frozenset(self.doubt))
        self.assertEqual(figures["DELIVERED"], DEVICES)
        self.assertIn("rather twice", self.command("audit", "sale").out)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("mount"), "needs root for a small disk")
class DiskFullTest(unittest.TestCase):
    def test_a_disk_that_fills_up_while_sealing_leaves_nothing_half_sealed(self):
        with Lab("disk-full") as lab:
            disk = lab.path("store", "x").parent
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk],
                                     capture_output=True, text=True)
            if mounted.returncode != 0:
                self.skipTest("no tmpfs may be mounted here: " + mounted.stderr.strip())
            try:
                store, gateway = SqliteStore(lab), MockGateway(lab)
                config = lab.server_file(store, gateway)
                lab.run("store", "init", config=config)
                tokens = lab.audience_file(60_000)
                campaign = lab.campaign_file("sale")
                said = lab.run("launch", campaign, "--yes", config=config, expect=5).err
                self.assertRegex(said, r"(?i)full|space")
                self.assertEqual(gateway.ledger_lines(), 0)
                self.assertEqual(store.rows(
                    "SELECT count(*) FROM campaign WHERE name IS NOT NULL"), [(0,)])
                subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
                lab.run("launch", campaign, "--yes", config=config)
                verdict = judge_campaign(store, gateway, tokens, "sale",
                                         lab.report("sale", config))
                self.assertEqual(verdict.violations, [])
            finally:
                subprocess.run(["umount", "-l", disk], check=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
