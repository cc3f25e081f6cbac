#!/usr/bin/env python3
"""What each answer, and each way of not answering, means for the flag: over the wire, for each
gateway, with a real second request that proves re-sending, or its absence that proves silence.

    answers_test.py [--gateway apns|fcm|webpush|webhook1|webhook2] [unittest's options]

P  proved not processed, sent again      A  may have been processed: in doubt, never sent again
Q  refused, sent again later             X  this device will never get it
D  delivered                             C  not the device's fault: the campaign pauses

What is shown where:
- an answer, a stream that is refused or reset: STREAMS, all in one campaign
- GOAWAY below, above and as a notice, a connection that ends or talks nonsense: CONNECTIONS, one
  request at a time, so that no other is on the wire
- no answer in time, and one that comes after all: TIMES
- certificates, topics, payloads, the breaker: FAULTS, a campaign each
- no connection, no TLS: ConnectTest
- webhooks that honour idempotency keys: KeyTest

Not here, because the mock gateway cannot do it or the product never comes to it, but in
tests/gateway/: proof_test.cpp has GOAWAYs whose last id rises or falls, a stream that breaks after
its status, and what was never framed; connecting_test.cpp certificates, unknown hosts, SETTINGS
and PINGs that are missing; http2_session_test.cpp and http1_session_test.cpp a request that was
written in part; fcm_wire_test.cpp and provider_token_test.cpp credentials that have aged.
"""
import argparse
import collections
import dataclasses
import itertools
import re
import sys
import unittest

from fleet import MockWebhook
from harness import BINARY, Fault, FcmMockGateway, Lab, MockGateway, SqliteStore, wait_until
from judge import DOUBT_BIT, judge_campaign, read_campaign_state, read_flags, read_ledger
from push_service import MockPushService

PAUSED = 3
EXIT_LOOK, EXIT_REFUSED, EXIT_STOPPED = 3, 4, 6
DEVICES = 200
BREAKER_MAX = 50  # of the first 1,000 answers; one more is the configuration's fault
ALL_DEVICES = {"token_prefix": '""'}


class OldMockWebhook(MockWebhook):
    """The same, spoken to over HTTP/1.1."""

    def __init__(self, lab, faults=()):
        super().__init__(lab, faults)
        self.keys["protocol"] = "http1"


GATEWAYS = {"apns": MockGateway, "fcm": FcmMockGateway, "webpush": MockPushService,
            "webhook1": OldMockWebhook, "webhook2": MockWebhook}
HTTP2 = ("apns", "fcm", "webpush", "webhook2")
HOOKS = ("webhook1", "webhook2")


def on(gateways, meaning):
    return dict.fromkeys(gateways, meaning)


def each(meaning, **others):
    """The same for every gateway but `others`; None: that one has no such thing."""
    hook = others.pop("webhook", meaning)
    return {**on(GATEWAYS, meaning), **on(HOOKS, hook), **others}


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of the table: what happens, by which fault, and what it means for which gateway: the
    letter and the reason that the report names; for C, how many requests it takes if not one."""
    event: str
    fault: Fault
    means: dict

    def __str__(self):
        keys = "".join(f", {key}: {value}" for key, value in self.fault.keys.items())
        return f"{self.event} ({self.fault.name}{keys})"

    @property
    def is_accepted(self):
        """Whether the gateway has taken what it answers so."""
        return self.fault.name.endswith("_after") or self.fault.name in ("late", "goaway_notice")


def row(event, fault, means, **keys):
    return Row(event, Fault(fault, {"attempts": 1, **keys}), means)


def always(event, fault, means, **keys):
    """Every request of the device meets the fault: a second one would be counted."""
    return Row(event, Fault(fault, keys), means)


def both(event, fault, means, **keys):
    """Without and with the gateway having taken it, which nobody can tell apart."""
    return (row(event, fault, means, **keys), row(event, fault + "_after", means, **keys))


def twice(event, fault, means):
    """As both(), of the faults that are named so."""
    return (row(event, fault + "_before", means), row(event, fault + "_after", means))


HTML = "'<html><body>Bad gateway</body></html>'"
UNCLEAR = each("A server_error")
STREAMS = (
    row("REFUSED_STREAM", "refuse", on(HTTP2, "P")),
    *twice("RST_STREAM otherwise", "reset", on(HTTP2, "A stream_reset")),
    row("2xx", "late", each("D"), delay="100ms"),
    row("2xx", "status_after", on(("webpush", *HOOKS), "D"), status=202),
    row("2xx", "status_after", on(HOOKS, "D"), status=204),
    row("421", "status", each("P"), status=421),
    row("425", "status", each("P"), status=425),
    row("429", "too_many_requests", each("Q"), retry_after="1s"),
    row("429", "status", each("Q"), status=429, retry_after="1s"),
    # Only APNs says by a reason that it processed nothing.
    row("503 ServiceUnavailable", "unavailable", each("A server_error", apns="Q"),
        retry_after="1s"),
    row("503 Shutdown", "status", on(("apns",), "Q"), status=503, retry_after="1s",
        body="'{\"reason\":\"Shutdown\"}'"),
    row("503 otherwise", "unavailable_after", UNCLEAR),
    *both("503 otherwise", "status", UNCLEAR, status=503),
    *both("500", "server_error", UNCLEAR),
    *both("502", "status", UNCLEAR, status=502),
    *both("504", "status", UNCLEAR, status=504),
    *both("HTML error page", "status", UNCLEAR, status=502, body=HTML),
    # Where no body goes with a 400, its status counts: below.
    *both("400 that is no JSON", "bad_body", on(("apns", "fcm"), "A bad_answer")),
    *both("status outside the table", "status", each("A bad_answer"), status=307),
    *both("status outside the table", "status", each("A bad_answer"), status=418),
    row("2xx outside the table", "status_after",
        on(("apns", "fcm"), "A bad_answer"), status=202),
    row("2xx outside the table", "status_after", on(("webpush",), "A bad_answer"), status=200),
    always("410, or FCM's 404 UNREGISTERED", "unregistered", each("X unregistered")),
    always("Web Push 404", "bad_device_token", on(("webpush",), "X unregistered")),
    always("410 ExpiredToken", "status", on(("apns",), "X expired_token"), status=410,
           body="'{\"reason\":\"ExpiredToken\"}'"),
    # A few of these; in numbers they are the configuration's fault: FAULTS.
    always("400 of a token", "bad_device_token", on(("apns", "fcm"), "X bad_device_token")),
    always("SENDER_ID_MISMATCH", "bad_request", on(("fcm",), "X bad_device_token"),
           reason="SENDER_ID_MISMATCH"),
    always("400 of one device", "bad_request", on(("webpush",), "X bad_request"),
           reason="BadTopic"),
    always("401 of one device", "status", on(("webpush",), "X bad_device_token"), status=401),
    always("403 of one device", "invalid_provider_token", on(("webpush",), "X bad_device_token")),
    # The size of a message depends on its recipient.
    always("413", "status", each("X payload_too_large", webhook=None), status=413),
    row("409 key in progress", "status", on(HOOKS, "Q"), status=409, retry_after="1s"),
)

CONNECTIONS = (
    row("GOAWAY, id above the last", "goaway_before", on(HTTP2, "P")),
    row("GOAWAY, id not above the last, unanswered", "goaway_after",
        on(HTTP2, "A goaway_unanswered")),
    row("GOAWAY(2^31-1), HTTP/1.1's `connection: close`", "goaway_notice", each("D")),
    *twice("the connection ends without GOAWAY", "close", each("A connection_lost")),
    *twice("the connection is reset", "reset", on(("webhook1",), "A connection_lost")),
    *both("garbage", "garbage", each("A bad_answer|connection_lost")),
    # An access token ends when Google likes, and is replaced; one device after the other is sent
    # to here, so that an acceptance proves each before the next one meets this. Unproven: FAULTS.
    row("401 of an access token", "expired_provider_token", on(("fcm",), "P")),
)

TIMES = (
    *twice("no answer in time", "stall", each("A timeout")),
    # Once, and not twice, the timeout: so long at least is a connection that is left read on.
    row("an answer after the time", "late", each("D"), delay="3s"),
    # Keeps the run alive until the late answer is there.
    row("429", "too_many_requests", each("Q"), retry_after="6s"),
)

FAULTS = (
    always("400 of topic", "bad_request", on(("apns",), "C"), reason="BadTopic"),
    always("400 of payload", "bad_request", on(("apns",), "C"), reason="PayloadEmpty"),
    always("403 of token", "invalid_provider_token", on(("apns",), "C")),
    always("403 of a fresh token", "expired_provider_token", on(("apns",), "C")),
    always("401", "status", on(("apns",), "C"), status=401),
    always("INVALID_ARGUMENT not of the token", "bad_request", on(("fcm",), "C"),
           reason="message.android.ttl"),
    always("401 of Firebase's own key", "bad_request", on(("fcm",), "C"),
           reason="THIRD_PARTY_AUTH_ERROR"),
    always("403", "invalid_provider_token", on(("fcm",), "C")),
    # A third request where another device's acceptance proved the new token before this one's turn.
    always("401 of a new access token too", "expired_provider_token", on(("fcm",), "C 2-3")),
    always("405", "status", each("C", webpush=None), status=405),
    *(always(str(status), "status", on(HOOKS, "C"), status=status)
      for status in (400, 401, 403, 413)),
    always("422 fingerprint mismatch", "status", on(HOOKS, "C"), status=422),
    always("400 BadDeviceToken, more than 5 %", "bad_device_token", on(("apns",), "C"),
           **ALL_DEVICES, share="10%"),
    always("SENDER_ID_MISMATCH en masse", "bad_request", on(("fcm",), "C"),
           reason="SENDER_ID_MISMATCH", **ALL_DEVICES),
    always("400 of all", "bad_request", on(("webpush",), "C"), reason="BadTopic", **ALL_DEVICES),
    always("401 of all", "status", on(("webpush",), "C"), status=401, **ALL_DEVICES),
    always("403 of all", "invalid_provider_token", on(("webpush",), "C"), **ALL_DEVICES),
    always("405 of all", "status", on(("webpush",), "C"), status=405, **ALL_DEVICES),
)


class AnswersCase(unittest.TestCase):
    gateway_name = "apns"

    def begin(self, table=(), devices=DEVICES, **keys):
        """A gateway on which the rows that name it happen to 1 % of the devices each."""
        self.rows = [r for r in table if r.means.get(self.gateway_name)]
        faults = tuple(r.fault for r in self.rows)
        self.lab = self.enterContext(Lab(f"answers-{self.gateway_name}"))
        self.store = SqliteStore(self.lab)
        self.gateway = GATEWAYS[self.gateway_name](self.lab, faults=faults)
        self.gateway.keys.update(keys)
        self.config = self.lab.server_file(self.store, self.gateway)
        self.lab.run("store", "init", config=self.config)
        self.tokens = self.gateway.audience_file(self.lab, devices, faults=faults)
        self.campaign = self.lab.campaign_file("sale", gateway=self.gateway.name)

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def report(self):
        return {line["appid"]: line for line in self.lab.report("sale", self.config)}

    def row_of(self, appid):
        number = int(appid[2:]) % 100
        return self.rows[number] if number < len(self.rows) else None

    def meaning(self, appid):
        """The letter and the reason; a device that meets no fault is simply delivered."""
        met = self.row_of(appid)
        return (met.means[self.gateway_name] if met else "D").partition(" ")[::2]

    def what(self, appid):
        return f"{self.gateway_name}: {self.row_of(appid) or 'no fault'}: {appid}"

    def judge(self):
        doubtful = {a for a in self.tokens if self.meaning(a)[0] == "A"}
        verdict = judge_campaign(self.store, self.gateway, self.tokens, "sale",
                                 list(self.report().values()), doubt_explained=doubtful,
                                 doubt_killed_max=0)
        self.assertEqual(verdict.violations, [], self.gateway_name)

    def ledger(self):
        """Token → how many of its requests were accepted."""
        return collections.Counter(line["token"] for line in read_ledger(self.gateway.ledger_path))

    def assert_each_once(self, what):
        """Everybody is delivered, by exactly one accepted request."""
        self.assertEqual({line["outcome"] for line in self.report().values()}, {"delivered"}, what)
        self.assertEqual(self.ledger(), dict.fromkeys(self.tokens.values(), 1), what)

    # -- a row's devices ----------------------------------------------------------------------

    def assert_rows(self):
        ledger, report = self.ledger(), self.report()
        for appid, token in self.tokens.items():
            letter, reason = self.meaning(appid)
            what, line, met = self.what(appid), report[appid], self.row_of(appid)
            outcome = {"A": "in_doubt", "X": "rejected"}.get(letter, "delivered")
            self.assertEqual(line["outcome"], outcome, what)
            if reason:
                self.assertRegex(line["reason"], f"^({reason})(:|$)", what)
            # Met once, and accepted beside that: a second request. Otherwise there was none.
            accepted = 1 if letter in "PQD" or (letter == "A" and met.is_accepted) else 0
            self.assertEqual(ledger[token], accepted, what)
            # A try is what a gateway answered; what it proved not to have processed is none. A
            # webhook that took a key notes it once only: there the outcome and the tries tell.
            self.assertEqual(line["tries"], 2 if letter == "Q" else 1, what)
        self.assert_met_once()
        self.judge()

    def assert_met_once(self):
        """Each device met its fault, and only once."""
        wanted = collections.Counter(
            self.row_of(a).fault.name for a in self.tokens if self.row_of(a))
        counted = self.gateway.stats()["faults"]
        for fault, devices in wanted.items():
            rows = "; or ".join(str(r) for r in self.rows if r.fault.name == fault)
            self.assertEqual(counted.get(fault, 0), devices, f"{self.gateway_name}: {rows}")
        self.assertEqual(self.gateway.stats()["refused_by_kind"], {})


class RowsTest(AnswersCase):
    def test_each_answer_and_each_broken_stream(self):
        self.begin(STREAMS)
        self.command("launch", self.campaign, "--yes", expect=EXIT_LOOK)
        self.assert_rows()

    def test_each_end_of_a_connection_with_one_request_on_it(self):
        # Were nothing answered in between, each reconnect would wait twice as long.
        answered = row("2xx", "late", each("D"), delay="1ms")
        self.begin([r for pair in zip(CONNECTIONS, itertools.repeat(answered)) for r in pair],
                   connections=1, in_flight=1)
        self.command("launch", self.campaign, "--yes", expect=EXIT_LOOK)
        self.assert_rows()

    def test_no_answer_in_time_and_one_that_comes_after_all(self):
        # Over HTTP/1.1 so many late answers are waited for.
        self.begin(TIMES, timeout="2s", connections=8)
        self.command("launch", self.campaign, "--yes", expect=EXIT_LOOK)
        self.assert_rows()
        for appid, flag in read_flags(self.store, "sale").items():
            met = self.row_of(appid)
            # A late answer turned doubt into certainty, and the flag remembers the doubt.
            was_in_doubt = met is not None and met.fault.name != "too_many_requests"
            self.assertEqual(bool(flag.code & DOUBT_BIT), was_in_doubt, self.what(appid))


class FaultsTest(AnswersCase):
    def test_what_is_no_devices_fault_pauses_and_burns_no_flag(self):
        for fault in FAULTS:
            if fault.means.get(self.gateway_name):
                with self.subTest(fault.event):
                    self.assert_pauses(fault)

    def assert_requests(self, fault, requests, what):
        counted = self.gateway.stats()["faults"]
        self.assertEqual(set(counted), {fault.fault.name}, what)
        self.assertIn(counted[fault.fault.name], requests, what)

    def assert_pauses(self, fault):
        what = f"{self.gateway_name}: {fault}"
        if "token_prefix" in fault.fault.keys:
            least = most = BREAKER_MAX + 1
        else:
            number = fault.means[self.gateway_name].partition(" ")[2] or "1"
            least, _, most = number.partition("-")
        requests = range(int(least), int(most or least) + 1)
        self.begin((fault,), devices=1000 if "share" in fault.fault.keys else 100, connections=1,
                   in_flight=1)
        self.command("launch", self.campaign, "--yes", expect=EXIT_STOPPED)
        self.assertEqual(read_campaign_state(self.store, "sale"), PAUSED, what)
        self.assertLessEqual({line["outcome"] for line in self.report().values()},
                             {"delivered", "pending"}, what)
        accepted = self.ledger()
        self.assert_requests(fault, requests, what)
        met = self.gateway.stats()["faults"]
        self.command("restart", "sale", expect=EXIT_REFUSED)
        self.assertEqual(self.gateway.stats()["faults"], met, what)
        self.assertEqual(self.ledger(), accepted, what)
        self.gateway.cure()
        self.command("resume", "sale", "--because", "the cause is gone")
        self.command("restart", "sale")
        self.assert_each_once(what)
        self.judge()


class ConnectTest(AnswersCase):
    def setUp(self):
        self.begin()

    def launch_in_vain(self, trouble):
        """Starts a launch whose connections fail so, ends that, and all is delivered."""
        launch = self.lab.pushonce("launch", self.campaign, "--yes", config=self.config)
        wait_until(lambda: re.search(trouble, launch.err), f"the log says {trouble}")
        return launch

    def assert_delivers(self, launch, what):
        self.gateway.start()
        self.assertEqual(launch.wait(), 0, launch.tail())
        self.assert_each_once(what)
        self.assertEqual({line["tries"] for line in self.report().values()}, {1}, what)
        self.judge()

    def test_nobody_listens_at_first(self):
        self.gateway.stop()
        self.assert_delivers(self.launch_in_vain("refused"), "connect refused")

    def test_no_tls_at_first(self):
        self.gateway.stop()
        ledger = self.lab.path("cleartext.ndjson")
        port = self.gateway.port
        other = self.lab.start([BINARY, "mock-gateway", "--listen", f"127.0.0.1:{port}",
                                "--ledger", ledger], "cleartext")
        launch = self.launch_in_vain("TLS")
        other.stop()
        self.assertEqual(ledger.read_text(), "", "TLS fails")
        self.assert_delivers(launch, "TLS fails")


class KeyTest(AnswersCase):
    def test_an_honoured_key_turns_doubt_into_a_second_request(self):
        if self.gateway_name not in HOOKS:
            self.skipTest("only webhooks know idempotency keys")
        table = [r for r in (*STREAMS, *CONNECTIONS, *TIMES)
                 if (r.means.get(self.gateway_name) or "").startswith("A")]
        self.begin(table, connections=4, in_flight=1, timeout="1s", honours_idempotency_key="24h")
        self.command("launch", self.campaign, "--yes")
        for appid, line in self.report().items():
            # What was accepted at first is not accepted again: the same key, the same body.
            self.assertEqual((line["outcome"], line["tries"]),
                             ("delivered", 2 if self.row_of(appid) else 1), self.what(appid))
        self.assert_each_once("a key that is honoured")
        self.assert_met_once()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--gateway", choices=sorted(GATEWAYS), default="apns")
    options, rest = parser.parse_known_args()
    AnswersCase.gateway_name = options.gateway
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
