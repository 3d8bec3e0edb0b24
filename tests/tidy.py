#!/usr/bin/env python3
"""The house rules that a machine can check; a unit test.

Usage: tidy.py [ROOT]
First proves each rule on the fixtures of tidy_cases.py (a rule without a fixture that breaks it is
an error), then checks the tree. Prints "path:line: [rule] what is wrong; what to do instead".

The ratchet: LONG_FUNCTIONS lists functions that are longer than the limit, each with its length.
They may only get shorter, and an entry that is no longer needed is an error.
"""
import os
import pathlib
import re
import subprocess
import sys

import tidy_cases

LINE_COLUMNS = 100
FUNCTION_LINES = 70
FILE_LINES = 600
LONG_FUNCTIONS = {}  # "sim/x.c:function": lines

# Kernel headers that a protocol has no business with.
PRIVATE_HEADERS = {"engine", "log", "log_schema", "network", "network_config", "queue",
                   "rng_draw", "scenario"}
# What a command is: the tables of sim/ and analysis/ share it, so that main.c can join them.
COMMAND_HEADER = "command.h"
# Each of sim/ and analysis/ has a table of commands; command.h says so.
TWINS = {"commands.c"}

SIMULATED = ("sim/", "models/")
C_FILES = (".c", ".h")
WALL_CLOCK = "outside the simulation"  # a comment with these words, within five lines, permits
NO_TIES = "no ties"

# (rule, path prefixes, path endings, pattern, in which text, words that permit, what to do instead)
BANS = [
    ("rand", SIMULATED, C_FILES, r"\b(s?rand|s?random|[dl]rand48)\s*\(", "code", None,
     "rng_stream_at() and a draw: addressed by identity"),
    ("time", SIMULATED, C_FILES,
     r"\b(time|clock|gettimeofday|clock_gettime|localtime|gmtime|strftime)\s*\(", "code",
     WALL_CLOCK, f"context->now_ns; for progress and logs say '{WALL_CLOCK}' in a comment"),
    ("environment", SIMULATED, C_FILES, r"\b(getenv|secure_getenv|getpid|gethostname|uname)\s*\(",
     "code", WALL_CLOCK, f"a scenario key; for the terminal say '{WALL_CLOCK}' in a comment"),
    ("qsort", SIMULATED, C_FILES, r"\bqsort(_r)?\s*\(", "code", NO_TIES,
     f"a comparison without ties, and a comment that says '{NO_TIES}' and why"),
    ("pointer-print", SIMULATED, C_FILES, r"%[-#0-9]*p\b", "text", None,
     "an identity or an index: addresses differ between runs"),
    ("build-date", ("",), C_FILES, r"\b__(DATE|TIME|TIMESTAMP)__\b", "code", None,
     "the version and the git revision that the build passes in"),
    ("libm", SIMULATED, C_FILES,
     r"\b(log|log2|log10|log1p|exp|exp2|expm1|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|"
     r"cbrt|hypot|erf|erfc|tgamma|lgamma|fma)f?l?\s*\(", "code", None,
     "sim/exact.h: libm differs in the last bit between processors"),
    ("libm-header", SIMULATED, C_FILES, r"#\s*include\s*<(tgmath|fenv|complex)\.h>", "code", None,
     "sim/exact.h"),
    ("heap-in-model", ("models/",), C_FILES,
     r"\b(malloc|calloc|realloc|free|strdup|strndup|alloca)\s*\(", "code", None,
     "memory_take() and pools of sim/memory.h, which count their bytes"),
    ("print-in-model", ("models/",), C_FILES,
     r"\b(printf|fprintf|puts|putchar|perror|exit|_exit|abort)\s*\(", "code", None,
     "diagnostics_add(), context_violation() or SIM_ASSERT"),
    ("thread-in-model", ("models/",), C_FILES, r"\b(pthread_\w+|thrd_\w+|atomic_\w+)\s*\(", "code",
     None, "nothing: groups are the unit of threads, and the kernel owns them"),
    ("assert", ("sim/", "models/", "analysis/", "main.c"), C_FILES, r"(?<!_)\bassert\s*\(", "code",
     None, "SIM_ASSERT in sim/ and models/, a diagnostic elsewhere: assert() can be switched off"),
    ("double-time", SIMULATED, C_FILES, r"\b(double|float)\s+\w+_ns\b\s*(=|;|,|\))", "code", None,
     "uint64_t nanoseconds"),
    ("typedef-struct", ("",), C_FILES, r"\btypedef\s+(struct|union)\b", "code", None,
     "struct name, without a typedef"),
    ("left-over", ("",), C_FILES + (".py", ".sh", "dev", ".build", ".md", ".json"),
     r"\b(TODO|FIXME|XXX|HACK)\b", "text", None, "do it, or leave it out"),
    ("hollow", ("",), C_FILES + ("dev", ".build"), r"(?i)\b(stub|placeholder|not implemented)\b",
     "text", None, "the real thing, or nothing"),
    ("machine-path", ("",), C_FILES + (".py", ".sh", "dev", ".build", ".md", ".json", ".cff"),
     r"(?<![\w.}])/(home|root|Users|work|mnt|media|srv)/", "text", None,
     "a path relative to the project, or mkdtemp()"),
    ("tab", ("",), C_FILES + (".py", ".build"), r"\t", "text", None, "spaces"),
    ("trailing-space", ("",), C_FILES + (".py", ".sh", "dev", ".build"), r"[ \t]+$", "text", None,
     "nothing after the last character"),
]
BANS = [(rule, roots, ends, re.compile(pattern, re.MULTILINE), where, permit, instead)
        for rule, roots, ends, pattern, where, permit, instead in BANS]

OTHER_RULES = ["include-root", "include-folder", "include-own-first", "unique-name", "line-length",
               "function-length", "ratchet", "file-length", "header-guard", "simplification"]

NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_of(text):
    """The text of a C file with comments and the inside of strings blanked, lines kept."""
    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)
    return NOT_CODE.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def permitted(text, line, words):
    """True when a comment near the line gives the reason that the rule asks for."""
    if words is None:
        return False
    rows = text.split("\n")
    near = rows[max(0, line - 6):line]
    call = re.search(r"(\w+)\s*\)\s*;", rows[line - 1])
    if words == NO_TIES and call:  # or in the comparison itself
        for number, row in enumerate(rows):
            if re.match(rf"static int {call.group(1)}\(", row):
                near += rows[number:number + 20]
    return any(words in row.lower() for row in near)


def check_bans(path, text, code):
    for rule, roots, ends, pattern, where, permit, instead in BANS:
        if not path.startswith(roots) or not path.endswith(ends):
            continue
        searched = code if where == "code" and path.endswith(C_FILES) else text
        for match in pattern.finditer(searched):
            line = line_of(searched, match.start())
            if not permitted(text, line, permit):
                found = match.group(0).strip() or "white space"
                yield path, line, rule, f"{found!r} is banned here; use {instead}"


def may_include(path, header):
    """None when a file may include a header, else the reason why not."""
    folder = path.split("/")[0]
    name = pathlib.PurePosixPath(header).stem
    if header == COMMAND_HEADER and folder != "models":
        return None
    if folder == "sim" and not header.startswith("sim/"):
        return "sim/ includes sim/ only: it compiles and tests without models/"
    if folder == "analysis" and not header.startswith("analysis/"):
        return "analysis/ reads databases: it includes neither sim/ nor models/"
    private = name in PRIVATE_HEADERS or name.endswith("_private")
    if folder == "models" and header.startswith("sim/") and private:
        return "models/ includes the kernel's public headers only"
    if folder == "models" and (header == COMMAND_HEADER or header.startswith("analysis/")):
        return "models/ has no commands and never includes analysis/"
    parts, other = path.split("/"), header.split("/")
    if folder == "models" and len(parts) > 2 and header.startswith("models/"):
        if header == "models/registry.h" or (len(other) > 2 and other[1] != parts[1]):
            return "a layer meets others by models/stack.h only"
    return None


def check_includes(path, text, files):
    own = path[:-2] + ".h"
    headers = []
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(<[^>\n]*>|"[^"\n]*")', text, re.MULTILINE):
        header, line = match.group(1).strip('"'), line_of(text, match.start())
        headers.append((header, line))
        if header.startswith("<"):
            continue
        folder, _, name = header.rpartition("/")
        if header not in files and (not folder or
                                    name not in files.get(f"{folder}/meson.build", "")):
            yield (path, line, "include-root",
                   f'"{header}" is no file of the tree; write the path from the root')
            continue
        reason = may_include(path, header)
        if reason:
            yield path, line, "include-folder", f'"{header}": {reason}'
    names = [header for header, line in headers]
    if path.endswith(".c") and own in names and names[0] != own:
        yield path, headers[0][1], "include-own-first", f'the first include of {path} is "{own}"'


def check_lines(path, text):
    if not path.endswith(C_FILES + (".py", ".sh", "dev", ".build")):
        return
    rows = text.split("\n")
    for number, row in enumerate(rows, 1):
        if len(row) > LINE_COLUMNS:
            yield path, number, "line-length", f"{len(row)} columns; at most {LINE_COLUMNS}"
    if len(rows) - 1 > FILE_LINES and "600 lines" not in "\n".join(rows[:40]):
        yield (path, 1, "file-length", f"{len(rows) - 1} lines; split it, or say in its header "
               "'Over 600 lines because ...'")


def functions_of(code):
    """Yields (name, first line, lines) of each function body: braces in the first column."""
    begin = name = None
    rows = code.split("\n")
    for number, row in enumerate(rows, 1):
        if row.rstrip() == "{" and begin is None:
            begin = number
            head = " ".join(rows[max(0, number - 6):number - 1])
            found = re.findall(r"(\w+)\s*\(", head)
            tests = re.findall(r"START_TEST\s*\(\s*(\w+)", head)
            name = (tests or found or ["?"])[-1]
        elif row.startswith("}") and begin is not None:
            yield name, begin, number - begin + 1
            begin = None


def check_functions(path, code, long_functions):
    for name, line, length in functions_of(code):
        allowed = long_functions.pop(f"{path}:{name}", None)
        if allowed is None and length > FUNCTION_LINES:
            yield path, line, "function-length", f"{name}: {length} lines; at most {FUNCTION_LINES}"
        elif allowed is not None and length > allowed:
            yield path, line, "function-length", f"{name}: {length} lines, was {allowed}"
        elif allowed is not None and length < allowed:
            yield path, line, "ratchet", f"{name} has {length} lines now; lower LONG_FUNCTIONS"


def check_guard(path, code):
    guard = re.sub(r"[^A-Za-z0-9]", "_", path).upper()
    if path == "sim/sim_assert.h":  # the folder's name is in the file's already
        guard = "SIM_ASSERT_H"
    directives = [row.split() for row in code.split("\n") if row.lstrip().startswith("#")]
    wanted = [["#ifndef", guard], ["#define", guard]]
    if directives[:2] != wanted or directives[-1] != ["#endif"]:
        yield path, 1, "header-guard", f"the header is wrapped in #ifndef {guard}"


def check_names(files):
    seen = {}
    for path in sorted(files):
        name = path.rsplit("/", 1)[-1]
        if not name.endswith(C_FILES + (".py", ".sh")) or name in TWINS:
            continue
        if name in seen:
            yield path, 1, "unique-name", f"{name} exists already: {seen[name]}"
        seen.setdefault(name, path)


def check_simplifications(files):
    """A shortcut marked in the code is listed in its layer's README."""
    for path, text in sorted(files.items()):
        parts = path.split("/")
        if parts[0] != "models" or len(parts) < 3 or not path.endswith(C_FILES):
            continue
        readme = files.get("/".join(parts[:2]) + "/README.md", "")
        place = text.find("SIMPLIFICATION:")
        if place >= 0 and "implification" not in readme:
            yield (path, line_of(text, place), "simplification",
                   f"list it under Simplifications in models/{parts[1]}/README.md")


def check_tree(files, long_functions):
    """All problems of a tree given as {path: text}."""
    long_functions = dict(long_functions)
    for path, text in sorted(files.items()):
        if path.startswith("tests/tidy"):
            continue
        code = code_of(text) if path.endswith(C_FILES) else text
        yield from check_bans(path, text, code)
        yield from check_lines(path, text)
        if path.endswith(C_FILES):
            yield from check_includes(path, text, files)
            yield from check_functions(path, code, long_functions)
        if path.endswith(".h"):
            yield from check_guard(path, code)
    for entry in long_functions:
        yield entry.split(":")[0], 1, "ratchet", f"{entry} is gone; remove it from LONG_FUNCTIONS"
    yield from check_names(files)
    yield from check_simplifications(files)


def self_test():
    """Each rule must report the fixtures that break it, and none may report the good ones."""
    errors = []
    broken = set()
    for rule, files, long_functions in tidy_cases.BROKEN:
        rules = {problem[2] for problem in check_tree(files, long_functions)}
        broken.add(rule)
        if rules != {rule}:
            errors.append(f"self-test: {rule} on {files!r} reported {sorted(rules)}")
    for files in tidy_cases.GOOD:
        for problem in check_tree(files, {}):
            errors.append(f"self-test: good fixture reported: {problem}")
    for rule in [row[0] for row in BANS] + OTHER_RULES:
        if rule not in broken:
            errors.append(f"self-test: no fixture breaks the rule {rule}")
    return errors


def read_tree(root):
    """The project's text files: what git knows or would add, else everything but generated folders."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "--cached", "--others",
                             "--exclude-standard", "-z"], capture_output=True, check=False)
    if listed.returncode == 0:
        paths = [path for path in listed.stdout.decode().split("\0") if path]
    else:
        paths = []
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders if f != ".git" and not f.startswith("build")
                          and f != "results"]
            paths += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    files = {}
    for path in paths:
        try:
            files[path] = (root / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return files


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    errors = self_test()
    for error in errors:
        print(error)
    files = read_tree(root)
    problems = list(check_tree(files, LONG_FUNCTIONS))
    for path, line, rule, text in problems:
        print(f"{path}:{line}: [{rule}] {text}")
    print(f"{len(files)} files, {len(BANS) + len(OTHER_RULES)} rules, "
          f"{len(problems) + len(errors)} problems")
    return 1 if problems or errors else 0


if __name__ == "__main__":
    sys.exit(main())
