#!/usr/bin/env python3
"""Events a second of a whole run of the demo's scenario with every event logged, from the start of
the program to the renamed file, beside the same run without a log: what logging costs.

Usage: bench_demo.py [--json] SHARDSIM SCENARIO. Rounds alternate; medians are printed."""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 3


def rate(program, scenario, level, folder):
    path = os.path.join(folder, f"{level}.db")
    begun = time.monotonic()
    done = subprocess.run([program, "run", scenario, "-o", path, "-f", "--log", level,
                           "--progress", "none"], capture_output=True, text=True, check=True)
    seconds = time.monotonic() - begun
    events = re.search(r"([0-9][0-9 ]*) events", done.stdout)
    return int(events.group(1).replace(" ", "")) / seconds


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    if len(arguments) != 2:
        print("usage: bench_demo.py [--json] SHARDSIM SCENARIO", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        pairs = [[rate(*arguments, level, folder) for level in ("all", "none")]
                 for _ in range(ROUNDS)]
    logged, bare = (statistics.median(values) for values in zip(*pairs))
    name, against = "demo, every event kept", "the same run, no event kept"
    if "--json" in sys.argv:
        print(json.dumps({"name": name, "value": round(logged), "unit": "events/s",
                          "against": against, "against_value": round(bare),
                          "ratio": round(logged / bare, 3)}))
    else:
        print(f"{name}: {logged:.0f} events/s, {against}: {bare:.0f}, ratio {logged / bare:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
