#!/usr/bin/env python3
"""The README is run as it is written: its shell blocks in order, its files, its commands.

The only liberty taken: a `pushonce` stands first on the PATH that moves the mock gateway from its
fixed port to a free one, since tests run beside each other.
"""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import BINARY, HANG_SECONDS, ROOT, Lab, free_port

README = (ROOT / "README.md").read_text(encoding="utf-8")
# A block with one of these is not run: it builds or tests the repository itself (scripts/test would
# run itself), wants a database server at its usual port, or names the campaign of the example file,
# which the README does not launch.
NOT_RUN = ("scripts/", "cmake ", "mariadb -u root", "spring-sale")
DEFAULT_PORT = 8443

WRAPPER = """#!/bin/sh
# pushonce, with the mock gateway at port {port} instead of {default}
case "$1" in
    mock-gateway) shift; exec {binary} mock-gateway --listen 127.0.0.1:{port} "$@" ;;
    init) {binary} "$@" && sed -i s/:{default}/:{port}/ "$2/config/pushonce.yaml" ;;
    *) exec {binary} "$@" ;;
esac
"""
# Every command is echoed, the first that fails ends the run, and no gateway outlives it.
SHELL = """set -eu
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
set -v
"""


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


def runnable_blocks():
    return [b for b in blocks("sh") if not any(word in b for word in NOT_RUN)]


def named_commands():
    """What the README calls `pushonce …` in text, tables and blocks, as lists of words."""
    inline = re.findall(r"`pushonce ([a-z][^`]*)`", README)
    lines = re.findall(r"^pushonce ([a-z][^#\n]*)", "\n".join(blocks("sh")), re.M)
    return [text.split() for text in inline + lines]


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab("readme"))

    def install(self):
        """The folder that holds `pushonce`, where the README says that the build leaves it."""
        tool = self.lab.path("build", "release", "dispatcher", "pushonce")
        tool.write_text(WRAPPER.format(binary=BINARY, port=free_port(), default=DEFAULT_PORT))
        tool.chmod(0o755)
        return tool.parent

    def run_blocks(self, texts):
        environment = {**os.environ, "NO_COLOR": "1",
                       "PATH": f"{self.install()}:{os.environ['PATH']}"}
        environment.pop("PUSHONCE_CONFIG", None)
        script = self.lab.write("readme.sh", SHELL + "\n".join(texts))
        done = subprocess.run(["bash", script], cwd=self.lab.folder, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=HANG_SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_every_shell_block_runs_as_written(self):
        texts = runnable_blocks()
        self.assertGreaterEqual(len(texts), 3, "the README has lost its shell blocks")
        said = self.run_blocks(texts)
        self.assertIn("20 devices: 20 delivered; 20 sent now", said)
        self.assertIn("hello is already finished: 0 sent", said)
        ledger = self.lab.folder / "demo" / "var" / "ledger.ndjson"
        self.assertEqual(len(ledger.read_text().splitlines()), 20, said)
        count = texts[-1].strip().splitlines()[-1]
        self.assertEqual(said.split(count)[-1].split()[0], "0", "devices notified twice\n" + said)

    def test_the_example_files_are_accepted(self):
        campaign = next(b for b in blocks("yaml") if b.startswith("campaign:"))
        server = next(b for b in blocks("yaml") if b.startswith("store:"))
        config = self.lab.path("config", "x").parent
        self.lab.run("init", self.lab.folder / "demo")
        shutil.copytree(ROOT / "config" / "audiences", config / "audiences")
        shutil.copytree(ROOT / "templates", self.lab.folder / "templates")
        shutil.copy(self.lab.folder / "demo" / "config" / "AuthKey.p8", config)
        (config / "sale.yaml").write_text(campaign, encoding="utf-8")
        (config / "pushonce.yaml").write_text(server, encoding="utf-8")
        self.lab.run("plan", config / "sale.yaml", "--offline", config=config / "pushonce.yaml",
                     env={"PUSHONCE_DB_PASSWORD": "secret"})

    def test_every_command_and_option_named_is_there(self):
        named = named_commands()
        self.assertGreater(len(named), 5, "the README has lost its table of commands")
        for words in named:
            verb = words[:2] if words[0] == "store" else words[:1]
            help_text = self.lab.run(*verb, "--help").out
            self.assertNotIn("not available", help_text.splitlines()[0], words)
            for option in re.findall(r"--[a-z-]+", " ".join(words)):
                line = next((l for l in help_text.splitlines() if option in l), "")
                self.assertNotEqual(line, "", f"{option} of `pushonce {' '.join(words)}`")
                self.assertNotIn("Not available", line, words)

    def test_every_script_file_and_preset_named_is_there(self):
        for path in re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r"\bscripts/\w+", README):
            if "://" not in path:
                self.assertTrue(pathlib.Path(ROOT, path).exists(), path)
        presets = (ROOT / "CMakePresets.json").read_text(encoding="utf-8")
        for preset in re.findall(r"--preset (\w+)", README):
            self.assertIn(f'"name": "{preset}"', presets)


if __name__ == "__main__":
    unittest.main()
