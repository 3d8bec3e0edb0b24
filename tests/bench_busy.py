#!/usr/bin/env python3
"""The busiest scenario: scenarios/scale/full_blocks.json, the largest one in which every block of
every shard is full, so that all layers work all the time and no shard is idle. Two rows:

events a second of the whole run, beside the hold model in the same kernel with as many packets
pending, which has no protocol: what all layers with their checks cost;

messages delivered a second, beside the same load with ideal messaging (`local`): what routing,
queues and their order cost.

Usage: bench_busy.py [--json] SHARDSIM SCENARIO BENCH_HOLD
Rounds alternate; medians are printed."""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import bench_rows

ROUNDS = 3
PENDING, HOLDS = 10000, 1000000


def run(program, scenario, settings, folder):
    """Events and delivered messages a second, without a log of events."""
    path = os.path.join(folder, "busy.db")
    begun = time.monotonic()
    done = subprocess.run([program, "run", scenario, "-o", path, "-f", "--log", "none",
                           "--progress", "none", *settings], capture_output=True, text=True,
                          check=True)
    seconds = time.monotonic() - begun
    events = bench_rows.number(r"([0-9][0-9 ]*) events", done.stdout)
    delivered = bench_rows.number(r"([0-9][0-9 ]*) delivered once", done.stdout)
    return events / seconds, delivered / seconds


def main():
    program, scenario, bench_hold = bench_rows.arguments(
        3, "bench_busy.py [--json] SHARDSIM SCENARIO BENCH_HOLD")
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            rounds.append((*run(program, scenario, [], folder),
                           bench_rows.hold_rate(bench_hold, PENDING, HOLDS),
                           *run(program, scenario, ["--set", 'messaging={"type":"local"}'],
                                folder)))
    events, messages, holds, _, ideal = (statistics.median(values) for values in zip(*rounds))
    bench_rows.say("full blocks, events", events, "events/s", "hold model without a protocol",
                   holds)
    bench_rows.say("full blocks, messages", messages, "messages/s", "ideal messaging", ideal)
    return 0


if __name__ == "__main__":
    sys.exit(main())
