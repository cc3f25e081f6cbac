"""One launch of the product, looked at from outside by its pid, and figures over several runs."""
import json
import os
import pathlib
import re
import statistics
import time

from harness import wait_until

TICK = os.sysconf("SC_CLK_TCK")
RUN_SECONDS_MAX = 1800


def cpu_seconds(pid):
    """User and system time that a running process has used so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mib(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


class Measured:
    """One launch, followed by its pid from outside until it ends."""

    def __init__(self, gateway, process):
        self.gateway, self.process = gateway, process
        self.begun = time.monotonic()
        self.ledger_start = gateway.ledger_bytes()
        self.resident = self.peak = 0.0
        self.cpu_at_first = None
        self.first_send = None
        self.usage = None

    def follow(self):
        wait_until(self.ended, "the launch ends", seconds=RUN_SECONDS_MAX, poll=0.002)
        return self

    def ended(self):
        """Looks once; reaps the child with its whole CPU time when it is over."""
        try:
            if self.first_send is None and self.gateway.ledger_bytes() > self.ledger_start:
                self.first_send = time.monotonic() - self.begun
                self.cpu_at_first = cpu_seconds(self.process.pid)
            self.peak = max(self.peak, memory_mib(self.process.pid, "VmHWM"))
            if self.first_send is not None:
                self.resident = max(self.resident, memory_mib(self.process.pid, "VmRSS"))
        except (FileNotFoundError, ProcessLookupError, IndexError):
            pass  # it ended between two looks
        pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        if not pid:
            return False
        self.seconds = time.monotonic() - self.begun
        self.usage = usage
        self.process.popen.returncode = os.waitstatus_to_exitcode(status)
        if self.process.popen.returncode != 0:
            raise AssertionError(self.process.tail())
        return True

    def sending_cpu(self):
        return self.usage.ru_utime + self.usage.ru_stime - self.cpu_at_first

    def sending_seconds(self):
        """From the first to the last line of the ledger, by the gateway's clock (milliseconds)."""
        with open(self.gateway.ledger_path, "rb") as file:
            file.seek(self.ledger_start)
            first = file.readline()
            file.seek(max(self.ledger_start, self.gateway.ledger_bytes() - 8192))
            last = file.read().splitlines()[-1]
        begin, end = (clock_seconds(json.loads(line)["at"]) for line in (first, last))
        return max(1e-3, (end - begin) % 86_400)


def clock_seconds(text):
    hour, minute, second = re.search(r"T(\d+):(\d+):([\d.]+)Z", text).groups()
    return int(hour) * 3600 + int(minute) * 60 + float(second)


class Figures:
    """Values by figure, and the table of them."""

    def __init__(self, goals):
        self.goals = goals  # figure → (goal, land no less than)
        self.values = {}

    def note(self, figure, value):
        self.values.setdefault(figure, []).append(value)

    def last(self, figure):
        return self.values[figure][-1]

    def print(self, order=()):
        """Those of the goals first, then `order`, then the others by name."""
        order = list(dict.fromkeys([*self.goals, *order, *sorted(self.values)]))
        rows = [("figure", "value", "spread", "goal", "at least")]
        for figure in order:
            if figure not in self.values:
                continue
            values = self.values[figure]
            spread = f"{number(min(values))} .. {number(max(values))}"
            rows.append((figure, number(statistics.median(values)), spread,
                         *self.goals.get(figure, ("", ""))))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:.2f} M"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}"
