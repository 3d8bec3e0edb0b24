#!/usr/bin/env python3
"""Events a second of a whole run of the demo's scenario with every event logged, from the start of
the program to the renamed file, beside the same run without a log: what logging costs.

Usage: bench_demo.py [--json] SHARDSIM SCENARIO. Rounds alternate; medians are printed."""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import bench_rows

ROUNDS = 3


def rate(program, scenario, level, folder):
    path = os.path.join(folder, f"{level}.db")
    begun = time.monotonic()
    done = subprocess.run([program, "run", scenario, "-o", path, "-f", "--log", level,
                           "--progress", "none"], capture_output=True, text=True, check=True)
    seconds = time.monotonic() - begun
    return bench_rows.number(r"([0-9][0-9 ]*) events", done.stdout) / seconds


def main():
    program, scenario = bench_rows.arguments(2, "bench_demo.py [--json] SHARDSIM SCENARIO")
    with tempfile.TemporaryDirectory() as folder:
        pairs = [[rate(program, scenario, level, folder) for level in ("all", "none")]
                 for _ in range(ROUNDS)]
    logged, bare = (statistics.median(values) for values in zip(*pairs))
    bench_rows.say("demo, every event kept", logged, "events/s", "the same run, no event kept",
                   bare)
    return 0


if __name__ == "__main__":
    sys.exit(main())
