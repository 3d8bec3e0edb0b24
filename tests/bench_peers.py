#!/usr/bin/env python3
"""The hold model on other simulators beside ours, in alternating rounds; medians are printed.

Usage: bench_peers.py [--json] BENCH_HOLD FOLDER
BENCH_HOLD is our program; FOLDER holds the programs built from tests/peers/: hold_ns3 and
hold_simgrid. What cannot be measured gets a row that says so, and the exit code 1. A row's ratio is
above 1 when shardsim is better."""
import json
import pathlib
import statistics
import subprocess
import sys
import time

ROUNDS = 3
SLOW_S = 15  # a peer that takes longer is measured once at that size: noise is not its question
SIZES = (1000, 100000, 1000000)
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's SimPy; another one may stand before it
NS3 = ("PriorityQueueScheduler", "MapScheduler", "HeapScheduler")
HERE = pathlib.Path(__file__).parent


def peers(folder):
    """(name, command up to its last two arguments, measured events) of every peer."""
    found = [(f"ns-3 {name}", [f"{folder}/hold_ns3", f"ns3::{name}"], 1000000) for name in NS3]
    found.append(("SimGrid timers", [f"{folder}/hold_simgrid", "--log=root.thres:error"], 300000))
    found.append(("SimPy processes", [PYTHON, str(HERE / "peers" / "hold_simpy.py")], 100000))
    return found


def measure(command, pending, events):
    """Nanoseconds an event, or None."""
    try:
        done = subprocess.run([*command, str(pending), str(events)], capture_output=True, text=True,
                              timeout=300, check=True)
        return float(done.stdout.split()[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as problem:
        print(f"bench_peers: {' '.join(command)}: {problem}", file=sys.stderr)
        return None


def print_row(as_json, name, value, against, against_value):
    ratio = round(against_value / value, 3) if against_value else None
    if as_json:
        row = {"name": name, "value": round(value, 1), "unit": "ns/event", "against": against,
               "against_value": against_value and round(against_value, 1), "ratio": ratio}
        if not against_value:
            row["note"] = "could not be measured"
        print(json.dumps(row), flush=True)
    elif against_value:
        print(f"{name:21} {value:8.1f} ns/event, {against} {against_value:8.1f}, "
              f"ratio {ratio:.2f}", flush=True)
    else:
        print(f"{name:21} {value:8.1f} ns/event, {against} could not be measured", flush=True)


def compare(as_json, ours_program, folder):
    complete = True
    broken = set()
    for pending in SIZES:
        ours = []
        slow = set()
        theirs = {name: [] for name, _, _ in peers(folder)}
        for _ in range(ROUNDS):
            for name, command, events in peers(folder):
                if name in broken or name in slow:
                    continue
                ours.append(measure([ours_program, "--one"], pending, 1000000))
                if ours[-1] is None:
                    return False
                begun = time.monotonic()
                theirs[name].append(measure(command, pending, events))
                if time.monotonic() - begun > SLOW_S:
                    slow.add(name)
                if theirs[name][-1] is None:
                    broken.add(name)
        if not ours:
            ours.append(measure([ours_program, "--one"], pending, 1000000))
        for name, values in theirs.items():
            known = bool(values) and None not in values
            complete = complete and known
            print_row(as_json, f"hold {pending} pending", statistics.median(ours), name,
                      statistics.median(values) if known else None)
    return complete


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    if len(arguments) != 2:
        print("usage: bench_peers.py [--json] BENCH_HOLD FOLDER", file=sys.stderr)
        return 2
    return 0 if compare("--json" in sys.argv, *arguments) else 1


if __name__ == "__main__":
    sys.exit(main())
