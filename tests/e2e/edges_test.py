#!/usr/bin/env python3
"""The edges of files and machines: hostile input is a clear error with nothing sealed and nothing
sent, and an odd machine does not change what is sent."""
import glob
import json
import os
import pathlib
import resource
import shutil
import subprocess
import unittest

from harness import BINARY, Lab, MockGateway, SqliteStore
from judge import judge_campaign

DEVICES = 50
FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
MEGABYTE = 1 << 20


class EdgeCase(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("edges"))
        self.store = SqliteStore(self.lab)
        self.gateway = MockGateway(self.lab)
        self.config = self.lab.server_file(self.store, self.gateway)
        self.lab.run("store", "init", config=self.config)
        self.tokens = self.lab.audience_file(DEVICES)
        self.campaign = self.lab.campaign_file("sale")

    def refused(self, *words, expect=2):
        """plan and launch refuse, in words; nothing is sealed or sent. Answers what was said."""
        for command in (("plan", self.campaign), ("launch", self.campaign, "--yes")):
            done = self.lab.run(*command, config=self.config, expect=expect)
            said = done.out + done.err
            for word in words:
                self.assertIn(word, said)
            self.assertLess(len(said), 4000, "an error that floods the screen")
        self.assertEqual(self.gateway.ledger_lines(), 0)
        self.assertEqual(self.store.rows("SELECT count(*) FROM campaign WHERE name IS NOT NULL"),
                         [(0,)])
        return said

    def launched(self, **options):
        self.lab.run("launch", self.campaign, "--yes", config=self.config, **options)
        verdict = judge_campaign(self.store, self.gateway, self.tokens, "sale",
                                 self.lab.report("sale", self.config))
        self.assertEqual(verdict.violations, [])
        self.assertEqual(verdict.figures["DELIVERED"], DEVICES)


class FileTest(EdgeCase):
    """Campaign files and templates."""

    def rewrite(self, old, new):
        text = self.campaign.read_text()
        self.assertIn(old, text)
        self.campaign.write_text(text.replace(old, new, 1))

    def test_a_bomb_of_aliases(self):
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
        self.campaign.write_text("\n".join(lines) + "\n" + self.campaign.read_text())
        self.refused("sale.yaml:")

    def test_nesting_without_end(self):
        self.rewrite("data: {discount: 20}", "data: " + "[" * 100_000 + "]" * 100_000)
        self.refused("sale.yaml:")

    def test_anchors_are_what_they_stand_for(self):
        self.rewrite("data: {discount: 20}", "data: {discount: &d 20, other: *d}")
        self.launched()

    def test_a_value_of_a_megabyte(self):
        self.rewrite("discount: 20", f"discount: {'9' * MEGABYTE}")
        self.refused("sale.yaml", "is larger than")

    def test_zero_bytes(self):
        self.campaign.write_bytes(self.campaign.read_bytes().replace(b"sale", b"sa\0le", 1))
        self.refused("sale.yaml:1")

    def test_bytes_that_are_no_utf8(self):
        self.rewrite("discount: 20", "discount: 'x'")
        self.campaign.write_bytes(self.campaign.read_bytes().replace(b"'x'", b"'\xff\xfe'", 1))
        self.refused("sale.yaml:")

    def test_a_name_that_is_a_path(self):
        for name in ("../../etc/passwd", "a/b", ".", "-rf", "a\u202eb"):
            with self.subTest(name):
                self.campaign = self.lab.campaign_file("sale")
                self.rewrite("campaign: sale", f"campaign: {json.dumps(name)}")
                if name in (".", "-rf"):  # odd, but within [A-Za-z0-9._-]
                    continue
                self.refused("sale.yaml:1")

    def test_a_folder_a_device_and_a_loop_instead_of_a_file(self):
        loop = self.lab.path("loop.yaml")
        loop.symlink_to(loop)
        for path in (self.lab.folder, pathlib.Path("/dev/zero"), loop, self.lab.path("none.yaml")):
            with self.subTest(path):
                self.campaign = path
                self.refused(str(path))

    def test_a_link_to_the_file_is_the_file(self):
        link = self.lab.path("link.yaml")
        link.symlink_to(self.campaign)
        self.campaign = link
        self.launched()


class AudienceTest(EdgeCase):
    HEAD = "appid,token,platform,locale,first_name"

    def audience(self, text):
        path = self.lab.path("audience.csv")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def row(self, appid="d-000001"):
        return f"{appid},{self.tokens['d-000001']},ios,en,Name\n"

    def test_a_field_of_a_megabyte(self):
        self.audience(f"{self.HEAD}\n{self.row()[:-5]}{'x' * MEGABYTE}\n")
        self.refused("larger than the 4")

    def test_a_hundred_thousand_columns(self):
        names = ",".join(f"c{n}" for n in range(100_000))
        self.audience(f"{self.HEAD},{names}\n{self.row()[:-1]}{',' * 100_000}\n")
        self.refused("audience.csv")

    def test_zero_bytes(self):
        self.audience(f"{self.HEAD}\n{self.row()}d-\0,{self.tokens['d-000002']},ios,en,N\n")
        self.refused("audience.csv:3")

    def test_an_appid_that_is_no_utf8(self):
        self.audience((f"{self.HEAD}\n{self.row()}").encode()
                      + b"d-\xff\xfe," + self.tokens["d-000002"].encode() + b",ios,en,N\n")
        self.refused("audience.csv:3")

    def test_a_name_that_is_no_utf8(self):
        self.audience((f"{self.HEAD}\n{self.row()}").encode()
                      + b"d-2," + self.tokens["d-000002"].encode() + b",ios,en,\xff\xfe\n")
        self.refused("audience.csv:3")

    def test_a_file_that_only_claims_to_be_compressed(self):
        for end in ("gz", "zst"):
            with self.subTest(end):
                shutil.copy(self.lab.path("audience.csv"), self.lab.path(f"audience.csv.{end}"))
                self.campaign = self.lab.campaign_file("sale", audience=f"audience.csv.{end}")
                self.refused(f"audience.csv.{end}")

    def test_a_compressed_bomb_ends_at_a_bound(self):
        packed = self.lab.path("audience.csv.gz")
        with open(packed, "wb") as file:  # one line of 2 GB
            subprocess.run("head -c 2000000000 /dev/zero | tr '\\0' x | gzip -1", shell=True,
                           stdout=file, check=True)
        self.campaign = self.lab.campaign_file("sale", audience=packed.name)
        self.refused(packed.name)

    def test_a_folder_and_a_loop_instead_of_a_file(self):
        loop = self.lab.path("loop.csv")
        loop.symlink_to(loop)
        self.lab.path("folder.csv", "x").parent.mkdir(exist_ok=True)
        for name in ("loop.csv", "folder.csv", "none.csv"):
            with self.subTest(name):
                self.campaign = self.lab.campaign_file("sale", audience=name)
                self.refused(name)


class MachineTest(EdgeCase):
    def setUp(self):
        super().setUp()
        self.lab.server_file(self.store, self.gateway, patience="1s")

    def test_the_machine_s_language_and_time_zone_change_nothing(self):
        for number, env in enumerate(({"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Kathmandu"},
                                      {"LC_ALL": "tr_TR.UTF-8", "LANG": "xx", "TZ": "nonsense"},
                                      {"LC_ALL": "", "LANG": "", "TZ": ":/dev/null"})):
            name = f"sale-{number}"
            campaign = self.lab.campaign_file(name)
            self.lab.run("launch", campaign, "--yes", "--despite-similar", config=self.config,
                         env=env)
            shown = self.lab.run("report", name, "--format", "ndjson", config=self.config, env=env)
            lines = [json.loads(line) for line in shown.out.splitlines()]
            self.assertEqual({line["outcome"] for line in lines}, {"delivered"})
            self.assertRegex(lines[0]["settled_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    @unittest.skipUnless(FAKETIME, "faketime is not there to set a clock wrong")
    def test_a_clock_an_hour_wrong_burns_no_flag(self):
        self.gateway.keys["patience"] = "1s"
        self.lab.server_file(self.store, self.gateway)
        self.lab.campaign_file("sale", rate="100/s")
        for offset, code, words in (("-61m", 5, "not yet valid"), ("+61m", 6, "clock")):
            wrong = {"LD_PRELOAD": FAKETIME, "FAKETIME": offset,
                     "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
            said = self.lab.run("launch", self.campaign, "--yes", config=self.config, env=wrong,
                                expect=code).err
            self.assertIn(words, said)
            self.assertEqual(self.gateway.ledger_lines(), 0)
        self.lab.run("resume", "sale", "--because", "the clock is right", config=self.config)
        self.launched()

    def limited(self, limit, value, *arguments, expect):
        """Runs a command under a limit of the kernel."""
        command = [BINARY, "--config", self.config, *arguments]
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, timeout=120,
            cwd=self.lab.folder, preexec_fn=lambda: resource.setrlimit(limit, (value, value)))
        self.assertIn(done.returncode, expect, done.stdout + done.stderr)
        return done.stderr

    def test_few_open_files_are_told_or_enough(self):
        # Enough for the store, the journals and one connection, or refused before anything is sent.
        for files in (8, 12, 16, 24, 40):
            said = self.limited(resource.RLIMIT_NOFILE, files, "launch", self.campaign, "--yes",
                                expect=(0, 2, 5))
            self.assertTrue(said)
        self.launched()

    def test_a_limit_on_the_size_of_files_is_told_and_loses_nothing(self):
        for size in (1000, 100_000, 10_000_000):
            self.limited(resource.RLIMIT_FSIZE, size, "launch", self.campaign, "--yes",
                         expect=(0, 5))
        self.launched()

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("mount"),
                         "needs root for a read-only disk")
    def test_a_read_only_disk_is_told_before_anything_is_sent(self):
        for what in ("journal", self.store.path.parent.name):
            with self.subTest(what):
                folder = self.lab.path(what, "x").parent
                mounted = subprocess.run(f"mount --bind {folder} {folder} && "
                                         f"mount -o remount,bind,ro {folder}", shell=True,
                                         capture_output=True, text=True)
                if mounted.returncode != 0:
                    self.skipTest("nothing may be mounted here: " + mounted.stderr.strip())
                try:
                    said = self.lab.run("launch", self.campaign, "--yes", config=self.config,
                                        expect=5).err
                    self.assertRegex(said, r"(?i)read-?only")
                    self.assertEqual(self.gateway.ledger_lines(), 0)
                finally:
                    subprocess.run(["umount", "-l", folder], check=True)
        self.launched()


if __name__ == "__main__":
    unittest.main(verbosity=2)
