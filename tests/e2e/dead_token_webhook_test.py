#!/usr/bin/env python3
"""Whoever keeps the device tokens is told which are dead, and can never hold a campaign up."""
import collections
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time
import unittest

from harness import Fault, Lab, MockGateway, SqliteStore, free_port, wait_until

DEVICES = 1500
DEAD_PERCENT = 40
BATCH_MAX = 500
SECRET = "a secret of the test"
PATH = "/dead?from=pushonce"
CLOCK_OFF_MAX = 300

Told = collections.namedtuple("Told", "path headers body status")


class TokenKeeper:
    """A service of the test's own that takes notices; `answer(number)` is the status of the
    request of this number, or None: it is left without an answer."""

    def __init__(self, lab, is_tls=True, answer=lambda number: 204):
        self.told = []
        self.ended = threading.Event()
        keeper = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with keeper.lock:
                    status = answer(len(keeper.told))
                    keeper.told.append(Told(self.path, dict(self.headers), body, status))
                if status is None:
                    keeper.ended.wait()
                    self.close_connection = True
                    return
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a killed client
        self.port = self.server.server_address[1]
        self.scheme = "https" if is_tls else "http"
        if is_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(lab.path("server.pem"), lab.path("server.key"))
            # The handshake belongs to the request's thread, not to the one that accepts.
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}{PATH}"

    def taken(self):
        """The documents that were answered well."""
        with self.lock:
            return [json.loads(told.body) for told in self.told if told.status == 204]

    def stop(self):
        self.ended.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class DeadTokenWebhookTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("dead-webhook"))
        self.store = SqliteStore(self.lab)
        self.gateway = MockGateway(self.lab, faults=(Fault("unregistered"),) * DEAD_PERCENT)
        self.tokens = self.lab.audience_file(DEVICES, faults=self.gateway.faults)
        self.dead = sorted(a for a in self.tokens if self.gateway.fault_of(a))

    def keeper(self, **options):
        keeper = TokenKeeper(self.lab, **options)
        self.addCleanup(keeper.stop)
        return keeper

    def configure(self, url, **keys):
        keys = {"url": f'"{url}"', "secret": '"${env:KEEPER_SECRET}"',
                "ca_file": self.lab.path("ca.pem"), **keys}
        self.config = self.lab.server_file(self.store, self.gateway)
        self.config.write_text(
            self.config.read_text() + "dead_tokens:\n  webhook:\n" +
            "".join(f"    {key}: {value}\n" for key, value in keys.items() if value))
        self.command("store", "init")

    def command(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, env={"KEEPER_SECRET": SECRET},
                            **options)

    def launch(self, name="sale", **options):
        return self.command("--json", "launch", self.lab.campaign_file(name), "--yes",
                            "--despite-similar", **options)

    def listed(self, name="sale"):
        out = self.command("report", name, "--dead-tokens").out
        return {line["appid"]: line for line in map(json.loads, out.splitlines())}

    def assert_well_made(self, told):
        """A request as the README promises it."""
        self.assertEqual(told.path, PATH)
        self.assertEqual(told.headers["Content-Type"], "application/json")
        fields = dict(field.split("=") for field in told.headers["pushonce-signature"].split(","))
        right = hmac.new(SECRET.encode(), fields["t"].encode() + b"." + told.body, hashlib.sha256)
        self.assertEqual(fields["v1"], right.hexdigest())
        self.assertLess(abs(int(fields["t"]) - time.time()), CLOCK_OFF_MAX)
        document = json.loads(told.body)
        self.assertEqual(list(document), ["campaign", "gateway", "dead"])
        self.assertEqual((document["campaign"], document["gateway"]), ("sale", "apns"))
        self.assertLessEqual(len(document["dead"]), BATCH_MAX)
        for device in document["dead"]:
            self.assertEqual(list(device), ["appid", "token", "reason", "at"])
            self.assertEqual(device["token"], self.tokens[device["appid"]])
            self.assertEqual(device["reason"], "unregistered")

    def assert_not_told(self, done, because):
        """The campaign is as it would be without, and the end says what is missing."""
        view = json.loads(done.out)
        self.assertEqual(view["counts"]["delivered"], DEVICES - len(self.dead))
        self.assertEqual(view["counts"]["rejected"], len(self.dead))
        self.assertEqual(view["dead_tokens"], {"told": 0, "untold": len(self.dead)})
        sentence = next(line for line in done.err.splitlines() if "could not be told" in line)
        self.assertIn(f"{len(self.dead)} dead device tokens", sentence)
        self.assertIn(because, sentence)
        self.assertIn("`pushonce report sale --dead-tokens`", sentence)
        self.assertNotIn(SECRET, done.out + done.err)
        self.assertEqual(sorted(self.listed()), self.dead)

    def test_each_dead_token_is_told_once(self):
        keeper = self.keeper()
        self.configure(keeper.url)
        done = self.launch()
        self.assertEqual(json.loads(done.out)["dead_tokens"],
                         {"told": len(self.dead), "untold": 0})
        self.assertNotIn("could not be told", done.err)
        for told in keeper.told:
            self.assert_well_made(told)
        devices = [device for document in keeper.taken() for device in document["dead"]]
        self.assertEqual(sorted(device["appid"] for device in devices), self.dead)
        keys = [told.headers["Idempotency-Key"] for told in keeper.told]
        self.assertEqual(len(keys), len(set(keys)))
        listed = self.listed()
        for device in devices:
            at = listed[device["appid"]]["timestamp"]
            seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000))
            self.assertEqual(device["at"], f"{seconds}.{at % 1000:03d}Z")
        # What is known to be dead is not learnt again.
        self.assertEqual(json.loads(self.launch("next").out)["dead_tokens"],
                         {"told": 0, "untold": 0})
        self.assertEqual(len(keeper.told), len(keys))

    def test_a_repeated_notice_is_the_same(self):
        keeper = self.keeper(is_tls=False, answer=lambda number: 503 if number < 2 else 204)
        self.configure(keeper.url)
        done = self.launch()
        self.assertEqual(json.loads(done.out)["dead_tokens"],
                         {"told": len(self.dead), "untold": 0})
        self.assertIn("dead_tokens.webhook: it answers 503", done.err)
        first = keeper.told[0]
        for again in keeper.told[1:3]:
            self.assertEqual(again.body, first.body)
            self.assertEqual(again.headers["Idempotency-Key"], first.headers["Idempotency-Key"])
        for told in keeper.told:
            self.assert_well_made(told)

    def test_nobody_there_changes_nothing_for_the_campaign(self):
        self.configure(f"http://127.0.0.1:{free_port()}/dead")
        self.assert_not_told(self.launch(), "no connection to it")

    def test_a_receiver_that_never_answers_changes_nothing_for_the_campaign(self):
        keeper = self.keeper(answer=lambda number: None)
        self.configure(keeper.url, timeout="1m")
        self.assert_not_told(self.launch(), "it did not answer in time")
        self.assertEqual(len(keeper.told), 1)

    def test_nothing_is_told_to_a_stranger(self):
        keeper = self.keeper()
        self.configure(keeper.url, ca_file=None)
        self.assert_not_told(self.launch(), "its certificate is not trusted: check ca_file")
        self.assertEqual(keeper.told, [])

    def test_a_refusal_is_not_repeated(self):
        keeper = self.keeper(answer=lambda number: 403)
        self.configure(keeper.url)
        self.assert_not_told(self.launch(), "it answers 403: check its secret")
        bodies = [told.body for told in keeper.told]
        self.assertEqual(len(bodies), len(set(bodies)))

    def test_a_kill_tells_nobody_wrong_and_the_report_lists_the_rest(self):
        keeper = self.keeper()
        self.configure(keeper.url)
        run = self.lab.pushonce("launch", self.lab.campaign_file("sale", rate="400/s"), "--yes",
                                config=self.config, env={"KEEPER_SECRET": SECRET})
        wait_until(lambda: keeper.taken(), "the first notice")
        self.assertTrue(run.running())
        run.kill9()
        before = len(keeper.told)
        self.command("restart", "sale", expect={0, 3})
        self.assertGreater(len(keeper.told), before)
        devices = [device["appid"] for document in keeper.taken() for device in document["dead"]]
        for told in keeper.told:
            self.assert_well_made(told)
        listed = self.listed()
        self.assertEqual(set(devices) - set(listed), set())
        # Those whose answer the kill lost are in doubt, and nobody knows that they are dead.
        report = self.command("report", "sale", "--format", "ndjson").out
        in_doubt = {line["appid"] for line in map(json.loads, report.splitlines())
                    if line["outcome"] == "in_doubt"}
        self.assertEqual(set(self.dead) - set(listed), in_doubt & set(self.dead))
        self.assertEqual(len(devices), len(set(devices)))

    def test_doctor_goes_there(self):
        keeper = self.keeper()
        self.configure(keeper.url)
        said = self.command("doctor").out
        self.assertIn("fine     dead_tokens.webhook: ", said)
        self.assertIn("no request was made", said)
        self.assertNotIn(SECRET, said)
        self.configure(f"https://127.0.0.1:{free_port()}/dead")
        self.assertIn("PROBLEM  dead_tokens.webhook: ", self.command("doctor", expect=5).out)
        self.configure(keeper.url, ca_file=self.lab.path("no.pem"))
        self.assertIn("dead_tokens.webhook.ca_file", self.command("doctor", expect=2).out)
        self.assertEqual(keeper.told, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
