#!/usr/bin/env python3
"""The benchmark: end-to-end rate beside h2load's on the same mock gateway, taken in pairs, and the
CPU time per message of each process. Never fails for being slow; fails if the judge objects.
"""
import argparse
import base64
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import (BINARY, STORES, TOPIC, Lab, MockGateway, fault_prefix,  # noqa: E402,F401
                     token_of, wait_until)
from judge import judge_campaign  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
H2LOAD_CONNECTIONS, H2LOAD_STREAMS = 4, 250
# As the campaign's rendered payloads, byte for byte in length.
NOTE_SECONDS_MAX = 900


def cpu_seconds(pid):
    """User and system time that a process has used so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mib(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


class Ledger:
    """A part of the gateway's ledger: what was written since `start`."""

    def __init__(self, path, start):
        self.path, self.start = path, start

    def first_and_last(self):
        """Wall times of the first and the last line, in seconds; the ledger writes milliseconds."""
        with open(self.path, "rb") as file:
            file.seek(self.start)
            first = file.readline()
            file.seek(max(self.start, os.path.getsize(self.path) - 8192))
            last = file.read().splitlines()[-1]
        return tuple(self.seconds(json.loads(line)["at"]) for line in (first, last))

    @staticmethod
    def seconds(text):
        clock = re.search(r"T(\d+):(\d+):([\d.]+)Z", text)
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])


class Bench:
    def __init__(self, lab, options):
        self.lab, self.options = lab, options
        self.gateway = MockGateway(lab)
        self.gateway.keys = {"connections": 4, "in_flight": 1000}
        self.tokens = lab.audience_file(options.devices)
        lab.write("templates/promo.yaml", TEMPLATE)
        self.measured = {}
        self.payload_bytes = None

    def note(self, figure, value):
        self.measured.setdefault(figure, []).append(value)

    # -- one measurement each ---------------------------------------------------------------

    def launch(self, store, config, number):
        """Launches a campaign; notes rates, CPU and memory, and lets the judge look."""
        name = f"{store.kind}-{number}"
        campaign = self.lab.write(f"{name}.yaml", CAMPAIGN.format(name=name))
        start = self.gateway.ledger_bytes()
        gateway_cpu = cpu_seconds(self.gateway.process.pid)
        server = store.process.pid if store.kind == "mariadb" else None
        begun = time.monotonic()
        process = self.lab.pushonce("launch", campaign, "--yes", config=config)
        wait_until(lambda: self.gateway.ledger_bytes() > start or not process.running(),
                   "the first send", seconds=NOTE_SECONDS_MAX, poll=0.001)
        first_send = time.monotonic() - begun
        cpu_at_first, peak_at_first = cpu_seconds(process.pid), memory_mib(process.pid, "VmHWM")
        server_cpu = cpu_seconds(server) if server else 0
        resident = 0.0

        def watch():
            nonlocal resident
            if process.running():
                resident = max(resident, memory_mib(process.pid, "VmRSS"))
            return not process.running()
        # The child is reaped here, with its resource usage.
        usage = self.reap(process, watch)
        messages = self.options.devices
        first, last = Ledger(self.gateway.ledger_path, start).first_and_last()
        rate = messages / max(1e-3, last - first)
        prefix = store.kind
        self.note(f"{prefix}: messages/s end to end", rate)
        self.note(f"{prefix}: dispatcher µs/message",
                  1e6 * (usage.ru_utime + usage.ru_stime - cpu_at_first) / messages)
        self.note(f"{prefix}: mock gateway µs/message",
                  1e6 * (cpu_seconds(self.gateway.process.pid) - gateway_cpu) / messages)
        if server:
            self.note(f"{prefix}: mariadbd µs/message",
                      1e6 * (cpu_seconds(server) - server_cpu) / messages)
        self.note(f"{prefix}: launch to first send, s", first_send)
        self.note(f"{prefix}: sealed rows/s", messages / first_send)
        self.note(f"{prefix}: resident while sending, MiB", resident)
        self.note(f"{prefix}: peak before the first send, MiB", peak_at_first)
        self.judge(store, config, name, start)
        return rate, name

    def reap(self, process, watch):
        """Waits for the end with wait4, so that the last CPU second is counted."""
        usage = None

        def ended():
            nonlocal usage
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.popen.returncode = os.waitstatus_to_exitcode(status)
                usage = used
                return True
            watch_memory()
            return False

        def watch_memory():
            try:
                watch_value = memory_mib(process.pid, "VmRSS")
            except (FileNotFoundError, ProcessLookupError):
                return
            self.resident = max(getattr(self, "resident", 0.0), watch_value)
        del watch
        wait_until(ended, "the launch ends", seconds=NOTE_SECONDS_MAX, poll=0.01)
        return usage
