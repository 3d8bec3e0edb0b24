"""Fixtures that prove the rules of tidy.py: small trees {path: text}.

BROKEN: (the one rule that must be reported, files, long functions). GOOD: nothing is reported.
"""


def c_file(line):
    return f"void work(void)\n{{\n    {line}\n}}\n"


def header(path, body=""):
    guard = path.replace("/", "_").replace(".", "_").upper()
    return f"#ifndef {guard}\n#define {guard}\n{body}\n#endif\n"


def function(lines):
    return "void work(void)\n{\n" + "    step();\n" * (lines - 2) + "}\n"


def breaks(rule, path, line):
    return rule, {path: c_file(line)}, {}


BROKEN = [
    breaks("rand", "sim/a.c", "int x = rand();"),
    breaks("rand", "models/echo/a.c", "double x = drand48();"),
    breaks("time", "sim/a.c", "start = time(NULL);"),
    breaks("time", "models/echo/a.c", "start = clock();"),
    breaks("time", "sim/a.c", "clock_gettime(CLOCK_MONOTONIC, &now);"),
    breaks("environment", "sim/a.c", 'x = getenv("HOME");'),
    breaks("environment", "models/echo/a.c", "x = getpid();"),
    breaks("qsort", "sim/a.c", "qsort(list, count, sizeof list[0], compare);"),
    breaks("qsort", "models/echo/a.c", "qsort(list, count, sizeof list[0], compare);"),
    breaks("pointer-print", "sim/a.c", 'print("%p", block);'),
    breaks("build-date", "main.c", "text = __DATE__;"),
    breaks("libm", "sim/a.c", "x = log(y);"),
    breaks("libm", "models/echo/a.c", "x = exp (y);"),
    breaks("libm", "models/echo/a.c", "x = powf(y, 2);"),
    breaks("libm", "sim/a.c", "x = sin(y);"),
    ("libm-header", {"sim/a.c": "#include <tgmath.h>\n"}, {}),
    breaks("heap-in-model", "models/echo/a.c", "x = malloc(4);"),
    breaks("heap-in-model", "models/echo/a.c", "free(x);"),
    breaks("print-in-model", "models/echo/a.c", 'printf("hello");'),
    breaks("thread-in-model", "models/echo/a.c", "pthread_create(&thread, NULL, run, NULL);"),
    breaks("assert", "sim/a.c", "assert(x);"),
    breaks("double-time", "sim/a.c", "double sent_ns = 0;"),
    ("typedef-struct", {"sim/a.c": "typedef struct item item;\n"}, {}),
    breaks("left-over", "analysis/a.c", "/* TODO: later */"),
    breaks("left-over", "tests/a.c", "/* FIXME */"),
    ("left-over", {"dev": "# XXX\n"}, {}),
    breaks("hollow", "sim/a.c", "/* a stub */"),
    breaks("hollow", "sim/a.c", '"Not implemented"'),
    breaks("machine-path", "tests/a.c", 'open("/home/somebody/file");'),
    ("machine-path", {"README.md": "see /root/notes\n"}, {}),
    breaks("tab", "sim/a.c", "\tx = 1;"),
    breaks("trailing-space", "sim/a.c", "x = 1; "),
    ("include-root", {"sim/a.c": '#include "b.h"\n', "sim/b.h": header("sim/b.h")}, {}),
    ("include-folder", {"sim/a.c": '#include "models/stack.h"\n',
                        "models/stack.h": header("models/stack.h")}, {}),
    ("include-folder", {"analysis/a.c": '#include "sim/world.h"\n',
                        "sim/world.h": header("sim/world.h")}, {}),
    ("include-folder", {"models/echo/a.c": '#include "models/phold/b.h"\n',
                        "models/phold/b.h": header("models/phold/b.h")}, {}),
    ("include-folder", {"models/echo/a.c": '#include "models/registry.h"\n',
                        "models/registry.h": header("models/registry.h")}, {}),
    ("include-folder", {"models/echo/a.c": '#include "sim/engine.h"\n',
                        "sim/engine.h": header("sim/engine.h")}, {}),
    ("include-folder", {"models/echo/a.c": '#include "command.h"\n',
                        "command.h": header("command.h")}, {}),
    ("include-folder", {"models/echo/a.c": '#include "analysis/table.h"\n',
                        "analysis/table.h": header("analysis/table.h")}, {}),
    ("include-own-first", {"sim/a.c": '#include "sim/b.h"\n#include "sim/a.h"\n',
                           "sim/a.h": header("sim/a.h"), "sim/b.h": header("sim/b.h")}, {}),
    ("include-own-first", {"sim/a.c": '#include <stdio.h>\n\n#include "sim/a.h"\n',
                           "sim/a.h": header("sim/a.h")}, {}),
    ("unique-name", {"sim/a.c": function(3), "models/a.c": function(3)}, {}),
    ("line-length", {"sim/a.c": "/* " + "x" * 95 + " */\n"}, {}),
    ("function-length", {"sim/a.c": function(71)}, {}),
    ("function-length", {"sim/a.c": function(81)}, {"sim/a.c:work": 80}),
    ("ratchet", {"sim/a.c": function(79)}, {"sim/a.c:work": 80}),
    ("ratchet", {"sim/a.c": function(9)}, {"sim/gone.c:work": 80}),
    ("file-length", {"sim/a.c": "int x;\n" * 601}, {}),
    ("header-guard", {"sim/a.h": "#pragma once\n"}, {}),
    ("header-guard", {"sim/a.h": header("sim/b.h")}, {}),
    ("header-guard", {"sim/a.h": "int x;\n" + header("sim/a.h")[:-7] + "\n"}, {}),
    ("simplification", {"models/echo/a.c": "/* SIMPLIFICATION: no fees. */\n"}, {}),
]

GOOD = [
    {"sim/a.c": c_file("x = exact_log(y) + operand(z) + uptime(w);")},
    {"sim/a.c": c_file('log_text("rand() and time() in a string");')},
    {"sim/a.c": c_file("/* Not time(NULL): that is banned, and so is log(x). */")},
    {"sim/a.c": c_file("/* Wall clock, outside the simulation. */\n    clock_gettime(CLOCK, &now);")},
    {"sim/a.c": c_file("/* Ids are distinct: no ties. */\n    qsort(ids, count, 8, compare);")},
    {"sim/a.c": "static int compare(const void *a, const void *b)\n{\n    return 0; /* no ties: x */\n}\n"
                + c_file("qsort(list, count, 8, compare);")},
    {"analysis/a.c": c_file("x = log(y); t = time(NULL);")},
    {"tests/a.c": c_file('x = malloc(4); print("%p", x);')},
    {"models/echo/a.c": '#include "models/echo/a.h"\n\n#include "models/stack.h"\n#include "sim/rng.h"\n',
     "models/echo/a.h": header("models/echo/a.h"), "models/stack.h": header("models/stack.h"),
     "sim/rng.h": header("sim/rng.h")},
    {"main.c": '#include "sim/engine.h"\n#include "models/registry.h"\n',
     "sim/engine.h": header("sim/engine.h"), "models/registry.h": header("models/registry.h")},
    {"analysis/commands.c": '#include "command.h"\n', "sim/commands.c": '#include "command.h"\n',
     "command.h": header("command.h")},
    {"sim/a.c": function(70)},
    {"sim/a.c": "/* " + "x" * 94 + " */\n"},
    {"sim/a.c": "/* Over 600 lines because one table. */\n" + "int x;\n" * 700},
    {"sim/a.h": header("sim/a.h", "\n/* The mix. */\nint mix(void);\n")},
    {"sim/a.c": '#include "sim/made.h"\n', "sim/meson.build": "output: 'made.h'\n"},
    {"sim/commands.c": function(3), "analysis/commands.c": function(3)},
    {"sim/README.md": "x", "models/README.md": "x", "sim/meson.build": "", "models/meson.build": ""},
    {"models/echo/a.c": "/* SIMPLIFICATION: no fees. */\n",
     "models/echo/README.md": "## Simplifications\n- no fees\n"},
    {"tests/a.c": c_file('char path[] = "run-XXXXXX"; pointer = "/workload/0";')},
]
