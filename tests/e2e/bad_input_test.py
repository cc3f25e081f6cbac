#!/usr/bin/env python3
"""What people write wrong: told with its place, with nothing sealed and nothing sent."""
import base64
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import unittest

from harness import (Lab, MockGateway, PeerGateway, SqliteStore, free_port, make_service_account,
                     token_of)

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


class QuietHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass


EXIT_USAGE, EXIT_UNAVAILABLE = 2, 5
HOOK_SECRET = "a-secret-of-the-hook"
# What each gateway's entry is when all is well; {port} is filled in.
ENTRIES = {
    "apns": {"type": "apns", "key_file": "AuthKey.p8", "key_id": "ABC123DEFG",
             "team_id": "DEF123GHIJ", "topic": "com.example.app",
             "endpoint": "https://127.0.0.1:{port}", "ca_file": "ca.pem"},
    "fcm": {"type": "fcm", "service_account": "account.json",
            "endpoint": "https://127.0.0.1:{port}", "ca_file": "ca.pem"},
    "web": {"type": "webpush", "vapid_key_file": "AuthKey.p8",
            "subject": '"mailto:ops@example.com"', "ca_file": "ca.pem"},
    "hook": {"type": "webhook", "url": '"https://127.0.0.1:{port}/hook"',
             "secret": HOOK_SECRET, "ca_file": "ca.pem"},
}


class CredentialsTest(unittest.TestCase):
    """What `doctor` and `plan --with-gateways` say of gateways and their credentials: one clear
    sentence, at its place, before anything is sent; and no more than was really tried."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab("credentials"))
        cls.store = SqliteStore(cls.lab)
        account = cls.lab.path("account.json")
        cls.gateway = MockGateway(cls.lab, more=("--fcm-service-account", account,
                                                 "--webhook-secret", HOOK_SECRET))
        cls.lab.write("apns.csv", "appid,token\na," + token_of("a") + "\n")
        cls.lab.write("fcm.csv", "appid,token\na," + "x" * 40 + "\n")
        cls.lab.write("hook.csv", "appid\na\n")
        key = subprocess.run(["openssl", "pkey", "-in", cls.lab.path("AuthKey.p8"), "-pubout",
                              "-outform", "DER"], check=True, capture_output=True).stdout[-65:]
        point = base64.urlsafe_b64encode(key).decode().rstrip("=")
        cls.lab.write("web.csv", "appid,endpoint,p256dh,auth\n"
                      f"a,https://push.example.net/x,{point},AAAAAAAAAAAAAAAAAAAAAA\n")
        cls.lab.template_file()
        cls.lab.run("store", "init", config=cls.config("apns"))

    @classmethod
    def config(cls, name, **changes):
        """A server file with one gateway; a change to None takes a key away."""
        entry = {**ENTRIES[name], **changes}
        lines = "".join(f"    {key}: {value}\n" for key, value in entry.items()
                        if value is not None)
        lines = lines.replace("{port}", str(cls.gateway.port))
        return cls.lab.write("server.yaml", (
            f"store: {{url: {cls.store.url}}}\njournal: {{dir: {cls.lab.path('journal')}}}\n"
            f"gateways:\n  {name}:\n{lines}"))

    def campaign(self, name):
        template = self.lab.path("templates", "promo.yaml")
        return self.lab.write("sale.yaml", (
            f"campaign: sale\naudience: {{file: {name}.csv}}\ngateway: {name}\n"
            f"message: {{template: {template}, data: {{discount: 20, first_name: Al}}}}\n"))

    def doctor(self, config, expect):
        return self.doctor_of(self.lab, config, expect)

    @staticmethod
    def doctor_of(lab, config, expect):
        done = lab.run("--json", "doctor", config=config, expect=expect)
        if not done.out.startswith('{"level"'):
            return done.err
        found = [json.loads(line) for line in done.out.splitlines()]
        return next(f["text"] for f in found if f["subject"].startswith("gateway"))

    def place(self, config, key):
        lines = config.read_text().splitlines()
        line = next(n for n, text in enumerate(lines, 1) if text.strip().startswith(key + ":"))
        return f"server.yaml:{line}:{lines[line - 1].index(': ') + 3}: gateways."

    def assert_told(self, name, words, key=None, expect=EXIT_USAGE, **changes):
        """doctor and plan --with-gateways say these words, at the place of this key."""
        config = self.config(name, **changes)
        planned = self.lab.run("plan", self.campaign(name), "--with-gateways", config=config,
                               expect=expect)
        for told in (self.doctor(config, expect), planned.out + planned.err):
            self.assertIn(words, told)
            if key:
                self.assertIn(self.place(config, key), told)
            self.assertNotIn("unexpected", told)
        self.assertEqual(self.gateway.ledger_lines(), 0)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=self.lab.folder,
                       capture_output=True)

    # -- what is said of a sound gateway ------------------------------------------------------

    def test_no_more_is_said_than_was_tried(self):
        said = {name: self.doctor(self.config(name), 0) for name in ENTRIES if name != "fcm"}
        self.assertIn("it takes the credentials", said["apns"])
        self.assertIn("topic and environment show with a real device only", said["apns"])
        self.assertIn("no push service was connected to", said["web"])
        self.assertIn("the VAPID key was not tried", said["web"])
        self.assertIn("no request was made: the path /hook was not tried, nor was the secret",
                      said["hook"])
        web = self.config("web", endpoint="https://127.0.0.1:{port}")
        self.assertIn("connected to 127.0.0.1", self.doctor(web, 0))
        planned = self.lab.run("--json", "plan", self.campaign("apns"), "--with-gateways",
                               config=self.config("apns"))
        self.assertIn("it takes the credentials", json.loads(planned.out)["tried"][0])
        self.assertEqual(self.gateway.ledger_lines(), 0)

    def test_an_independent_apns_says_the_same(self):
        if shutil.which("node") is None:
            self.skipTest("there is no node on this machine")
        with Lab("credentials-peer") as lab:
            gateway = PeerGateway(lab)
            config = lab.server_file(SqliteStore(lab), gateway)
            self.assertIn("it takes the credentials (asked for no device, it answers 400 Bad",
                          self.doctor_of(lab, config, 0))
            config.write_text(config.read_text().replace("DEF123GHIJ", "ZZZ123GHIJ"))
            self.assertIn("403 InvalidProviderToken", self.doctor_of(lab, config, EXIT_USAGE))
            self.assertEqual(gateway.ledger_lines(), 0)

    def test_fcm_is_asked_with_the_account_and_says_so(self):
        self.assertIn("it takes the credentials", self.doctor(self.config("fcm"), 0))

    # -- files --------------------------------------------------------------------------------

    FILES = (("apns", "key_file"), ("fcm", "service_account"), ("web", "vapid_key_file"),
             ("apns", "ca_file"), ("hook", "ca_file"))

    def test_a_file_that_is_not_there_is_told_at_its_key(self):
        for name, key in self.FILES:
            with self.subTest(name, key=key):
                self.assert_told(name, "missing.pem: no such file", key, **{key: "missing.pem"})

    def test_a_pipe_is_no_file_and_nobody_waits_for_it(self):
        os.mkfifo(self.lab.path("pipe"))
        for name, key in self.FILES:
            with self.subTest(name, key=key):
                self.assert_told(name, "is no regular file", key, **{key: "pipe"})
        told = self.lab.run("doctor", config=self.lab.path("pipe"), expect=EXIT_USAGE).err
        self.assertIn("is no regular file", told)

    def test_a_file_of_another_kind_is_told_at_its_key(self):
        self.lab.write("text.pem", "no key\n")
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384",
                     "-out", "p384.pem")
        for name, key, file, words in (
                ("apns", "key_file", "text.pem", "holds no private key"),
                ("apns", "key_file", "p384.pem", "it must be an EC key on P-256"),
                ("web", "vapid_key_file", "text.pem", "holds no private key"),
                ("web", "vapid_key_file", "p384.pem", "it must be an EC key on P-256"),
                ("fcm", "service_account", "text.pem", "holds no JSON object"),
                ("hook", "ca_file", "text.pem", "holds no readable PEM certificate")):
            with self.subTest(name, file=file):
                self.assert_told(name, words, key, **{key: file})

    def test_a_certificate_of_no_use_is_told_at_its_key(self):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "client.key",
                     "-out", "client.pem", "-days", "30", "-subj", "/CN=Push")
        self.openssl("req", "-new", "-key", "client.key", "-subj", "/CN=Push", "-out", "old.csr")
        self.openssl("x509", "-req", "-in", "old.csr", "-signkey", "client.key", "-days", "-1",
                     "-out", "old.pem")
        keys = {"key_file": None, "key_id": None, "team_id": None, "cert_file": "client.pem",
                "cert_key_file": "client.key"}
        self.assert_told("apns", "this certificate has expired", "cert_file",
                         **{**keys, "cert_file": "old.pem"})
        self.assert_told("apns", "does not belong to the certificate", "cert_key_file",
                         **{**keys, "cert_key_file": "AuthKey.p8"})
        self.assert_told("apns", "no such file", "cert_key_file",
                         **{**keys, "cert_key_file": "none.key"})

    # -- keys ---------------------------------------------------------------------------------

    def test_a_bad_value_is_told_at_its_key(self):
        for name, key, value, words in (
                ("apns", "key_id", "ABC", "gateways.apns.key_id: must be the 10 letters"),
                ("web", "subject", "ops", "gateways.web.subject: must be mailto:"),
                ("web", "subject", '"mailto:me@localhost"', "must not be at localhost"),
                ("hook", "url", '"https://x/%zz"', "gateways.hook.url: must be https://"),
                ("hook", "url", f'"https://{"x" * 300}/"', "gateways.hook.url: must be https://"),
                ("hook", "url", '"ftp://x/"', "gateways.hook.url: must be https://"),
                ("hook", "secret", '""', "gateways.hook.secret: is empty"),
                ("apns", "endpoint", f'"https://{"x" * 300}"', "the form is https://host:port")):
            with self.subTest(name, key=key, value=value):
                self.assert_told(name, words, key, **{key: value})

    def test_a_variable_that_is_not_set_is_told_once(self):
        for name, key in (("hook", "url"), ("hook", "secret"), ("web", "subject")):
            config = self.config(name, **{key: '"${env:PUSHONCE_TEST_UNSET}"'})
            told = self.lab.run("doctor", config=config, expect=EXIT_USAGE).err
            self.assertEqual(told.count("server.yaml:"), 1, told)

    def test_a_token_uri_that_would_give_the_assertion_away(self):
        for uri in ("http://example.com/token", "ftp://127.0.0.1/token", "https:///token",
                    "https://a b/token"):
            with self.subTest(uri):
                make_service_account(self.lab.path("odd.json"), uri)
                self.assert_told("fcm", "`token_uri` is no https URL", "service_account",
                                 service_account="odd.json")

    # -- what the gateway says ----------------------------------------------------------------

    def test_credentials_that_apns_does_not_take(self):
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-out", "other.p8")
        self.assert_told("apns", "403 InvalidProviderToken", key_file="other.p8")
        self.assert_told("apns", "403 InvalidProviderToken", team_id="ZZZ123GHIJ")

    def test_a_gateway_that_is_away_may_be_back_and_one_not_trusted_not(self):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "other-ca.key",
                     "-out", "other-ca.pem", "-days", "30", "-subj", "/CN=Nobody")
        nowhere = f"https://127.0.0.1:{free_port()}"
        for name in ("apns", "web"):
            self.assert_told(name, "cannot connect", expect=EXIT_UNAVAILABLE, endpoint=nowhere)
        self.assert_told("hook", "cannot connect", expect=EXIT_UNAVAILABLE, url=nowhere)
        self.assert_told("apns", "certificate is not trusted", ca_file="other-ca.pem")

    def test_a_webhook_with_the_wrong_scheme(self):
        self.assert_told("hook", "this port speaks TLS, but the address begins with http://",
                         "url", url='"http://127.0.0.1:{port}/hook"')
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), QuietHandler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            self.assert_told("hook", "speaks no TLS: is it http://",
                             url=f'"https://127.0.0.1:{server.server_port}/"')
            cleartext = self.config("hook", url=f'"http://127.0.0.1:{server.server_port}/"')
            self.assertIn("no request was made", self.doctor(cleartext, 0))
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


DATABASE_PASSWORD = "planted-in-the-store"
SOURCE_PASSWORD = "planted-in-the-source"
# What a request carries that proves who sends it.
AUTHORIZATION = re.compile(r"[Bb]earer (ey|ya29)|vapid t=ey|v1=[0-9a-f]{64}|assertion=ey")


class SecretsTest(unittest.TestCase):
    """No secret of the server file, nor of a file that it names, is ever printed, logged or kept,
    whatever goes wrong."""

    NAMES = ("apns", "fcm", "hook")

    def setUp(self):
        self.lab = self.enterContext(Lab("secrets"))
        self.gateway = MockGateway(self.lab, more=(
            "--fcm-service-account", self.lab.path("account.json"),
            "--webhook-secret", HOOK_SECRET))
        self.key("vapid.pem")
        self.key("other.p8")
        make_service_account(self.lab.path("other.json"),
                             f"https://127.0.0.1:{self.gateway.port}/token")
        self.lab.template_file()
        self.lab.write("apns.csv", "appid,token\n" + "".join(
            f"a{n},{token_of(str(n))}\n" for n in range(20)))
        self.lab.write("fcm.csv", "appid,token\n" + "".join(
            f"f{n},{'x' * 40}{n}\n" for n in range(20)))
        self.lab.write("hook.csv", "appid\n" + "".join(f"h{n}\n" for n in range(20)))

    def key(self, name):
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-out", self.lab.path(name)], check=True,
                       capture_output=True)

    def config(self, store="sqlite:store.db", **files):
        entries = {name: {**entry, **files.get(name, {})} for name, entry in ENTRIES.items()}
        entries["web"]["vapid_key_file"] = "vapid.pem"
        entries["hook"]["secret"] = '"${env:HOOK_SECRET}"'
        lines = "".join(f"  {name}:\n" + "".join(f"    {key}: {value}\n"
                                                 for key, value in entry.items())
                        for name, entry in entries.items())
        return self.lab.write("server.yaml", (
            f"store: {{url: \"{store}\", password: \"${{env:DB_PASSWORD}}\", patience: 1s}}\n"
            f"sources: {{crm: {{url: \"mysql://ro@127.0.0.1:{free_port()}/crm\", "
            f"password: \"${{file:source.txt}}\", timeout: 2s}}}}\n"
            "journal: {dir: journal}\ngateways:\n"
            + lines.replace("{port}", str(self.gateway.port))))

    def campaign(self, name, suffix="", audience=None):
        audience = audience or f"{{file: {name}.csv}}"
        return self.lab.write(f"{name}{suffix}.yaml", (
            f"campaign: {name}{suffix}\naudience: {audience}\ngateway: {name}\n"
            "message: {template: templates/promo.yaml, "
            "data: {discount: 20, first_name: Al}}\n"))

    def run_all(self, config, *commands, hook_secret=HOOK_SECRET):
        for command in commands:
            self.lab.run("--log-level", "trace", *command, config=config,
                         env={"HOOK_SECRET": hook_secret, "DB_PASSWORD": DATABASE_PASSWORD},
                         expect=set(range(7)))

    def secrets(self):
        found = [HOOK_SECRET, DATABASE_PASSWORD, SOURCE_PASSWORD, "planted-wrong-secret"]
        for name in ("AuthKey.p8", "vapid.pem", "other.p8"):
            found += self.lab.path(name).read_text().splitlines()[1:-1]
        for name in ("account.json", "other.json"):
            account = json.loads(self.lab.path(name).read_text())
            found += account["private_key"].splitlines()[1:-1]
        return found

    def assert_hidden(self, text, where):
        for secret in self.secrets():
            self.assertNotIn(secret, text, where)
        self.assertIsNone(AUTHORIZATION.search(text), where)

    def test_planted_secrets_show_nowhere(self):
        self.lab.write("source.txt", SOURCE_PASSWORD + "\n")
        wrong = self.config(apns={"key_file": "other.p8"}, fcm={"service_account": "other.json"})
        for name in self.NAMES:
            self.run_all(wrong, ("plan", self.campaign(name, "-1"), "--with-gateways"),
                         ("--json", "launch", self.campaign(name, "-1")), ("status",),
                         hook_secret="planted-wrong-secret")
        self.run_all(wrong, ("doctor",), hook_secret="planted-wrong-secret")
        self.run_all(self.config(apns={"key_file": "account.json"},
                                 fcm={"service_account": "other.p8"}), ("doctor",))
        self.run_all(self.config(store=f"mysql://app@127.0.0.1:{free_port()}/x"),
                     ("doctor",), ("status",), ("launch", self.campaign("apns")))
        right = self.config()
        self.run_all(right, ("plan", self.campaign(
            "apns", "-2", '{source: crm, query: "SELECT appid, token FROM d"}')), ("doctor",))
        for name in self.NAMES:
            file, appid = self.campaign(name), name[0] + "1"
            self.run_all(right, ("plan", file, "--with-gateways"),
                         ("preview", file, "--appid", appid), ("launch", file, "--despite-similar"),
                         ("--json", "launch", file), ("show", name), ("report", name),
                         ("report", name, "--format", "html"), ("audit", name),
                         ("lookup", appid, "--explain"), ("--json", "status", name))
        self.assertEqual(self.gateway.ledger_lines(), 20 * len(self.NAMES))
        self.assertGreater(len(self.lab.processes), 40)
        for process in self.lab.processes:
            self.assert_hidden(process.out + process.err, " ".join(process.arguments))
        kept = [self.lab.path("store.db"), *self.lab.path("journal").rglob("*")]
        for path in kept:
            if path.is_file():
                self.assert_hidden(path.read_bytes().decode("latin-1"), path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
