#!/usr/bin/env python3
"""Late binding: devices are sent to where they are when their turn comes, as a source says then;
whoever vanished there is skipped, and a source that is away or cannot be right skips nobody.

The store is of the kind that --store names, the source of the same kind, and all is sent through
the mock gateway and read from its ledger.
"""
import argparse
import collections
import contextlib
import json
import sqlite3
import sys
import unittest

from harness import Fault, Lab, MariaDbStore, MockGateway, SqliteStore, token_of, wait_until
from judge import read_ledger
from push_service import MockPushService

STORE = "sqlite"
PASSWORD = "pl4nted-s3cret"
QUERY = "SELECT appid, token FROM devices WHERE appid IN (:appids)"
EXIT_USAGE, EXIT_LOOK, EXIT_REFUSED, EXIT_UNAVAILABLE, EXIT_STOPPED = 2, 3, 4, 5, 6


class SqliteSource:
    def __init__(self, lab, _store):
        self.path = lab.path("crm", "crm.db")
        self.url = f"sqlite:{self.path}"
        self.execute("CREATE TABLE devices (appid TEXT PRIMARY KEY, token TEXT, seen TEXT)")

    def execute(self, *statements):
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as db:
            for statement in statements:
                db.execute(statement)
            db.commit()

    def lines(self):
        return f"sources:\n  crm: {{url: \"{self.url}\"}}\n"


class MariaDbSource:
    def __init__(self, lab, store):
        self.lab = lab
        self.store = store
        store.execute(
            "CREATE DATABASE crm; CREATE USER ro@'127.0.0.1' IDENTIFIED BY '" + PASSWORD + "';"
            "GRANT SELECT ON crm.* TO ro@'127.0.0.1';"
            "CREATE TABLE crm.devices (appid VARCHAR(64) PRIMARY KEY, token VARCHAR(200),"
            " seen VARCHAR(40)) CHARACTER SET utf8mb4;")

    def execute(self, *statements):
        path = self.lab.write("crm.sql", ";\n".join(("BEGIN", *statements, "COMMIT;")))
        self.store.execute(f"SOURCE {path};", "crm")

    def lines(self):
        return (f"sources:\n  crm:\n    url: mysql://ro@127.0.0.1:{self.store.port}/crm\n"
                f"    password: {PASSWORD}\n")


class RefreshTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("refresh"))
        is_sqlite = STORE == "sqlite"
        self.store = (SqliteStore if is_sqlite else MariaDbStore)(self.lab)
        self.source = (SqliteSource if is_sqlite else MariaDbSource)(self.lab, self.store)

    def start(self, faults=(), **store_keys):
        self.gateway = MockGateway(self.lab, faults=faults)
        self.configure(**store_keys)

    def configure(self, **store_keys):
        self.config = self.lab.server_file(self.store, self.gateway, **store_keys)
        with open(self.config, "a", encoding="utf-8") as file:
            file.write(self.source.lines())
        self.run_("store", "init")

    def run_(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def fill(self, devices, version="now"):
        """As many devices; their tokens are of this version. Answers appid → token."""
        tokens = {f"d-{number:06d}": self.token(f"d-{number:06d}", version)
                  for number in range(devices)}
        rows = [f"('{appid}','{token}',NULL)" for appid, token in tokens.items()]
        self.source.execute("DELETE FROM devices", *(
            "INSERT INTO devices VALUES " + ",".join(rows[i:i + 1000])
            for i in range(0, len(rows), 1000)))
        return tokens

    @staticmethod
    def token(appid, version):
        return "00" + token_of(f"{appid} {version}")[2:]

    def audience(self, appids, version="then", has_tokens=True):
        """The members, with tokens of another version unless they have none."""
        rows = [f"{appid},{self.token(appid, version)},Ann\n" if has_tokens else f"{appid},Ann\n"
                for appid in appids]
        header = "appid,token,first_name\n" if has_tokens else "appid,first_name\n"
        self.lab.write("audience.csv", header + "".join(rows))

    def campaign(self, name="sale", query=QUERY, more="", **delivery):
        path = self.lab.campaign_file(name, **delivery)
        path.write_text(path.read_text(encoding="utf-8").replace(
            "  file: audience.csv\n",
            "  file: audience.csv\n  refresh:\n    source: crm\n"
            f"    query: {query}\n{more}"), encoding="utf-8")
        return path

    def launch(self, path, expect=0):
        return self.run_("launch", path, "--yes", expect=expect)

    def accepted(self):
        return collections.Counter(line["token"] for line in read_ledger(self.gateway.ledger_path))

    def outcomes(self, name="sale"):
        return collections.Counter((line["outcome"], line["reason"])
                                   for line in self.lab.report(name, self.config))

    # -- what is bound ------------------------------------------------------------------------

    def test_devices_are_sent_to_where_they_are_now_and_whoever_vanished_is_skipped(self):
        self.start()
        tokens = self.fill(3000)
        self.audience(tokens)
        gone = [appid for number, appid in enumerate(tokens) if number % 20 == 7]
        gone_list = ",".join(f"'{appid}'" for appid in gone[:100])
        empty_list = ",".join(f"'{appid}'" for appid in gone[100:])
        self.source.execute(f"DELETE FROM devices WHERE appid IN ({gone_list})",
                            f"UPDATE devices SET token='' WHERE appid IN ({empty_list})")
        path = self.campaign()
        plan = self.run_("plan", path)
        self.assertRegex(plan.out, r"addresses   source crm .*of 1000 devices that were looked up "
                                   r"\d+ are not there, \d+ have no usable address "
                                   r"\(the first: the token is missing\); those would be skipped")
        self.launch(path)
        want = collections.Counter(t for a, t in tokens.items() if a not in set(gone))
        self.assertEqual(self.accepted(), want)
        self.assertEqual(self.outcomes(), {("delivered", None): 2850, ("skipped", "gone"): 150})
        self.assertIn("gave no device of this appid",
                      self.run_("lookup", gone[0], "--explain").out)
        # A launch again finds it sealed and done, and a changed query is another campaign.
        self.assertIn("0 sent", self.launch(path).err)
        other = self.campaign(query=QUERY.replace("token FROM", "seen AS token FROM"))
        refused = self.launch(other, expect=EXIT_REFUSED)
        self.assertIn("audience.refresh: was", refused.err)
        shown = self.run_("show", "sale").out
        self.assertIn("addresses", shown)
        self.assertNotIn(PASSWORD, shown)

    def test_an_audience_needs_no_tokens_where_they_are_looked_up(self):
        self.start()
        tokens = self.fill(300)
        self.audience(tokens, has_tokens=False)
        path = self.campaign()
        preview = self.run_("preview", path, "--appid", "d-000007").out
        self.assertIn(tokens["d-000007"], preview)
        self.launch(path)
        self.assertEqual(self.accepted(), collections.Counter(tokens.values()))

    def test_browsers_are_looked_up_and_told_of_without_an_address(self):
        self.gateway = MockPushService(self.lab)
        self.configure()
        columns = ("endpoint", "p256dh", "auth")
        tokens = self.fill(50)
        self.source.execute(*(f"ALTER TABLE devices ADD COLUMN {column} VARCHAR(300)"
                              for column in columns))
        self.source.execute(f"UPDATE devices SET p256dh='{self.gateway.p256dh}',"
                            f" auth='{self.gateway.auth}'", *(
            f"UPDATE devices SET endpoint='{self.gateway.endpoint(token)}' WHERE appid='{appid}'"
            for appid, token in tokens.items()))
        self.audience(tokens, has_tokens=False)
        query = f"SELECT appid, {', '.join(columns)} FROM devices WHERE appid IN (:appids)"
        self.launch(self.campaign(query=query, gateway="web"))
        self.assertEqual(self.accepted(), collections.Counter(tokens.values()))
        story = self.run_("lookup", "d-000007", "--explain").out
        self.assertIn("audience.refresh looks the address up, and it is not kept", story)

    def test_no_request_is_shown_to_an_address_that_was_not_used(self):
        self.start()
        tokens = self.fill(20)
        self.audience(tokens)
        self.launch(self.campaign())
        story = self.run_("lookup", "d-000007", "--explain").out
        self.assertNotIn(self.token("d-000007", "then"), story)
        self.assertIn("today only.", story)

    def test_a_token_that_changes_in_mid_run_is_met_by_the_next_claims(self):
        self.start()
        tokens = self.fill(4000)
        self.audience(tokens)
        launch = self.lab.pushonce("launch", self.campaign(rate="2000/s"), "--yes",
                                   config=self.config)
        self.gateway.wait_lines(500)
        later = self.fill(4000, "later")
        self.assertEqual(launch.wait(), 0, launch.tail())
        accepted = self.accepted()
        self.assertEqual(set(accepted.values()), {1})
        self.assertEqual(len(accepted), 4000)
        # Each device once, the first at their old address and the last at their new one.
        old = {a for a, t in tokens.items() if t in accepted}
        new = {a for a, t in later.items() if t in accepted}
        self.assertEqual(len(old) + len(new), 4000)
        self.assertFalse(old & new)
        self.assertGreater(len(new), 0)
        self.assertGreater(len(old), 0)

    def test_after_a_kill_the_rest_is_looked_up_anew(self):
        self.start()
        tokens = self.fill(6000)
        self.audience(tokens)
        path = self.campaign(rate="3000/s")
        launch = self.lab.pushonce("launch", path, "--yes", config=self.config)
        self.gateway.wait_lines(1500)
        launch.kill9()
        self.gateway.settle()
        before = set(self.accepted())
        later = self.fill(6000, "later")
        self.run_("restart", "sale", expect={0, EXIT_LOOK})
        accepted = self.accepted()
        self.assertEqual(set(accepted.values()), {1})
        self.assertTrue(set(accepted) - before <= set(later.values()))
        appid_of = {t: a for kind in (tokens, later) for a, t in kind.items()}
        reached = collections.Counter(appid_of[token] for token in accepted)
        self.assertEqual(set(reached.values()), {1})  # nobody at both addresses
        outcomes = self.outcomes()
        self.assertEqual({outcome for outcome, _ in outcomes} - {"delivered", "in_doubt"}, set())

    def test_a_dead_token_bars_nobody_who_has_a_new_one(self):
        self.start(faults=(Fault("unregistered"),))
        tokens = self.fill(200)
        dead = {appid: "fa00" + token[4:] for appid, token in list(tokens.items())[:5]}
        self.source.execute(*(f"UPDATE devices SET token='{token}' WHERE appid='{appid}'"
                              for appid, token in dead.items()))
        self.audience(tokens)
        self.launch(self.campaign())
        self.assertEqual(self.outcomes()[("rejected", "unregistered")], 5)
        told = [json.loads(line)
                for line in self.run_("report", "sale", "--dead-tokens").out.splitlines()]
        self.assertEqual([(line["appid"], line["token"]) for line in told],
                         [(appid, None) for appid in sorted(dead)])
        # Two of them register anew; of the others nobody is asked again.
        renewed = list(dead)[:2]
        self.source.execute(*(f"UPDATE devices SET token='{tokens[appid]}' WHERE appid='{appid}'"
                              for appid in renewed))
        lines = self.gateway.ledger_lines()
        self.run_("launch", self.campaign("next"), "--yes", "--despite-similar")
        self.assertEqual(self.outcomes("next"),
                         {("delivered", None): 197, ("rejected", "unregistered"): 3})
        self.assertEqual(self.gateway.ledger_lines() - lines, 197)

    # -- sources that are away or cannot be right ---------------------------------------------

    def test_a_query_that_cannot_be_right_is_refused_before_anything_is_sealed(self):
        self.start()
        tokens = self.fill(500)
        self.audience(tokens)
        place = self.campaign().name + ":6:12: audience.refresh, source crm: "
        for query, problem in (
                ("SELECT appid, seen AS token FROM devices WHERE appid IN (:appids)",
                 "of 500 devices that were looked up 0 are not there, 500 have no usable address"),
                ("SELECT appid, 'x' AS token FROM devices WHERE appid IN (:appids)",
                 "500 have no usable address"),
                ("SELECT appid, token FROM devices WHERE token IN (:appids)",
                 "500 are not there"),
                ("SELECT appid FROM devices WHERE appid IN (:appids)",
                 "the query gives no column `token`"),
                ("SELECT appid, token, seen AS locale FROM devices WHERE appid IN (:appids)",
                 "the query gives `locale`, which is sealed with the audience"),
                ("SELECT appid, token FROM nowhere WHERE appid IN (:appids)",
                 "the database said")):
            with self.subTest(query=query):
                refused = self.launch(self.campaign(query=query), expect=EXIT_USAGE)
                self.assertIn(problem, refused.err)
                self.assertIn(place, refused.err)
        refused = self.launch(self.campaign(query="SELECT appid, token FROM devices"),
                              expect=EXIT_USAGE)
        self.assertIn("audience.refresh.query must ask for the devices whose turn it is",
                      refused.err)
        refused = self.launch(self.campaign(query="DELETE FROM devices WHERE appid IN (:appids)"),
                              expect=EXIT_USAGE)
        self.assertIn("must only read", refused.err)
        self.assertEqual(self.gateway.ledger_lines(), 0)
        self.run_("show", "sale", expect=EXIT_USAGE)

    def test_a_source_that_is_emptied_in_mid_run_skips_nobody(self):
        self.start()
        tokens = self.fill(6000)
        self.audience(tokens)
        launch = self.lab.pushonce("launch", self.campaign(rate="2000/s"), "--yes",
                                   config=self.config)
        self.gateway.wait_lines(500)
        self.source.execute("DELETE FROM devices")
        self.assertEqual(launch.wait(), EXIT_STOPPED, launch.tail())
        self.assertIn("paused, the devices' addresses cannot be right", launch.err)
        self.assertIn("more than the 20% of max_gone", launch.err)
        self.assertEqual({outcome for outcome, _ in self.outcomes()}, {"delivered", "pending"})
        stands = self.run_("status", "sale").out
        self.assertIn("paused by the sending process of", stands)
        self.assertIn("`pushonce set sale max_gone=100%`", stands)
        self.assertIn("`pushonce set sale max_gone=100%`", launch.err)
        # Filled again and resumed, everybody is reached once.
        self.fill(6000)
        self.run_("resume", "sale", "--because", "the table is back")
        self.run_("restart", "sale")
        self.assertEqual(self.accepted(), collections.Counter(tokens.values()))

    def test_the_last_few_of_a_chunk_are_judged_with_all_the_others(self):
        self.start()
        for left, there in ((9, ()), (60, ("d-000250", "d-000299"))):
            with self.subTest(left=left):
                name = f"last-{left}"
                tokens = self.fill(300)
                self.audience(tokens)
                path = self.campaign(name, first=f"{{count: {300 - left}, then: pause}}")
                self.run_("launch", path, "--yes", "--despite-similar", expect=EXIT_STOPPED)
                keep = ",".join(f"'{appid}'" for appid in ("none", *there))
                self.source.execute(f"DELETE FROM devices WHERE appid NOT IN ({keep})")
                self.run_("resume", name, "--because", "the first look well")
                stopped = self.run_("restart", name, expect=EXIT_STOPPED)
                self.assertIn("of 300 devices that were looked up", stopped.err)
                self.assertEqual(self.outcomes(name), {("delivered", None): 300 - left,
                                                       ("pending", None): left})

    def test_an_operator_may_know_that_they_are_gone_indeed(self):
        self.start()
        tokens = self.fill(400)
        self.audience(tokens)
        self.source.execute("DELETE FROM devices WHERE appid >= 'd-000200'")
        path = self.campaign()
        self.assertIn("Put right what is called PROBLEM",
                      self.run_("plan", path, expect=EXIT_USAGE).err)
        self.launch(path, expect=EXIT_USAGE)
        path = self.campaign(more="    max_gone: 60%\n")
        self.launch(path)
        self.assertEqual(self.outcomes(), {("delivered", None): 200, ("skipped", "gone"): 200})
        self.assertIn("`pushonce status sale`: it is done", self.run_("plan", path).err)
        for chances in ((), ("--include", "undelivered")):
            said = self.run_("restart", "sale", "--dry-run", *chances).err
            self.assertIn("did not find, 200 devices, get a second chance with `--include "
                          "undelivered --reason gone`", said)
        # A campaign that paused for it goes on with the other measure.
        tokens = self.fill(4000)
        self.audience(tokens)
        launch = self.lab.pushonce("launch", self.campaign("next", rate="1000/s"), "--yes",
                                   "--despite-similar", config=self.config)
        self.gateway.wait_lines(400 + 200)
        self.source.execute("DELETE FROM devices WHERE appid > 'd-000900'")
        self.assertEqual(launch.wait(), EXIT_STOPPED, launch.tail())
        changed = self.run_("set", "next", "max_gone=100%", "rate=none", "--because", "moved away")
        self.assertIn("max_gone 20% → 100%", changed.err)
        self.run_("resume", "next", "--because", "they are gone")
        self.run_("restart", "next")
        outcomes = self.outcomes("next")
        self.assertEqual(sum(outcomes.values()), 4000)
        self.assertEqual(set(outcomes), {("delivered", None), ("skipped", "gone")})
        # They come back: proved not sent, so a person may give them a second chance.
        self.fill(4000)
        gone = outcomes[("skipped", "gone")]
        again = self.run_("restart", "next", "--include", "undelivered", "--reason", "gone")
        self.assertIn(f"{gone:,} sent now", again.err)
        self.assertEqual(self.outcomes("next"), {("delivered", None): 4000})

    def test_a_source_that_is_away_is_waited_for_and_costs_nobody_anything(self):
        self.start(patience="2s")
        tokens = self.fill(4000)
        self.audience(tokens)
        launch = self.lab.pushonce("launch", self.campaign(rate="2000/s"), "--yes",
                                   config=self.config)
        self.gateway.wait_lines(300)
        self.assertIn("source crm: ", self.run_("doctor").out)
        if STORE == "sqlite":
            blocker = sqlite3.connect(self.source.path, timeout=30, isolation_level=None)
            blocker.execute("BEGIN EXCLUSIVE")
        else:
            self.store.execute("ALTER USER ro@'127.0.0.1' ACCOUNT LOCK;")
            self.kill_sessions()
        self.assertEqual(launch.wait(), EXIT_UNAVAILABLE, launch.tail())
        self.assertIn("the source of the devices' addresses is out of reach", launch.err)
        self.assertEqual({outcome for outcome, _ in self.outcomes()}, {"delivered", "pending"})
        if STORE != "sqlite":  # a SQLite file that is locked is waited for
            self.assertIn("PROBLEM  source crm: ",
                          self.run_("doctor", expect=EXIT_UNAVAILABLE).out)
        if STORE == "sqlite":
            blocker.execute("ROLLBACK")
            blocker.close()
        else:
            self.store.execute("ALTER USER ro@'127.0.0.1' ACCOUNT UNLOCK;")
        self.run_("restart", "sale")
        self.assertEqual(self.accepted(), collections.Counter(tokens.values()))

    def kill_sessions(self):
        """Ends the source's connections, and waits until none is there."""
        def none_is_there():
            ids = self.store.execute("SELECT id FROM information_schema.processlist"
                                     " WHERE user='ro'").split()[1:]
            for number in ids:
                self.store.client(f"KILL {number}")
            return not ids
        wait_until(none_is_there, "no session of the source is left")

    def test_a_server_file_without_the_source_is_refused(self):
        self.start()
        tokens = self.fill(2000)
        self.audience(tokens)
        launch = self.lab.pushonce("launch", self.campaign(rate="500/s"), "--yes",
                                   config=self.config)
        self.gateway.wait_lines(100)
        launch.kill9()
        self.gateway.settle()
        text = self.config.read_text(encoding="utf-8")
        self.config.write_text(text.replace("\n  crm:", "\n  other:"), encoding="utf-8")
        refused = self.run_("restart", "sale", expect=EXIT_REFUSED)
        self.assertIn("looks up its devices in source 'crm'", refused.err)
        self.config.write_text(text, encoding="utf-8")
        self.run_("restart", "sale", expect={0, EXIT_LOOK})
        view = json.loads(self.run_("--json", "status", "sale").out)
        self.assertIn(view["state"], ("done", "done_with_doubt"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", choices=("sqlite", "mariadb"), default="sqlite")
    options, rest = parser.parse_known_args()
    STORE = options.store
    unittest.main(argv=[sys.argv[0], *rest])
