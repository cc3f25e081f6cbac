#!/usr/bin/env python3
"""Audiences from where they live: a query on a real MariaDB, another campaign's outcomes, and
exclusions of each kind, sent through the mock gateway and judged from its ledger.

One database server holds the store and, as another database, the devices; the product reaches
those as a user who may only read, over a connection of its own.
"""
import collections
import json
import shutil
import unittest

from harness import (BINARY, ROOT, Fault, Lab, MariaDbStore, MockGateway, fault_prefix, free_port,
                     token_of)
from judge import judge_campaign, read_ledger

PASSWORD = "pl4nted-s3cret"
QUERY = "SELECT appid, token, platform, locale, first_name FROM devices WHERE country = 'DE'"
EXIT_CONFIG, EXIT_REFUSED, EXIT_UNAVAILABLE = 2, 4, 5


class AudienceTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("audience"))
        self.store = MariaDbStore(self.lab)
        self.store.execute(
            "CREATE DATABASE crm;"
            f"CREATE USER ro@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';"
            "GRANT SELECT, INSERT, EXECUTE ON crm.* TO ro@'127.0.0.1';"
            "CREATE TABLE crm.devices (appid VARBINARY(64) PRIMARY KEY, token VARCHAR(200),"
            " platform VARCHAR(10), locale VARCHAR(10) NULL, first_name VARCHAR(40),"
            " country CHAR(2), seen DOUBLE, n INT);")

    def start(self, faults=(), timeout="60s"):
        self.gateway = MockGateway(self.lab, faults=faults)
        self.config = self.lab.server_file(self.store, self.gateway)
        with open(self.config, "a", encoding="utf-8") as file:
            file.write(f"sources:\n  crm:\n    url: mysql://ro@127.0.0.1:{self.store.port}/crm\n"
                       f"    password: {PASSWORD}\n    timeout: {timeout}\n")
        self.lab.run("store", "init", config=self.config)

    def devices(self, count, faults=()):
        """Fills the table; answers appid → token of those in DE. One in ten lives elsewhere."""
        tokens, rows = {}, []
        for number in range(count):
            appid, fate = f"D-{number:06d}", number % 100
            prefix = fault_prefix(fate) if fate < len(faults) else "00"
            token = prefix + token_of(appid)[len(prefix):]
            country = "AT" if number % 10 == 9 else "DE"
            locale = "NULL" if number % 3 == 0 else "'de'"
            rows.append(f"('{appid}','{token}','ios',{locale},'Zoë {number % 97}','{country}',"
                        "1.5,1)")
            if country == "DE":
                tokens[appid] = token
        path = self.lab.write("devices.sql", "INSERT INTO devices VALUES\n" + ",\n".join(rows))
        self.store.execute(f"SET NAMES utf8mb4; SOURCE {path};", "crm")
        return tokens

    def campaign(self, name, audience, **delivery):
        """A campaign file with these lines under `audience`."""
        path = self.lab.campaign_file(name, **delivery)
        text = path.read_text(encoding="utf-8").replace(
            "  file: audience.csv\n", "".join(f"  {line}\n" for line in audience))
        path.write_text(text, encoding="utf-8")
        return path

    def by_query(self, name, *more, query=QUERY, **delivery):
        return self.campaign(name, ["source: crm", f'query: "{query}"', *more], **delivery)

    def launch(self, path, expect=0):
        return self.lab.run("launch", path, "--yes", config=self.config, expect=expect)

    def accepted(self, skip=0):
        """Device tokens that the gateway accepted, from a line of its ledger on."""
        return collections.Counter(
            line["token"] for line in read_ledger(self.gateway.ledger_path)[skip:])

    def outcomes(self, name):
        lines = self.lab.report(name, self.config)
        return {line["appid"]: (line["outcome"], line["reason"]) for line in lines}, lines

    # -- query --------------------------------------------------------------------------------

    def test_a_query_of_20000_is_launched_killed_and_taken_up_with_the_members_of_the_seal(self):
        self.start()
        tokens = self.devices(22_222)
        path = self.by_query("sale", "expect: {min: 20000, max: 20000}", rate="6000/s")
        self.assertEqual(len(tokens), 20_000)
        launch = self.lab.pushonce("launch", path, "--yes", config=self.config)
        self.gateway.wait_lines(len(tokens) * 4 // 10)
        launch.kill9()
        self.gateway.settle()
        # Whoever comes, goes or changes in the table after the seal changes nothing.
        self.store.execute("DELETE FROM devices WHERE appid > 'D-010000';"
                           "INSERT INTO devices VALUES ('new','" + token_of("new") +
                           "','ios',NULL,'New','DE',0,0);", "crm")
        again = self.launch(path, expect={0, 3})
        self.assertIn("stands as it was read then, 20,000 devices from source crm", again.err)
        self.store.execute("DROP TABLE devices;", "crm")
        once_more = self.launch(path, expect={0, 3})
        self.assertIn("0 sent", once_more.err)
        verdict = judge_campaign(self.store, self.gateway, tokens, "sale",
                                 self.lab.report("sale", self.config), doubt_explained=(),
                                 doubt_killed_max=self.gateway.wire_max())
        self.assertEqual(verdict.violations, [])
        print("  judged:", verdict.figures)
        shown = self.lab.run("show", "sale", config=self.config).out
        self.assertIn(f"audience from source crm (mysql://ro@127.0.0.1:{self.store.port}/crm): "
                      + QUERY, shown)
        self.assertNotIn(PASSWORD, shown)

    def test_another_definition_under_the_same_name_is_refused_with_the_difference(self):
        self.start()
        self.devices(50)
        self.launch(self.by_query("sale"))
        sent = self.gateway.ledger_lines()
        changed = self.by_query("sale", query=QUERY.replace("DE", "AT"))
        refused = self.launch(changed, expect=EXIT_REFUSED)
        self.assertIn("audience.from: was", refused.err)
        self.assertNotIn("audience.recipients", refused.err)
        optouts = self.lab.write("optouts.csv", "appid\nD-000001\n")
        refused = self.launch(self.by_query("sale", f"exclude: [{{file: {optouts}}}]"),
                              expect=EXIT_REFUSED)
        self.assertIn("audience.exclude[0]: was not there", refused.err)
        self.assertEqual(self.gateway.ledger_lines(), sent)
        self.assertIn("0 sent", self.launch(self.by_query("sale")).err)

    def test_a_list_beside_a_query_is_compared_by_its_content(self):
        self.start()
        self.devices(50)
        optouts = self.lab.write("optouts.csv", "appid\nD-000001\n")
        path = self.by_query("sale", f"exclude: [{{file: {optouts}}}]")
        self.launch(path)
        moved = self.lab.write("moved.csv", optouts.read_text())
        again = self.launch(self.by_query("sale", f"exclude: [{{file: {moved}}}]"))
        self.assertIn("0 sent", again.err)
        moved.write_text("appid\nD-000002\n")
        refused = self.launch(self.by_query("sale", f"exclude: [{{file: {moved}}}]"),
                              expect=EXIT_REFUSED)
        self.assertIn("audience.exclude[0]", refused.err)

    def test_appids_come_byte_for_byte_and_null_is_absent(self):
        self.start()
        odd = ["aB", "Ab", "ab ", "ab", "ünï"]
        rows = ",".join(f"(0x{appid.encode().hex()},'{token_of(appid)}','ios',NULL,NULL,'DE',0,0)"
                        for appid in odd)
        self.store.execute(f"INSERT INTO devices VALUES {rows};", "crm")
        path = self.by_query("sale")
        template = self.lab.path("templates", "promo.yaml")
        template.write_text(template.read_text().replace("{{first_name}}", "you"))
        self.launch(path)
        outcomes, lines = self.outcomes("sale")
        self.assertEqual(set(outcomes), set(odd))
        self.assertTrue(all(outcome == ("delivered", None) for outcome in outcomes.values()))
        self.assertTrue(all(line["locale"] is None for line in lines))

    def test_a_query_that_fails_says_what_the_database_said_and_no_password(self):
        self.start(timeout="1s")
        self.devices(10)
        self.store.execute("CREATE TABLE log (n INT);", "crm")
        self.store.execute("DELIMITER //\nCREATE FUNCTION touch() RETURNS INT BEGIN"
                           " INSERT INTO log VALUES (1); RETURN 1; END//", "crm")
        cases = (
            ("SELECT appid, token FROM devicez", EXIT_CONFIG, ("doesn't exist", "1146")),
            ("SELECT appid, touch() AS t, token FROM devices", EXIT_CONFIG,
             ("the query would write", "1792")),
            ("DELETE FROM devices", EXIT_CONFIG, ("must only read",)),
            ("SELECT appid, token FROM devices INTO OUTFILE '/tmp/x'", EXIT_CONFIG, ("INTO",)),
            ("SELECT appid, token, SLEEP(3) AS s FROM devices", EXIT_UNAVAILABLE,
             ("took longer than 1000 ms",)),
            # The first rows come at once: a read that broke off must not pass for a whole one.
            ("SELECT d.appid, d.token FROM devices d JOIN (SELECT 0 AS s UNION ALL SELECT 3) x"
             " WHERE SLEEP(x.s) = 0", EXIT_UNAVAILABLE, ("took longer than 1000 ms",)),
            ("SELECT appid AS id, token FROM devices", EXIT_CONFIG, ("no column `appid`",)),
            ("SELECT seen AS appid, token FROM devices", EXIT_CONFIG, ("floating point",)),
            ("SELECT appid, token FROM devices WHERE 0", EXIT_CONFIG, ("the audience is empty",)),
        )
        for number, (query, code, words) in enumerate(cases):
            with self.subTest(query=query):
                path = self.by_query(f"case-{number}", query=query)
                done = self.launch(path, expect=code)
                for word in words:
                    self.assertIn(word, done.err)
                self.assertIn(f"case-{number}.yaml:4:10", done.err)
                self.assertNotIn(PASSWORD, done.err + done.out)
        self.assertEqual(self.store.execute("SELECT count(*) FROM log", "crm").split(),
                         ["count(*)", "0"])
        self.assertEqual(self.gateway.ledger_lines(), 0)

    def test_a_source_that_cannot_be_reached_names_host_and_user(self):
        self.start()
        text = self.config.read_text()
        self.config.write_text(text.replace(f"password: {PASSWORD}", "password: wrong-w0rd"))
        done = self.launch(self.by_query("sale"), expect=EXIT_UNAVAILABLE)
        self.assertIn(f"127.0.0.1:{self.store.port}", done.err)
        self.assertIn("user ro", done.err)
        self.assertNotIn("wrong-w0rd", done.err)

    def test_the_readme_s_example_runs_as_written(self):
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        text = text[text.index("## From a devices table to a campaign"):]
        script = text.split("```sh", 1)[1].split("```", 1)[0]
        self.store.execute("DROP DATABASE crm; DROP USER ro@'127.0.0.1';")
        programs = self.lab.path("bin", "x").parent
        for name, command in (("mariadb", f"{shutil.which('mariadb')} --no-defaults -S "
                                          f"{self.store.socket}"), ("pushonce", BINARY)):
            (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            (programs / name).chmod(0o755)
        port = free_port()
        begin = (f"set -e\nexport PATH={programs}:$PATH\npushonce init demo\ncd demo\n"
                 f"sed -i s/8443/{port}/ config/pushonce.yaml\n"
                 f"pushonce mock-gateway --listen 127.0.0.1:{port} --tls-dir var/mock"
                 " --ledger var/ledger.ndjson &\ngateway=$!\n"
                 "until [ -s var/mock/ca.pem ]; do :; done\n"
                 "pushonce launch config/hello.yaml --yes\n")
        done = self.lab.start(["bash", "-c", begin + script.replace("3306", str(self.store.port)) +
                               "\nkill $gateway"], "readme")
        self.assertEqual(done.wait(), 0, done.tail())
        for words in ("740 devices from source crm", "2 excluded by source crm",
                      "8 excluded by campaign hello (delivered)"):
            self.assertIn(words, done.out)
        self.assertEqual(done.out.count("skipped,excluded"), 10)
        self.assertIn("germany is already finished: 0 sent", done.err)

    # -- campaign -----------------------------------------------------------------------------

    def test_another_campaign_s_rejected_are_reached_and_nobody_else(self):
        fault = Fault("bad_device_token", {"attempts": 1})
        self.start(faults=(fault,))
        tokens = self.devices(2_000, faults=(fault,))
        self.launch(self.by_query("sale"))
        outcomes, _ = self.outcomes("sale")
        rejected = {appid for appid, (outcome, _) in outcomes.items() if outcome == "rejected"}
        self.assertEqual(len(rejected), 20)
        before = self.gateway.ledger_lines()
        path = self.campaign("second", ["campaign: sale", "outcomes: [rejected]"])
        plan = json.loads(self.lab.run("--json", "plan", path, config=self.config).out)
        self.assertEqual(plan["audience"]["recipients"], 20)
        self.launch(path)
        self.assertEqual(self.accepted(before), {tokens[appid]: 1 for appid in rejected})
        self.assertEqual(set(self.outcomes("second")[0]), rejected)
        self.assertIn("0 sent", self.launch(path).err)
        wrong = self.lab.run("plan", self.campaign("third", ["campaign: sael"]),
                             config=self.config, expect=EXIT_CONFIG)
        self.assertIn("third.yaml:3:13: the store has no campaign 'sael'; did you mean 'sale'?",
                      wrong.err)

    # -- exclude ------------------------------------------------------------------------------

    def test_each_kind_of_exclusion_strikes_out_and_the_report_says_so(self):
        self.start()
        tokens = self.devices(1_000)
        first = self.by_query("first", query=QUERY + " AND appid < 'D-000100'")
        self.launch(first)
        reached = set(self.outcomes("first")[0])
        self.store.execute("CREATE TABLE optouts (appid VARBINARY(64));"
                           "INSERT INTO optouts VALUES ('D-000200'),('D-000201'),('D-000001'),"
                           "('D-000300'),('nobody');", "crm")
        listed = self.lab.write("optouts.csv", "reason,appid\nmail,D-000300\nmail,D-000301\n"
                                "mail,D-000300\nmail,who\n")
        path = self.by_query(
            "sale", "exclude:", f"  - file: {listed}",
            "  - {source: crm, query: 'SELECT appid FROM optouts'}",
            "  - {campaign: first, outcomes: [delivered]}")
        struck = reached | {"D-000200", "D-000201", "D-000300", "D-000301"}
        counts = [2, 3, len(reached) - 1]  # each only what none before it struck out
        plan = json.loads(self.lab.run("--json", "plan", path, config=self.config).out)
        self.assertEqual([part["excluded"] for part in plan["audience"]["origin"]["exclude"]],
                         counts)
        before = self.gateway.ledger_lines()
        done = self.launch(path)
        self.assertIn(f"2 excluded by file {listed}", done.err)
        self.assertEqual(self.accepted(before),
                         {token: 1 for appid, token in tokens.items() if appid not in struck})
        outcomes, lines = self.outcomes("sale")
        self.assertEqual(len(lines), len(tokens))
        for appid in tokens:
            self.assertEqual(outcomes[appid], ("skipped", "excluded") if appid in struck
                             else ("delivered", None), appid)
        status = self.lab.status("sale", self.config)
        self.assertEqual(status["counts"]["skipped"], len(struck))
        self.assertEqual(status["counts"]["delivered"], len(tokens) - len(struck))
        self.assertEqual(status["counts"]["pending"], 0)
        self.assertEqual(status["excluded"], len(struck))
        shown = self.lab.run("show", "sale", config=self.config).out
        self.assertIn("excluded 3 by source crm", shown)
        history = self.lab.run("lookup", "D-000300", "--explain", config=self.config).out
        self.assertIn("excluded", history)
        self.assertIn(f"excluded {counts[2]} by campaign first (delivered)", shown)
        self.assertIn("0 sent", self.launch(path).err)

    def test_a_file_with_a_file_of_exclusions_is_compared_by_content(self):
        self.start()
        self.lab.audience_file(100)
        listed = self.lab.write("optouts.csv", "appid\nd-000007\n")
        path = self.campaign("sale", ["file: audience.csv", f"exclude: [{{file: {listed}}}]"])
        self.launch(path)
        self.assertIn("0 sent", self.launch(path).err)
        listed.write_text("appid\nd-000008\n")
        refused = self.launch(path, expect=EXIT_REFUSED)
        self.assertIn("audience.sha256", refused.err)
        self.assertEqual(self.gateway.ledger_lines(), 99)


if __name__ == "__main__":
    unittest.main(verbosity=2)
