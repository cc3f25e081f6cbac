#!/usr/bin/env python3
"""Campaigns over a webhook, HTTP/1.1 and HTTP/2, against the mock gateway and against Node's own
servers, with kill -9, judged from the ledger.

    webhook_test.py [--gateway mock1|mock2|peer1|peer2] [unittest's options]
"""
import argparse
import json
import random
import ssl
import subprocess
import sys
import unittest
import urllib.request

from harness import (BINARY, ROOT, TEMPLATE, Gateway, Lab, SqliteStore, accepts, wait_until)
from judge import judge_campaign

DEVICES = 3000
KILLS = 3
SECRET = "a secret of the test"
PATH = "/hook?from=pushonce"

# What happens to 1 % of the devices each: the peer's name for it, the mock's rule, how often.
FAULTS = (("busy", "server_error", 1), ("error_after", "server_error_after", 1),
          ("close_after", "close_after", 1), ("close_before", "close_before", 1),
          ("in_progress", "status, status: 409, retry_after: 1s", 2),
          ("slow_down", "too_many_requests, retry_after: 1s", 1), ("gone", "unregistered", 0))
# Those that make a device ambiguous, and the one that makes it rejected.
AMBIGUOUS = (0, 1, 2, 3)
GONE = 6


def prefix_of(fault):
    return f"fa{fault:02x}-"


class WebhookGateway(Gateway):
    """A server that takes notifications by the webhook's contract."""

    def __init__(self, lab, faults, protocol, honours, is_tls):
        super().__init__(lab)
        self.scheme = "https" if is_tls else "http"
        self.keys = {"connections": 8, "in_flight": 50, "timeout": "3s", "patience": "20s",
                     "protocol": protocol}
        if honours:
            self.keys["honours_idempotency_key"] = "24h"
        self.start(faults)
        wait_until(lambda: self.process.running() and accepts(self.port), "the gateway listens")

    def server_lines(self, lab):
        keys = {"type": "webhook", "url": f'"{self.scheme}://127.0.0.1:{self.port}{PATH}"',
                "secret": '"${env:HOOK_SECRET}"', "ca_file": lab.path("ca.pem"), **self.keys}
        return "  hook:\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items())

    def stats(self, path):
        context = ssl.create_default_context(cafile=str(self.lab.path("ca.pem")))
        with urllib.request.urlopen(f"{self.scheme}://127.0.0.1:{self.port}{path}",
                                    context=context if self.scheme == "https" else None) as answer:
            return json.load(answer)


class MockWebhook(WebhookGateway):
    kind = "mock"

    def start(self, faults):
        rules = "".join(
            f'  - {{fault: {FAULTS[number][1]}, token_prefix: "{prefix_of(number)}"'
            + (f", attempts: {FAULTS[number][2]}" if FAULTS[number][2] else "") + "}\n"
            for number in faults)
        self.process = self.lab.start(
            [BINARY, "mock-gateway", "--listen", f"127.0.0.1:{self.port}", "--ledger",
             self.ledger_path, "--cert-file", self.lab.path("server.pem"), "--key-file",
             self.lab.path("server.key"), "--webhook-secret", SECRET,
             *(["--faults", self.lab.write("faults.yaml", "rules:\n" + rules)] if faults else [])],
            "mock-gateway")


class PeerWebhook(WebhookGateway):
    kind = "peer"

    def start(self, faults):
        options = {"port": self.port, "ledger": str(self.ledger_path), "secret": SECRET,
                   "path": PATH, "protocol": self.keys["protocol"],
                   "faults": [{"name": FAULTS[number][0], "prefix": prefix_of(number),
                               "attempts": FAULTS[number][2]} for number in faults]}
        if self.scheme == "https":
            options |= {"cert": str(self.lab.path("server.pem")),
                        "key": str(self.lab.path("server.key"))}
        self.process = self.lab.start(
            ["node", ROOT / "tests" / "peers" / "webhook_server.mjs",
             self.lab.write("peer.json", json.dumps(options))], "peer")


GATEWAYS = {
    "mock1": lambda lab, faults, honours: MockWebhook(lab, faults, "http1", honours, True),
    "mock2": lambda lab, faults, honours: MockWebhook(lab, faults, "auto", honours, True),
    "peer1": lambda lab, faults, honours: PeerWebhook(lab, faults, "http1", honours, False),
    "peer2": lambda lab, faults, honours: PeerWebhook(lab, faults, "http2", honours, True),
}


class WebhookTest(unittest.TestCase):
    gateway_name = "mock1"

    def set_up(self, faults, honours, devices=DEVICES):
        self.lab = self.enterContext(Lab("webhook"))
        self.store = SqliteStore(self.lab)
        self.gateway = GATEWAYS[self.gateway_name](self.lab, faults, honours)
        self.config = self.lab.server_file(self.store, self.gateway)
        self.env = {"HOOK_SECRET": SECRET}
        rows = []
        for number in range(devices):
            fate = number % 100
            start = prefix_of(faults[fate]) if fate < len(faults) else "d-"
            rows.append(f"{start}{number:06d}")
        self.devices = rows
        shuffled = rows[:]
        random.Random(7).shuffle(shuffled)
        # No column `token`: the appid is address enough.
        self.lab.write("audience.csv", "appid,locale,first_name\n" + "".join(
            f"{appid},de,Name\n" for appid in shuffled))
        self.lab.write("templates/promo.yaml", TEMPLATE + "webhook: {channel: sales, ttl: 12}\n")
        self.campaign = self.lab.write("sale.yaml", (
            "campaign: sale\naudience: {file: audience.csv}\ngateway: hook\n"
            "message: {template: templates/promo.yaml, data: {discount: 20}}\n"
            # Each broken HTTP/2 connection costs a try of whatever else is on it.
            "delivery: {retry: {attempts: 30, first: 100ms, max: 500ms}, rate: 1500/s}\n"))

    def run_to_end(self, *arguments, expect=0):
        return self.lab.run(*arguments, config=self.config, env=self.env, expect=expect)

    def judge(self, **extra):
        verdict = judge_campaign(self.store, self.gateway, {a: a for a in self.devices}, "sale",
                                 self.report(), **extra)
        self.assertEqual(verdict.violations, [])
        return verdict.figures

    def report(self):
        done = self.run_to_end("report", "sale", "--format", "ndjson")
        return [json.loads(line) for line in done.out.splitlines()]

    def of_faults(self, faults):
        return [a for a in self.devices if any(a.startswith(prefix_of(f)) for f in faults)]

    def outcomes(self, appids):
        wanted = set(appids)
        return {line["outcome"] for line in self.report() if line["appid"] in wanted}

    def test_an_honoured_key_turns_ambiguity_into_a_second_request(self):
        faults = tuple(range(len(FAULTS)))
        self.set_up(faults, honours=True)
        self.run_to_end("launch", self.campaign, "--yes")
        figures = self.judge(doubt_explained=(), doubt_killed_max=0)
        self.assertEqual(figures["in doubt"], 0)
        gone = self.of_faults([GONE])
        self.assertEqual(self.outcomes(gone), {"rejected"})
        self.assertEqual(figures["accepted"], len(self.devices) - len(gone))
        # Real second requests: one at least for each device whose first answer told nothing.
        tries = {line["appid"]: line["tries"] for line in self.report()}
        for appid in self.of_faults(AMBIGUOUS):
            self.assertGreaterEqual(tries[appid], 2, appid)
        if self.gateway.kind == "peer" and self.gateway_name == "peer1":
            self.assertGreater(self.gateway.stats("/stats")["replayed"], 0)

    def test_without_that_promise_what_is_ambiguous_stays_in_doubt_and_silent(self):
        if self.gateway_name == "peer2":
            self.skipTest("what else was on a broken HTTP/2 connection is in doubt too")
        faults = (0, 1)
        self.set_up(faults, honours=False, devices=1000)
        self.run_to_end("launch", self.campaign, "--yes", expect=3)
        doubtful = self.of_faults(faults)
        self.assertEqual(self.outcomes(doubtful), {"in_doubt"})
        self.judge(doubt_explained=doubtful, doubt_killed_max=0)
        tries = {line["appid"]: line["tries"] for line in self.report()}
        self.assertEqual(set(tries.values()), {1})
        if self.gateway_name == "peer1":
            self.assertEqual(self.gateway.stats("/stats")["total"], len(self.devices))
        # With the promise made, an order to resend is answered by what the key remembers.
        self.run_to_end("resolve", "sale", "--resend", "--all", "--because", "keys are honoured")
        self.run_to_end("restart", "sale")
        self.judge()
        self.assertEqual(self.outcomes(doubtful), {"delivered"})

    def test_nobody_is_notified_twice_by_a_campaign_that_is_killed(self):
        faults = tuple(range(len(FAULTS)))
        self.set_up(faults, honours=True)
        run = self.lab.pushonce("launch", self.campaign, "--yes", config=self.config, env=self.env)
        for kill in range(1, KILLS + 1):
            self.gateway.wait_lines(kill * DEVICES // (KILLS + 2))
            run.kill9()
            run = self.lab.pushonce("restart", "sale", config=self.config, env=self.env)
        self.assertIn(run.wait(), (0, 3), run.tail())
        # On the wire when it died, or waiting to be repeated then: in doubt, and no others.
        on_the_wire = self.gateway.keys["connections"] * (
            1 if self.gateway_name.endswith("1") else self.gateway.keys["in_flight"])
        figures = self.judge(doubt_explained=self.of_faults(AMBIGUOUS),
                             doubt_killed_max=2 * KILLS * on_the_wire)
        print(f"{self.gateway_name}: {figures}")
        again = self.run_to_end("launch", self.campaign, "--yes", expect={0, 3})
        self.assertIn("0 sent", again.out + again.err)
        self.judge()

    def test_preview_plan_and_doctor_know_the_webhook(self):
        self.set_up((), honours=True, devices=10)
        shown = self.run_to_end("preview", self.campaign, "--appid", "d-000003").out
        self.assertIn(f"POST {self.gateway.scheme}://127.0.0.1:{self.gateway.port}{PATH}", shown)
        self.assertIn("idempotency-key: sale:d-000003", shown)
        self.assertIn('"channel":"sales"', shown)
        self.assertNotIn(SECRET, shown)
        self.run_to_end("plan", self.campaign, "--with-gateways")
        self.run_to_end("store", "init")
        self.assertIn("no request was made", self.run_to_end("doctor").out)
        self.assertEqual(self.gateway.ledger_lines(), 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--gateway", choices=sorted(GATEWAYS), default="mock1")
    options, rest = parser.parse_known_args()
    WebhookTest.gateway_name = options.gateway
    if options.gateway.startswith("peer"):
        try:
            subprocess.run(["node", "--version"], check=True, stdout=subprocess.DEVNULL)
        except OSError:
            print("skipped: there is no node on this machine")
            sys.exit(77)
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
