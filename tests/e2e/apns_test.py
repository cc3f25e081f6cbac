#!/usr/bin/env python3
"""APNs beyond an alert with a provider token: certificates, push types, several apps at once."""
import collections
import json
import subprocess
import time
import unittest

from harness import TOPIC, Lab, MockGateway, SqliteStore, token_of, wait_until
from judge import judge_campaign, read_ledger

OTHER_TOPIC = "com.example.other"


def openssl(lab, *arguments):
    subprocess.run(["openssl", *arguments], check=True, cwd=lab.folder, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_client(lab, name, authority="ca", days="30"):
    """A client certificate of an authority: NAME.pem and NAME.key."""
    curve = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    openssl(lab, "genpkey", *curve, "-out", f"{name}.key")
    openssl(lab, "req", "-new", "-key", f"{name}.key", "-subj", "/CN=Apple Push Services",
            "-out", f"{name}.csr")
    openssl(lab, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey",
            f"{authority}.key", "-days", days, "-CAcreateserial", "-out", f"{name}.pem")


class TwoApps(MockGateway):
    """APNs for two apps: one with a provider token, the other with a certificate."""

    def __init__(self, lab):
        self.certificate = "client"
        self.certificate_key = "client"
        super().__init__(lab, more=("--apns-topic", OTHER_TOPIC, "--apns-client-ca",
                                    lab.path("ca.pem")))

    def server_lines(self, lab):
        keys = {"type": "apns", "cert_file": lab.path(f"{self.certificate}.pem"),
                "cert_key_file": lab.path(f"{self.certificate_key}.key"), "topic": OTHER_TOPIC,
                "endpoint": f"https://127.0.0.1:{self.port}", "ca_file": lab.path("ca.pem"),
                **self.keys}
        return super().server_lines(lab) + "  other:\n" + "".join(
            f"    {key}: {value}\n" for key, value in keys.items())


class ApnsTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("apns"))
        self.store = SqliteStore(self.lab)
        self.gateway = TwoApps(self.lab)
        make_client(self.lab, "client")
        self.config = self.lab.server_file(self.store, self.gateway)
        self.lab.run("store", "init", config=self.config)
        self.devices = {f"d-{n:04d}": token_of(f"d-{n:04d}") for n in range(200)}
        self.lab.write("audience.csv", "appid,token,platform,first_name\n" + "".join(
            f"{appid},{token},{'ios' if int(appid[2:]) % 2 else 'pad'},Name\n"
            for appid, token in self.devices.items()))

    def campaign(self, block="", gateway="{ios: apns, pad: other}", texts="{title: Hello}"):
        self.lab.write("templates/t.yaml",
                       f"default: en\nlocales: {{en: {texts}}}\n" + (block and f"apns: {block}\n"))
        return self.lab.write("sale.yaml", (
            f"campaign: sale\naudience: {{file: audience.csv}}\ngateway: {gateway}\n"
            "message: {template: templates/t.yaml}\n"))

    def run_to_end(self, *arguments, **options):
        return self.lab.run(*arguments, config=self.config, **options)

    def test_two_apps_in_one_campaign_each_by_its_own_credentials(self):
        self.run_to_end("launch", self.campaign(), "--yes")
        verdict = judge_campaign(self.store, self.gateway, self.devices, "sale",
                                 self.lab.report("sale", self.config))
        self.assertEqual(verdict.violations, [])
        ledger = read_ledger(self.gateway.ledger_path)
        topics = collections.Counter(line["topic"] for line in ledger)
        self.assertEqual(topics, {TOPIC: 100, OTHER_TOPIC: 100})

    def test_a_push_type_sets_topic_and_limit(self):
        file = self.campaign('{push_type: voip, call: "' + "x" * 4800 + '"}', texts="{}")
        planned = json.loads(self.run_to_end("--json", "plan", file).out)
        self.assertEqual({g["payload_bytes_max"] for g in planned["gateways"]}, {5120})
        self.run_to_end("launch", file, "--yes")
        lines = read_ledger(self.gateway.ledger_path)
        self.assertEqual({line["topic"] for line in lines},
                         {TOPIC + ".voip", OTHER_TOPIC + ".voip"})
        self.assertEqual({line["push_type"] for line in lines}, {"voip"})

    def test_plan_tells_what_does_not_go_together(self):
        for block, texts, words in (
                ("{push_type: background}", "{title: Hello}", "push_type background needs"),
                ("{push_type: background, priority: 10, aps: {content-available: 1}}", "{}",
                 "priority 5"),
                ("{push_type: loud}", "{title: Hello}", "alert, background, location"),
                ("{push_type: liveactivity}", "{title: Hello}", "aps.event")):
            told = self.run_to_end("plan", self.campaign(block, texts=texts), expect=2)
            self.assertIn(words, told.out + told.err)
        self.assertEqual(self.gateway.ledger_lines(), 0)

    def refusals(self):
        """What doctor and plan say, which both refuse."""
        self.config = self.lab.server_file(self.store, self.gateway)
        for arguments in (("doctor",), ("plan", self.campaign(), "--with-gateways")):
            done = self.run_to_end(*arguments, expect=2)
            yield done.out + done.err

    def test_a_certificate_of_no_use_is_one_clear_sentence(self):
        self.run_to_end("plan", self.campaign(), "--with-gateways")
        make_client(self.lab, "another")
        self.gateway.certificate_key = "another"
        for told in self.refusals():
            self.assertIn("does not belong to the certificate", told)
        make_client(self.lab, "old", days="0")  # ends with the second in which it was made
        made_at = time.time()
        wait_until(lambda: time.time() > made_at + 1, "the certificate ends")
        self.gateway.certificate = self.gateway.certificate_key = "old"
        for told in self.refusals():
            self.assertIn("this certificate has expired", told)
        openssl(self.lab, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "self.key",
                "-out", "self.pem", "-days", "30", "-subj", "/CN=Nobody")
        self.gateway.certificate = self.gateway.certificate_key = "self"
        for told in self.refusals():
            self.assertIn("the gateway refuses our certificate", told)


if __name__ == "__main__":
    unittest.main(verbosity=2)
