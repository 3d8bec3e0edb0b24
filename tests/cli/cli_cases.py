"""What the command-line tests share: running the program as a user does, and counting cases.

The program is the environment's SHARDSIM (default build/shardsim); the working folder is the root
of the source tree, so that the paths in messages are the same everywhere.
"""
import os
import subprocess
import sys

PROGRAM = os.environ.get("SHARDSIM", "build/shardsim")
SECONDS_MAX = 120  # a hang is a failure, not a long wait


def shardsim(*arguments, stdin=b"", environment=None):
    """Runs the program; stdout and stderr are bytes, since messages may quote anything."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    variables = {name: value for name, value in os.environ.items() if name != "SHARDSIM"}
    variables.update({"LC_ALL": "C.UTF-8", "TERM": "dumb"})
    variables.update(environment or {})
    return subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, check=False,
                          timeout=SECONDS_MAX, env=variables)


class Cases:
    """Counts facts that hold and that do not; the closing line is Check's, so that one reader of
    test logs serves both."""

    def __init__(self):
        self.checked = 0
        self.failed = 0

    def holds(self, name, fact, detail=""):
        self.checked += 1
        if fact:
            return True
        self.failed += 1
        if isinstance(detail, bytes):
            detail = detail.decode(errors="backslashreplace")
        print(f"FAILED {name}")
        for line in str(detail).splitlines()[:40]:
            print(f"    {line}")
        return False

    def exits(self, name, result, code, *texts):
        """The exit code, and texts that stdout or stderr must have."""
        said = result.stdout + result.stderr
        missing = [text for text in texts if text.encode() not in said]
        return self.holds(name, result.returncode == code and not missing,
                          f"exit {result.returncode}, wanted {code}; missing {missing}\n"
                          + said.decode(errors="backslashreplace"))

    def close(self):
        percent = 100 * (self.checked - self.failed) // max(self.checked, 1)
        print(f"{percent}%: Checks: {self.checked}, Failures: {self.failed}, Errors: 0")
        sys.exit(1 if self.failed or not self.checked else 0)
