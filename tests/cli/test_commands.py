#!/usr/bin/env python3
"""The commands about scenarios and parameters as a user types them: exit codes, help, suggestions,
stdin, --set, and that listings agree with each other."""
import json
import pathlib
import re
import subprocess
import tempfile

from cli_cases import Cases, PROGRAM, shardsim

MINIMAL = '{"version": 1, "duration": "10s"}\n'
OWN = ["check", "show", "diff", "init", "list", "describe", "schema", "completion", "help"]


def check_usage(cases):
    result = shardsim()
    cases.exits("no command is bad usage", result, 2, "Usage: shardsim COMMAND")
    cases.holds("usage after a mistake goes to stderr", not result.stdout, result.stdout)
    for words in (["--help"], ["-h"], ["help"]):
        result = shardsim(*words)
        cases.exits(f"{words} prints the list", result, 0, "Usage: shardsim COMMAND")
        cases.holds(f"{words} prints it on stdout", b"Usage" in result.stdout and
                    not result.stderr, result.stderr)
        for name in OWN:
            cases.holds(f"{words} lists {name}",
                        re.search(rb"^  %s +\S" % name.encode(), result.stdout, re.M))
    cases.exits("--version", shardsim("--version"), 0, "shardsim ")
    result = shardsim("chekc", "x.json")
    cases.exits("a wrong command is bad usage", result, 2, "unknown command 'chekc'",
                "try       check")
    result = shardsim("frobnicate")
    cases.exits("a word like no command gets no suggestion", result, 2, "unknown command")
    cases.holds("... indeed none", b"try" not in result.stderr, result.stderr)


def commands():
    listing = shardsim("help").stdout.decode()
    return re.findall(r"^  ([a-z][a-z-]*) +\S", listing, re.M)


def check_each_command(cases):
    names = commands()
    cases.holds("help lists commands", len(names) >= len(OWN), names)
    cases.holds("no command twice", len(names) == len(set(names)), names)
    for name in names:
        cases.exits(f"{name} --help", shardsim(name, "--help"), 0, f"Usage: shardsim {name}")
        cases.exits(f"help {name}", shardsim("help", name), 0, f"Usage: shardsim {name}")
        if name in ("completion", "help"):
            continue
        result = shardsim(name, "--no-such-option")
        cases.exits(f"{name} with a wrong option", result, 2, "option '--no-such-option'",
                    f"shardsim help {name}")
        cases.holds(f"{name} with a wrong option prints nothing on stdout", not result.stdout)
    cases.exits("a misspelt option gets a suggestion", shardsim("check", "--jsno", "x"), 2,
                "try       --json")
    cases.exits("help of a wrong command", shardsim("help", "shwo"), 2, "try       show")


def check_completion(cases):
    script = shardsim("completion", "bash")
    cases.exits("completion bash", script, 0, "complete -o filenames -F _shardsim shardsim")
    cases.exits("completion of another shell", shardsim("completion", "fish"), 2, "bash")
    ask = (script.stdout.decode() + '\nCOMP_WORDS=(shardsim "$@"); COMP_CWORD=$#; _shardsim; '
           'printf "%s\\n" "${COMPREPLY[@]}"')

    def completed(*words):
        return subprocess.run(["bash", "-c", ask, "bash", *words], capture_output=True, check=False,
                              text=True).stdout.split()
    cases.holds("sch completes to schema", completed("sch") == ["schema"], completed("sch"))
    cases.holds("every command completes", set(commands()) <= set(completed("")), completed(""))
    cases.holds("check --s completes", completed("check", "--s") == ["--strict", "--set"] or
                set(completed("check", "--s")) == {"--strict", "--set"}, completed("check", "--s"))
    cases.holds("files complete after a command", "meson.build" in completed("check", "mes"))


def check_check(cases):
    cases.exits("check without a file", shardsim("check"), 2, "which scenario?")
    cases.exits("check of stdin", shardsim("check", "-", stdin=MINIMAL), 0, "-: fine, config ")
    cases.exits("check of bad stdin", shardsim("check", "-", stdin="{"), 3, "error[E010]")
    result = shardsim("check", "no/such/file.json")
    cases.exits("a file that is not there", result, 7, "error[E500]", "no/such/file.json")
    cases.exits("a folder", shardsim("check", "tests"), 7, "error[E500]")
    good, bad = "tests/corpus/good/minimal.json", "tests/corpus/bad/key_missing_both.json"
    cases.exits("several files, one bad", shardsim("check", good, bad, good), 3, f"{good}: fine")
    result = shardsim("check", bad, "nowhere.json", good)
    cases.exits("a missing file outweighs a bad one", result, 7)
    result = shardsim("check", "--json", bad)
    cases.exits("check --json", result, 3)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    cases.holds("check --json prints one object a problem", len(rows) == 2 and
                all(row["code"] == "E103" and row["file"] == bad and row["severity"] == "error"
                    for row in rows), result.stdout)
    cases.holds("check --json leaves stderr alone", not result.stderr, result.stderr)
    result = shardsim("check", "--json", good)
    cases.holds("check --json of a good file prints nothing",
                result.returncode == 0 and not result.stdout, result.stdout)


def check_set(cases):
    def tried(*settings):
        return shardsim("check", *(f"--set={setting}" for setting in settings), "-", stdin=MINIMAL)
    cases.exits("--set by dots", tried("network.loss=1%"), 0)
    cases.exits("--set by pointer", tried("/network/loss=1%"), 0)
    cases.exits("--set twice", tried("network.loss=1%", "duration=20s"), 0)
    cases.exits("--set without =", tried("network.loss"), 3, "--set", "error[E104]")
    cases.exits("--set of nothing", tried("=3"), 3, "--set", "error[E10")
    cases.exits("--set of an unknown key", tried("network.los=1%"), 3, "--set:1:1: error[E101]",
                'try       "loss"')
    cases.exits("--set of an unknown section", tried("netwrk.loss=1%"), 3, "--set:1:1: error[E101]")
    cases.exits("--set without a unit", tried("duration=10"), 3, "--set:1:1: error[E201]")
    cases.exits("--set out of range", tried("network.loss=101%"), 3, "--set:1:1: error[E203]")
    cases.exits("--set into a list that is not there", tried("workload.3.rate=5/s"), 3,
                "--set:1:1: error[E1")
    cases.exits("--set of the version", tried("version=2"), 3, "--set:1:1: error[E")
    one = shardsim("show", "--canonical", "--set", "network.loss=1%", "-", stdin=MINIMAL)
    two = shardsim("show", "--canonical", "-",
                   stdin='{"version": 1, "duration": "10s", "network": {"loss": "1%"}}')
    cases.holds("--set and the file mean the same", one.returncode == 0 and
                one.stdout == two.stdout, one.stdout + two.stdout + one.stderr)


def check_show(cases):
    cases.exits("show without a file", shardsim("show"), 2, "which scenario?")
    cases.exits("show of two files", shardsim("show", "a", "b"), 2, "one scenario at a time")
    cases.exits("show of a missing file", shardsim("show", "nowhere.json"), 7, "error[E500]")
    cases.exits("show of a bad file", shardsim("show", "-", stdin="[]"), 3, "error[E")
    plain = shardsim("show", "-", stdin=MINIMAL)
    canonical = shardsim("show", "--canonical", "-", stdin=MINIMAL)
    cases.exits("show", plain, 0)
    cases.holds("show --canonical is one line", canonical.stdout.count(b"\n") == 1)
    cases.holds("show prints the canonical scenario, set out in lines",
                json.loads(plain.stdout) == json.loads(canonical.stdout) and
                plain.stdout.count(b"\n") > 10)
    again = shardsim("show", "--canonical", "-", stdin=canonical.stdout)
    cases.holds("the canonical scenario is a scenario, and its own canonical form",
                again.stdout == canonical.stdout, again.stdout + again.stderr)
    origin = shardsim("show", "--origin", "--set", "network.loss=1%", "-", stdin=MINIMAL)
    cases.exits("show --origin", origin, 0, "/duration", "default", "--set")
    cases.holds("... names the line of what the file says",
                re.search(rb"^/duration .*:1\b", origin.stdout, re.M), origin.stdout)
    cases.holds("... and --set where it is",
                re.search(rb"^/network/loss .*--set", origin.stdout, re.M), origin.stdout)
    rows = [json.loads(line) for line in
            shardsim("show", "--origin", "--json", "-", stdin=MINIMAL).stdout.splitlines()]
    cases.holds("show --origin --json has the same rows",
                {"path": "/duration", "text": "10s", "unit": "ns", "swept": False,
                 "origin": "<stdin>:1"} in rows, rows[:3])
    swept = "tests/corpus/good/sweep_values.json"
    paths = [json.loads(shardsim("show", "--canonical", "--point", str(point), swept).stdout)
             for point in range(6)]
    cases.holds("show --point goes through the sweep",
                len({(row["messaging"]["path"], row["chain"]["shards"]) for row in paths}) == 6)
    cases.exits("a point beyond the sweep", shardsim("show", "--point", "6", swept), 3,
                "error[E405]")
    cases.exits("a point that is no number", shardsim("show", "--point", "two", swept), 2,
                "--point")
    cases.exits("a negative point", shardsim("show", "--point=-1", swept), 2, "--point")


def check_diff(cases):
    one, two = "scenarios/hypercube/slow.json", "scenarios/hypercube/both.json"
    cases.exits("diff of one", shardsim("diff", one), 2, "which two?")
    cases.exits("diff of three", shardsim("diff", one, two, one), 2, "two at a time")
    cases.exits("diff with a missing file", shardsim("diff", one, "nowhere.json"), 7, "E500")
    result = shardsim("diff", one, two)
    cases.exits("diff", result, 0, "2 differences", "not the same")
    cases.holds("diff names what differs",
                re.findall(rb"^(\S+) +(\S+) +(\S+)$", result.stdout, re.M) ==
                [(b"/messaging/path", b"slow", b"both"), (b"/name", b"slow", b"both")],
                result.stdout)
    rows = [json.loads(line) for line in shardsim("diff", "--json", one, two).stdout.splitlines()]
    cases.holds("diff --json", rows[:1] == [{"path": "/messaging/path", "a": "slow", "b": "both"}],
                rows)
    cases.exits("diff of the same", shardsim("diff", one, one), 0, "0 differences", "the same")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "units.json")
        path.write_text('{"version": 1, "duration": "10000ms"}',
                        encoding="utf-8")
        cases.exits("other units are no difference",
                    shardsim("diff", "tests/corpus/good/minimal.json", str(path)), 0,
                    "0 differences")
        database = str(pathlib.Path(folder, "run.db"))
        shardsim("run", "scenarios/templates/echo.json", "--until", "1s", "--progress", "none",
                 "-o", database)
        cases.exits("a run and its scenario are the same",
                    shardsim("diff", database, "scenarios/templates/echo.json"), 0, "0 differences",
                    "the same experiment")
        path.write_bytes(b"SQLite format 3\0" + bytes(100))
        cases.exits("a database without a run", shardsim("diff", database, str(path)), 7,
                    "is a database of another program")


def check_hash(cases):
    def config(text):
        said = shardsim("check", "-", stdin=text)
        found = re.search(rb"config ([0-9a-f]{16})", said.stdout)
        return found.group(1) if found else said.stderr
    base = config(MINIMAL)
    same = {
        "units": '{"version": 1, "duration": "10000ms"}',
        "order of keys": '{"duration": "10s", "version": 1}',
        "notes": '{"version": 1, "duration": "10s", "x-a": 1}',
        "name": '{"version": 1, "duration": "10s", "name": "other"}',
        "seed": '{"version": 1, "duration": "10s", "seed": 7}',
        "replications": '{"version": 1, "duration": "10s", "replications": 7}',
        "log": '{"version": 1, "duration": "10s", "log": "none"}',
        "$schema": '{"version": 1, "duration": "10s", "$schema": "s"}',
        "defaults written out": '{"version": 1, "duration": "10s", "network": {"loss": "0%"}}',
        "empty sections": '{"version": 1, "duration": "10s", "network": {}}',
    }
    for name, text in same.items():
        cases.holds(f"config hash does not depend on: {name}", config(text) == base, config(text))
    other = {
        "duration": '{"version": 1, "duration": "11s"}',
        "loss": '{"version": 1, "duration": "10s", "network": {"loss": "1%"}}',
        "warmup": '{"version": 1, "duration": "10s", "warmup": "2s"}',
        "fault": '{"version": 1, "duration": "10s", "workload": [{"type": "echo"}], "faults": '
                 '[{"at": "1s", "type": "crash", "target": "echo:0"}]}',
    }
    for name, text in other.items():
        hashed = config(text)
        cases.holds(f"config hash depends on: {name}",
                    hashed != base and re.fullmatch(rb"[0-9a-f]{16}", hashed), hashed)


def check_listings(cases):
    listed = [json.loads(line) for line in shardsim("list", "--json").stdout.splitlines()]
    cases.holds("list --json has a row a type", len(listed) > 3 and
                all(row["layer"] and row["type"] and row["summary"] for row in listed))
    plain = shardsim("list").stdout.decode()
    described = [json.loads(line) for line in shardsim("describe", "--json").stdout.splitlines()]
    for row in listed:
        name = f"{row['layer']}.{row['type']}"
        cases.holds(f"list names {name}",
                    re.search(rf"^{row['layer']} +{re.escape(row['type'])}\b", plain, re.M))
        cases.exits(f"describe {name}", shardsim("describe", name), 0, name)
    for row in described:
        where = f"{row['section']}.{row.get('type', '')}.{row['key']}"
        cases.holds(f"{where} says what it is", row.get("help"), row)
    sections = {row["section"] for row in described}
    for section in ("scenario", "network", "faults", "sweep", "distribution"):
        cases.holds(f"describe knows {section}", section in sections, sections)
    cases.exits("describe of nothing known", shardsim("describe", "messaging.hypercub"), 2,
                "try       messaging.hypercube")
    cases.exits("describe of two", shardsim("describe", "network", "chain"), 2)


def check_init(cases):
    result = shardsim("init")
    cases.exits("init lists", result, 0)
    names = re.findall(r"^(\S+)", result.stdout.decode(), re.M)
    cases.holds("init lists the six templates",
                set(names) == {"minimal", "hypercube", "validators", "faults", "sweep",
                               "echo"}, names)
    for name in names:
        text = shardsim("init", name)
        cases.exits(f"init {name}", text, 0)
        cases.exits(f"init {name} is a good scenario", shardsim("check", "-", stdin=text.stdout), 0)
        source = pathlib.Path(f"scenarios/templates/{name}.json").read_bytes()
        cases.holds(f"init {name} prints its file", text.stdout == source)
    listed = [json.loads(line) for line in shardsim("init", "--json").stdout.splitlines()]
    cases.holds("init --json lists the same", [row["template"] for row in listed] == names, listed)
    cases.exits("init of a wrong template", shardsim("init", "hypercub"), 2, "try       hypercube")


def check_output(cases):
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "xterm"}):
        for words in (["help"], ["list"], ["describe"], ["check", "nowhere.json"], ["chekc"]):
            result = shardsim(*words, environment=variables)
            cases.holds(f"{words} into a pipe has no colours, {variables}",
                        b"\x1b" not in result.stdout + result.stderr)
    with open("/dev/full", "wb") as full:
        code = subprocess.run([PROGRAM, "schema"], stdout=full, stderr=subprocess.DEVNULL,
                              check=False).returncode
    cases.holds("output that cannot be written is exit 7", code == 7, code)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a b'\"ü.json")
        path.write_text(MINIMAL, encoding="utf-8")
        cases.exits("a file name with everything in it", shardsim("check", str(path)), 0, "fine")
        path = pathlib.Path(folder, "-n.json")
        path.write_text(MINIMAL, encoding="utf-8")
        result = subprocess.run([str(pathlib.Path(PROGRAM).resolve()), "check", "--", "-n.json"],
                                capture_output=True, check=False, cwd=folder)
        cases.exits("a file name that looks like an option, after --", result, 0)


def check_verdict(cases):
    """The last lines of run and report name the chains over their capacity, and no other."""
    with tempfile.TemporaryDirectory() as folder:
        for name, full in (("hot_destination", True), ("congestion_base", False)):
            path = str(pathlib.Path(folder, f"{name}.db"))
            ran = shardsim("run", f"scenarios/congestion/{name}.json", "--set", "duration=60s",
                           "--progress", "none", "-o", path)
            cases.exits(f"run {name}", ran, 0)
            said = shardsim("report", path)
            cases.exits(f"report {name}", said, 0)
            lines = ran.stdout.decode().splitlines()
            named = [line for line in lines if line.startswith("full     ")]
            cases.holds(f"run says whose blocks were full in {name}",
                        len(named) == full and all("% of the blocks of 0:0800000000000000" in line
                                                   for line in named), lines)
            verdict = "chain 0:0800000000000000 is saturated: the offered load passes its capacity"
            cases.holds(f"report says who is saturated in {name}",
                        (verdict in said.stdout.decode()) == full, said.stdout)


def main():
    cases = Cases()
    for check in (check_usage, check_each_command, check_completion, check_check, check_set,
                  check_show, check_diff, check_hash, check_listings, check_init, check_output,
                  check_verdict):
        check(cases)
    cases.close()


main()
