#!/usr/bin/env python3
"""The command `sweep`: which runs it makes, what it says of those that go wrong, and what it leaves
when it, its runs, or another sweep of the same folder are stopped. Waits for what a run has
written, never for an amount of time."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from cli_cases import Cases
from many_cases import PROGRAM_PATH, inside, names, sql, write

RATES = {"workload.0.rate": ["10tx/s", "20tx/s"]}
ENDLESS = {"duration": "100000000s", "log": "none"}
SECONDS_MAX = 60  # a wait that is longer is a failure


def states(folder, *words):
    """The rows of --list --json, and how often each state occurs in them."""
    rows = [json.loads(line) for line in
            inside(folder, "sweep", "--list", "--json", *words).stdout.splitlines()]
    count = {}
    for row in rows:
        count[row["state"]] = count.get(row["state"], 0) + 1
    return rows, count


def until(fact):
    """True as soon as the fact holds; False after a long time."""
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.01)
    return False


def start(folder, *words):
    return subprocess.Popen([PROGRAM_PATH, "sweep", *words], cwd=folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def partials(folder):
    return list(folder.glob("results/*/*.db.partial"))


def children(pid):
    return [int(word) for word in
            pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def check_runs(cases, folder):
    """Which runs there are: points times replications, and each once."""
    write(folder, "plain.json", RATES, replications=3)
    rows, count = states(folder, "plain.json")
    cases.holds("points times replications", count == {"missing": 6} and
                [(row["point"], row["replication"]) for row in rows] ==
                [(p, r) for p in (0, 1) for r in (0, 1, 2)], rows)
    cases.holds("the list says what is swept", [row["values"] for row in rows[::3]] ==
                ["workload.0.rate=10tx/s", "workload.0.rate=20tx/s"], rows)
    cases.exits("fewer replications", inside(folder, "sweep", "plain.json", "--replications", 1),
                0, "2 of 2 runs are done in results/plain", "next: shardsim report results/plain")
    rows, count = states(folder, "plain.json")
    cases.holds("only the others are missing", count == {"done": 2, "missing": 4} and
                all((row["state"] == "done") == (row["replication"] == 0) for row in rows), rows)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("results/plain/*.db")}
    result = inside(folder, "sweep", "plain.json", "-j", 2)
    cases.exits("the others", result, 0, "6 of 6 runs are done", "| 4/4 runs, 0 running, 0 failed")
    cases.holds("... and only they", all(path.stat().st_mtime_ns == stamp
                                         for path, stamp in before.items()))
    cases.holds("... and nothing else is left", all(
        re.fullmatch("[0-9a-f]{16}[.]db", name) for name in names(folder / "results" / "plain")),
        names(folder / "results" / "plain"))
    result = inside(folder, "sweep", "plain.json")
    cases.exits("then nothing is left to do", result, 0, "6 of 6 runs are done")
    cases.holds("... and nothing is done", b"running" not in result.stderr, result.stderr)
    run = sql(next(folder.glob("results/plain/*.db")), "select argv, status from run")[0]
    cases.holds("a run's own command is in its file", "--point" in run[0] and run[1] == "ok", run)
    for words, texts in ((["-j", "0"], ["1 to 1024", 'got "0"']),
                         (["-j", "1025"], ["1 to 1024"]), (["-j", "-1"], ["1 to 1024"]),
                         (["--replications", "0"], ["1 to 1000000", 'got "0"']),
                         (["plain.json"], ["one scenario at a time"])):
        cases.exits(f"sweep {words}", inside(folder, "sweep", "plain.json", *words), 2, *texts)
    cases.exits("sweep of nothing", inside(folder, "sweep"), 2, "which scenario?")
    cases.exits("-j 1024", inside(folder, "sweep", "plain.json", "-j", 1024, "--set",
                                  "network.loss=1%"), 0, "6 of 6 runs are done")
    cases.holds("--set makes other runs", len(list(folder.glob("results/plain/*.db"))) == 12)
    cases.holds("... whose files know", 6 == sum(
        "network.loss=1%" in sql(path, "select argv from run")[0][0]
        for path in folder.glob("results/plain/*.db")))
    twice = {"chain.block_interval": ["1s", "1000ms", "2s"], "workload.0.rate": ["10tx/s", "10/s"]}
    write(folder, "twice.json", twice, replications=2)
    result = inside(folder, "sweep", "twice.json")
    cases.exits("points that are the same run", result, 0, "4 of 4 runs are done",
                "(8 more are the same run as an earlier point)", "| 4/4 runs")
    rows, count = states(folder, "twice.json")
    cases.holds("... are listed as repeated", count == {"done": 4, "repeated": 8} and
                [row["point"] for row in rows if row["state"] == "done"] == [0, 0, 4, 4], rows)


def check_ranges(cases, folder):
    """The values of a range: whole numbers rounded to nearest, reals as a person would write them,
    ends exact; and ranges that are none."""
    def values(path, **keys):
        write(folder, "range.json", {path: keys}, network={
            "latency": {"type": "lognormal", "median": "40ms", "sigma": 0.5}})
        rows, _ = states(folder, "range.json")
        return [row["values"].split("=")[1] for row in rows]
    accounts, sigma = "ledger.accounts_per_shard", "network.latency.sigma"
    for path, keys, wanted in (
            (accounts, {"from": 1, "to": 4, "points": 3}, ["1", "3", "4"]),
            (accounts, {"from": 4, "to": 1, "points": 3}, ["4", "2", "1"]),
            (accounts, {"from": 1, "to": 8, "points": 4, "scale": "log2"}, ["1", "2", "4", "8"]),
            (accounts, {"from": 10, "to": 25, "points": 3, "scale": "log10"}, ["10", "16", "25"]),
            (accounts, {"from": 1, "to": 2, "points": 2}, ["1", "2"]),
            (sigma, {"from": 0.1, "to": 0.4, "points": 4}, ["0.1", "0.2", "0.3", "0.4"]),
            (sigma, {"from": 0.1, "to": 0.9, "points": 3, "scale": "log10"},
             ["0.1", "0.3", "0.9"])):
        got = values(path, **keys)
        cases.holds(f"{path} {keys}", got == wanted, got)
    ends = {"from": 1, "to": 2}
    many = {f"workload.{i}.rate": ["1tx/s", "2tx/s"] for i in range(8)}
    many.update({f"workload.{i}.cross_shard": ["1%", "2%"] for i in range(8)}, duration=["9s"])
    for sweep, code in (({accounts: {**ends, "points": 1}}, "E203"),
                        ({accounts: {**ends, "points": 3}}, "two points of the range are equal"),
                        ({accounts: {"from": 0, "to": 2, "points": 2, "scale": "log2"}}, "E307"),
                        ({sigma: {"from": 1, "to": 0, "points": 2, "scale": "log2"}}, "E307"),
                        ({accounts: {**ends, "points": 2, "scale": "log3"}}, "E206"),
                        ({accounts: []}, "E208"), ({accounts: 7}, "E205"),
                        ({"network.loss": ["1%"], "/network/loss": ["2%"]},
                         "this path is swept twice"),
                        (many, "E208"), ({"seed": [1, 2]}, "E404")):
        write(folder, "range.json", sweep, network={
            "latency": {"type": "lognormal", "median": "40ms", "sigma": 0.5}},
              workload=8 * [{"type": "poisson", "rate": "1tx/s"}])
        cases.exits(f"a sweep of {str(sweep)[:60]}", inside(folder, "check", "range.json"), 3, code)
    del many["duration"]
    write(folder, "range.json", many, workload=8 * [{"type": "poisson", "rate": "1tx/s"}])
    cases.exits("sixteen paths", inside(folder, "show", "--point", "65535", "range.json"), 0)


def check_names(cases, folder):
    for name in ("a b.json", "it's.json", "-j.json", "ü\"$x.json", "--.json"):
        write(folder, name, RATES)
        text = json.loads((folder / name).read_text())
        del text["name"]
        (folder / name).write_text(json.dumps(text))
        cases.exits(f"sweep of {name}", inside(folder, "sweep", "--", name), 0, "2 of 2 runs")
    write(folder, "quote.json", {"chain.shards": [4]}, **{"x-n": 'a"b'})
    rows, _ = states(folder, "quote.json")
    cases.holds("--json is JSON", len(rows) == 1, rows)
    lists = {"properties": [["exactly_once"], ["exactly_once", "queue_order"]]}
    write(folder, "lists.json", lists)
    rows, _ = states(folder, "lists.json")
    cases.holds("... with lists that are swept, too", len(rows) == 2 and
                all('"exactly_once"' in row["values"] for row in rows), rows)


def check_bad_points(cases, folder):
    """All problems of all points at once, before the first run."""
    bad = {"workload.0.rate": ["10tx/s", "0tx/s", 7], "messaging.path": ["slow", "fats"]}
    write(folder, "bad.json", bad)
    result = inside(folder, "sweep", "bad.json")
    cases.exits("a sweep of bad points", result, 3, "error[E203] /workload/0/rate: out of range",
                "error[E201] /workload/0/rate", "error[E206] /messaging/path",
                "(at sweep point 1)", "(at sweep point 2)", "(at sweep point 4)",
                "bad.json: 3 errors, 0 warnings")
    crash = [{"at": "5s", "for": "2s", "type": "crash", "target": "shard:6"}]
    write(folder, "world.json", {"chain.shards": [8, 4]}, faults=crash,
          chain={"shards": 8, "block_interval": "1s"})
    cases.exits("a point that cannot be built", inside(folder, "sweep", "world.json"), 3,
                "error[E402] /faults/0/target: no such node (at sweep point 1)")
    write(folder, "base.json", faults=crash)
    cases.exits("a scenario without a sweep that cannot be built", inside(
        folder, "sweep", "base.json"), 3, "error[E402] /faults/0/target: no such node\n")
    cases.holds("nothing is run", not (folder / "results" / "bad").exists() and
                not (folder / "results" / "world").exists())
    cases.exits("what is not run is not built", inside(folder, "sweep", "--list", "world.json"), 0,
                "missing")
    for words in (["--set", "network.lss=1%"], ["--set", "workload.0.rate=7"]):
        cases.exits(f"sweep {words}", inside(folder, "sweep", "plain.json", *words), 3, "--set:1:1")
    cases.exits("a sweep of a file that is not there", inside(folder, "sweep", "no.json"), 7,
                "error[E500]")
    late = {"interval": "200ms"}
    write(folder, "warn.json", RATES, chain={"shards": 2, "block_interval": late["interval"]})
    cases.exits("warnings are said", inside(folder, "sweep", "warn.json"), 0, "warning[W301]",
                "2 of 2 runs are done")


def check_violations(cases, folder):
    finality = [{"type": "finality", "within": "50s"}]
    write(folder, "broken.json", {"properties.0.within": ["1ms", "50s"]}, properties=finality,
          replications=2)
    result = inside(folder, "sweep", "broken.json", "--set", "network.loss=1%")
    cases.exits("a sweep with violations", result, 4, "2 of 4 runs are done", "2 failed",
                "point 0: properties.0.within=1ms) violated property finality at ",
                "1000000 ns allowed", "replay: shardsim run broken.json",
                "next: shardsim sweep --retry-failed --set network.loss=1% broken.json")
    words = ["broken.json", "--set", "network.loss=1%"]
    result = inside(folder, "sweep", *words)
    cases.exits("they are not run again", result, 4, "2 failed")
    cases.holds("... indeed not", b"running" not in result.stderr, result.stderr)
    files = {path: path.stat().st_ino for path in folder.glob("results/broken/*.db")}
    cases.exits("unless it is asked for", inside(folder, "sweep", "--retry-failed", *words), 4,
                "| 2/2 runs, 0 running, 2 failed", "2 failed")
    cases.holds("... only those", sum(path.stat().st_ino != number
                                      for path, number in files.items()) == 2)
    replay = re.search(r"replay: shardsim (run .*)", result.stderr.decode() or "") or re.search(
        r"replay: shardsim (run .*)", inside(folder, "sweep", "--retry-failed",
                                             *words).stderr.decode())
    cases.exits("the command that replays one", inside(folder, *replay[1].split()), 4, "VIOLATED")
    cases.exits("verify of violations", inside(folder, "verify", "results/broken"), 0, "same")
    failed = next(path for path in files if sql(path, "select status from run")[0][0] != "ok")
    failed.write_bytes(b"")
    cases.exits("a violation and something missing", inside(folder, "sweep", *words), 6, "1 failed")


def check_files_in_the_way(cases, folder):
    """What lies under the name of a run, and is not that run."""
    write(folder, "way.json", {"workload.0.rate": {"from": "1tx/s", "to": "9tx/s", "points": 9}})
    cases.exits("a sweep", inside(folder, "sweep", "way.json"), 0)
    files = sorted(folder.glob("results/way/*.db"))
    content = files[0].read_bytes()
    files[0].write_bytes(content[:len(content) // 2])
    files[1].write_text("thesis")
    files[2].write_bytes(b"")
    files[3].unlink()
    files[3].mkdir()
    sql(files[4], "pragma application_id = 7")
    shutil.copy(files[6], files[5])
    sql(files[7], "update run set status = 'limit'")
    files[8].unlink()
    before = [path.stat().st_ino for path in files[:6]]
    _, count = states(folder, "way.json")
    cases.holds("they are told apart", count == {"foreign": 6, "done": 1, "missing": 2}, count)
    result = inside(folder, "sweep", "way.json")
    cases.exits("a sweep goes round them", result, 6, "3 of 9 runs are done",
                "6 in the way of a file that is no whole result of ours",
                f"{files[0].name} is cut short", f"{files[1].name} is no result database",
                f"{files[2].name} is empty", f"{files[3].name} is a folder",
                f"{files[4].name} is a database of another program",
                f"{files[5].name} holds another run, {files[6].stem}", "nothing is overwritten",
                "move them away")
    cases.holds("... and leaves them alone", before == [path.stat().st_ino for path in files[:6]]
                and files[1].read_text() == "thesis")
    cases.exits("merge of that folder", inside(folder, "merge", "results/way", "-o", "way.db"), 7,
                "is cut short", "is not an SQLite database")
    for name in ("results/file", "file"):
        elsewhere = folder / f"else-{name.replace('/', '-')}"
        (elsewhere / "results").mkdir(parents=True)
        write(elsewhere, "file.json", RATES)
        if name == "file":
            (elsewhere / "results").rmdir()
            (elsewhere / "results").write_text("thesis")
        else:
            (elsewhere / name).write_text("thesis")
        result = inside(elsewhere, "sweep", "file.json")
        cases.exits(f"a file where {name} should be", result, 7, "cannot make the folder results")
        cases.holds("... starts nothing", b"running" not in result.stderr, result.stderr)
    (folder / "mine.json").write_text((folder / "way.json").read_text())
    result = inside(folder, "run", "way.json", "-f", "-o", "mine.json")
    cases.exits("run -f onto what is no result", result, 7, "mine.json is there and is no result",
                "left alone", "-o FILE")
    cases.holds("... leaves it alone", "version" in (folder / "mine.json").read_text())
    cases.holds("... and nothing beside it", not list(folder.glob("mine.json?*")))
    result = inside(folder, "sweep", "way.json", "--set", "network.loss=2%", file_bytes=30000)
    cases.exits("a sweep on a full disk", result, 6, "0 of 9 runs are done", "9 missing",
                "ended with exit code 7", "free space")


def check_kills(cases, folder):
    """Ctrl-C, kill -9 of a run and of the sweep, two sweeps at once."""
    write(folder, "long.json", RATES, replications=2, **ENDLESS)
    sweep = start(folder, "-j", "2", "long.json")
    cases.holds("a sweep starts so many runs at once",
                until(lambda: len(partials(folder)) == 2), partials(folder))
    _, count = states(folder, "long.json")
    cases.holds("the list says which are running", count == {"running": 2, "missing": 2}, count)
    write(folder, "short.json", RATES, replications=2, log="none", name="long")
    other = inside(folder, "sweep", "short.json")
    cases.exits("another experiment in the same folder", other, 0, "4 of 4 runs are done")
    second = start(folder, "-j", "1", "long.json")
    cases.holds("a second sweep takes what the first has not begun",
                until(lambda: len(partials(folder)) == 3), partials(folder))
    second.send_signal(signal.SIGTERM)
    said = second.communicate(timeout=SECONDS_MAX)[0]
    cases.holds("... and says so", second.returncode == 143 and
                b"2 being run by another process" in said and b" 0 failed" in said, said)
    worker = children(sweep.pid)[0]
    os.kill(worker, signal.SIGKILL)
    cases.holds("the next run takes the place of a killed one", until(
        lambda: len(children(sweep.pid)) == 2 and worker not in children(sweep.pid)))
    sweep.send_signal(signal.SIGINT)
    sweep.send_signal(signal.SIGINT)
    said = sweep.communicate(timeout=SECONDS_MAX)[0]
    cases.holds("Ctrl-C, twice", sweep.returncode == 130 and b"stopping: 2 runs save" in said and
                b"the same command goes on from here" in said, said)
    cases.holds("... the killed run is told with its signal", b"was ended by signal 9" in said and
                b"-j N" in said, said)
    statuses = sorted(sql(path, "select status from run")[0][0]
                      for path in folder.glob("results/long/*.db"))
    cases.holds("... what was done is whole", statuses == 2 * ["interrupted"] + 4 * ["ok"],
                statuses)
    cases.holds("... and one .partial is the killed run's", len(partials(folder)) == 1)
    _, count = states(folder, "long.json")
    cases.holds("... all are to be run again", count == {"missing": 4}, count)
    sweep = start(folder, "-j", "2", "long.json")
    cases.holds("the same command goes on", until(lambda: len(children(sweep.pid)) == 2))
    workers = children(sweep.pid)
    cases.holds("... and its runs write", until(lambda: len(partials(folder)) == 2))
    sweep.kill()
    sweep.communicate(timeout=SECONDS_MAX)
    cases.holds("runs end with a sweep that is killed",
                until(lambda: not any(is_alive(pid) for pid in workers)))
    cases.holds("... and what they did is whole", not partials(folder), partials(folder))
    cases.holds("nothing else is left", all(
        re.fullmatch("[0-9a-f]{16}[.]db", name) for name in names(folder / "results" / "long")),
        names(folder / "results" / "long"))


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for check in (check_runs, check_ranges, check_names, check_bad_points, check_violations,
                      check_files_in_the_way, check_kills):
            check(cases, folder)
    cases.close()


main()
