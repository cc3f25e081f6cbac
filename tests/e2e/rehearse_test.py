#!/usr/bin/env python3
"""`pushonce rehearse`: the campaign against the mock gateway, killed at random, judged; and that it
cannot reach anything real, leaves nothing behind and needs no credentials.

The product's own judge is held against tests/e2e/judge.py on the ledger that a rehearsal kept.
"""
import collections
import json
import os
import pathlib
import signal
import unittest

from harness import BINARY, Lab, SqliteStore, token_of, wait_until
from judge import read_audience, read_ledger
from push_service import AUTH_BYTES, base64url, make_key

INVARIANTS = ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I11"]
FAULTS = """seed: 1
rules:
  - {fault: unregistered, share: 5%}
  - {fault: refuse, share: 5%, attempts: 1}
  - {fault: reset_after, share: 5%}
"""
# Nobody answers there, and nobody should ever be asked (RFC 5737).
BEYOND = "198.51.100.7"


def children_of(pid):
    """pid → command line of every process whose parent is `pid`."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text()
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(stat.rpartition(")")[2].split()[1]) == pid:
            found[int(folder.name)] = words
    return found


def is_gone(pid):
    return not pathlib.Path("/proc", str(pid)).exists()


class RehearseTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("rehearse"))
        self.temporary = self.lab.path("tmp", "x").parent
        self.env = {"TMPDIR": str(self.temporary)}

    # -- the scene --------------------------------------------------------------------------

    def init(self):
        """The sample campaign; its key is taken away: no rehearsal needs it."""
        self.lab.run("init", self.lab.folder / "demo")
        (self.lab.folder / "demo" / "config" / "AuthKey.p8").unlink()
        self.config = self.lab.folder / "demo" / "config" / "pushonce.yaml"
        return self.lab.folder / "demo" / "config" / "hello.yaml"

    def real_server(self, more="", store="sqlite:real.db"):
        """A server file that leads to Apple, with credentials that are nowhere."""
        self.config = self.lab.write("server.yaml", f"""
store: {{url: "{store}", password: "${{env:NO_SUCH_PASSWORD}}"}}
journal: {{dir: real-journal}}
gateways:
  apns:
    type: apns
    key_file: no-such-key.p8
    key_id: "${{env:NO_SUCH_KEY_ID}}"
    team_id: "${{file:no-such-file}}"
    topic: com.example.app
    environment: production
{more}""")

    def big_campaign(self, devices, **delivery):
        self.lab.audience_file(devices)
        return self.lab.campaign_file("sale", **delivery)

    def rehearse(self, campaign, *arguments, expect=0):
        done = self.lab.run("--json", "rehearse", campaign, *arguments, config=self.config,
                            env=self.env, expect=expect)
        self.err = done.err
        return json.loads(done.out)

    def check_nothing_is_left(self):
        self.assertEqual(os.listdir(self.temporary), [])
        for name in ("real.db", "real-journal"):
            self.assertFalse((self.lab.folder / name).exists(), name)

    # -- what it answers --------------------------------------------------------------------

    def test_the_sample_campaign_survives_five_kills(self):
        found = self.rehearse(self.init(), "--kill", "5", "--seed", "7")
        self.assertEqual([i["id"] for i in found["invariants"]], INVARIANTS)
        self.assertTrue(found["holds"], found)
        self.assertEqual((found["devices"], len(found["kills"])), (20, 5))
        self.assertEqual(found["counts"]["delivered"] + found["counts"]["in_doubt"], 20)
        self.assertLessEqual(found["in_doubt"]["by_kills"], 5 * found["in_doubt"]["wire_max"])
        self.assertEqual(found["in_doubt"]["by_answers"], 0)
        self.assertEqual(found["gateways"][0]["payload_bytes_max"], 4096)
        self.assertGreater(found["gateways"][0]["payload_bytes"], 50)
        self.assertEqual(found["eta_ms"], 1000)  # 20 devices at 5000/s
        self.assertGreater(found["peak_memory_bytes"], 1 << 20)
        self.check_nothing_is_left()
        self.assertFalse((self.lab.folder / "demo" / "var" / "pushonce.db").exists())

    def test_a_seed_draws_the_same_kills_again(self):
        campaign = self.init()
        first, again, other = (self.rehearse(campaign, "--kill", "4", "--seed", seed)
                               for seed in ("11", "11", "12"))
        drawn = [[(kill["crash_at"], kill["progress"]) for kill in found["kills"]]
                 for found in (first, again, other)]
        self.assertEqual(drawn[0], drawn[1])
        self.assertNotEqual(drawn[0], drawn[2])

    def test_what_people_read_ends_with_the_verdict(self):
        campaign = self.init()
        # Some seeds kill a first time when all are answered, and so small a campaign is over then.
        done = self.lab.run("rehearse", campaign, "--kill", "2", "--seed", "7", config=self.config,
                            env=self.env)
        self.assertIn("rehearsal   hello: 20 devices over apns (production)", done.out)
        self.assertIn("kills       2 of 2, seed 7", done.out)
        self.assertIn("I1          holds: no device was accepted twice", done.out)
        self.assertEqual(done.out.splitlines()[-1], "verdict     every invariant holds")

    def test_a_large_campaign_tells_rate_and_eta(self):
        self.real_server()
        campaign = self.big_campaign(30_000, rate="10/s")
        found = self.rehearse(campaign, "--kill", "3")
        self.assertTrue(found["holds"], found)
        self.assertEqual(len(found["kills"]), 3)
        self.assertGreater(found["rate_per_second"], 10)
        self.assertEqual(found["rate_limit_per_second"], 10)
        self.assertEqual(found["eta_ms"], 3_000_000)  # at the campaign's own rate
        self.check_nothing_is_left()

    def test_the_ledger_it_kept_satisfies_the_other_judge(self):
        self.real_server()
        campaign = self.big_campaign(3000)
        folder = self.lab.folder / "kept"
        found = self.rehearse(campaign, "--kill", "4", "--keep", folder)
        self.assertEqual(found["kept"], str(folder))
        audience = read_audience(self.lab.folder / "audience.csv")
        accepted = collections.Counter(line["token"] for line in read_ledger(
            folder / "ledger.ndjson"))
        self.assertEqual(max(accepted.values()), 1)
        self.assertLessEqual(set(accepted), set(audience.values()))
        self.assertEqual(sum(accepted.values()), found["accepted"])
        delivered = {l["appid"] for l in self.lab.report("sale", folder / "pushonce.yaml")
                     if l["outcome"] == "delivered"}
        self.assertEqual(len(delivered), found["counts"]["delivered"])
        self.assertLessEqual({audience[a] for a in delivered}, set(accepted))

    def test_a_ledger_that_tells_of_a_second_time_is_a_violation(self):
        """The judge of the product, in the product: somebody writes a line of the ledger again."""
        self.real_server()
        folder = self.lab.folder / "kept"
        campaign = self.big_campaign(3)
        process = self.lab.start([BINARY, "--config", self.config, "--json", "rehearse", campaign,
                                  "--kill", "0", "--latency", "3s", "--keep", folder], "rehearse")
        ledger = folder / "ledger.ndjson"
        wait_until(lambda: ledger.exists() and ledger.stat().st_size > 0, "a line in the ledger")
        line = ledger.read_text(encoding="utf-8").splitlines()[0]
        with open(ledger, "a", encoding="utf-8") as file:
            file.write(line + "\n")
        self.assertEqual(process.wait(), 1)
        found = json.loads(process.out)
        broken = [i for i in found["invariants"] if not i["holds"]]
        self.assertEqual([(i["id"], i["violations"]) for i in broken], [("I1", 1)])
        self.assertIn("was accepted 2 times", broken[0]["examples"][0])

    def test_faults_are_rehearsed_and_need_a_look(self):
        self.real_server()
        campaign = self.big_campaign(2000)
        found = self.rehearse(campaign, "--kill", "2", "--faults",
                              self.lab.write("faults.yaml", FAULTS), expect=3)
        self.assertTrue(found["holds"], found)
        self.assertGreater(found["counts"]["rejected"], 20)
        self.assertGreater(found["in_doubt"]["by_answers"], 20)
        self.assertEqual(found["exit_code"], 3)

    def test_faults_that_are_none_are_told(self):
        campaign = self.init()
        done = self.lab.run("rehearse", campaign, "--faults",
                            self.lab.write("faults.yaml", "rules: [{fault: nonsense}]\n"),
                            config=self.config, env=self.env, expect=2)
        self.assertIn("nonsense", done.err)
        self.check_nothing_is_left()

    def test_fcm_needs_no_service_account(self):
        self.config = self.lab.write("server.yaml", """
store: {url: "sqlite:real.db"}
gateways: {fcm: {type: fcm, service_account: no-such-account.json, ca_file: no-such-ca.pem}}
""")
        self.lab.template_file()
        self.lab.audience_file(200, token_end=":APA91b" + "x" * 80)
        found = self.rehearse(self.lab.campaign_file("sale", gateway="fcm"), "--kill", "1")
        self.assertTrue(found["holds"], found)
        self.assertEqual(found["devices"], 200)
        self.assertIn("schedule.send_window", " ".join(found["notes"]))
        self.check_nothing_is_left()

    def test_browsers_are_rehearsed_beside_phones_and_keep_their_keys(self):
        self.real_server("""  web:
    type: webpush
    vapid_key_file: no-such-vapid.pem
    subject: "mailto:ops@example.com"
""")
        p256dh = make_key(self.lab.folder, "browser.pem")
        auth = base64url(os.urandom(AUTH_BYTES))
        rows, names = [], {}
        for number in range(600):
            appid, token = f"d-{number:06d}", token_of(f"d-{number:06d}")
            service = ("push.example.net/push/", "push.example.org/fcm/send/")[number % 2]
            if number % 3 == 0:
                rows.append(f"{appid},{token},,,,ios,en,Name\n")
                names[appid] = token
            else:
                rows.append(f"{appid},,https://{service}{token},{p256dh},{auth},browser,en,Name\n")
                names[appid] = token if number % 2 == 0 else f"fcm/send/{token}"
        self.lab.write("audience.csv", "appid,token,endpoint,p256dh,auth,platform,locale,first_name"
                       "\n" + "".join(rows))
        self.lab.template_file()
        campaign = self.lab.campaign_file("sale", gateway="{ios: apns, browser: web}")
        folder = self.lab.folder / "kept"
        found = self.rehearse(campaign, "--kill", "2", "--keep", folder)
        self.assertTrue(found["holds"], found)
        self.assertEqual((found["devices"], len(found["kills"])), (600, 2))
        self.assertEqual(found["counts"]["delivered"] + found["counts"]["in_doubt"], 600)
        ledger = list(read_ledger(folder / "ledger.ndjson"))
        self.assertLessEqual({line["token"] for line in ledger}, set(names.values()))
        # Each was for the service of its endpoint, as its authority and its VAPID token say.
        self.assertLessEqual({"push.example.net", "push.example.org"},
                             {line["topic"] for line in ledger})
        self.assertNotIn("no-such", (folder / "pushonce.yaml").read_text(encoding="utf-8"))

    def test_a_loopback_gateway_is_judged_by_its_own_ledger(self):
        self.config = self.lab.write("server.yaml", """
store: {url: "mysql://nobody@db.example.com/pushonce", password: "${env:NO_SUCH_PASSWORD}"}
gateways: {apns: {type: loopback}}
""")
        found = self.rehearse(self.big_campaign(2000), "--kill", "2", "--seed", "3")
        self.assertTrue(found["holds"], found)
        self.assertEqual(found["accepted"] >= found["counts"]["delivered"] > 0, True)
        self.check_nothing_is_left()

    # -- what it reads, and never writes ----------------------------------------------------

    def test_another_campaigns_outcomes_are_read_from_the_real_store(self):
        self.config = self.lab.write("server.yaml", """
store: {url: "sqlite:real.db"}
gateways: {apns: {type: loopback}}
""")
        first = self.big_campaign(300)
        self.lab.run("launch", first, "--yes", config=self.config)
        second = self.lab.write("second.yaml", """
campaign: second
audience: {campaign: sale, outcomes: [delivered]}
gateway: apns
message: {template: templates/promo.yaml, data: {discount: 20}}
""")
        found = self.rehearse(second, "--kill", "1")
        self.assertEqual((found["devices"], found["holds"]), (300, True))
        told = [json.loads(line)["campaign"] for line in self.lab.run(
            "--json", "status", config=self.config).out.splitlines()]
        self.assertEqual(told, ["sale"])

    def test_a_real_store_that_is_missing_stays_missing(self):
        self.config = self.lab.write("server.yaml", """
store: {url: "sqlite:real.db"}
gateways: {apns: {type: loopback}}
""")
        self.lab.template_file()
        campaign = self.lab.write("second.yaml", """
campaign: second
audience: {campaign: sale}
gateway: apns
message: {template: templates/promo.yaml, data: {discount: 20}}
""")
        self.lab.run("rehearse", campaign, config=self.config, env=self.env, expect={2, 5})
        self.check_nothing_is_left()

    def test_standard_input_is_refused(self):
        self.real_server()
        self.lab.template_file()
        campaign = self.lab.write("sale.yaml", """
campaign: sale
audience: {file: "-"}
gateway: apns
message: {template: templates/promo.yaml, data: {discount: 20}}
""")
        done = self.lab.run("rehearse", campaign, config=self.config, env=self.env, expect=2)
        self.assertIn("standard input", done.err)
        self.check_nothing_is_left()

    def test_what_a_launch_would_refuse_is_refused(self):
        self.real_server()
        self.lab.template_file()
        self.lab.audience_file(3)
        text = self.lab.campaign_file("sale").read_text(encoding="utf-8")
        campaign = self.lab.write("sale.yaml", text.replace(
            "discount: 20", "discount: " + "x" * 5000))
        done = self.lab.run("rehearse", campaign, config=self.config, env=self.env, expect=2)
        self.assertIn("larger than the 4096 bytes", done.err)
        self.check_nothing_is_left()

    # -- what it cannot reach ---------------------------------------------------------------

    def test_the_generated_server_file_leads_to_this_machine_only(self):
        self.real_server()
        folder = self.lab.folder / "kept"
        self.rehearse(self.big_campaign(50), "--kill", "0", "--keep", folder)
        text = (folder / "pushonce.yaml").read_text(encoding="utf-8")
        endpoints = [l.strip() for l in text.splitlines() if "endpoint" in l]
        self.assertEqual(len(endpoints), 1)
        self.assertIn('"https://127.0.0.1:', endpoints[0])
        for word in ("apple", "no-such", "real.db", "NO_SUCH"):
            self.assertNotIn(word, text)

    def test_a_confined_process_that_is_told_to_go_elsewhere_refuses(self):
        """The second wall, without the others: a server file that leads beyond this machine, given
        to a process that has the variable which every child of a rehearsal has."""
        store = SqliteStore(self.lab)
        self.lab.audience_file(3)
        campaign = self.lab.campaign_file("sale")
        self.lab.run("init", self.lab.folder / "demo")
        key = self.lab.folder / "demo" / "config" / "AuthKey.p8"
        config = self.lab.write("server.yaml", f"""
store: {{url: "{store.url}"}}
gateways:
  apns: {{type: apns, key_file: {key}, key_id: ABC123DEFG, team_id: DEF123GHIJ,
          topic: com.example.app, endpoint: "https://{BEYOND}:443", patience: 0s}}
""")
        done = self.lab.run("launch", campaign, "--yes", config=config, expect=5,
                            env={"PUSHONCE_LOOPBACK_ONLY": "1"})
        self.assertIn("this process may reach nothing beyond this machine", done.err)

    def test_the_processes_live_in_a_network_without_an_outside(self):
        process = self.start_long()
        children = self.wait_for_children(process)
        ours = os.readlink("/proc/self/ns/net")
        networks = {os.readlink(f"/proc/{pid}/ns/net") for pid in children}
        for pid in children:
            environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            self.assertIn(b"PUSHONCE_LOOPBACK_ONLY=1", environment)
        process.signal(signal.SIGINT)
        self.assertEqual(process.wait(), 5)
        if ours in networks:
            print("note: this kernel gives no network of its own; the confinement alone was tested")
            return
        self.assertEqual(len(networks), 1, "gateway and dispatcher meet in one network")

    # -- how it ends ------------------------------------------------------------------------

    def start_long(self):
        """A rehearsal that takes long: an answer comes after half a minute."""
        self.real_server()
        return self.lab.start([BINARY, "--config", self.config, "rehearse", self.big_campaign(200),
                               "--kill", "1", "--latency", "20s"], "rehearse", self.env)

    def wait_for_children(self, process):
        def both():
            if not process.running():
                raise AssertionError("the rehearsal ended\n" + process.tail())
            children = children_of(process.pid)
            words = [word for line in children.values() for word in line]
            return children if "mock-gateway" in words and "restart" in words else None
        return wait_until(both, "mock gateway and dispatcher run")

    def test_no_signal_that_ends_it_leaves_a_child_or_a_folder(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name):
                process = self.start_long()
                children = self.wait_for_children(process)
                self.assertEqual(len(os.listdir(self.temporary)), 1)
                process.signal(number)
                if number == signal.SIGHUP:
                    process.signal(number)  # a shell and the kernel both tell it
                self.assertEqual(process.wait(), 5)
                self.assertIn("interrupted", process.err)
                for pid in children:
                    self.assertTrue(is_gone(pid))
                self.check_nothing_is_left()

    def test_no_child_outlives_a_rehearsal_that_is_killed(self):
        process = self.start_long()
        children = self.wait_for_children(process)
        process.kill9()
        for pid in children:
            wait_until(lambda pid=pid: is_gone(pid), f"child {pid} dies with its parent")

    def test_a_mock_gateway_that_dies_ends_the_rehearsal(self):
        process = self.start_long()
        children = self.wait_for_children(process)
        mock = next(pid for pid, words in children.items() if "mock-gateway" in words)
        os.kill(mock, signal.SIGKILL)
        self.assertEqual(process.wait(), 5)
        self.assertIn("the mock gateway ended", process.err)
        self.check_nothing_is_left()

    def test_a_folder_to_keep_must_be_empty(self):
        campaign = self.init()
        done = self.lab.run("rehearse", campaign, "--keep", self.lab.folder, config=self.config,
                            expect=2)
        self.assertIn("is not empty", done.err)


if __name__ == "__main__":
    unittest.main()
