"""What the benchmarks of whole runs (bench_busy.py, bench_demo.py, bench_spread.py,
bench_growth.py) share: how a row is printed, and the hold model, which has no protocol, as a limit
for them."""
import json
import re
import subprocess
import sys


def arguments(count, usage):
    """The command line without --json; ends the program where there are not so many."""
    given = [argument for argument in sys.argv[1:] if argument != "--json"]
    if len(given) != count:
        print(f"usage: {usage}", file=sys.stderr)
        sys.exit(2)
    return given


def number(pattern, text):
    """The number that a run's summary has where the pattern's group stands."""
    return int(re.search(pattern, text).group(1).replace(" ", ""))


def hold_rate(program, pending, events):
    """Events a second of the hold model with so many packets pending."""
    done = subprocess.run([program, "--one", str(pending), str(events)], capture_output=True,
                          text=True, check=True)
    return 1e9 / float(done.stdout.split()[0])


def say(name, value, unit, against, against_value, ratio=None):
    """Prints a row; the ratio is value / against_value unless less is better."""
    ratio = value / against_value if ratio is None else ratio
    if "--json" in sys.argv:
        print(json.dumps({"name": name, "value": round(value), "unit": unit, "against": against,
                          "against_value": round(against_value), "ratio": round(ratio, 3)}))
    else:
        print(f"{name}: {value:.0f} {unit}, {against}: {against_value:.0f}, ratio {ratio:.2f}")
