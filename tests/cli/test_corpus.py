#!/usr/bin/env python3
"""Holds the scenario reader to its word: every file of tests/corpus/good is accepted, and
every file of tests/corpus/bad is refused with exactly the message beside it (NAME.txt).

--write NAME... writes the messages of new files (all files without NAME); read each one aloud.
"""
import pathlib
import re
import sys

from cli_cases import Cases, shardsim

CORPUS = pathlib.Path("tests/corpus")
# Codes that no small file of the corpus can show, and the test that shows them.
ELSEWHERE = {
    "E006": "more than 16 MiB: tests/cli/test_hostile.py",
    "E104": "a malformed --set path: tests/cli/test_commands.py",
    "E405": "show --point: tests/cli/test_commands.py",
    "E500": "a file that is not there: tests/cli/test_commands.py",
    "E510": "a trace that goes away after it was checked: tests/test_clients.c",
    "E513": "a trace that changes after it was checked: tests/test_clients.c",
}
# What a layer has (keys, types, properties) grows with the layers, so those lists are left open:
# a line "expected  [...]" matches any list.
OPEN = "    expected  [...]"
OPEN_PLACE = re.compile(r"error\[E(101|401)\] /"
                        r"(faults/\d+/behaviour|properties|chain|spread|state|messaging|ledger"
                        r"|atomic|workload)\b")
HEADLINE = re.compile(r"^\S[^\n]*?(:\d+:\d+)?: (error|warning)\[([EW]\d{3})\] ", re.MULTILINE)


def with_open_lists(message):
    """The message with the lists of what layers have replaced by OPEN."""
    lines = message.decode(errors="surrogateescape").split("\n")
    for above, line in enumerate(lines[1:]):
        if line.startswith("    expected  ") and OPEN_PLACE.search(lines[above]):
            lines[above + 1] = OPEN
    return "\n".join(lines).encode(errors="surrogateescape")


def write(names):
    for path in sorted(CORPUS.glob("bad/*.json")):
        if not names or path.stem in names:
            message = with_open_lists(shardsim("check", str(path)).stderr)
            path.with_suffix(".txt").write_bytes(message)


def check_good(cases):
    for path in sorted(CORPUS.glob("good/*.json")):
        result = shardsim("check", str(path))
        cases.holds(f"{path} is accepted",
                    result.returncode == 0 and result.stdout.startswith(f"{path}: fine".encode())
                    and b"error" not in result.stderr, result.stdout + result.stderr)


def check_bad(cases):
    seen = set()
    for path in sorted(CORPUS.glob("bad/*.json")):
        expected_path = path.with_suffix(".txt")
        if not cases.holds(f"{path} has its message", expected_path.exists()):
            continue
        expected = expected_path.read_bytes()
        result = shardsim("check", str(path))
        cases.holds(f"{path} exits 3", result.returncode == 3, f"exit {result.returncode}")
        cases.holds(f"{path} says what {expected_path} says (if the new words are right: "
                    f"tests/cli/test_corpus.py --write {path.stem})",
                    with_open_lists(result.stderr) == expected,
                    b"--- expected\n" + expected + b"--- got\n" + result.stderr)
        cases.holds(f"{path} prints nothing on stdout", not result.stdout, result.stdout)
        headlines = HEADLINE.findall(expected.decode(errors="backslashreplace"))
        cases.holds(f"{path} names a code", bool(headlines), expected)
        seen.update(code for _, _, code in headlines)
    for path in CORPUS.glob("bad/*.txt"):
        cases.holds(f"{path} has its scenario", path.with_suffix(".json").exists())
    return seen


def main():
    if sys.argv[1:2] == ["--write"]:
        write(sys.argv[2:])
        return
    cases = Cases()
    check_good(cases)
    seen = check_bad(cases)
    header = pathlib.Path("sim/diagnostics.h").read_text(encoding="utf-8")
    for code in sorted(set(re.findall(r"\bE\d{3}\b(?!\.\.\.)", header)) - set(ELSEWHERE)):
        cases.holds(f"a file of the corpus shows {code}", code in seen)
    cases.close()


main()
