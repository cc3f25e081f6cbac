#!/usr/bin/env python3
"""What retention removes and what it must leave, and devices that are forgotten: with real servers.

The past is made by moving the times that the store holds; the ledger and the tables judge.
"""
import contextlib
import json
import re
import signal
import sqlite3
import sys
import unittest

from harness import STORES, Lab, MockGateway

DEVICES = 300
DAY_MS = 24 * 60 * 60 * 1000
STORE = STORES["sqlite"]


def execute(store, *statements):
    if store.kind == "sqlite":
        with contextlib.closing(sqlite3.connect(store.path, timeout=30)) as db:
            for statement in statements:
                db.execute(statement)
            db.commit()
    else:
        store.execute(";".join(statements), "pushonce")


def sql_bytes(text):
    return "X'" + text.encode().hex() + "'"


def number(store, sql):
    return int(store.rows(sql)[0][0])


class RetentionTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("retention"))
        self.store = STORE(self.lab)
        self.gateway = MockGateway(self.lab)
        self.config = self.lab.server_file(
            self.store, self.gateway, retention="{flags: 400d, audience: 30d}")
        self.tokens = self.lab.audience_file(DEVICES)
        self.command("store", "init")

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def launch(self, name, once_per=None, **options):
        path = self.lab.campaign_file(name)
        if once_per:
            path.write_text(path.read_text().replace(
                "audience:", f"once_per: {once_per}\naudience:", 1))
        return self.command("launch", path, "--yes", **options)

    def age(self, days):
        """Everything in the store happened so long before."""
        back = days * DAY_MS
        execute(self.store,
                f"UPDATE campaign SET sealed_at=sealed_at-{back}, started_at=started_at-{back}",
                f"UPDATE audit SET at=at-{back}",
                f"UPDATE delivery SET changed_at=changed_at-{back}")

    def table(self, name):
        return number(self.store, f"SELECT count(*) FROM {name}")

    def data_blocks(self):
        return number(self.store, "SELECT count(*) FROM chunk_payload WHERE codec IN (1,3)")

    def report(self, name="sale"):
        return {line["appid"]: line for line in self.lab.report(name, self.config)}

    def assert_sealed(self, name="sale", **wanted):
        seal = json.loads(self.command("--json", "show", name, "--check-seal").out)
        self.assertTrue(seal["is_sound"], seal)
        self.assertEqual({key: seal[key] for key in wanted}, wanted)

    def test_a_damaged_audience_breaks_the_seal_and_is_not_dropped(self):
        self.launch("sale")
        self.assert_sealed(without_data=0, forgotten=0)
        self.age(31)
        execute(self.store, "UPDATE chunk_payload SET data_block=X'28B52FFD'")
        seal = json.loads(self.command("--json", "show", "sale", "--check-seal", expect=6).out)
        self.assertEqual((seal["damaged"], seal["is_chain_whole"]), (1, True))
        done = self.command("store", "purge", "--yes", expect=3)
        self.assertIn("1 chunk is not what was sealed", done.err)
        self.assertEqual(self.data_blocks(), 1)

    # -- purge ------------------------------------------------------------------------------

    def test_nothing_young_is_purged(self):
        self.launch("sale")
        done = self.command("store", "purge", "--yes")
        self.assertIn("Nothing in the store is old enough", done.err)
        self.assertEqual(self.data_blocks(), 1)

    def test_the_audiences_data_goes_first_and_report_and_seal_still_hold(self):
        self.launch("sale")
        before = self.report()
        self.age(31)
        dry = self.command("store", "purge", "--dry-run")
        self.assertIn("sale", dry.err)
        self.assertIn("Nothing was changed", dry.err)
        self.assertEqual(self.data_blocks(), 1)
        self.command("store", "purge", "--yes")
        self.assertEqual(self.data_blocks(), 0)
        self.assertEqual(self.table("delivery"), DEVICES)
        after = self.report()
        self.assertEqual(set(after), set(before))
        self.assertEqual({line["outcome"] for line in after.values()}, {"delivered"})
        self.assertEqual({line["locale"] for line in after.values()}, {None})
        self.assert_sealed(without_data=1)
        again = self.launch("sale")
        self.assertIn("0 sent", again.err)
        self.assertIn("purge", self.command("audit", "sale").out)
        explained = self.command("lookup", "d-000003", "--explain").out
        self.assertIn("retention dropped the audience's data", explained)
        self.assertIn("Nothing in the store is old enough",
                      self.command("store", "purge", "--yes").err)

    def test_flags_go_after_their_time_and_the_name_stays_taken(self):
        self.launch("sale")
        self.age(401)
        self.launch("young")
        done = self.command("--json", "store", "purge", "--yes", "--because", "yearly")
        step, = [json.loads(line) for line in done.out.splitlines()]
        self.assertEqual((step["what"], step["flags_deleted"]), ("flags", DEVICES))
        self.assertEqual(self.table("delivery"), DEVICES)  # the young campaign's
        self.assertEqual(self.table("chunk"), 1)
        refused = self.launch("sale", expect=4)
        self.assertIn("purged", refused.err)
        for arguments in (("restart", "sale"), ("report", "sale"),
                          ("resolve", "sale", "--skip", "--all")):
            self.assertIn("purged", self.command(*arguments, expect=4).err)
        status = self.command("status", "sale").out
        self.assertIn("purged by", status)
        self.assertIn("yearly", status)
        self.assertIn("{{discount}}", self.command("show", "sale").out)
        self.assertEqual(self.gateway.ledger_lines(), 2 * DEVICES)

    def test_a_scope_is_purged_as_one_and_never_beside_an_unfinished_campaign(self):
        self.launch("first", once_per="shared")
        self.age(500)
        self.lab.audience_file(2 * DEVICES)
        path = self.lab.campaign_file("second", rate="50/s")
        path.write_text(path.read_text().replace("audience:", "once_per: shared\naudience:", 1))
        second = self.lab.pushonce("launch", path, "--yes", config=self.config)
        self.gateway.wait_lines(DEVICES + 20)
        done = self.command("store", "purge", "--yes")
        self.assertNotIn("flags, appids", done.err)
        second.signal(signal.SIGINT)
        second.wait()
        self.command("store", "purge", "--yes")
        self.command("restart", "second")
        # Nobody that the first one had reached was reached again.
        self.assertEqual(self.gateway.ledger_lines(), 2 * DEVICES)
        self.age(401)
        self.command("store", "purge", "--yes")
        self.assertEqual(self.table("delivery"), 0)
        self.assertEqual(self.table("chunk_payload"), 0)

    def test_a_purge_that_was_killed_goes_on(self):
        self.launch("sale")
        self.age(31)
        self.command("store", "purge", "--yes", expect=-9, env={"CRASH_AT": "CP30"})
        self.command("store", "purge", "--yes")
        self.assertEqual(self.data_blocks(), 0)
        self.age(400)
        for step in ("CP31", "CP32", "CP33"):
            self.command("store", "purge", "--yes", expect=-9, env={"CRASH_AT": step})
            self.assertIn("purged", self.launch("sale", expect=4).err)
        self.command("store", "purge", "--yes")
        self.assertEqual(self.table("delivery"), 0)
        self.assertEqual(self.table("chunk"), 0)
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)

    def test_dead_tokens_are_forgotten_when_nobody_has_called_them_dead_for_long(self):
        self.launch("sale")
        now = number(self.store, "SELECT MAX(changed_at) FROM delivery")
        rows = ", ".join(f"(X'{n:064x}', 200, NULL, {now - days * DAY_MS})"
                         for n, days in enumerate((0, 399, 401, 500)))
        execute(self.store, "INSERT INTO dead_token (mark, reason, dead_since, told_at) VALUES " +
                rows)
        dry = self.command("--json", "store", "purge", "--dry-run")
        self.assertIn("dead tokens: 2 ", dry.err)
        self.assertEqual(json.loads(dry.out), {"what": "dead_tokens", "dead_tokens": 2,
                                               "is_done": False, "dead_tokens_deleted": 0})
        self.assertEqual(self.table("dead_token"), 4)
        done = self.command("store", "purge", "--yes", "--because", "monthly")
        self.assertIn("dead tokens: 2 forgotten", done.err)
        self.assertEqual(self.table("dead_token"), 2)
        self.assertIn("monthly", self.command("audit").out)
        self.assertIn("Nothing in the store is old enough",
                      self.command("store", "purge", "--yes").err)

    # -- forget -----------------------------------------------------------------------------

    def dump(self):
        """Everything that the store holds, as text to look through."""
        if self.store.kind == "sqlite":
            with contextlib.closing(sqlite3.connect(self.store.path)) as db:
                return "\n".join(db.iterdump()).lower()
        tables = [row[0] for row in self.store.rows("SHOW TABLES")]
        text = ""
        for table in tables:
            columns = [row[0] for row in self.store.rows(f"SHOW COLUMNS FROM {table}")]
            chosen = ", ".join(f"HEX({column})" for column in columns)
            text += "\n".join(str(row) for row in self.store.rows(f"SELECT {chosen} FROM {table}"))
        return text.lower()

    def assert_gone(self, appid):
        dump = self.dump()
        self.assertNotIn(appid, dump)
        self.assertNotIn(appid.encode().hex(), dump)
        # Chunks are compressed: what they unpack to is what reports and look-ups say.
        self.assertNotIn(appid, self.report())
        self.assertIn("No campaign of this store has", self.command(
            "lookup", appid, "--explain").err)

    def test_a_forgotten_device_leaves_a_flag_and_a_line_and_nothing_else(self):
        self.launch("sale")
        before = self.report()
        done = self.command("--json", "forget", "d-000000", "--because", "request 4711")
        answer = json.loads(done.out)
        self.assertEqual((answer["campaigns"], answer["flags"]), (["sale"], 1))
        self.assert_gone("d-000000")
        after = self.report()
        self.assertEqual(len(after), DEVICES)
        forgotten, = [a for a in after if a.startswith("forgotten:")]
        line = after.pop(forgotten)
        self.assertEqual((line["outcome"], line["locale"], line["notification_id"]),
                         ("delivered", None, None))
        del before["d-000000"]
        self.assertEqual(after, before)
        self.assertEqual(self.lab.status("sale", self.config)["counts"]["delivered"], DEVICES)
        audit = self.command("audit").out
        self.assertIn("request 4711", audit)
        self.assertNotIn("d-000000", audit)
        self.command("restart", "sale")
        self.assertIn("0 sent", self.launch("sale").err)
        self.assertIn("holds nothing", self.command(
            "forget", "d-000000", "--because", "again").err)
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)

    def test_the_flag_still_holds_when_a_later_audience_names_the_device_again(self):
        self.launch("first", once_per="shared")
        self.command("forget", "d-000007", "--because", "asked")
        self.assertNotIn("d-000007", self.report("first"))
        self.launch("second", once_per="shared")
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)
        again = self.report("second")["d-000007"]
        self.assertEqual((again["outcome"], again["reason"]), ("skipped", "already_by:forgotten"))
        first = self.report("first")
        self.assertEqual(len(first), DEVICES)
        self.assertEqual({line["outcome"] for line in first.values()}, {"delivered"})
        self.command("forget", "d-000007", "--because", "asked again")
        self.assertNotIn("d-000007", self.report("second"))
        self.launch("third", once_per="shared")
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)

    def test_it_is_refused_while_a_campaign_may_still_send_to_the_device(self):
        path = self.lab.campaign_file("sale", rate="50/s")
        launch = self.lab.pushonce("launch", path, "--yes", config=self.config)
        self.gateway.wait_lines(20)
        refused = self.command("forget", "d-000007", "--because", "asked", expect=4)
        self.assertIn("sale is running", refused.err)
        launch.signal(signal.SIGINT)
        launch.wait()
        self.command("forget", "d-000007", "--because", "asked", expect=4)
        self.command("restart", "sale")
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)

    def test_a_forget_that_was_killed_goes_on_and_keeps_the_flag_all_the_while(self):
        self.launch("first", once_per="shared")
        self.lab.audience_file(2)
        self.launch("other", once_per="shared")
        for step in ("CP34", "CP34", "CP35"):
            self.command("forget", "d-000001", "--because", "asked", expect=-9,
                         env={"CRASH_AT": step})
            self.command("restart", "first")
            self.command("restart", "other")
            self.assertEqual(self.gateway.ledger_lines(), DEVICES)
        self.command("forget", "d-000001", "--because", "asked")
        self.assertNotIn("d-000001", self.report("first"))
        self.assertNotIn("d-000001", self.report("other"))
        self.assertEqual(number(self.store, "SELECT count(*) FROM delivery"), DEVICES)

    def test_nobody_gets_a_second_chance_whose_data_is_gone(self):
        self.launch("sale")
        appid = sorted(self.tokens)[7]
        where = f"WHERE appid={sql_bytes(appid)}"
        execute(self.store, f"UPDATE delivery SET state=3, code=200 {where}")
        kept = json.loads(self.command("--json", "restart", "sale", "--dry-run").out)
        self.assertEqual((kept["could_be_included"][0]["count"], kept["without_data"]), (1, 0))
        self.age(31)
        self.command("store", "purge", "--yes")
        told = self.command("--json", "restart", "sale", "--include", "rejected", "--dry-run")
        self.assertEqual(json.loads(told.out)["without_data"], 1)
        self.assertIn("The data of 1 device went", told.err)
        again = self.command("restart", "sale", "--include", "rejected", "--because", "try")
        self.assertIn("Nobody is left", again.err)
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)
        self.assertEqual(self.report()[appid]["outcome"], "rejected")

    def test_forgetting_and_retention_work_together(self):
        self.launch("sale")
        self.age(31)
        self.command("forget", "d-000001", "--because", "before")
        self.command("store", "purge", "--yes")
        self.assertEqual(self.data_blocks(), 0)
        self.command("forget", "d-000002", "--because", "after")
        names = self.report()
        self.assertEqual(len(names), DEVICES)
        self.assertEqual(sum(name.startswith("forgotten:") for name in names), 2)
        self.assert_sealed(without_data=1, forgotten=2)
        self.assertEqual({line["outcome"] for line in names.values()}, {"delivered"})
        self.age(400)
        self.command("store", "purge", "--yes")
        self.assertEqual(self.table("delivery"), 0)

    # -- and what people read ---------------------------------------------------------------

    def test_the_page_tells_what_the_report_tells(self):
        self.launch("sale")
        path = self.lab.path("sale.html")
        self.command("report", "sale", "--format", "html", "--output", path)
        page = path.read_text(encoding="utf-8")
        self.assertIn(f"<b>{DEVICES} of {DEVICES} devices</b> delivered (100 %)", page)
        self.assertIn("<svg", page)
        self.assertIn("{{discount}} % Rabatt", page)
        self.assertIsNone(re.search(r"(src|href)=|<script|url\(", page))

    def test_status_names_cause_who_and_what_to_type(self):
        path = self.lab.campaign_file("sale", rate="50/s")
        launch = self.lab.pushonce("launch", path, "--yes", config=self.config)
        self.gateway.wait_lines(10)
        self.command("pause", "sale", "--because", "typo in the title")
        launch.wait()
        paused = self.command("status", "sale").out
        self.assertRegex(paused, r"paused by \S+@\S+ at \S+, because: typo in the title")
        self.assertIn("Next: `pushonce resume sale", paused)
        self.command("resume", "sale", "--because", "it is right")
        interrupted = self.command("status", "sale").out
        self.assertIn("interrupted: no process works on it; resumed by", interrupted)
        self.assertIn("Next: `pushonce restart sale`", interrupted)
        self.assertIn("interrupted", self.command("status").out)
        self.command("cancel", "sale", "--because", "too late")
        status = json.loads(self.command("--json", "status", "sale").out)
        self.assertEqual(status["last_order"]["because"], "too late")
        self.assertIn("once_per: sale", status["next"])

    def test_explain_gives_the_text_as_it_was_rendered(self):
        self.launch("sale")
        told = json.loads(self.command("--json", "lookup", "d-000003", "--explain").out)
        self.assertEqual(told["outcome"], "delivered")
        self.assertIn("20 %", told["text"]["title"])
        self.assertRegex(told["text"]["body"], r"^(Hello|Hallo) Name\d+, ")
        self.assertEqual(json.loads(told["text"]["payload"])["aps"]["alert"]["title"],
                         told["text"]["title"])
        self.assertEqual(told["orders"][0]["action"], "launch")
        self.assertIsNotNone(told["process"]["pid"])
        self.assertEqual(told["notification_id"], self.report()["d-000003"]["notification_id"])


if __name__ == "__main__":
    if "--store" in sys.argv:
        at = sys.argv.index("--store")
        STORE = STORES[sys.argv[at + 1]]
        del sys.argv[at:at + 2]
    unittest.main(verbosity=2)
