#!/usr/bin/env python3
"""Adds up the cases of one `meson test` run, for the closing line of `./dev test`.

Usage: count_cases.py TESTLOG.json
A Check program counts by its closing line ("100%: Checks: 7, Failures: 0, Errors: 0"), anything
else as one case. A program that failed although its line shows no failure (a crash at exit, a
leak, a timeout) counts as one failed case more, so that it can never be lost. Prints
"PASSED FAILED"; a missing or empty log is an error.
"""
import json
import re
import sys

CLOSING_LINE = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.MULTILINE)


def count(result):
    """Returns (passed, failed) of one entry of the log."""
    if result["result"] == "SKIP":
        return 0, 0
    good = result["result"] in ("OK", "EXPECTEDFAIL")
    closing = CLOSING_LINE.findall(result.get("stdout", ""))
    if not closing:
        return (1, 0) if good else (0, 1)
    checks = sum(int(row[0]) for row in closing)
    bad = sum(int(row[1]) + int(row[2]) for row in closing)
    return checks - bad, bad if good or bad else 1


def main():
    passed = failed = 0
    try:
        with open(sys.argv[1], encoding="utf-8") as log:
            for line in log:
                more_passed, more_failed = count(json.loads(line))
                passed += more_passed
                failed += more_failed
    except (OSError, ValueError, KeyError, IndexError) as error:
        print(f"count_cases: {error}", file=sys.stderr)
        return 1
    print(passed, failed)
    return 0 if passed + failed else 1


if __name__ == "__main__":
    sys.exit(main())
