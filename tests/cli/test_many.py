#!/usr/bin/env python3
"""Many runs: merge, verify and what reads their folders, with the files, names and limits of a long
night. Nothing of the user's is overwritten, nothing half-written looks whole, and each refusal says
what is wrong with what, and what to do."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

from cli_cases import Cases
from many_cases import inside, names, sql, write


def check_points(cases, folder):
    rates = {"workload.0.rate": {"from": "1tx/s", "to": "300tx/s", "points": 300}}
    write(folder, "points.json", rates)
    cases.exits("check of more points than are built", inside(folder, "check", "points.json"), 0,
                "warning[W201]", "only the first 256 were built")
    cases.exits("... is an error with --strict", inside(folder, "check", "--strict", "points.json"),
                3)
    crash = [{"at": "5s", "for": "2s", "type": "crash", "target": "shard:6"}]
    write(folder, "build.json", {"chain.shards": [8, 4, 2]}, faults=crash,
          chain={"shards": 8, "block_interval": "1s"})
    cases.exits("check builds the points", inside(folder, "check", "build.json"), 3,
                "error[E402] /faults/0/target: no such node (at sweep point 1)",
                "expected  shard:0 to shard:3", "1 error, 0 warnings")


def check_merge_output(cases, folder):
    """What is there already under the catalogue's name, or beside it."""
    write(folder, "m.json", {"workload.0.rate": ["10tx/s", "20tx/s"]})
    cases.exits("a sweep", inside(folder, "sweep", "m.json"), 0, "2 of 2 runs")
    for name in ("folder", "pipe", "link", "thesis", "device"):
        (folder / "out").mkdir()
        path = folder / "out" / name
        if name == "folder":
            path.mkdir()
        elif name == "pipe":
            os.mkfifo(path)
        elif name == "link":
            path.symlink_to("thesis.txt")
        elif name == "device":
            try:
                os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
            except PermissionError:
                path.write_text("no right to make a device")
        else:
            path.write_text("thesis")
        before = os.lstat(path)
        result = inside(folder, "merge", "results/m", "-o", f"out/{name}", seconds=20)
        cases.exits(f"merge onto a {name}", result, 7, f"out/{name} is there and is no catalogue",
                    "left alone")
        after = os.lstat(path)
        cases.holds(f"... leaves the {name} alone", (before.st_ino, before.st_mode, before.st_size)
                    == (after.st_ino, after.st_mode, after.st_size))
        cases.holds(f"... and nothing beside it ({name})", names(folder / "out") == [name])
        shutil.rmtree(folder / "out")
    (folder / "keep.db.partial").write_text("thesis")
    cases.exits("a file under the name of the .partial", inside(
        folder, "merge", "results/m", "-o", "keep.db"), 7, "keep.db.partial is there", "left alone")
    cases.holds("... is left alone", (folder / "keep.db.partial").read_text() == "thesis")
    cases.exits("merge into a folder that is not there", inside(
        folder, "merge", "results/m", "-o", "no/such.db"), 7, "no/such.db could not be written",
        "make the folder first")
    cases.exits("merge -o ''", inside(folder, "merge", "results/m", "-o", ""), 2, "which catalogue")
    result = inside(folder, "merge", "results/m", "-o", "small.db", file_bytes=20480)
    cases.exits("a catalogue that does not fit", result, 7, "small.db could not be written",
                "free space")
    cases.holds("... leaves nothing behind", not list(folder.glob("small.db*")))


def catalogue_of(path):
    database = sqlite3.connect(path)
    text = list(database.iterdump())
    database.close()
    return text


def check_merge_again(cases, folder):
    """A catalogue beside its runs, one over another, one whose merge was killed."""
    catalogue = folder / "results" / "m" / "all.db"
    for time in ("once", "twice"):
        cases.exits(f"merge {time} into the folder of the runs", inside(
            folder, "merge", "results/m", "-o", "results/m/all.db"), 0, "2 runs in")
    first = catalogue_of(catalogue)
    cases.exits("report of a folder with its catalogue", inside(folder, "report", "results/m"), 0)
    cases.exits("verify of a folder with its catalogue", inside(folder, "verify", "results/m"), 0)
    cases.exits("sweep beside its catalogue", inside(folder, "sweep", "m.json"), 0, "2 of 2")
    result = inside(folder, "verify", "results/m/all.db")
    cases.exits("verify of a catalogue", result, 7, "is a catalogue", "give the runs that it lists")
    for command in (["show"], ["diff", "m.json"]):
        cases.exits(f"{command[0]} of a catalogue", inside(folder, *command, "results/m/all.db"), 7,
                    "is a catalogue")
    os.rename(catalogue, folder / "all.db.partial")
    (folder / "all.db.partial-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" * 64)
    cases.exits("merge after a killed merge", inside(
        folder, "merge", "results/m", "-o", "all.db"), 0)
    cases.holds("... has the same content", catalogue_of(folder / "all.db") == first)
    cases.holds("... and leaves no .partial", not list(folder.glob("all.db?*")))
    (folder / "only").mkdir()
    shutil.copy(folder / "all.db", folder / "only")
    cases.exits("a folder with nothing but a catalogue", inside(folder, "report", "only"), 7,
                "only holds no result database")
    with subprocess.Popen(["flock", folder / "busy.db.partial", "cat"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as other:
        other.stdin.write(b"x\n")
        other.stdin.flush()
        other.stdout.readline()
        cases.exits("merge onto what another merge writes", inside(
            folder, "merge", "results/m", "-o", "busy.db"), 7, "being written by another merge")
        other.stdin.close()


def check_merge_inputs(cases, folder):
    """Files that cannot be read, parts of runs, contradictions and other builds."""
    runs = sorted((folder / "results" / "m").glob("*.db"))
    (folder / "in").mkdir()
    shutil.copy(runs[0], folder / "in" / "good.db")
    (folder / "in" / "empty.db").write_bytes(b"")
    (folder / "in" / "text.db").write_text("thesis")
    (folder / "in" / "cut.db").write_bytes(runs[1].read_bytes()[:50000])
    result = inside(folder, "merge", "in", "no-such.db", "-o", "bad.db")
    cases.exits("merge names all files that it cannot read", result, 7, "in/empty.db is empty",
                "in/text.db is not an SQLite database", "in/cut.db is cut short", "no-such.db: No")
    cases.holds("... in a line each", result.stderr.count(b"\n") == 4, result.stderr)
    cases.holds("... and writes nothing", not list(folder.glob("bad.db*")))
    for i in range(30):
        (folder / "in" / f"z{i}.db").write_bytes(b"")
    result = inside(folder, "merge", "in", "-o", "bad.db")
    cases.exits("of very many it shows some", result, 7, "and 13 problems more")
    cases.holds("... twenty", result.stderr.count(b"\n") == 21, result.stderr)
    point = sql(runs[0], "select run_key from run")[0][0]
    rows = [json.loads(line) for line in
            inside(folder, "sweep", "--list", "--json", "m.json").stdout.splitlines()]
    number = next(row["point"] for row in rows if row["run_key"] == point)
    for name, until in (("short", "3s"), ("longer", "6s")):
        cases.exits(f"a part of a run, {name}", inside(
            folder, "run", "m.json", "--point", number, "--until", until, "-o", f"{name}.db"), 8)
    whole = str(runs[0])
    for operands, kept in ((["short.db", whole], "ok"), ([whole, "short.db"], "ok"),
                           (["short.db", "longer.db"], "limit"),
                           (["longer.db", "short.db"], "limit")):
        result = inside(folder, "merge", *operands, "-o", "part.db")
        cases.exits(f"merge of a part with {kept}", result, 0, "1 run in part.db",
                    "short.db holds a part (status limit)", "left out")
        events = sql(folder / "part.db", "select status, n_events from run")
        wanted = sql(whole if kept == "ok" else folder / "longer.db",
                     "select status, n_events from run")
        cases.holds("... keeps the longer one", events == wanted, events)
    shutil.copy(runs[0], folder / "other.db")
    sql(folder / "other.db", "update run set result_hash = 'f'")
    cases.exits("two results of one run", inside(
        folder, "merge", whole, "other.db", "-o", "bad.db"), 5, "have the same run key",
        "shardsim verify says which is right")
    cases.exits("... beside a file that cannot be read", inside(
        folder, "merge", whole, "other.db", "in/text.db", "-o", "bad.db"), 7,
        "have the same run key", "is not an SQLite database")
    for column in ("program_version", "git_rev"):
        shutil.copy(runs[1], folder / "build.db")
        sql(folder / "build.db", f"update run set {column} = 'another'")
        words = ["merge", whole, "build.db", "-o", "mixed.db"]
        cases.exits(f"runs of another {column}", inside(folder, *words), 5, "another",
                    "--allow-mixed")
        cases.holds("... are not merged", not list(folder.glob("mixed.db*")))
        cases.exits("... unless they are asked for", inside(folder, *words, "--allow-mixed"), 0,
                    "2 runs in mixed.db")
        (folder / "mixed.db").unlink()


def check_verify_rows(cases, folder):
    """A file that was changed by one row, whichever it is."""
    run = ["run", "m.json", "--point", "1", "--progress", "none"]
    cases.exits("a run", inside(folder, *run, "-o", "v.db"), 0)
    last = sql(folder / "v.db", "select max(seq) from event")[0][0]
    for change, texts in (
            (f"update event set value = 7 where seq = {last // 2}",
             [f"first difference: event {last // 2},", "stored  entity", " value 7 "]),
            (f"delete from event where seq = {last}",
             [f"first difference: event {last},", "stored  no such event"]),
            (f"insert into event (seq, t_ns, kind_id) values ({last + 9}, 5, 77)",
             [f"first difference: event {last + 9},", "of no kind", "now     no such event"]),
            ("update message set hops = 7 where rowid = 3", ["row 3 of table message"]),
            ("delete from message where rowid = 3", ["table message has", "and the run writes"]),
            ("update tx set final_ns = 1 where rowid = 4", ["row 4 of table tx"]),
            ("update sample set value = value + 1 where rowid = 2", ["row 2 of table sample"]),
            ("update metric set value = value + 1 where rowid = 5", ["row 5 of table metric"]),
            ("update param set num = num * 2 where path = '/workload/0/rate'", ["table param"]),
            ("update entity set name = 'x' where rowid = (select min(rowid) from entity)",
             ["of table entity"]),
            ("insert into violation values ('exactly_once', 1, 1, 'never')",
             ["table violation has 1 rows, and the run writes 0"]),
            ("update run set run_key = '0'", ["have run key", "and its run had 0"]),
            ("update run set config_hash = '0'", ["has config hash", "and its run had 0"]),
            ("update run set n_events = n_events - 1", ["events, and the file says"])):
        shutil.copy(folder / "v.db", folder / "changed.db")
        sql(folder / "changed.db", change)
        cases.exits(change, inside(folder, "verify", "changed.db"), 5, "ALTERED", *texts)
        if "run set" not in change:
            cases.exits(f"{change}, --hash-only", inside(
                folder, "verify", "--hash-only", "changed.db"), 0, "same")
    for change, texts in (
            ("update run set result_hash = '0'", ["only its result_hash is another"]),
            ("update run set seed = 5", ["seed 5 and replication 0 in the file have run key"]),
            ("update run set scenario_json = replace(scenario_json, '20/s', '21/s')",
             ["the scenario in the file has config hash"]),
            ("update run set model_version = 'x', result_hash = '0'", ["made by other models: x"])):
        shutil.copy(folder / "v.db", folder / "changed.db")
        sql(folder / "changed.db", change)
        cases.exits(change, inside(folder, "verify", "changed.db"), 5, "DIFFERENT", *texts)
    shutil.copy(folder / "v.db", folder / "changed.db")
    sql(folder / "changed.db", "vacuum")
    cases.exits("verify after a vacuum", inside(folder, "verify", "changed.db"), 0, "same")
    sql(folder / "changed.db", "update run set git_rev = 'x', run_key = '0'")
    cases.exits("another build may read the scenario otherwise", inside(
        folder, "verify", "changed.db"), 0, "same")
    sql(folder / "changed.db", "update run set scenario_json = '{'")
    cases.exits("a stored scenario that is none", inside(folder, "verify", "changed.db"), 3,
                "error[E010]", "changed.db: this program", "refuses the scenario")


def check_verify_several(cases, folder):
    """Several files, and which exit code is theirs together."""
    shutil.copy(folder / "v.db", folder / "changed.db")
    sql(folder / "changed.db", "update run set result_hash = '0'")
    for operands, code in ((["no-such.db", "changed.db", "v.db"], 5), (["v.db", "no-such.db"], 7),
                           (["changed.db", "no-such.db"], 5), (["no-such.db", "v.db"], 7)):
        result = inside(folder, "verify", *operands)
        cases.exits(f"verify of {operands}", result, code)
        cases.holds(f"... goes on to the end ({operands})", result.stdout.count(b".db") ==
                    sum(name != "no-such.db" for name in operands), result.stdout)
    cases.exits("a later replication", inside(
        folder, "run", "m.json", "--replication", "3", "-o", "third.db"), 0)
    cases.exits("... is verified as such", inside(folder, "verify", "third.db"), 0, "same")
    write(folder, "long.json", duration="900s", warmup="1s")
    cases.exits("a longer run", inside(folder, "run", "long.json", "-o", "long.db"), 0)
    result = inside(folder, "verify", "long.db", file_bytes=60000)
    cases.exits("a disk that is full in the middle", result, 0, "same",
                "its rows were not compared: no room")


def check_verify_levels(cases, folder):
    """Every level of the log, parts of runs, and no room for a second file."""
    temporary = folder / "temporary"
    temporary.mkdir()
    run = ["run", "m.json", "--point", "1", "--progress", "none"]
    for level in ("all", "protocol", "tx", "none"):
        cases.exits(f"a run that logs {level}", inside(
            folder, *run, "--log", level, "-o", f"log_{level}.db"), 0)
        result = inside(folder, "verify", f"log_{level}.db", environment={"TMPDIR": str(temporary)})
        cases.exits(f"verify of log {level}", result, 0, "same")
        cases.holds(f"... with all its rows ({level})", not result.stderr, result.stderr)
        cases.holds(f"... leaves nothing in TMPDIR ({level})", not names(temporary))
        if level not in ("all", "none"):
            first = sql(folder / f"log_{level}.db", "select min(seq) from event")[0][0]
            sql(folder / f"log_{level}.db", f"delete from event where seq = {first}")
            result = inside(folder, "verify", f"log_{level}.db")
            cases.exits(f"... misses an event ({level})", result, 5,
                        f"first difference: event {first},", "stored  no such event")
        sql(folder / f"log_{level}.db", "update run set result_hash = '0'")
    cases.exits("another hash without events", inside(folder, "verify", "log_none.db"), 5,
                "the difference is in what is not logged")
    peak = sql(folder / "log_all.db", "select value from metric where name = 'memory_peak'")[0][0]
    for limit in (["--until", "3s"], ["--max-events", "500"],
                  ["--max-memory", f"{int(peak) // 2}B"]):
        cases.exits(f"run {limit}", inside(folder, *run, *limit, "-f", "-o", "ended.db"), 8)
        result = inside(folder, "verify", "ended.db")
        cases.exits(f"verify after {limit}", result, 0, "same")
        sql(folder / "ended.db", "update event set t_ns = t_ns + 1 where seq = 1")
        cases.exits(f"... and of a changed one ({limit})", inside(folder, "verify", "ended.db"), 5,
                    "first difference: event 1,")
    for name, limits in (("no folder", {"environment": {"TMPDIR": "/no/such"}}),
                         ("a full disk", {"file_bytes": 60000,
                                          "environment": {"TMPDIR": str(temporary)}})):
        result = inside(folder, "verify", "v.db", **limits)
        cases.exits(f"verify with {name} for TMPDIR", result, 0, "same", "v.db: the result repeats",
                    "its rows were not compared: no room", "set TMPDIR")
        cases.holds(f"... leaves nothing there ({name})", not names(temporary))
    properties = [{"type": "finality", "within": "9s"}, "exactly_once"]
    write(folder, "list.json", properties=properties)
    inside(folder, "run", "list.json", "-o", "list.db")
    cases.exits("a list with quantities", inside(folder, "verify", "list.db"), 0, "same")
    sql(folder / "list.db", "update param set text = 'x' where path = '/messaging/path'")
    cases.exits("a parameter that is a word", inside(folder, "verify", "list.db"), 5,
                "table param")
    cases.exits("groups in another order", inside(
        folder, *run, "--group-order", "5", "-o", "groups.db"), 0)
    cases.exits("... give the same result", inside(folder, "verify", "groups.db"), 0, "same",
                "its rows are in another order")


def check_stored(cases, folder):
    """Files that hold no run, given to the commands that read one."""
    whole = (folder / "v.db").read_bytes()
    for name, content, text in (
            ("empty.db", b"", "is empty"), ("text.db", b"thesis", "is no result database"),
            ("header.db", whole[:100], "is cut short: it holds 100 of"),
            ("short.db", whole[:50], "is cut short"),
            ("half.db", whole[:len(whole) // 2], "is cut short: it holds")):
        (folder / name).write_bytes(content)
        cases.exits(f"verify {name}", inside(folder, "verify", name), 7, f"{name} {text}")
        if content.startswith(b"SQLite"):
            cases.exits(f"show {name}", inside(folder, "show", name), 7, f"{name} {text}")
            cases.exits(f"diff {name}", inside(folder, "diff", "m.json", name), 7, f"{name} {text}")
    for name, change, text in (
            ("other.db", "pragma application_id = 7", "is a database of another program"),
            ("layout.db", "pragma user_version = 99", "has layout 99"),
            ("none.db", "delete from run", "holds 0 runs"),
            ("table.db", "drop table run", "cannot be read: no such table: run")):
        shutil.copy(folder / "v.db", folder / name)
        sql(folder / name, "drop view run_v", change)
        for words in (["verify"], ["show"], ["diff", "m.json"]):
            cases.exits(f"{words[0]} {name}", inside(folder, *words, name), 7, f"{name} {text}")
    (folder / "dir.db").mkdir()
    os.mkfifo(folder / "pipe.db")
    cases.exits("verify of a pipe", inside(folder, "verify", "pipe.db", seconds=20), 7,
                "pipe.db is no regular file")
    cases.exits("verify of a folder that is called .db", inside(folder, "verify", "dir.db"), 7,
                "dir.db holds no result database")
    result = inside(folder, "diff", "other.db", "layout.db")
    cases.exits("diff names what is wrong with both", result, 7, "other.db is", "layout.db has")
    for command in ("check", "run", "sweep"):
        cases.exits(f"{command} of a result", inside(folder, command, "v.db"), 3, "error[E003]",
                    "a database, not a scenario", "shardsim show FILE")
    cases.exits("run with another seed", inside(
        folder, "run", "m.json", "--seed", "7", "--until", "1s", "-o", "seven.db"), 8)
    cases.exits("show says which seed a run had", inside(folder, "show", "--origin", "seven.db"), 0,
                "next: shardsim verify seven.db")
    cases.exits("diff tells two seeds apart", inside(folder, "diff", "v.db", "seven.db"), 0,
                "/seed", "7")


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_points(cases, folder)
        check_merge_output(cases, folder)
        check_merge_again(cases, folder)
        check_merge_inputs(cases, folder)
        check_verify_rows(cases, folder)
        check_verify_several(cases, folder)
        check_verify_levels(cases, folder)
        check_stored(cases, folder)
    cases.close()


main()
