#!/usr/bin/env python3
"""The benchmark: end-to-end rate beside h2load's on the same mock gateway, taken in pairs, and the
CPU time per message of each process. Never fails for being slow; fails if the judge objects.
"""
import argparse
import json
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from gateways import GATEWAYS, GatewayBench  # noqa: E402
from h2load import h2load  # noqa: E402
from harness import STORES, Lab, MockGateway  # noqa: E402
from judge import judge, read_campaign_state, read_flags  # noqa: E402
from measured import Figures, Measured, cpu_seconds  # noqa: E402

TEMPLATE = """default: en
locales:
  en:
    title: "{{discount}} % off"
    body: "Hello {{first_name}}, today only: {{discount}} % off everything, {{locale}}."
"""
CAMPAIGN = """campaign: {name}
audience: {{file: audience.csv}}
gateway: apns
message: {{template: templates/promo.yaml, data: {{discount: 20}}}}
"""
OPT_OUTS = 10_000
# (figure, goal, land no less than): the goals are ratios, because machines differ.
GOALS = {
    "mariadb / h2load": ("≥ 0.55", "0.42"),
    "sqlite / h2load": ("≥ 0.72", "0.55"),
    "mariadb with scope and opt-outs / without": ("≥ 0.97", "0.97"),
    "mariadb: all three, CPU µs/message": ("≤ 7.2", "9"),
    "mariadb: dispatcher CPU µs/message": ("≤ 2.3", "3.5"),
    "mariadb: sealed rows/s": ("≥ 1 M", "0.4 M"),
    "sqlite: sealed rows/s": ("≥ 1 M", "0.4 M"),
    "mariadb: resident while sending, MiB": ("≤ 24", "48"),
    "mariadb: peak of the launch, MiB": ("≤ 64", "128"),
    "mariadb: devices/s of a restart with nothing to do": ("≥ 3 M", "1.5 M"),
}


class Bench:
    def __init__(self, lab, devices):
        self.lab, self.devices = lab, devices
        # h2load does not open one stream first, as APNs asks for.
        self.gateway = MockGateway(lab, more=("--first-streams", "1000"))
        self.gateway.keys = {"connections": 4}
        self.tokens = lab.audience_file(devices)
        lab.write("templates/promo.yaml", TEMPLATE)
        self.figures = Figures(GOALS)
        self.note = self.figures.note
        self.runs = 0
        self.violations = []

    def run(self, kinds, pairs):
        for kind in kinds:
            store = STORES[kind](self.lab)
            config = self.lab.server_file(store, self.gateway, name=f"{kind}.server.yaml")
            self.lab.run("store", "init", config=config)
            guarded = self.guard(store) if kind == "mariadb" else None
            for _ in range(pairs):
                self.pair(store, config, guarded)
            for one in (store, *(guarded or ())[:1]):
                one.stop()
        self.figures.print()

    def pair(self, store, config, guarded=None):
        """One launch, one into a store with opt-outs and a scope where there is one, and one h2load
        run, in the same minute."""
        ours = self.launch(store, config)
        if guarded:
            theirs = self.launch(*guarded, label=store.kind + " guarded",
                                 more="once_per: scope-{}\n")
            self.note(f"{store.kind} with scope and opt-outs / without", theirs / ours)
            with_all, plain = (self.figures.last(f"{label}: all three, CPU µs/message")
                               for label in (store.kind + " guarded", store.kind))
            self.note(f"{store.kind}: CPU with scope and opt-outs / without", with_all / plain)
        theirs = h2load(self.lab, self.gateway, self.tokens, self.devices)
        self.note("h2load: requests/s", theirs)
        self.note(f"{store.kind} / h2load", ours / theirs)

    def guard(self, store):
        """A second store like this one, whose opt-out list has devices all over the key space."""
        other = type(store)(self.lab, folder="guarded")
        config = self.lab.server_file(other, self.gateway, name="guarded.server.yaml")
        self.lab.run("store", "init", config=config)
        appids = sorted(self.tokens)[::max(1, self.devices // OPT_OUTS)]
        opt_outs = self.lab.write("opt-outs.csv",
                                  "appid\n" + "".join(f"{appid}-gone\n" for appid in appids))
        self.lab.run("suppress", "import", opt_outs, config=config)
        return other, config

    def launch(self, store, config, label=None, more=""):
        self.runs += 1
        kind, name = label or store.kind, f"{store.kind}-{self.runs}"
        campaign = self.lab.write(f"{name}.yaml",
                                  CAMPAIGN.format(name=name) + more.format(self.runs))
        servers = {"mock gateway": self.gateway.process.pid}
        if store.kind == "mariadb":
            servers["mariadbd"] = store.process.pid
        before = {server: cpu_seconds(pid) for server, pid in servers.items()}
        run = Measured(self.gateway, self.lab.pushonce(
            "launch", campaign, "--yes", "--despite-similar", config=config)).follow()

        rate = self.devices / run.sending_seconds()
        micros = {server: 1e6 * (cpu_seconds(pid) - before[server]) / self.devices
                  for server, pid in servers.items()}
        micros["dispatcher"] = 1e6 * run.sending_cpu() / self.devices
        self.note(f"{kind}: messages/s", rate)
        for server, value in sorted(micros.items()):
            self.note(f"{kind}: {server} CPU µs/message", value)
        words = "all three" if len(micros) == 3 else "both"
        self.note(f"{kind}: {words}, CPU µs/message", sum(micros.values()))
        self.note(f"{kind}: launch to first send, s", run.first_send)
        self.note(f"{kind}: sealed rows/s", self.devices / run.first_send)
        self.note(f"{kind}: resident while sending, MiB", run.resident)
        self.note(f"{kind}: peak of the launch, MiB", run.peak)
        self.judge(store, name, run.ledger_start)
        begun = time.monotonic()
        self.lab.run("restart", name, config=config)
        self.note(f"{kind}: devices/s of a restart with nothing to do",
                  self.devices / (time.monotonic() - begun))
        return rate

    def judge(self, store, name, ledger_start):
        with open(self.gateway.ledger_path, encoding="utf-8") as file:
            file.seek(ledger_start)
            ledger = [json.loads(line) for line in file]
        verdict = judge(self.tokens, ledger, read_flags(store, name),
                        state=read_campaign_state(store, name))
        self.violations += [f"{name}: {violation}" for violation in verdict.violations]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="at most three minutes")
    parser.add_argument("--devices", type=int)
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--stores", default="mariadb,sqlite", help="which, in this order")
    parser.add_argument("--gateways", nargs="?", const=",".join(GATEWAYS), metavar="NAME,…",
                        help="compare gateways instead, on SQLite: " + ", ".join(GATEWAYS))
    options = parser.parse_args()
    devices = options.devices or (100_000 if options.quick else 1_000_000)
    pairs = options.pairs or (3 if options.quick else 5)
    if options.gateways:
        devices = options.devices or (50_000 if options.quick else 300_000)
    machine = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", machine)
    print(f"{os.cpu_count()} cores{', ' + model[1] if model else ''}; {devices:,} devices,"
          f" {pairs} pairs", flush=True)
    with Lab("bench") as lab:
        if options.gateways:
            bench = GatewayBench(lab, devices)
            bench.run(options.gateways.split(","), pairs)
        else:
            bench = Bench(lab, devices)
            bench.run(options.stores.split(","), pairs)
    for violation in bench.violations:
        print("VIOLATION", violation)
    return 1 if bench.violations else 0


if __name__ == "__main__":
    sys.exit(main())
