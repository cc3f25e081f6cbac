#!/usr/bin/env python3
"""Dead device tokens: told once to whoever keeps the tokens, and never sent to again.

    dead_tokens_test.py [--store sqlite|mariadb] [unittest's options]
"""
import contextlib
import csv
import io
import json
import sqlite3
import re
import ssl
import sys
import unittest
import urllib.request

from harness import STORES, Fault, Lab, MockGateway
from judge import IN_DOUBT, REJECTED, read_flags, read_ledger

DEVICES = 400
DEAD = [f"d-{number:06d}" for number in range(0, DEVICES, 100)]
UNREGISTERED = 200  # the code
# More than a plan looks at one by one.
MANY = 30_000
STORE = STORES["sqlite"]


class DeadTokensTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("dead-tokens"))
        self.store = STORE(self.lab)
        self.gateway = MockGateway(self.lab, faults=(Fault("unregistered"),))
        self.config = self.lab.server_file(self.store, self.gateway)
        self.command("store", "init")
        self.tokens = self.lab.audience_file(DEVICES, faults=self.gateway.faults)

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def launch(self, name, audience="audience.csv"):
        """The text of all these campaigns is the same."""
        return self.command("launch", self.lab.campaign_file(name, audience=audience), "--yes",
                            "--despite-similar")

    def refused(self):
        """Requests that were answered 410."""
        trust = ssl.create_default_context(cafile=self.lab.path("ca.pem"))
        url = f"https://127.0.0.1:{self.gateway.port}/mock/stats"
        with urllib.request.urlopen(url, context=trust, timeout=20) as answer:
            return json.loads(answer.read())["faults"].get("unregistered", 0)

    def dead(self, campaign):
        out = self.command("report", campaign, "--dead-tokens").out
        return {line["appid"]: line for line in map(json.loads, out.splitlines())}

    def having(self, campaign):
        return {a for a, flag in read_flags(self.store, campaign).items()
                if flag.state == REJECTED and flag.code == UNREGISTERED}

    def audience(self, rows):
        """An audience with registrations; answers its name."""
        text = "appid,token,locale,first_name,registered_at\n"
        text += "".join(f"{appid},{token},en,Ann,{at}\n" for appid, token, at in rows)
        return self.lab.write("registered.csv", text).name

    def execute(self, *statements):
        if self.store.kind != "sqlite":
            self.store.execute(";".join(statements), "pushonce")
            return
        with contextlib.closing(sqlite3.connect(self.store.path)) as db:
            for statement in statements:
                db.execute(statement)
            db.commit()

    def test_the_report_names_each_dead_token_with_the_gateways_time(self):
        self.launch("sale")
        told = self.dead("sale")
        self.assertEqual(sorted(told), DEAD)
        lines = {line["appid"]: line for line in self.lab.report("sale", self.config)}
        for appid, line in told.items():
            self.assertEqual(list(line), ["appid", "gateway", "token", "reason", "timestamp",
                                          "settled_at"])
            self.assertEqual(line["token"], self.tokens[appid])
            self.assertEqual((line["gateway"], line["reason"]), ("apns", "unregistered"))
            self.assertEqual(line["settled_at"], lines[appid]["settled_at"])
        remembered = self.store.rows("SELECT dead_since, length(mark), hex(mark) FROM dead_token")
        self.assertEqual(sorted(int(row[0]) for row in remembered),
                         sorted(line["timestamp"] for line in told.values()))
        # The token itself is not in that table, nor a plain hash of it.
        self.assertEqual({int(row[1]) for row in remembered}, {32})
        self.assertFalse({row[2].lower() for row in remembered} & set(self.tokens.values()))

        path = self.lab.path("dead.csv")
        said = json.loads(self.command("--json", "report", "sale", "--dead-tokens", "--format",
                                       "csv", "--output", path).out)
        self.assertEqual(said["members"], len(DEAD))
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        self.assertEqual([row["token"] for row in rows], [told[row["appid"]]["token"]
                                                          for row in rows])
        self.assertEqual([int(row["timestamp"]) for row in rows],
                         [told[row["appid"]]["timestamp"] for row in rows])
        self.assertIn("html", self.command("report", "sale", "--dead-tokens", "--format", "html",
                                           expect=2).err)

    def test_a_registration_that_is_no_time_is_told(self):
        rows = [(appid, self.tokens[appid], at) for appid, at in zip(
            self.tokens, ("2027-03-01 09:00:00", "1803891603", "2027-03-01T09:00:00Z", ""))]
        planned = self.command("plan", self.lab.campaign_file("sale", audience=self.audience(rows)))
        self.assertIn("registered_at of 2 of 4 devices is neither RFC 3339", planned.out)

    def test_a_dead_token_gets_no_second_request_from_any_campaign(self):
        self.launch("sale")
        self.assertEqual(self.refused(), len(DEAD))
        told = self.dead("sale")

        self.launch("next")
        self.assertEqual(self.refused(), len(DEAD))
        self.assertEqual(sorted(self.having("next")), DEAD)
        self.assertEqual({read_flags(self.store, "next")[a].tries for a in DEAD}, {0})
        again = self.dead("next")
        self.assertEqual([again[a]["timestamp"] for a in DEAD],
                         [told[a]["timestamp"] for a in DEAD])
        counts = self.lab.status("next", self.config)["counts"]
        self.assertEqual((counts["delivered"], counts["rejected"]),
                         (DEVICES - len(DEAD), len(DEAD)))

        self.command("restart", "next", "--include", "rejected", "--because", "who knows")
        self.assertEqual(self.refused(), len(DEAD))
        self.assertEqual(sorted(self.having("next")), DEAD)
        self.assertEqual(len(read_ledger(self.gateway.ledger_path)), 2 * (DEVICES - len(DEAD)))

    def test_registered_later_or_another_token_is_alive(self):
        self.launch("sale")
        time_of = {a: line["timestamp"] for a, line in self.dead("sale").items()}
        later, same, unreadable, renewed = DEAD
        fresh = self.tokens["d-000001"][::-1]
        name = self.audience([
            (later, self.tokens[later], time_of[later] + 1),
            (same, self.tokens[same], time_of[same]),
            (unreadable, self.tokens[unreadable], "yesterday"),
            (renewed, fresh, ""),
            ("other-appid", self.tokens[renewed], "2001-02-03T04:05:06+01:00"),
            ("far-ahead", self.tokens["d-000002"], "2999-02-03T04:05:06.789Z")])
        self.launch("next", name)
        # Asked again, and dead again.
        self.assertEqual(self.refused(), len(DEAD) + 1)
        self.assertEqual(self.having("next"), {later, same, unreadable, "other-appid"})
        self.assertGreaterEqual(self.dead("next")[later]["timestamp"], time_of[later])
        sent = {line["token"] for line in read_ledger(self.gateway.ledger_path)[-2:]}
        self.assertEqual(sent, {fresh, self.tokens["d-000002"]})

    def planned(self, audience):
        """What a plan says of known-dead devices: its words, and its figures."""
        file = self.lab.campaign_file("planned", audience=audience)
        words = re.search(r"(about )?([\d,]+) known dead", self.command("plan", file).out)
        return (words and words[0], json.loads(self.command("--json", "plan", file).out)["store"])

    def test_a_plan_counts_those_that_will_not_be_asked(self):
        self.assertIsNone(self.planned("audience.csv")[0])
        self.launch("sale")
        words, store = self.planned("audience.csv")
        self.assertEqual(words, f"{len(DEAD)} known dead")
        self.assertEqual((store["known_dead"], store["is_dead_estimate"]), (len(DEAD), False))
        self.assertEqual(store["new"], DEVICES)
        later = self.dead("sale")[DEAD[0]]["timestamp"] + 1
        name = self.audience([(DEAD[0], self.tokens[DEAD[0]], later),
                              (DEAD[1], self.tokens[DEAD[1]], later - 2), ("alive", "0" * 64, "")])
        self.assertEqual(self.planned(name)[1]["known_dead"], 1)
        # Who has a flag of the campaign, or opted out, is not sent to anyway.
        file = self.lab.campaign_file("sale", audience="audience.csv")
        self.assertEqual(json.loads(self.command("--json", "plan", file).out)["store"]
                         ["known_dead"], 0)
        self.command("suppress", "add", DEAD[0], "--because", "asked")
        self.assertEqual(self.planned("audience.csv")[1]["known_dead"], len(DEAD) - 1)

    def test_of_a_large_audience_a_plan_looks_at_a_sample(self):
        tokens = self.lab.audience_file(MANY, "many.csv", faults=self.gateway.faults)
        dead = [a for a in tokens if self.gateway.fault_of(a)]
        name = self.audience([(appid, tokens[appid], "") for appid in dead])
        self.launch("sale", name)
        self.assertEqual(self.refused(), len(dead))
        words, store = self.planned("many.csv")
        self.assertRegex(words, r"^about [\d,]+ known dead$")
        self.assertTrue(store["is_dead_estimate"])
        # Three sigma and more, and the sample is always the same.
        self.assertLess(abs(store["known_dead"] - len(dead)), len(dead) // 3)

    def remembered(self):
        return int(self.store.rows("SELECT count(*) FROM dead_token")[0][0])

    def test_a_kill_forgets_no_more_than_what_was_not_settled(self):
        for step in ("CP14", "CP15", "CP16"):  # before a settlement is in the store, and after it
            with self.subTest(step):
                self.execute("DELETE FROM dead_token")
                name = "sale-" + step
                self.command("launch", self.lab.campaign_file(name), "--yes", "--despite-similar",
                             expect=-9, env={"CRASH_AT": step})
                settled = self.having(name)
                self.assertEqual(self.remembered(), len(settled))
                if step != "CP16":
                    self.assertEqual(settled, set())
                # What was on the wire is in doubt, and nobody knows that it is dead.
                self.command("restart", name, expect={0, 3})
                flags = read_flags(self.store, name)
                self.assertLessEqual({flags[a].state for a in DEAD}, {REJECTED, IN_DOUBT})
                self.assertEqual(set(self.dead(name)), self.having(name))
                self.assertLessEqual(settled, self.having(name))
                known, before = self.remembered(), self.refused()
                self.launch("next-" + step)
                self.assertEqual(self.refused() - before, len(DEAD) - known)
                self.assertEqual(sorted(self.having("next-" + step)), DEAD)
                self.launch("third-" + step)
                self.assertEqual(self.refused() - before, len(DEAD) - known)

    def test_another_target_knows_nothing_of_it(self):
        self.launch("sale")
        self.gateway.keys["environment"] = "sandbox"
        self.config = self.lab.server_file(self.store, self.gateway)
        self.launch("next")
        self.assertEqual(self.refused(), 2 * len(DEAD))

    def test_a_forgotten_device_keeps_a_line_without_its_token(self):
        self.launch("sale")
        self.command("forget", DEAD[0], "--because", "asked")
        told = self.dead("sale")
        self.assertEqual(len(told), len(DEAD))
        (line,) = (line for appid, line in told.items() if appid.startswith("forgotten:"))
        self.assertEqual((line["token"], line["timestamp"]), (None, None))

    def test_an_older_store_is_brought_up_to_it(self):
        self.execute("DROP TABLE dead_token", "UPDATE schema_version SET version = 2")
        self.assertIn("store migrate", self.command("status", expect=5).err)
        self.command("store", "migrate")
        self.launch("sale")
        self.assertEqual(sorted(self.dead("sale")), DEAD)


if __name__ == "__main__":
    if "--store" in sys.argv:
        at = sys.argv.index("--store")
        STORE = STORES[sys.argv[at + 1]]
        del sys.argv[at:at + 2]
    unittest.main(verbosity=2)
