#!/usr/bin/env python3
"""A campaign that repeats another one under a new name is stopped before anybody gets it twice.

    guard_test.py [--store sqlite|mariadb] [unittest arguments]
"""
import json
import os
import sys
import unittest

from harness import STORES, TEMPLATE, Lab, MockGateway
from judge import read_ledger

STORE = os.environ.get("E2E_STORE", "mariadb")
DEVICES = 2400


class GuardCase(unittest.TestCase):
    rate = "20000/s"

    @classmethod
    def setUpClass(cls):
        """A server starts once; each test has a database of its own in it."""
        cls.server = None
        if STORE != "sqlite":
            cls.server = STORES[STORE](cls.enterClassContext(Lab("guard-store")))

    def fresh_store(self):
        if self.server is None:
            return STORES[STORE](self.lab)
        self.server.execute("DROP DATABASE pushonce; CREATE DATABASE pushonce;")
        return self.server

    def setUp(self):
        self.lab = self.enterContext(Lab("guard"))
        self.store = self.fresh_store()
        self.gateway = MockGateway(self.lab)
        self.config = self.lab.server_file(self.store, self.gateway)
        self.command("store", "init")
        self.tokens = self.lab.audience_file(DEVICES)
        self.campaign = self.lab.campaign_file("sale", rate=self.rate)

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def copy(self, name, once_per=None, **changes):
        """The campaign's file under another name, with these texts replaced."""
        text = self.campaign.read_text().replace("campaign: sale\n", f"campaign: {name}\n" + (
            f"once_per: {once_per}\n" if once_per else ""))
        for before, after in changes.get("replace", {}).items():
            self.assertIn(before, text)
            text = text.replace(before, after)
        return self.lab.write(f"{name}.yaml", text)

    def template(self, name, **replaced):
        """Another template; `replaced` maps what stands in the usual one."""
        text = TEMPLATE
        for before, after in replaced["replace"].items():
            self.assertIn(before, text)
            text = text.replace(before, after)
        self.lab.write(f"templates/{name}.yaml", text)
        return {"templates/promo.yaml": f"templates/{name}.yaml"}

    def sent(self):
        return [line["token"] for line in read_ledger(self.gateway.ledger_path)]

    def campaigns(self):
        hexed = self.store.rows("SELECT HEX(name) FROM campaign WHERE name IS NOT NULL")
        return {bytes.fromhex(row[0]).decode() for row in hexed}

    def assert_stopped(self, file, *words):
        before = self.sent()
        said = self.command("launch", file, "--yes", expect=4).err
        for word in words:
            self.assertIn(word, said)
        self.assertEqual(self.sent(), before)
        self.assertNotIn(file.stem, self.campaigns())
        return said

    def assert_goes(self, file, more, *options):
        before = len(self.sent())
        process = self.command("launch", file, "--yes", *options)
        self.assertEqual(len(self.sent()), before + more)
        return process


class FinishedTest(GuardCase):
    """What everybody got already."""

    def setUp(self):
        super().setUp()
        self.assert_goes(self.campaign, DEVICES)

    def test_a_copied_file_with_a_new_name_is_stopped(self):
        copied = self.copy("sale-again")
        said = self.assert_stopped(copied, "about 100 % of these devices got this text from sale",
                                   "`pushonce restart sale`", "`once_per: sale`",
                                   "--despite-similar", "Nothing was sealed or sent")
        self.assertIn(" ago)", said)

        planned = self.command("plan", copied)
        self.assertIn("got this text from sale", planned.out)
        self.assertIn("without them a launch is refused", planned.err)
        similar = json.loads(self.command("--json", "plan", copied).out)["similar"]
        self.assertEqual(similar["share"], 1)
        self.assertTrue(similar["is_sample"])
        self.assertEqual([(c["campaign"], c["once_per"], c["state"], c["likeness"], c["delivered"])
                          for c in similar["campaigns"]],
                         [("sale", "sale", "done", 1, similar["devices_sampled"])])
        refused = json.loads(self.command("--json", "launch", copied, "--yes", expect=4).out)
        self.assertEqual(refused["similar"]["devices_reached"], similar["devices_reached"])

    def test_with_despite_similar_it_goes_and_the_audit_knows(self):
        self.assert_goes(self.copy("sale-again"), DEVICES, "--despite-similar")
        audit = [json.loads(line) for line in
                 self.command("--json", "audit", "sale-again").out.splitlines()]
        said = [row["detail"] for row in audit if row["action"] == "despite-similar"]
        self.assertEqual(len(said), 1)
        self.assertIn("sale (", said[0])
        # What is in the store is joined: nobody is asked again.
        self.assert_goes(self.copy("sale-again"), 0)

    def test_once_per_goes_to_nobody_twice(self):
        self.assert_goes(self.copy("sale-2", once_per="sale"), 0)

    def test_the_same_name_joins(self):
        process = self.assert_goes(self.campaign, 0)
        self.assertNotIn("Refused", process.err)
        self.assertIsNone(json.loads(self.command("--json", "plan", self.campaign).out)["similar"])

    def test_a_mended_typo_is_nearly_the_same(self):
        mended = self.template("mended", replace={"today only": "today onIy"})
        self.assert_stopped(self.copy("mended", replace=mended), "got nearly this text from sale")

    def test_another_text_or_other_numbers_are_news(self):
        other = self.template("other", replace={
            "today only": "the autumn collection is here", "nur heute": "die Herbstmode ist da"})
        self.assert_goes(self.copy("other", replace=other), DEVICES)
        self.assert_goes(self.copy("thirty", replace={"discount: 20": "discount: 30"}), DEVICES)

    def test_only_the_locale_that_is_the_same_counts(self):
        # A quarter of the devices reads nothing but the default locale's text, a half German.
        german = self.template("german", replace={
            "Hello {{first_name}}, today only.": "Good morning, the autumn collection is here."})
        said = self.assert_stopped(self.copy("german", replace=german), "got this text from sale")
        share = json.loads(self.command("--json", "plan", self.lab.path("german.yaml")).out)
        self.assertAlmostEqual(share["similar"]["share"], 0.5, delta=0.06, msg=said)

    def test_other_devices_are_not_guarded(self):
        rows = self.lab.path("audience.csv").read_text().splitlines()
        known = DEVICES // 10
        fresh = [row.replace("d-", "e-", 1) for row in rows[1 + known:]]
        self.lab.write("others.csv", "\n".join([rows[0], *rows[1:1 + known], *fresh]) + "\n")
        file = self.copy("others", replace={"audience.csv": "others.csv"})
        self.assert_goes(file, DEVICES)

    def test_a_part_of_the_devices_is_guarded(self):
        rows = self.lab.path("audience.csv").read_text().splitlines()
        self.lab.write("some.csv", "\n".join(rows[:101]) + "\n")
        file = self.copy("some", replace={"audience.csv": "some.csv"})
        said = self.assert_stopped(file, "100 % of these devices got this text")
        self.assertNotIn("about", said)

    def test_two_halves_are_added_up(self):
        rows = self.lab.path("audience.csv").read_text().splitlines()
        half = DEVICES // 6
        parts = [rows[1:1 + half], rows[1 + half:1 + 2 * half]]
        other = self.template("news", replace={
            "today only": "the autumn collection is here", "nur heute": "die Herbstmode ist da"})
        for number, part in enumerate(parts):
            self.lab.write(f"part-{number}.csv", "\n".join([rows[0], *part]) + "\n")
            self.assert_goes(self.copy(f"part-{number}", replace={
                **other, "audience.csv": f"part-{number}.csv"}), half)
        said = self.assert_stopped(self.copy("all-of-it", replace=other), "about 3")
        self.assertIn("part-0 (", said)
        self.assertIn("part-1 (", said)


class TestRunTest(GuardCase):
    def test_test_runs_do_not_count(self):
        self.command("test", self.campaign, "--audience", self.lab.path("audience.csv"))
        self.assertEqual(len(self.sent()), DEVICES)
        self.assert_goes(self.copy("sale-again"), DEVICES)


class UnfinishedTest(GuardCase):
    """What few got yet."""
    rate = "20/s"

    def launch_slowly(self):
        process = self.lab.pushonce("launch", self.campaign, "--yes", config=self.config)
        self.gateway.wait_lines(10)
        return process

    def test_a_copy_of_one_that_goes_on_is_stopped_and_of_a_cancelled_one_is_not(self):
        process = self.launch_slowly()
        copied = self.copy("sale-again", replace={self.rate: "20000/s"})
        planned = self.command("--json", "plan", copied)
        similar = json.loads(planned.out)["similar"]
        self.assertEqual(similar["share"], 1)
        self.assertGreater(similar["campaigns"][0]["expected"], 0)
        self.assertIn("got, or are to get this text", self.command("plan", copied).out)
        self.command("launch", copied, "--yes", expect=4)
        self.assertNotIn("sale-again", self.campaigns())

        self.command("cancel", "sale", "--because", "the wrong day")
        process.wait()
        got = len(self.sent())
        self.assertLess(got, DEVICES // 5)
        self.assert_goes(copied, DEVICES)


if __name__ == "__main__":
    if "--store" in sys.argv:
        place = sys.argv.index("--store")
        STORE = sys.argv[place + 1]
        del sys.argv[place:place + 2]
    unittest.main(verbosity=2)
