#!/usr/bin/env python3
"""`shardsim schema` is itself a valid JSON Schema, and says of every file of the corpus what
`check` says, but for the files below: rules that no schema can express, each with its reason."""
import json
import pathlib
import re
import sys

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
        "combination_layer_keys", "value_uniform_reversed",
    ],
    "two sections that need each other": [
        "combination_matrix_without_regions", "combination_no_shards", "combination_regions_unused",
    ],
    "two times, compared with each other": [
        "combination_warmup", "name_fault_after_end", "name_fault_at_end",
    ],
    "what is in an included file is not looked at": [
        "file_include_wrong_value",
    ],
    "nodes that the world, once built, does not have": [
        "name_fault_group_node", "name_fault_link", "name_fault_node", "name_fault_node_range",
        "name_fault_random", "name_fault_role", "name_link", "name_sweep_world",
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

    files = sorted(pathlib.Path("tests/corpus").glob("*/*.json"))
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
    cases.holds("every exception is a file", not unused, sorted(unused))
    cases.close()


main()
