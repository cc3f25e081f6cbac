#!/usr/bin/env python3
"""The rate of a campaign, shared by three processes, by the ledger's own timestamps.

    rate_test.py             the upper bound, which no slow machine can break
    rate_test.py --measure   5,000/s over 10 s: prints how exact it is, and judges nothing
"""
import datetime
import sys
import unittest

from harness import STORES, Lab, MockGateway, wait_until
from judge import read_campaign_state, read_ledger

PROCESSES = 3
DONE = 5


def seconds_of(line):
    return datetime.datetime.fromisoformat(line["at"].replace("Z", "+00:00")).timestamp()


def send(lab, rate, devices):
    """Three workers send one campaign; answers (its start by the database, ledger times)."""
    store = STORES["mariadb"](lab)
    gateway = MockGateway(lab)
    gateway.keys.update(connections=2, in_flight=500)
    config = lab.server_file(store, gateway)
    lab.run("store", "init", config=config)
    lab.audience_file(devices)
    workers = [lab.pushonce("worker", config=config) for _ in range(PROCESSES - 1)]
    launch = lab.pushonce("launch", lab.campaign_file("sale", rate=f"{rate}/s"), "--yes",
                          config=config)
    wait_until(lambda: read_campaign_state(store, "sale") == DONE, "the campaign ends", seconds=300)
    for process in [*workers, launch]:
        process.stop()
    started = int(store.rows("SELECT started_at FROM campaign WHERE state = 5")[0][0]) / 1000
    return started, sorted(map(seconds_of, read_ledger(gateway.ledger_path)))


class RateTest(unittest.TestCase):
    def test_three_processes_together_are_never_faster_than_the_rate(self):
        rate, devices = 1000, 6000
        with Lab("rate") as lab:
            started, times = send(lab, rate, devices)
        self.assertEqual(len(times), devices)
        # A tenth of a second's recipients is due at once; then the rate holds.
        least = (devices - rate / 10) / rate
        took = times[-1] - started
        print(f"  {devices} at {rate}/s took {took:.2f} s, at least {least:.2f} s are due")
        self.assertGreaterEqual(took, least * 0.98)


def measure():
    rate, seconds = 5000, 10
    with Lab("rate") as lab:
        _, times = send(lab, rate, rate * (seconds + 5))
    begin = times[0] + 2
    within = sum(begin <= at < begin + seconds for at in times)
    by_second = [sum(begin + s <= at < begin + s + 1 for at in times) for s in range(seconds)]
    print(f"{PROCESSES} processes at {rate}/s: {within / seconds:.0f}/s over {seconds} s"
          f" ({100 * within / (rate * seconds) - 100:+.2f} %); each second {by_second}")


if __name__ == "__main__":
    if "--measure" in sys.argv:
        measure()
    else:
        unittest.main(verbosity=2)
