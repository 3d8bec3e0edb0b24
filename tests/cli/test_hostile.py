#!/usr/bin/env python3
"""Files made to hurt: huge, deep, long, binary. Each is refused with a message, in bounded time and
memory, and never with a crash."""
import resource
import os
import subprocess
import tempfile

from cli_cases import Cases, PROGRAM, SECONDS_MAX

MEMORY_BYTES = 1 << 30
SANITIZED = "SHARDSIM_SANITIZED" in os.environ  # a sanitizer reserves address space of its own


def limit():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def check(path, stdin=None):
    with open(stdin or os.devnull, "rb") as source:
        return subprocess.run([PROGRAM, "check", path], stdin=source, capture_output=True,
                              check=False, timeout=SECONDS_MAX, preexec_fn=limit)


def hostile_files(folder):
    """Yields (name, path, code that the message has)."""
    def made(name, chunks):
        path = os.path.join(folder, name)
        with open(path, "wb") as out:
            for chunk in chunks:
                out.write(chunk)
        return path
    million = 1 << 20
    start = b'{"version": 1, "duration": "10s", "x-note": '
    yield "100 MB of spaces", made("spaces", [b" " * million] * 100), b"E006"
    yield "100 MB of brackets", made("brackets", [b"[" * million] * 100), b"E006"
    yield "100 MB of zero bytes", made("zeros", [b"\0" * million] * 100), b"E006"
    yield "100 MB in one string", made("string", [start, b'"'] + [b"a" * million] * 100), b"E006"
    yield "15 MB of opening brackets", made("deep", [b"[" * million] * 15), b"E005"
    yield "15 MB of nested objects", made("nested", [b'{"a":' * (3 * million)]), b"E005"
    yield "15 MB of digits", made("digits", [start] + [b"1" * million] * 15 + [b"}"]), b"E0"
    yield "15 MB of backslashes", made("escapes", [start, b'"'] + [b"\\" * million] * 15), b"E0"
    yield "a million unknown keys", made("keys", [
        b'{"version": 1, "duration": "10s"'] + [b',"k%d":1' % i for i in range(million)] + [b"}"]
    ), b"E101"
    yield "a million times one key", made("twice", [
        b'{"version": 1, "duration": "10s"'] + [b',"seed":1'] * million + [b"}"]), b"E102"
    yield "a million faults without a type", made("faults", [
        b'{"version": 1, "duration": "10s", "faults": [{}', b",{}" * million, b"]}"]), b"E208"
    yield "a sweep of 10^18 points", made("sweep", [
        b'{"version": 1, "duration": "10s", "sweep": {"product": {',
        b", ".join(b'"%s": {"from": %s, "to": %s, "points": 1000000, "scale": "linear"}' % row
                   for row in ((b"chain.shards", b"1", b"4"), (b"network.loss", b'"0%"', b'"1%"'),
                               (b"warmup", b'"0s"', b'"1s"'))),
        b"}}}"]), b"E"
    yield "a fault every nanosecond for a day", made("every", [
        b'{"version": 1, "duration": "24h", "workload": [{"type": "echo"}], "faults": [{"every": '
        b'"1ns", "from": "0s", "to": "24h", "type": "crash", "target": "echo:0", "for": "1ns"}]}'
    ]), b"E"
    yield "more nodes than there is memory", made("nodes", [
        b'{"version": 1, "duration": "10s", "chain": {"shards": 4294967296}}']), b"E203"
    yield "random bytes", made("random", [bytes((i * 7919 + i // 251) % 256
                                                for i in range(million))]), b"E0"


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as folder:
        for name, path, code in hostile_files(folder):
            result = check(path)
            said = result.stderr[-2000:]
            cases.holds(f"{name}: exit 3", result.returncode == 3, b"exit %d\n" % result.returncode
                        + said)
            cases.holds(f"{name}: says {code.decode()}", b"error[" + code in result.stderr, said)
            cases.holds(f"{name}: not more than 20 problems and a few lines",
                        len(result.stderr) < 20000, len(result.stderr))
            os.remove(path)
        path = os.path.join(folder, "stdin")
        with open(path, "wb") as out:
            for _ in range(100):
                out.write(b" " * (1 << 20))
        result = check("-", path)
        cases.holds("100 MB on stdin: exit 3", result.returncode == 3 and b"E006" in result.stderr,
                    result.stderr)
        fifo = os.path.join(folder, "fifo")
        os.mkfifo(fifo)
        with subprocess.Popen(["dd", "if=/dev/zero", "of=" + fifo, "bs=1M", "count=64"],
                              stderr=subprocess.DEVNULL) as writer:
            result = check(fifo)
            writer.kill()
        cases.holds("a pipe without end: no more than 16 MiB are read",
                    result.returncode in (3, 7), result.stderr)
        result = check("/dev/zero")
        cases.holds("/dev/zero is refused", result.returncode in (3, 7), result.stderr)
    cases.close()


main()
