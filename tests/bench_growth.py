#!/usr/bin/env python3
"""Costs that must not grow. Two rows:

time an event in 40 simulated minutes of scenarios/congestion/hot_destination.json, where one shard
is sent more than it can import and queues grow all the time, beside the first 10 of them;

time a chain to check a world of 16,384 shards with 8 validators each and turbine with repair,
beside one of 1,024.

Usage: bench_growth.py [--json] SHARDSIM SCENARIO
Rounds alternate; minima are compared."""
import json
import os
import subprocess
import sys
import tempfile
import time

import bench_rows

ROUNDS = 3
MINUTES = (10, 40)
SHARDS = (1024, 16384)
WORLD = {
    "version": 1, "name": "many-turbines", "seed": 1, "duration": "10s",
    "network": {"latency": "20ms", "bandwidth": "100Mbit/s"},
    "chain": {"block_interval": "2s", "validators": {"type": "individual", "count": 8}},
    "spread": {"type": "turbine"},
    "ledger": {"type": "accounts", "accounts_per_shard": 100},
    "workload": [{"type": "poisson", "rate": "10tx/s"}],
}


def time_event(program, scenario, minutes, folder):
    """Nanoseconds of wall time an event."""
    begun = time.monotonic()
    done = subprocess.run([program, "run", scenario, "-o", os.path.join(folder, "growth.db"), "-f",
                           "--log", "none", "--progress", "none", "--set",
                           f"duration={60 * minutes}s"], capture_output=True, text=True, check=True)
    seconds = time.monotonic() - begun
    return 1e9 * seconds / bench_rows.number(r"([0-9][0-9 ]*) events", done.stdout)


def time_chain(program, world, shards):
    """Nanoseconds of wall time a chain."""
    begun = time.monotonic()
    subprocess.run([program, "check", world, "--set", f"chain.shards={shards}"],
                   capture_output=True, check=True)
    return 1e9 * (time.monotonic() - begun) / shards


def main():
    program, scenario = bench_rows.arguments(2, "bench_growth.py [--json] SHARDSIM SCENARIO")
    with tempfile.TemporaryDirectory() as folder:
        world = os.path.join(folder, "world.json")
        with open(world, "w", encoding="utf-8") as file:
            json.dump(WORLD, file)
        rounds = [[*(time_event(program, scenario, minutes, folder) for minutes in MINUTES),
                   *(time_chain(program, world, shards) for shards in SHARDS)]
                  for _ in range(ROUNDS)]
    short, long, few, many = (min(values) for values in zip(*rounds))
    bench_rows.say("overload, 40 minutes", long, "ns/event", "10 minutes", short)
    bench_rows.say("turbine, 16384 chains checked", many, "ns/chain", "1024 chains", few)
    return 0


if __name__ == "__main__":
    sys.exit(main())
