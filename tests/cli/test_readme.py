#!/usr/bin/env python3
"""Runs the commands of README.md as they are printed there, in a copy of the tree, and looks for
what the README prints of their output.

A command block is an sh block behind a line "<!-- run -->", or "<!-- run if PACKAGE -->" where that
Debian package is installed. An output block behind a command block, after "<!-- output ... -->", is
looked for in what the commands printed: its lines between two lines "..." one under the other, and
the pieces in their order. Wall times and sizes of files may differ."""
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^<!-- (run|output)(?: (.*?))? ?-->\n```\w*\n(.*?)^```$", re.M | re.S)
VOLATILE = re.compile(r" in [0-9.]+ m?s |\([0-9.]+ [kM]?B\)")


def copy_tree(to):
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                           capture_output=True)
    if names.returncode == 0:
        subprocess.run(["xargs", "-0", "cp", "--parents", "-t", to], input=names.stdout, check=True)
    else:
        subprocess.run("tar -c --exclude='./build*' --exclude='./results/*' . | tar -x -C " + to,
                       shell=True, check=True)


def installed(package):
    asked = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status}", package],
                           capture_output=True, text=True)
    return asked.stdout == "installed"


def plain(text):
    """Lines without what differs from machine to machine; a pipe's lines of progress begin "| "."""
    return [VOLATILE.sub(" ~ ", line).rstrip().removeprefix("| ") for line in text.splitlines()]


def first_missing(shown, printed):
    """The first piece of `shown` that is not in `printed` behind the one before it, or None."""
    printed, at = plain(printed), 0
    for piece in re.split(r"^\.\.\.\n", shown, flags=re.M):
        wanted = plain(piece)
        while at + len(wanted) <= len(printed) and printed[at:at + len(wanted)] != wanted:
            at += 1
        if at + len(wanted) > len(printed):
            return piece
        at += len(wanted)
    return None


def main():
    text = pathlib.Path("README.md").read_text()
    failures = runs = outputs = 0
    with tempfile.TemporaryDirectory() as tree:
        copy_tree(tree)
        printed = None
        for kind, argument, block in BLOCK.findall(text):
            if kind == "run" and argument.startswith("if ") and not installed(argument[3:]):
                print(f"left out, {argument[3:]} is not installed: {block.splitlines()[0]}")
                printed = None
            elif kind == "run":
                done = subprocess.run(["bash", "-e"], input=block, cwd=tree, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                runs += 1
                printed = done.stdout
                if done.returncode != 0:
                    failures += 1
                    print(f"failed:\n{block}" + "\n".join(printed.splitlines()[-20:]))
            elif printed is not None:
                outputs += 1
                missing = first_missing(block, printed)
                if missing is not None:
                    failures += 1
                    print(f"not printed any more, under \"{argument}\":\n{missing}in:\n{printed}")
    print(f"{runs} blocks run, {outputs} outputs compared, {failures} failed")
    return 0 if runs > 1 and outputs > 1 and failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
