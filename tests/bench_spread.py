#!/usr/bin/env python3
"""A network of the deployed one's size: scenarios/spread/mainnet.json, 2,000 validators that get
blocks of 1,500 data shreds by turbine, with repair, gossip and votes, logged as it says. Its first
seconds, by --until. Three rows:

events a second, beside the hold model in the same kernel with about as many packets pending, which
has no protocol: what shreds, trees, stores, votes and their checks cost;

wall time for the whole scenario at that pace, in seconds, beside its simulated time;

memory, beside the same seconds without repair.

Usage: bench_spread.py [--json] SHARDSIM SCENARIO BENCH_HOLD"""
import os
import sqlite3
import subprocess
import sys
import tempfile
import time

import bench_rows

SECONDS, SIMULATED = 3, 60
PENDING, HOLDS = 1000000, 3000000


def run(program, scenario, settings, folder):
    """Events a second of wall time, that wall time, and the largest memory in MiB."""
    path = os.path.join(folder, "spread.db")
    begun = time.monotonic()
    done = subprocess.run([program, "run", scenario, "-o", path, "-f", "--progress", "none",
                           "--until", f"{SECONDS}s", *settings], capture_output=True, text=True)
    seconds = time.monotonic() - begun
    if done.returncode != 8:  # stopped by --until
        sys.exit(f"bench_spread: {scenario} ended with {done.returncode}\n{done.stderr}")
    with sqlite3.connect(path) as database:
        events, memory = database.execute("SELECT n_events, max_rss_kib FROM run").fetchone()
    return events / seconds, seconds, memory / 1024


def main():
    program, scenario, bench_hold = bench_rows.arguments(
        3, "bench_spread.py [--json] SHARDSIM SCENARIO BENCH_HOLD")
    with tempfile.TemporaryDirectory() as folder:
        rate, seconds, memory = run(program, scenario, [], folder)
        _, _, plain = run(program, scenario, ["--set", "spread.repair.enabled=false"], folder)
    holds = bench_rows.hold_rate(bench_hold, PENDING, HOLDS)
    whole = seconds * SIMULATED / SECONDS
    bench_rows.say("mainnet, events", rate, "events/s", "hold model without a protocol", holds)
    bench_rows.say("mainnet, a minute", whole, "s", "simulated time", SIMULATED,
                   SIMULATED / whole)
    bench_rows.say("mainnet, memory", memory, "MiB", "without repair", plain, plain / memory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
