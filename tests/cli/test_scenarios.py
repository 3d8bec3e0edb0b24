#!/usr/bin/env python3
"""Every scenario that is shipped runs: whole when it is short, else its first part (--until).

A shortened run ends with exit 8 (a limit stopped it), a whole one with 0; never with anything else.
A scenario that is too large for that says with "x-until" how far it is run.
"""
import json
import pathlib
import tempfile

from cli_cases import Cases, shardsim

UNTIL = "30s"


def main():
    cases = Cases()
    paths = sorted(pathlib.Path("scenarios").glob("*/*.json"))
    cases.holds("there are scenarios", len(paths) >= 10, paths)
    folders = {path.parent.name for path in paths}
    readme = pathlib.Path("scenarios/README.md").read_text(encoding="utf-8")
    for folder in sorted(folders):
        cases.holds(f"scenarios/README.md says what {folder}/ answers", f"`{folder}/`" in readme)
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            checked = shardsim("check", str(path))
            cases.exits(f"{path} is a good scenario", checked, 0, "fine")
            until = json.loads(path.read_text(encoding="utf-8")).get("x-until", UNTIL)
            output = str(pathlib.Path(folder, path.parent.name + "_" + path.stem + ".db"))
            result = shardsim("run", str(path), "--until", until, "--log", "tx", "--progress",
                              "none", "-o", output)
            cases.holds(f"{path} runs for {until}", result.returncode in (0, 8),
                        result.stdout + result.stderr)
            cases.holds(f"{path} leaves a database", pathlib.Path(output).exists())
    cases.close()


main()
