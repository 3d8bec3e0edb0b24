#!/usr/bin/env python3
"""What a tired user does to `run` and the commands after it: odd names, wrong words, pipes that
close, folders in folders. Each printed `next:` must work when it is pasted into a shell."""
import json
import os
import pathlib
import re
import subprocess
import tempfile

from cli_cases import Cases, PROGRAM, shardsim

ECHO = ('{"version": 1, "duration": "1s", "name": "echo", '
        '"workload": [{"type": "echo", "nodes": 2}]}\n')
CHAINS = ('{"version": 1, "duration": "10s", "name": "chains", "chain": {"shards": 2, '
          '"block_interval": "%s"}, "workload": [{"type": "periodic"}]}\n')
PROGRAM_PATH = str(pathlib.Path(PROGRAM).resolve())


def inside(folder, *words, stdin=b""):
    """The program with its working folder elsewhere."""
    return subprocess.run([PROGRAM_PATH, *words], input=stdin, capture_output=True, check=False,
                          cwd=folder, timeout=120)


def pasted(folder, line):
    """The exit code of a printed command, by a shell that finds the program on its path."""
    path = f"{pathlib.Path(PROGRAM_PATH).parent}:{os.environ['PATH']}"
    return subprocess.run(["bash", "-c", line], capture_output=True, check=False, cwd=folder,
                          env={**os.environ, "PATH": path}, timeout=120).returncode


def next_of(result):
    found = re.findall(r"next: (shardsim .*?)(?:  +or: (.*))?$", result.stderr.decode(), re.M)
    return [line for pair in found for line in pair if line]


def check_names(cases, folder):
    (folder / "e.json").write_text(ECHO, encoding="utf-8")
    for name in ("a b", "it's", "ü\"$x", "a;b", "-o", "plain"):
        output = f"{name}/{name}.db"
        result = inside(folder, "run", "e.json", "-o", f"./{output}")
        cases.exits(f"-o {output}", result, 0)
        lines = next_of(result)
        cases.holds(f"-o {output} prints what to do next", len(lines) == 2, result.stderr)
        for line in lines:
            cases.holds(f"{line} works", pasted(folder, line) == 0)
        report = inside(folder, "report", f"./{output}")
        cases.exits(f"report {output}", report, 0)
        cases.holds(f"report {output} keeps messages off stdout", b"next:" not in report.stdout)
        cases.holds(f"report {output} says what is next", len(next_of(report)) == 1, report.stderr)
        rows = inside(folder, "verify", "--json", f"./{output}").stdout.splitlines()
        cases.holds(f"verify --json {output}", len(rows) == 1 and
                    json.loads(rows[0])["path"] == f"./{output}", rows)
        shown = inside(folder, "show", f"./{output}")
        cases.exits(f"show {output} shows what was run", shown, 0, '"nodes": 2')
    room = 496 - len(str(folder.resolve())) - len("/") - len("/x.db")
    deep = "d" * 200 + "/" + "d" * 100 + "/" + "d" * (room - 302) + "/x.db"
    cases.exits("the longest path that SQLite takes", inside(folder, "run", "e.json", "-o", deep),
                0)
    cases.holds("... is where it was asked for", (folder / deep).exists())
    result = inside(folder, "run", "e.json", "-o", "d" * 200 + "/" + deep)
    cases.exits("a longer one", result, 7, "SQLite takes 496", "write elsewhere with -o FILE")
    result = inside(folder, "run", "e.json", "-o", "../" * 500 + "x.db")
    cases.exits("one that is longer than our own buffers", result, 7, "SQLite takes 496")
    result = inside(folder, "run", "e.json", "-o", "n" * 300 + ".db")
    cases.exits("a name too long for the file system", result, 7, "File name too long", "-o FILE")
    for name in ("../x", "/x", "a/b", "..", "", "a b"):
        text = ECHO.replace('"echo", "workload"', f'"{name}", "workload"')
        result = inside(folder, "run", "-", stdin=text.encode())
        cases.exits(f"a scenario named {name!r}", result, 3, "error[E207] /name")
    cases.exits("verify of a folder of folders", inside(folder, "verify", "."), 0, "same")
    (folder / "empty").mkdir()
    cases.exits("verify of an empty folder beside a good one",
                inside(folder, "verify", "empty", "plain"), 7, "holds no result database")


def check_words(cases, folder):
    for words, texts in (
            (["-o", "-"], ["a database cannot go to stdout"]),
            (["--log", "nothing"], ["expected one of all, protocol, tx, none", 'got "nothing"']),
            (["--seed", "-1"], ["expected a whole number, 0 to 18446744073709551615"]),
            (["--point", "9223372036854775808"], ["0 to 9223372036854775807"]),
            (["--until", "5"], ["a time above 0", 'got "5"'])):
        result = inside(folder, "run", "e.json", *words)
        cases.exits(f"run {words}", result, 2, *texts)
    cases.exits("run --point without a sweep", inside(folder, "run", "e.json", "--point", "3"), 3,
                "error[E405]", "got       3")
    cases.exits("run --set beyond the end",
                inside(folder, "run", "e.json", "--set", "workload.5.nodes=3"), 3,
                "error[E105] /workload/5/nodes", "got       \"/workload/5/nodes\"")
    for name in ("run", "list", "report", "plot", "help"):
        cases.exits(f"{name} -h", shardsim(name, "-h"), 0, f"Usage: shardsim {name}")
    cases.exits("describe of a type alone, misspelt", shardsim("describe", "hypercub"), 2,
                "try       messaging.hypercube")
    described = shardsim("describe", "faults")
    cases.exits("describe faults says once when a fault is", described, 0,
                'only with type "crash", "restart", "partition", "cut", "loss", "delay", "slow"')
    cases.holds("... once", described.stdout.count(b"faults[].at ") == 1, described.stdout)
    cases.exits("plot of an unknown figure", inside(folder, "plot", ".", "--figure", "hop"), 2,
                "latency_cdf,hops", "got 'hop'")
    cases.exits("merge without -o", inside(folder, "merge", "."), 2, "-o CATALOGUE.db")
    cases.exits("merge", inside(folder, "merge", ".", "-o", "cat.db"), 0)
    cases.exits("report of a catalogue", inside(folder, "report", "cat.db"), 7, "is a catalogue")


def check_warning(cases):
    for command in ("check", "run"):
        words = [command, "-"] if command == "check" else [command, "-", "-n"]
        cases.exits(f"{command} of slots that nobody can use",
                    shardsim(*words, stdin=CHAINS % "200ms"), 0,
                    "warning[W301] /chain/validators/consensus_delay", "one slot of 3")
        result = shardsim(*words, stdin=CHAINS % "501ms")
        cases.holds(f"{command} of slots that are used", b"W301" not in result.stderr,
                    result.stderr)
    cases.exits("check --strict", shardsim("check", "--strict", "-", stdin=CHAINS % "200ms"), 3)


def check_dry_run(cases, folder):
    before = sorted(folder.rglob("*"))
    result = subprocess.run([PROGRAM_PATH, "run", "-n", "e.json"], capture_output=True, check=False,
                            cwd=folder, env={**os.environ, "TMPDIR": str(folder)}, timeout=120)
    cases.exits("run -n", result, 0, "log all ", "log protocol ", "log tx ", "log none ", "memory ")
    cases.holds("run -n leaves nothing behind", sorted(folder.rglob("*")) == before)


def check_minimal(cases, folder):
    text = shardsim("init", "minimal").stdout
    result = inside(folder, "run", "-", stdin=text)
    cases.exits("the least scenario", result, 0, "delivered once")
    cases.holds("... has events", b" 0 events" not in result.stdout, result.stdout)
    cases.exits("check of a sweep names sweep",
                shardsim("check", "scenarios/templates/sweep.json"), 0, "next: shardsim sweep ")


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_names(cases, folder)
        check_words(cases, folder)
        check_dry_run(cases, folder)
        check_minimal(cases, folder)
    check_warning(cases)
    cases.close()


main()
