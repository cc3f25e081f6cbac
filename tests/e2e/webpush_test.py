#!/usr/bin/env python3
"""Campaigns over Web Push: against the mock gateway, and against a push service in Node that shares
nothing with the product and decrypts what it gets."""
import json
import pathlib
import unittest

from harness import PLAIN_PREFIX, ROOT, Fault, Lab, SqliteStore, free_port
from judge import judge_campaign, read_ledger
from push_service import MockPushService, OldMockPushService, PeerPushService, make_key

ONCE = {"attempts": 1}
TOPIC_CHARACTERS = 32
EXIT_USAGE, EXIT_LOOK, EXIT_UNAVAILABLE, EXIT_STOPPED = 2, 3, 5, 6


class WebPushCase(unittest.TestCase):
    service_type = MockPushService
    devices = 300
    faults = ()

    def setUp(self):
        self.lab = self.enterContext(Lab("webpush"))
        self.store = SqliteStore(self.lab)
        self.service = self.service_type(self.lab, faults=self.faults)
        self.configure()
        self.command("store", "init")
        self.tokens = self.service.audience_file(self.lab, self.devices, faults=self.faults)
        self.campaign = self.campaign_file()

    def configure(self):
        self.config = self.lab.server_file(self.store, self.service)

    def campaign_file(self, **delivery):
        return self.lab.campaign_file("sale", gateway="web", **delivery)

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def report(self):
        return {line["appid"]: line for line in self.lab.report("sale", self.config)}

    def judge(self, **extra):
        verdict = judge_campaign(self.store, self.service, self.tokens, "sale",
                                 self.lab.report("sale", self.config), **extra)
        self.assertEqual(verdict.violations, [])
        return verdict.figures


@unittest.skipUnless(pathlib.Path(ROOT, "tests/peers/node_modules/http_ece").exists(),
                     "http_ece is not in tests/peers/node_modules: npm ci puts it there")
class PeerTest(WebPushCase):
    service_type = PeerPushService

    def test_a_push_service_in_node_takes_and_reads_every_message(self):
        self.command("launch", self.campaign, "--yes")
        self.assertEqual(self.judge()["DELIVERED"], self.devices)
        report = self.report()
        appid_of = {token: appid for appid, token in self.tokens.items()}
        for line in read_ledger(self.service.ledger_path):
            payload = line["payload"]
            self.assertEqual(payload["title"], "20 % off")
            self.assertEqual(payload["body"], "Hello Name, today only.")
            self.assertEqual(payload["tag"], payload["notification_id"])
            self.assertEqual(payload["notification_id"],
                             report[appid_of[line["token"]]]["notification_id"])
            self.assertEqual(len(line["collapse_id"]), TOPIC_CHARACTERS)
            self.assertEqual(line["push_type"], "high")
        self.command("launch", self.campaign, "--yes")
        self.assertEqual(self.service.ledger_lines(), self.devices)


class AnswersTest(WebPushCase):
    """Each way to fail, once for 1 % of the devices: a second request proves that it was sent
    again, and that there was none proves silence, because it would be in the ledger."""
    faults = (
        Fault("refuse", ONCE), Fault("goaway_before", ONCE), Fault("goaway_notice", ONCE),
        Fault("too_many_requests", {**ONCE, "retry_after": "1s"}),
        Fault("unregistered"), Fault("bad_device_token"),
        Fault("unavailable", ONCE), Fault("unavailable_after", ONCE),
        Fault("server_error", ONCE), Fault("server_error_after", ONCE),
        Fault("reset_before", ONCE), Fault("reset_after", ONCE),
        Fault("stall_before", ONCE), Fault("stall_after", ONCE),
        Fault("status", {**ONCE, "status": 307}), Fault("status_after", {**ONCE, "status": 200}),
        Fault("status", {**ONCE, "status": 413}), Fault("status", {**ONCE, "status": 425}),
    )
    rejected = {4: "unregistered", 5: "unregistered", 16: "payload_too_large"}
    in_doubt = {6: "server_error", 7: "server_error", 8: "server_error", 9: "server_error",
                10: "stream_reset", 11: "stream_reset",
                # A GOAWAY for another device may end the wait of these.
                12: "timeout|goaway_unanswered", 13: "timeout|goaway_unanswered",
                14: "bad_answer", 15: "bad_answer"}

    def test_each_answer_means_what_the_table_says(self):
        self.command("launch", self.campaign, "--yes", expect=EXIT_LOOK)
        explained = {a for a in self.tokens if int(a[2:]) % 100 in self.in_doubt}
        self.judge(doubt_explained=explained, doubt_killed_max=0)
        for appid, line in self.report().items():
            fate = int(appid[2:]) % 100
            what = f"{appid}, {self.faults[fate] if fate < len(self.faults) else 'no fault'}"
            if fate in self.rejected:
                self.assertEqual((line["outcome"], line["reason"]),
                                 ("rejected", self.rejected[fate]), what)
            elif fate in self.in_doubt:
                self.assertEqual(line["outcome"], "in_doubt", what)
                self.assertRegex(line["reason"], self.in_doubt[fate], what)
            else:
                self.assertEqual(line["outcome"], "delivered", what)
            # A try is what a gateway answered; what it proved not to have processed is none.
            self.assertEqual(line["tries"], 2 if fate == 3 else 1, what)
        each = self.devices // 100
        faults = self.service.stats()["faults"]
        for number, fault in enumerate(self.faults):
            if not fault.name.startswith("status"):
                self.assertEqual(faults[fault.name], each, fault)
        self.assertEqual(faults["status"], 3 * each)


class Http1Test(WebPushCase):
    """A push service that speaks no HTTP/2 is understood without being told so."""
    service_type = OldMockPushService
    faults = (
        Fault("unregistered"), Fault("bad_device_token"),
        Fault("too_many_requests", {**ONCE, "retry_after": "1s"}),
        Fault("late", {**ONCE, "delay": "100ms"}), Fault("server_error_after", ONCE),
        Fault("close_before", ONCE), Fault("close_after", ONCE), Fault("garbage", ONCE),
        Fault("stall_after", ONCE),
    )
    rejected = {0, 1}
    in_doubt = {4: "server_error", 5: "connection_lost", 6: "connection_lost",
                7: "bad_answer|connection_lost", 8: "timeout"}

    def test_each_message_arrives_once_and_each_answer_means_what_it_means(self):
        self.command("launch", self.campaign, "--yes", expect=EXIT_LOOK)
        explained = {a for a in self.tokens if int(a[2:]) % 100 in self.in_doubt}
        self.judge(doubt_explained=explained, doubt_killed_max=0)
        for appid, line in self.report().items():
            fate = int(appid[2:]) % 100
            if fate in self.in_doubt:
                self.assertEqual(line["outcome"], "in_doubt", appid)
                self.assertRegex(line["reason"], self.in_doubt[fate], appid)
            else:
                self.assertEqual(line["outcome"],
                                 "rejected" if fate in self.rejected else "delivered", appid)
        # Requests of one HTTP/1.1 connection are numbered without a gap; HTTP/2's are odd.
        streams = {line["stream"] for line in read_ledger(self.service.ledger_path)}
        self.assertTrue(any(stream % 2 == 0 for stream in streams), streams)

    def test_http2_alone_is_what_the_server_file_may_ask_for(self):
        self.service.keys.update(protocol="http2", patience="1s")
        self.configure()
        said = self.command("launch", self.campaign_file(
            retry="{attempts: 1, first: 100ms, max: 1s}"), "--yes", expect=EXIT_UNAVAILABLE).err
        self.assertIn("no application protocol", said)
        self.assertEqual(self.service.ledger_lines(), 0)
        self.assertEqual({line["outcome"] for line in self.report().values()}, {"pending"})


class ConfigurationTest(WebPushCase):
    def test_a_key_that_the_subscriptions_do_not_know_pauses_and_burns_no_flag(self):
        other = self.lab.path("other", "x").parent
        make_key(other, "vapid.pem")
        text = self.config.read_text().replace(str(self.lab.path("vapid.pem")),
                                               str(other / "vapid.pem"))
        self.config.write_text(text)
        said = self.command("launch", self.campaign, "--yes", expect=EXIT_STOPPED).err
        self.assertIn("vapid_key_file", said)
        self.assertEqual(self.service.ledger_lines(), 0)
        states = self.store.rows("SELECT DISTINCT state FROM delivery WHERE state NOT IN (1, 4)")
        self.assertEqual(states, [])
        self.config.write_text(text.replace(str(other / "vapid.pem"),
                                            str(self.lab.path("vapid.pem"))))
        self.command("resume", "sale", "--because", "the right key")
        self.command("restart", "sale")
        self.assertEqual(self.judge()["DELIVERED"], self.devices)

    def test_endpoints_on_this_network_are_not_connected_to_unless_that_is_allowed(self):
        self.config.write_text(self.config.read_text().replace("private_endpoints: allow",
                                                               "private_endpoints: refuse"))
        said = self.command("launch", self.campaign, "--yes", expect=EXIT_STOPPED).err
        self.assertIn("leads to no public address", said)
        self.assertIn("private_endpoints: allow in gateways.web", said)
        self.assertEqual(self.service.ledger_lines(), 0)
        self.assertEqual(self.service.stats()["refused_by_kind"], {})

    def test_endpoint_in_the_server_file_rehearses_real_subscriptions(self):
        audience = self.lab.path("audience.csv")
        audience.write_text(audience.read_text().replace(
            f"https://127.0.0.1:{self.service.port}/push/", "https://push.example.net/push/"))
        self.config.write_text(self.config.read_text().replace(
            "private_endpoints: allow", f"endpoint: https://127.0.0.1:{self.service.port}"))
        self.command("launch", self.campaign, "--yes")
        self.assertEqual(self.judge()["DELIVERED"], self.devices)
        self.assertEqual({line["topic"] for line in read_ledger(self.service.ledger_path)},
                         {"push.example.net"})

    def test_preview_shows_the_request_and_the_text(self):
        shown = json.loads(self.command("--json", "preview", self.campaign, "--appid",
                                        "d-000007").out)
        text = json.dumps(shown)
        self.assertIn(self.service.endpoint(self.tokens["d-000007"]), text)
        self.assertIn("20 % off", text)
        self.assertIn(f"vapid t=(redacted), k={self.service.vapid_public_key}", text)


class AudienceTest(WebPushCase):
    devices = 3

    def write(self, *rows):
        lines = self.lab.path("audience.csv").read_text().splitlines(keepends=True)
        self.lab.write("audience.csv", "".join(lines[:1] + [*lines[1:], *rows]))

    def refused(self):
        return self.command("plan", self.campaign, expect=EXIT_USAGE).err

    def test_a_row_that_is_no_subscription_is_told_by_line(self):
        self.write(self.service.row("x-1", "http://push.example.net/push/1"),
                   self.service.row("x-2", ""),
                   f"x-3,https://push.example.net/push/3,{self.service.p256dh},short,web,en,Name\n")
        said = self.refused()
        self.assertIn("audience.csv:5: the endpoint must begin with https://", said)
        self.assertIn("audience.csv:6: the endpoint is missing", said)
        self.assertIn("audience.csv:7: auth is not 16 bytes", said)

    def test_one_endpoint_under_two_appids_is_one_device(self):
        token = self.tokens["d-000001"]
        self.write(self.service.row("x-1", self.service.endpoint(token)))
        self.assertIn("device token", self.refused())

    def test_a_missing_column_is_told_by_name(self):
        self.lab.write("audience.csv", "appid,endpoint\nx,https://push.example.net/1\n")
        self.assertIn("there is no column `p256dh`, `auth`", self.refused())

    def test_a_subject_that_push_services_refuse_is_an_error_of_the_file(self):
        self.config.write_text(self.config.read_text().replace("mailto:ops@example.com", "ops"))
        self.assertIn("mailto:", self.refused())


class TroubleTest(WebPushCase):
    """One push service among two is of no use: the devices of the other one get theirs."""
    devices = 400

    def configure(self):
        self.service.keys.update(patience="1s", timeout="1s")
        super().configure()

    def move(self, share, port):
        """Gives every `share`-th device an endpoint at another port."""
        here, there = (f"https://127.0.0.1:{p}/" for p in (self.service.port, port))
        rows = self.lab.path("audience.csv").read_text().splitlines(keepends=True)
        moved = set()
        for number, row in enumerate(rows):
            if number > 0 and int(row[2:8]) % share == 0:
                rows[number] = row.replace(here, there)
                moved.add(row.split(",")[0])
        self.lab.path("audience.csv").write_text("".join(rows))
        return moved

    def test_a_push_service_that_is_away_costs_only_its_own_devices(self):
        away = self.move(4, free_port())
        self.command("launch", self.campaign_file(retry="{attempts: 2, first: 100ms, max: 1s}"),
                     "--yes", expect=EXIT_LOOK)
        self.judge()
        for appid, line in self.report().items():
            self.assertEqual(line["outcome"], "undelivered" if appid in away else "delivered")
        self.assertEqual(self.service.ledger_lines(), self.devices - len(away))

    def test_a_push_service_that_never_answers_takes_one_request_and_no_more(self):
        stall = Fault("stall_before", {"token_prefix": f'"{PLAIN_PREFIX}"'})
        slow = MockPushService(self.enterContext(Lab("webpush-slow")), faults=(stall,),
                               like=self.service)
        mute = self.move(4, slow.port)
        self.trust(slow)
        self.command("launch", self.campaign_file(retry="{attempts: 2, first: 100ms, max: 1s}"),
                     "--yes", expect=EXIT_LOOK)
        report = self.report()
        outcomes = [report[appid]["outcome"] for appid in mute]
        self.assertEqual({line["outcome"] for appid, line in report.items() if appid not in mute},
                         {"delivered"})
        self.assertEqual(set(outcomes), {"undelivered", "in_doubt"})
        # One at a time until it proves to be a push service, and each waits for its timeout.
        self.assertLess(outcomes.count("in_doubt"), 15)

    def trust(self, other):
        """Both services' authorities."""
        ca = self.lab.path("ca.pem")
        ca.write_text(ca.read_text() + other.lab.path("ca.pem").read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
