#!/usr/bin/env python3
"""What people write wrong: told with its place, with nothing sealed and nothing sent."""
import json
import re
import unittest

from harness import Lab, MockGateway, SqliteStore

PLACE = r"{}:{}(:\d+)?: "


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab("bad-input"))
        cls.store = SqliteStore(cls.lab)
        cls.gateway = MockGateway(cls.lab)
        cls.config = cls.lab.server_file(cls.store, cls.gateway)
        cls.lab.run("store", "init", config=cls.config)
        cls.lab.audience_file(50)

    def setUp(self):
        self.campaign = self.lab.campaign_file("sale")

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def assert_nothing_happened(self):
        self.assertEqual(self.gateway.ledger_lines(), 0)
        self.assertEqual(self.store.rows(
            "SELECT count(*) FROM campaign WHERE name IS NOT NULL"), [(0,)])

    def assert_refused(self, file, line, *words, code=2):
        """plan and launch both exit 2 and name file, line and the words."""
        for command in (("plan", self.campaign), ("launch", self.campaign, "--yes")):
            said = self.command(*command, expect=code).err
            self.assertRegex(said, PLACE.format(re.escape(file), line))
            for word in words:
                self.assertIn(word, said)
        self.assert_nothing_happened()

    def edit(self, old, new, name="sale.yaml"):
        path = self.lab.path(name)
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def audience(self, *rows):
        self.lab.write("bad.csv", "appid,token,platform,locale,first_name\n" + "\n".join(rows)
                       + "\n")
        self.edit("audience.csv", "bad.csv")

    # -- the campaign file ------------------------------------------------------------------

    def test_an_unknown_key_names_its_line_and_the_nearest_key(self):
        self.edit("gateway: apns", "gatway: apns")
        self.assert_refused("sale.yaml", 4, "gatway", "gateway")

    def test_a_duplicate_key_is_an_error(self):
        self.edit("gateway: apns", "gateway: apns\ngateway: apns")
        self.assert_refused("sale.yaml", 5, "gateway")

    def test_broken_yaml_names_its_line(self):
        self.edit("gateway: apns", "gateway: [apns")
        said = self.command("plan", self.campaign, expect=2).err
        self.assertRegex(said, r"sale\.yaml:\d+:\d+: ")
        self.assert_nothing_happened()

    def test_a_wrong_type_names_its_line(self):
        self.edit("{attempts: 6,", "{attempts: six,")
        self.assert_refused("sale.yaml", 12, "attempts")

    def test_an_unknown_gateway_names_those_there_are(self):
        self.edit("gateway: apns", "gateway: apsn")
        self.assert_refused("sale.yaml", 4, "apsn", "apns")

    def test_features_to_come_are_said_to_be_unavailable(self):
        self.edit("delivery:", 'schedule: {start: "2027-03-01T09:00:00"}\ndelivery:')
        self.assert_refused("sale.yaml", 11, "not available in this version")

    def test_a_campaign_file_that_is_not_there(self):
        self.command("launch", self.lab.path("missing.yaml"), "--yes", expect=2)

    # -- the template -----------------------------------------------------------------------

    def test_an_unknown_variable_is_an_error_at_plan(self):
        self.edit("{{first_name}}", "{{first_nam}}", "templates/promo.yaml")
        said = self.command("plan", self.campaign, expect=2).err
        self.assertIn("promo.yaml", said)
        self.assertIn("first_name", said)
        self.assert_nothing_happened()

    def test_an_unclosed_tag_is_an_error_at_plan(self):
        self.edit("{{first_name}}", "{{first_name", "templates/promo.yaml")
        self.assertIn("promo.yaml", self.command("plan", self.campaign, expect=2).err)
        self.assert_nothing_happened()

    # -- the audience -----------------------------------------------------------------------

    def test_a_row_with_too_few_fields_names_its_line(self):
        self.audience("a,%s,ios,en,Ann" % ("ab" * 32), "b")
        self.assert_refused("bad.csv", 3)

    def test_a_long_appid_is_told_that_it_looks_like_a_token(self):
        self.audience("%s,%s,ios,en,Ann" % ("x" * 140, "ab" * 32))
        self.assert_refused("bad.csv", 2, "token")

    def test_two_appids_with_one_token_are_an_error(self):
        self.audience("a,%s,ios,en,Ann" % ("ab" * 32), "b,%s,ios,en,Ben" % ("ab" * 32))
        said = self.command("plan", self.campaign, expect=2).err
        self.assertIn("token", said)
        self.assertNotIn("ab" * 32, said, "a device token reached an error text")
        self.assert_nothing_happened()

    def test_a_token_in_upper_and_lower_case_is_one_device(self):
        self.audience("a,%s,ios,en,Ann" % ("ab" * 32), "b,%s,ios,en,Ben" % ("AB" * 32))
        said = self.command("plan", self.campaign, expect=2).err
        self.assertIn("token", said)
        self.assert_nothing_happened()

    def test_standard_input_as_audience_is_written_in_quotes(self):
        self.edit("audience.csv", "-")
        self.assert_refused("sale.yaml", 3, 'put "-" in quotes')

    def test_an_empty_audience_is_an_error(self):
        self.audience()
        self.command("launch", self.campaign, "--yes", expect=2)
        self.assert_nothing_happened()

    def test_an_audience_outside_its_expectation_is_an_error(self):
        self.edit("file: audience.csv", "file: audience.csv\n  expect: {min: 1000}")
        said = self.command("launch", self.campaign, "--yes", expect=2).err
        self.assertIn("1000", said.replace(",", ""))
        self.assert_nothing_happened()

    # -- what would be found out only after sealing -----------------------------------------

    def test_a_deadline_that_has_passed_is_a_problem(self):
        self.edit("delivery:", 'delivery:\n  deadline: "2020-01-01T00:00:00Z"')
        for command in ("plan", "launch"):
            done = self.command(command, self.campaign, expect=2)
            self.assertIn("deadline", done.out + done.err)
        self.assert_nothing_happened()

    def test_a_collapse_key_that_apns_would_refuse_is_a_problem(self):
        self.edit("collapse: auto", "collapse: {key: \"sale-%s-{{first_name}}\"}" % ("x" * 57))
        for command in ("plan", "launch"):
            done = self.command(command, self.campaign, expect=2)
            self.assertIn("collapse", done.out + done.err)
        self.assert_nothing_happened()

    def test_a_line_break_in_a_collapse_key_is_a_problem(self):
        self.audience('a,%s,ios,en,"Ann\nBen"' % ("ab" * 32))
        self.edit("collapse: auto", 'collapse: {key: "sale-{{first_name}}"}')
        done = self.command("launch", self.campaign, expect=2)
        self.assertIn("collapse", done.out + done.err)
        self.assert_nothing_happened()

    def test_a_key_file_that_cannot_be_read_is_told_before_sealing(self):
        config = self.config.read_text()
        bad = self.lab.write("nokey.yaml", re.sub("key_file: .*", "key_file: none.p8", config))
        said = self.lab.run("launch", self.campaign, "--yes", config=bad, expect=2).err
        self.assertIn("none.p8", said)
        self.assert_nothing_happened()

    def test_a_quote_that_is_never_closed_does_not_swallow_the_rest(self):
        self.edit('title: "{{discount}} % off"', "title: 'Today off", "templates/promo.yaml")
        self.assert_refused("promo.yaml", 4, "never closed")

    def test_a_rate_beyond_what_can_be_counted_is_out_of_range(self):
        self.edit("  retry:", "  rate: 999999999999999999999999/s\n  retry:")
        self.assert_refused("sale.yaml", 12, "rate", "out of range")

    # -- the server file and the command line -----------------------------------------------

    def test_a_broken_server_file_names_its_line(self):
        bad = self.lab.write("broken.yaml", "store:\n  urll: sqlite:x.db\n")
        said = self.lab.run("status", config=bad, expect=2).err
        self.assertRegex(said, r"broken\.yaml:2:\d+: ")
        self.assertIn("url", said)

    def test_a_missing_server_file_names_the_places_looked_at(self):
        said = self.lab.run("status", config=self.lab.path("nowhere.yaml"), expect=2).err
        self.assertIn("nowhere.yaml", said)

    def test_unknown_commands_and_options_are_usage_errors(self):
        self.command("lunch", self.campaign, expect=2)
        self.command("launch", self.campaign, "--yess", expect=2)

    def test_a_campaign_that_nobody_knows_is_refused_or_a_usage_error(self):
        for command in ("restart", "status", "report", "pause", "show"):
            self.command(command, "unknown", expect={2, 4})


    def test_with_json_a_failure_is_a_document_too(self):
        unknown = ("restart", "status", "report", "show", "audit")
        for command in (("launch", "missing.yaml"), ("lookup", ""), ("lunch",),
                        ("plan", self.campaign, "--bad"), *((verb, "unknown") for verb in unknown),
                        ("pause", "unknown", "--because", "x")):
            done = self.command("--json", *command, expect=2)
            told = json.loads(done.out)
            self.assertEqual(told["exit_code"], 2)
            self.assertEqual(told["error"], done.err)


class ChangedFileTest(unittest.TestCase):
    def test_a_changed_file_is_refused_with_a_diff_and_the_cure(self):
        with Lab("changed") as lab:
            store, gateway = SqliteStore(lab), MockGateway(lab)
            config = lab.server_file(store, gateway)
            lab.run("store", "init", config=config)
            lab.audience_file(50)
            campaign = lab.campaign_file("sale")
            lab.run("launch", campaign, "--yes", config=config)
            template = lab.path("templates/promo.yaml")
            template.write_text(template.read_text().replace("% off", "% less"))
            said = lab.run("launch", campaign, "--yes", config=config, expect=4)
            self.assertIn("% off", said.err + said.out)
            self.assertIn("% less", said.err + said.out)
            lab.template_file()
            lab.audience_file(51)
            said = lab.run("launch", campaign, "--yes", config=config, expect=4)
            self.assertIn("audience", said.err + said.out)
            self.assertEqual(gateway.ledger_lines(), 50)

    def test_a_changed_rate_is_no_other_campaign_and_changes_nothing(self):
        with Lab("changed-rate") as lab:
            store, gateway = SqliteStore(lab), MockGateway(lab)
            config = lab.server_file(store, gateway)
            lab.run("store", "init", config=config)
            lab.audience_file(50)
            campaign = lab.campaign_file("sale", rate="1000/s")
            lab.run("launch", campaign, "--yes", config=config)
            lab.campaign_file("sale", rate="2000/s")
            said = lab.run("launch", campaign, "--yes", config=config)
            self.assertIn("stay in force", said.err)
            self.assertEqual(gateway.ledger_lines(), 50)


if __name__ == "__main__":
    unittest.main(verbosity=2)
