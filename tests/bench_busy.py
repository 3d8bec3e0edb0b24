#!/usr/bin/env python3
"""The busiest scenario: scenarios/scale/full_blocks.json, the largest one in which every block of
every shard is full, so that all layers work all the time and no shard is idle. Two rows:

events a second of the whole run, beside the hold model in the same kernel with as many packets
pending, which has no protocol: what all layers with their checks cost;

messages delivered a second, beside the same load with ideal messaging (`local`): what routing,
queues and their order cost.

Usage: bench_busy.py [--json] SHARDSIM SCENARIO BENCH_HOLD
Rounds alternate; medians are printed."""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 3
PENDING, HOLDS = 10000, 1000000


def number(pattern, text):
    return int(re.search(pattern, text).group(1).replace(" ", ""))


def run(program, scenario, settings, folder):
    """Events and delivered messages a second, without a log of events."""
    path = os.path.join(folder, "busy.db")
    begun = time.monotonic()
    done = subprocess.run([program, "run", scenario, "-o", path, "-f", "--log", "none",
                           "--progress", "none", *settings], capture_output=True, text=True,
                          check=True)
    seconds = time.monotonic() - begun
    events = number(r"([0-9][0-9 ]*) events", done.stdout)
    delivered = number(r"([0-9][0-9 ]*) delivered once", done.stdout)
    return events / seconds, delivered / seconds


def hold_rate(program):
    done = subprocess.run([program, "--one", str(PENDING), str(HOLDS)], capture_output=True,
                          text=True, check=True)
    return 1e9 / float(done.stdout.split()[0])


def say(name, value, unit, against, against_value):
    ratio = value / against_value
    if "--json" in sys.argv:
        print(json.dumps({"name": name, "value": round(value), "unit": unit, "against": against,
                          "against_value": round(against_value), "ratio": round(ratio, 3)}))
    else:
        print(f"{name}: {value:.0f} {unit}, {against}: {against_value:.0f}, ratio {ratio:.2f}")


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    if len(arguments) != 3:
        print("usage: bench_busy.py [--json] SHARDSIM SCENARIO BENCH_HOLD", file=sys.stderr)
        return 2
    program, scenario, bench_hold = arguments
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            rounds.append((*run(program, scenario, [], folder), hold_rate(bench_hold),
                           *run(program, scenario, ["--set", 'messaging={"type":"local"}'],
                                folder)))
    events, messages, holds, _, ideal = (statistics.median(values) for values in zip(*rounds))
    say("full blocks, events", events, "events/s", "hold model without a protocol", holds)
    say("full blocks, messages", messages, "messages/s", "ideal messaging", ideal)
    return 0


if __name__ == "__main__":
    sys.exit(main())
