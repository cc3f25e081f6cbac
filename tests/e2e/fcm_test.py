#!/usr/bin/env python3
"""Campaigns over FCM: against the mock gateway that ships, and against a server in Node that checks
every header and field by itself and every assertion with jose."""
import http.server
import json
import ssl
import threading
import unittest

from harness import (ROOT, Fault, FcmMockGateway, FcmPeerGateway, Lab, SqliteStore,
                     make_service_account)
from judge import judge_campaign

DEVICES = 300
PEER_FAULTS = (
    Fault("unregistered"),
    Fault("bad_device_token"),
    Fault("too_many_requests", {"attempts": 1, "retry_after": "1s"}),
    Fault("refuse", {"attempts": 1}),
    Fault("unavailable", {"attempts": 1}, doubt=True),
    Fault("server_error_after", {"attempts": 1}, doubt=True),
    Fault("reset_after", {"attempts": 1}, doubt=True),
    Fault("stall_after", {"attempts": 1}, doubt=True),
    Fault("late", {"attempts": 1, "delay": "100ms"}),
)


class FcmTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("fcm"))
        self.store = SqliteStore(self.lab)

    def begin(self, gateway, faults=()):
        self.gateway = gateway
        self.config = self.lab.server_file(self.store, gateway)
        self.tokens = self.lab.audience_file(DEVICES, faults=faults, token_end=gateway.token_end)
        self.campaign = self.lab.campaign_file("sale", gateway="fcm")
        self.lab.run("store", "init", config=self.config)

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def judge(self, **extra):
        verdict = judge_campaign(self.store, self.gateway, self.tokens, "sale",
                                 self.lab.report("sale", self.config), **extra)
        self.assertEqual(verdict.violations, [])

    def outputs(self):
        """Everything that any process of this test printed or logged."""
        return "".join(process.out + process.err for process in self.lab.processes)

    # -- a campaign ---------------------------------------------------------------------------

    def test_a_campaign_reaches_every_device_once(self):
        self.begin(FcmMockGateway(self.lab))
        planned = json.loads(self.command("--json", "plan", self.campaign, "--with-gateways").out)
        self.assertEqual(planned["problems"], [])
        self.assertEqual(self.gateway.ledger_lines(), 0)
        shown = json.loads(self.command("--json", "preview", self.campaign, "--appid",
                                        "d-000001").out)
        self.assertIn("/v1/projects/shop-1/messages:send", json.dumps(shown))
        self.assertIn("Bearer (redacted)", json.dumps(shown))
        self.assertLessEqual(shown["payload_bytes"], planned["gateways"][0]["payload_bytes"])
        self.assertIn("without device token", shown["payload_measure"])
        self.command("launch", self.campaign, "--yes")
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)
        told = json.loads(self.command("--json", "lookup", "d-000001", "--explain").out)["text"]
        self.assertEqual(told["request"]["url"], shown["url"])
        sent = json.loads(told["request"]["body"])["message"]
        self.assertEqual(sent["data"], json.loads(shown["body"])["message"]["data"])
        self.assertNotIn("", sent, "the inner form of a payload is shown")
        again = self.command("launch", self.campaign, "--yes")
        self.assertEqual(self.gateway.ledger_lines(), DEVICES, again.tail())
        self.judge()

    def test_no_secret_is_printed_or_logged(self):
        self.begin(FcmMockGateway(self.lab))
        self.command("--log-level", "trace", "launch", self.campaign, "--yes")
        self.command("--log-level", "trace", "doctor")
        self.command("preview", self.campaign, "--appid", "d-000001")
        account = json.loads(self.gateway.account(self.lab).read_text())
        everything = self.outputs()
        for line in account["private_key"].split("\n")[1:-2]:
            self.assertNotIn(line, everything)
        self.assertNotIn("ya29.", everything)
        self.assertNotIn("assertion=", everything)

    def test_an_independent_server_takes_every_request(self):
        if not (ROOT / "tests" / "peers" / "node_modules" / "jose").exists():
            self.skipTest("jose is not there: scripts/test puts it into tests/peers")
        self.begin(FcmPeerGateway(self.lab, faults=PEER_FAULTS), faults=PEER_FAULTS)
        self.command("launch", self.campaign, "--yes", expect=3)
        fates = {appid: int(appid[2:]) % 100 for appid in self.tokens}
        doubtful = {a for a, fate in fates.items()
                    if fate < len(PEER_FAULTS) and PEER_FAULTS[fate].doubt}
        self.judge(doubt_explained=doubtful, doubt_killed_max=0)
        outcomes = {line["appid"]: (line["outcome"], line["reason"])
                    for line in self.lab.report("sale", self.config)}
        for appid, fate in fates.items():
            name = PEER_FAULTS[fate].name if fate < len(PEER_FAULTS) else ""
            wanted = {"unregistered": ("rejected", "unregistered"),
                      "bad_device_token": ("rejected", "bad_device_token")}.get(name)
            if wanted is None:
                wanted = ("in_doubt",) if appid in doubtful else ("delivered",)
            self.assertEqual(outcomes[appid][:len(wanted)], wanted, f"{appid}: {name}")

    # -- what doctor and plan say ---------------------------------------------------------------

    def complaint(self, expect=2, **changes):
        """What doctor and plan --with-gateways say of an account that differs so."""
        account = json.loads(self.gateway.account(self.lab).read_text())
        self.gateway.account(self.lab).write_text(json.dumps({**account, **changes}))
        found = [json.loads(line) for line in
                 self.command("--json", "doctor", expect=expect).out.splitlines()]
        texts = [f["text"] for f in found if f["subject"] == "gateway fcm"]
        self.assertEqual(len(texts), 1)
        planned = self.command("--json", "plan", self.campaign, "--with-gateways", expect=expect)
        self.assertIn(texts[0][:40], planned.out + planned.err)
        self.assertEqual(self.gateway.ledger_lines(), 0)
        return texts[0]

    def test_a_key_that_google_does_not_know(self):
        self.begin(FcmMockGateway(self.lab))
        other = make_service_account(self.lab.path("other.json"), "https://x/token")
        key = json.loads(other.read_text())["private_key"]
        self.assertIn("does not know this key", self.complaint(private_key=key))

    def test_an_account_that_is_gone(self):
        self.begin(FcmMockGateway(self.lab))
        self.assertIn("does not exist any more",
                      self.complaint(client_email="nobody@shop-1.iam.gserviceaccount.com"))

    def test_another_project(self):
        self.begin(FcmMockGateway(self.lab))
        text = self.complaint(project_id="shop-2")
        self.assertIn("403 PERMISSION_DENIED", text)
        self.assertIn("shop-2", text)
        self.assertIn("check that the service account is of this project", text)

    def test_a_file_that_cannot_be_used(self):
        self.begin(FcmMockGateway(self.lab))
        self.assertIn("no RSA key", self.complaint(private_key="secret"))
        self.assertNotIn("secret", self.outputs())

    def test_a_token_endpoint_that_cannot_be_reached(self):
        self.begin(FcmMockGateway(self.lab))
        self.assertIn("no connection to https://127.0.0.1:1",
                      self.complaint(token_uri="https://127.0.0.1:1/token", expect=5))

    def test_a_clock_that_is_wrong(self):
        self.begin(FcmMockGateway(self.lab))
        with StoppedClock(self.lab) as google:
            self.assertIn("this machine's clock is wrong, ",
                          self.complaint(token_uri=google.token_uri))

    def test_a_launch_with_bad_credentials_stops_and_notifies_nobody(self):
        self.begin(FcmMockGateway(self.lab))
        account = json.loads(self.gateway.account(self.lab).read_text())
        right = json.dumps(account)
        self.gateway.account(self.lab).write_text(json.dumps(
            {**account, "client_email": "nobody@shop-1.iam.gserviceaccount.com"}))
        stopped = self.command("launch", self.campaign, "--yes", expect=6)
        self.assertIn("does not exist any more", stopped.err)
        self.assertEqual(self.gateway.ledger_lines(), 0)
        self.gateway.account(self.lab).write_text(right)
        self.command("resume", "sale", "--because", "the account is mended")
        self.command("restart", "sale")
        self.assertEqual(self.gateway.ledger_lines(), DEVICES)
        self.judge()

    def test_tokens_of_another_gateway_are_told_before_anything_is_sent(self):
        self.begin(FcmMockGateway(self.lab))
        self.lab.audience_file(3)
        refused = self.command("plan", self.campaign, expect=2)
        self.assertIn("looks like an APNs device token", refused.out + refused.err)


class StoppedClock:
    """An OAuth server of years ago: to it our clock is wrong."""

    def __init__(self, lab):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                body = json.dumps({"error": "invalid_grant", "error_description": "x"}).encode()
                self.send_response_only(400)
                self.send_header("Date", "Mon, 01 Jan 2024 00:00:00 GMT")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(lab.path("server.pem"), lab.path("server.key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever)

    @property
    def token_uri(self):
        return f"https://127.0.0.1:{self.server.server_port}/token"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


if __name__ == "__main__":
    unittest.main()
