#!/usr/bin/env python3
"""A campaign whose dispatcher is killed with kill -9 again and again, through a gateway that
misbehaves: judged from the ledger, every device was notified once or is itemised in doubt.

    kill_test.py [--store sqlite|mariadb] [--gateway mock|peer|fcm|webpush|webpush-peer|fleet]
                 [--devices N] [--kills N] [--seed N]

Three kinds of kill take turns: at a named step (CRASH_AT); at a random moment, dispatcher and
gateway stopped and ≥ 1 request or answer found between them; and with the gateway stopped until
the wire is full. Prints kills per kind and step, and what the judge saw.
"""
import argparse
import collections
import random
import signal
import sys
import time

from fleet import Fleet
from harness import (REQUEST_BYTES_MIN, ROOT, STORES, Fault, FcmMockGateway, Lab, MockGateway,
                     PeerGateway, wait_until)
from judge import judge_campaign
from push_service import MockPushService, PeerPushService

ONCE = {"attempts": 1}
# 1 % of the devices meet each of these.
FAULTS = (
    Fault("unregistered"),
    Fault("bad_device_token"),
    Fault("refuse", ONCE),
    Fault("too_many_requests", {**ONCE, "retry_after": "1s"}),
    Fault("unavailable", ONCE),
    Fault("reset_before", ONCE, doubt=True),
    Fault("reset_after", ONCE, doubt=True),
    Fault("stall_before", ONCE, doubt=True),
    Fault("stall_after", ONCE, doubt=True),
    Fault("late", {**ONCE, "delay": "100ms"}),
    Fault("bad_body", ONCE, doubt=True),
    Fault("server_error", ONCE, doubt=True),
    Fault("server_error_after", ONCE, doubt=True),
    Fault("goaway_notice", ONCE),
    Fault("goaway_before", ONCE),
    Fault("goaway_after", ONCE, doubt=True),
    Fault("close_before", ONCE, doubt=True, takes_connection=True),
    Fault("close_after", ONCE, doubt=True, takes_connection=True),
    Fault("garbage", ONCE, doubt=True, takes_connection=True),
)
# The named steps; each run takes its share of them, the four runs together take all. CP25 is the
# seal, in the first launch only; CP26 is the reconciling at the end.
FIRST_STEP, LAST_STEP = "CP25", "CP26"
STEPS = ("CP01", "CP02", "CP03", "CP04", "CP05", "CP06", "CP07", "CP08", "CP09", "CP10", "CP11",
         "CP13", "CP14", "CP15", "CP16", "CP17", "CP18", "CP19", "CP20", "CP21", "CP22", "CP23",
         "CP24")
# How much longer than for other kills a step is waited for before the run is killed all the same.
STEP_STRETCH = 4
RUNS = (("sqlite", "mock"), ("sqlite", "peer"), ("mariadb", "mock"), ("mariadb", "peer"))
GATEWAYS = {"mock": MockGateway, "peer": PeerGateway, "fcm": FcmMockGateway,
            "fleet": Fleet, "webpush": MockPushService, "webpush-peer": PeerPushService}
# Faults that Node's http2 cannot make on request.
NOT_OF_THE_PEER = {"goaway_before", "goaway_after", "garbage"}
# `delivery.code` of doubt that a kill left: killed, lease_expired, journal_lost.
CODES_OF_KILLS = {406, 407, 408}
CODE_MASK = 0x7FFF
EXIT_STOPPED = 6
PEERS = ROOT / "tests" / "peers" / "node_modules"
SKIPPED = 77


class KillRun:
    def __init__(self, lab, options):
        self.lab = lab
        self.options = options
        self.random = random.Random(options.seed)
        self.store = STORES[options.store](lab)
        self.faults = FAULTS if options.gateway != "webpush-peer" else tuple(
            fault for fault in FAULTS if fault.name not in NOT_OF_THE_PEER)
        self.gateway = GATEWAYS[options.gateway](lab, faults=self.faults, latency="5ms")
        # Few requests a connection: what closes one puts all of them in doubt.
        self.gateway.keys.update(connections=4, in_flight=8)
        self.config = lab.server_file(self.store, self.gateway)
        self.tokens = self.gateway.audience_file(lab, options.devices, seed=options.seed,
                                                 faults=self.faults)
        self.campaign = lab.campaign_file("sale", gateway=self.gateway.name, rate=options.rate)
        self.kills = collections.Counter()
        self.never_hit = collections.Counter()
        self.launched = False
        self.steps = STEPS
        if (options.store, options.gateway) in RUNS:
            self.steps = STEPS[RUNS.index((options.store, options.gateway))::len(RUNS)]
        self.step_turn = 0
        self.pauses = 0
        lab.run("store", "init", config=self.config)

    # -- one incarnation --------------------------------------------------------------------

    def start(self, env=None):
        if not self.launched:
            return self.lab.pushonce("launch", self.campaign, "--yes", config=self.config, env=env)
        return self.lab.pushonce("restart", "sale", config=self.config, env=env)

    def note_launched(self):
        if not self.launched:
            rows = self.store.rows("SELECT count(*) FROM campaign WHERE state > 1")
            self.launched = int(rows[0][0]) > 0

    def await_progress(self, process, stretch=1):
        """Waits until the ledger has grown by a random part of `stretch` fair shares; false if the
        run ended first."""
        share = self.options.devices / (self.options.kills + 2)
        line_bytes = max(200, self.gateway.ledger_bytes() // max(1, self.gateway.ledger_lines()))
        growth = line_bytes * share * self.random.uniform(.1, 1) * stretch
        goal = self.gateway.ledger_bytes() + int(growth)
        wait_until(lambda: self.gateway.ledger_bytes() >= goal or not process.running(),
                   "the ledger grows", poll=0.002)
        return process.running()

    def kill_at_step(self):
        step = self.steps[self.step_turn % len(self.steps)]
        self.step_turn += 1
        process = self.start({"CRASH_AT": f"{step}:1"})
        if self.await_progress(process, STEP_STRETCH):
            self.never_hit[step] += 1
            self.kill_with_bytes_between(process)
        elif process.wait() == -signal.SIGKILL:
            self.kills[step] += 1
        else:
            self.never_hit[step] += 1
        self.gateway.settle()

    def kill_to_the_end(self, step):
        """Runs until the step is reached: it must be."""
        code = self.run_to_the_end({"CRASH_AT": step})
        if code != -signal.SIGKILL:
            raise AssertionError(f"{step} was never reached, exit {code}\n{self.last.tail()}")
        self.kills[step] += 1
        self.gateway.settle()

    def run_to_the_end(self, env=None):
        """One incarnation, left alone. Where the breaker stops it (the gateway refuses 1 % of the
        devices as bad tokens, and more of those that it answers at all), an operator looks and
        lifts the pause."""
        while True:
            self.last = self.start(env)
            code = self.last.wait(self.options.hang)
            if code != EXIT_STOPPED:
                return code
            self.pauses += 1
            self.lab.run("resume", "sale", "--because", "the tokens are bad", config=self.config)

    def kill_at_a_moment(self):
        process = self.start()
        if self.await_progress(process):
            self.kill_with_bytes_between(process)

    def kill_with_bytes_between(self, process):
        """Stops both sides where they stand until something is between them; then kills."""
        while process.running():
            process.signal(signal.SIGSTOP)
            self.gateway.freeze()
            if self.gateway.bytes_between() >= REQUEST_BYTES_MIN:
                process.kill9()
                self.kills["moment"] += 1
            self.gateway.thaw()
            process.signal(signal.SIGCONT)
        self.gateway.settle()

    def kill_with_a_full_wire(self):
        process = self.start()
        if not self.await_progress(process):
            return
        self.gateway.freeze()
        wait_until(lambda: self.gateway.bytes_between() >= REQUEST_BYTES_MIN
                   or not process.running(), "a request is on the wire")
        if process.running():
            process.kill9()
            self.kills["full wire"] += 1
        self.gateway.thaw()
        self.gateway.settle()

    # -- the whole run ----------------------------------------------------------------------

    def run(self):
        begun = time.monotonic()
        ways = (self.kill_at_a_moment, self.kill_at_step, self.kill_with_a_full_wire)
        turn = 0
        self.kill_to_the_end(FIRST_STEP)
        while self.kills.total() < self.options.kills - 1:
            if turn > 3 * self.options.kills:
                raise AssertionError(f"only {self.kills.total()} kills: {self.kills}")
            ways[turn % len(ways)]()
            turn += 1
            self.note_launched()
        self.kill_to_the_end(LAST_STEP)
        code = self.run_to_the_end()
        if code not in (0, 3):
            raise AssertionError(f"the last restart ended with {code}\n{self.last.tail()}")
        verdict = self.judge()
        seconds = time.monotonic() - begun
        print(f"kills: {self.kills.total()} {dict(self.kills)}; steps not reached before the end:"
              f" {dict(self.never_hit)}; pauses by the breaker: {self.pauses}; {seconds:.0f} s")
        print(f"judged: {verdict.figures}")
        for violation in verdict.violations:
            print("VIOLATION", violation)
        doubtful = verdict.figures["in doubt"] > 0
        if code != (3 if doubtful else 0):
            print(f"VIOLATION exit {code} with {verdict.figures['in doubt']} in doubt")
            return 1
        return 1 if verdict.violations else 0

    def judge(self):
        by_fault = {appid for appid in self.tokens if self.gateway.leaves_doubt(appid)}
        met = [fault for fault in map(self.gateway.fault_of, self.tokens) if fault]
        takers = sum(1 for fault in met if fault.takes_connection)
        wire = self.gateway.wire_max()
        verdict = judge_campaign(
            self.store, self.gateway, self.tokens, "sale",
            self.lab.report("sale", self.config), doubt_explained=by_fault,
            doubt_killed_max=self.kills.total() * wire + takers * self.gateway.keys["in_flight"])
        self.judge_doubt_of_kills(verdict, wire)
        return verdict

    def judge_doubt_of_kills(self, verdict, wire):
        """Doubt that names a kill as its reason fits the kills; other doubt names an answer."""
        rows = self.store.rows("SELECT code, count(*) FROM delivery WHERE state = 5 GROUP BY code")
        by_code = {int(code) & CODE_MASK: int(count) for code, count in rows}
        of_kills = sum(n for code, n in by_code.items() if code in CODES_OF_KILLS)
        verdict.figures["in doubt by code"] = by_code
        verdict.figures["wire at kills at most"] = self.kills.total() * wire
        if of_kills > self.kills.total() * wire:
            verdict.violations.append(f"I7: {of_kills} in doubt by {self.kills.total()} kills")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--store", choices=STORES, default="sqlite")
    parser.add_argument("--gateway", choices=GATEWAYS, default="mock")
    parser.add_argument("--devices", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--rate", default="10000/s")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--hang", type=int, default=300)
    options = parser.parse_args()
    if options.gateway.endswith("peer") and not (PEERS / "jose").exists():
        print("skipped: jose is not there: scripts/test puts it into tests/peers")
        return SKIPPED
    print(f"kill_test {options.store} {options.gateway}: seed={options.seed}", flush=True)
    with Lab("kill") as lab:
        return KillRun(lab, options).run()


if __name__ == "__main__":
    sys.exit(main())
