#!/usr/bin/env python3
"""`shardsim schema` is itself a valid JSON Schema, and says of every file of the corpus what
`check` says, but for the files below: rules that no schema can express, each with its reason."""
import json
import os
import pathlib
import re
import sys
import tempfile

import jsonschema

sys.path.insert(0, "tests/cli")
from cli_cases import Cases, shardsim  # noqa: E402, pylint: disable=wrong-import-position

# What is wrong below the level of values: syntax, duplicate keys, files that are not there.
BELOW = re.compile(rb"error\[(E0..|E102|E5..)\]")
# Bad files that the schema takes, by the reason why no schema can tell.
SCHEMA_TAKES = {
    "one fault: the keys depend on each other": [
        "combination_every_without_to", "value_fault_target_reversed",
    ],
    "ends of a link, compared with each other": [
        "combination_delay_no_target", "combination_link_twice",
    ],
    "two targets, compared with each other": [
        "combination_groups_overlap",
    ],
    "a target's form depends on the fault's type": [
        "combination_link_crash",
    ],
    "keys of one layer, compared with each other": [
        "combination_layer_keys", "combination_resharding_without_shards",
        "combination_resharding_window", "combination_limits_of_the_other_form",
        "combination_limits_without_effect", "combination_fees_both_paths",
        "value_uniform_reversed", "validators_around", "validators_numbers",
        "validators_stakes_given", "validators_too_deep", "validators_too_many",
        "validators_workchains",
    ],
    "two sections that need each other": [
        "combination_matrix_without_regions", "combination_no_shards", "combination_regions_unused",
        "combination_traffic_matrix_size", "combination_resharding_instant",
        "combination_publish_without_masterchain",
    ],
    "two times, compared with each other": [
        "combination_warmup", "name_fault_after_end", "name_fault_at_end",
    ],
    "what is in an included file is not looked at": [
        "file_include_wrong_value",
    ],
    "nodes that the world, once built, does not have": [
        "name_fault_group_node", "name_fault_link", "name_fault_node", "name_fault_node_range",
        "name_fault_random", "name_fault_role", "name_fault_validator_collective", "name_link",
        "name_sweep_world", "spread_fault_collective",
    ],
    "behaviours and properties of the layers that the scenario has": [
        "name_fault_behaviour", "name_property_absent",
    ],
    "a swept value belongs where its path leads": [
        "name_sweep_bad_point", "name_sweep_bad_unit", "name_sweep_path", "name_sweep_section",
        "name_sweep_workload_index", "value_sweep_log_from_zero",
    ],
    "the size of a quantity is arithmetic on its unit": [
        "value_bytes_fraction", "value_duration_huge", "value_loss_too_precise",
        "value_time_too_precise",
    ],
    "lengths and sums of lists, compared": [
        "value_regions_matrix", "value_regions_shares",
    ],
}


def load(path):
    """The document, or None where Python's parser cannot read it: a schema sees parsed values."""
    try:
        return json.loads(path.read_bytes().decode("utf-8"), parse_constant=lambda word: None)
    except (ValueError, RecursionError):
        return None


# Values of every shape, put under every key that `describe` knows. Not among them: null, which
# stands for an absent key (RFC 7396), and -0, which is 0; the schema takes neither.
VALUES = [True, False, 0, 1, -1, 2.5, 1e3, "", "abc", "0", "1", "1.0", "-5s", "0s", "5s", "5 s",
          "5S", "10ms", "007ms", "1.5min", "1min30s", "100Mbit/s", "unlimited", "0bit/s", "1KiB",
          "10%", "100.0%", "0100%", "100.1%", "50ppm", "1000001ppm", "0.5", "1.5", "5/s", "5tx/min",
          "0/s", [], [1], ["a"], {}, {"type": "constant", "value": "1ms"}, {"type": "x"},
          {"x-a": 1}, {"a": 1}]
# Beyond any schema: values finer than a base unit, values compared with other values, files, and
# words with a grammar of their own.
ARITHMETIC = re.compile(rb"error\[(E204|E301|E310|E5..)\]"
                        rb"|/workload/0/shards: |/destinations/shard: "
                        rb"|/ledger/external/(check_time|life): out of range"
                        rb"|/prefixes/|/sha256: ")


def place(document, row):
    """Makes the objects on the way to a described key; returns the innermost and the key."""
    section, path = row["section"], row["key"].split(".")
    here = document
    if section == "network":
        here = document.setdefault("network", {})
    elif section == "workload":
        document.update({"chain": {"shards": 2}, "workload": [{"type": row["type"]}]})
        here = document["workload"][0]
    elif section != "scenario":
        here = document.setdefault(section, {"type": row["type"]})
    for token in path[:-1]:
        here = here.setdefault(token, {})
    if row.get("variant"):
        here["type"] = row["variant"]
    return here, path[-1]


def generated():
    """Yields (what, document): each key with each value."""
    for line in shardsim("describe", "--json").stdout.splitlines():
        row = json.loads(line)
        if row["section"] in ("faults", "sweep", "distribution") or "[]" in row["key"]:
            continue
        for value in VALUES:
            document = {"version": 1, "duration": "10s"}
            here, key = place(document, row)
            here[key] = value
            yield f"{row['section']}.{row.get('type', '')} {row['key']} = {value!r}", document


def check_generated(cases, validator):
    made = list(generated())
    cases.holds("there are keys and values", len(made) > 1000, len(made))
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f"{i:05}.json") for i in range(len(made))]
        for path, (_, document) in zip(paths, made):
            with open(path, "w", encoding="utf-8") as out:
                json.dump(document, out)
        for begin in range(0, len(made), 500):
            result = shardsim("check", *paths[begin:begin + 500])
            fine = set(re.findall(r"^(.*): fine", result.stdout.decode(), re.M))
            said = {}
            for line in result.stderr.splitlines():
                said.setdefault(line.split(b":")[0].decode(errors="replace"), []).append(line)
            for path, (what, document) in zip(paths[begin:], made[begin:begin + 500]):
                why = b"\n".join(said.get(path, []))
                if path not in fine and ARITHMETIC.search(why):
                    continue
                cases.holds(f"check and schema agree on {what}",
                            (path in fine) == validator.is_valid(document), why)


def main():
    cases = Cases()
    printed = shardsim("schema")
    cases.exits("schema", printed, 0)
    schema = json.loads(printed.stdout)
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        cases.holds("the schema is valid", True)
    except jsonschema.exceptions.SchemaError as error:
        cases.holds("the schema is valid", False, error)
    validator = jsonschema.Draft202012Validator(schema)

    files = sorted(pathlib.Path("tests/corpus").glob("good/*.json"))
    files += sorted(pathlib.Path("tests/corpus").glob("bad/*.json"))
    files += sorted(pathlib.Path("scenarios").glob("*/*.json"))
    unused = {name for names in SCHEMA_TAKES.values() for name in names}
    taken = set(unused)
    for path in files:
        document = load(path)
        if document is None:
            continue
        good = path.parent.name != "bad"
        if not good and BELOW.search(path.with_suffix(".txt").read_bytes()):
            continue
        errors = [f"{error.json_path}: {error.message}"
                  for error in validator.iter_errors(document)]
        if good:
            cases.holds(f"the schema takes {path}", not errors, "\n".join(errors[:5]))
        elif path.stem in taken:
            unused.discard(path.stem)
            cases.holds(f"the schema cannot refuse {path}", not errors,
                        "it does: take it off the list")
        else:
            cases.holds(f"the schema refuses {path}", errors)
    check_generated(cases, validator)
    cases.holds("every exception is a file", not unused, sorted(unused))
    cases.close()


main()
