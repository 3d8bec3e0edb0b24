"""What the tests of many runs share: scenarios, folders of their own, and databases."""
import json
import os
import pathlib
import resource
import sqlite3
import subprocess

from cli_cases import PROGRAM

PROGRAM_PATH = str(pathlib.Path(PROGRAM).resolve())
BASE = {
    "version": 1, "name": "many", "duration": "10s", "chain": {"shards": 4, "block_interval": "1s"},
    "messaging": {"type": "hypercube"}, "workload": [{"type": "poisson", "rate": "20tx/s"}]}


def inside(folder, *words, file_bytes=None, environment=None, seconds=120):
    """The program with its working folder elsewhere, perhaps with a limit on the size of files."""
    def limit():
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return subprocess.run([PROGRAM_PATH, *map(str, words)], capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, cwd=folder, timeout=seconds, preexec_fn=limit,
                          env={**os.environ, **(environment or {})})


def write(folder, file_name, sweep=None, **changes):
    scenario = {**BASE, "name": pathlib.Path(file_name).stem, **changes}
    if sweep:
        scenario["sweep"] = {"product": sweep}
    (folder / file_name).write_text(json.dumps(scenario), encoding="utf-8")


def sql(path, *statements):
    database = sqlite3.connect(path)
    rows = []
    for statement in statements:
        rows = database.execute(statement).fetchall()
    database.commit()
    database.close()
    return rows


def names(folder):
    return sorted(path.name for path in folder.iterdir())
