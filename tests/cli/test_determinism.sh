#!/usr/bin/env bash
# The same result hash from every build, with both queues and any order of groups, through the
# command line and the database. The scenarios are those of tests/golden.json, which also says what
# the hash must be.
#
# Usage: test_determinism.sh BINARY...   (from the project's folder)
# Prints a line for each hash that differs, and last the number of runs compared.
set -u -o pipefail

(($# > 0)) || {
    echo "usage: $0 BINARY..." >&2
    exit 2
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
differences=0
runs=0

# result_hash BINARY SCENARIO OPTION...: runs it and prints the hash that the database holds.
result_hash() {
    local binary=$1 scenario=$2
    shift 2
    "$binary" run "$scenario" -f -o "$scratch/run.db" --log none --progress none "$@" \
        >"$scratch/out" 2>"$scratch/err" || {
        cat "$scratch/out" "$scratch/err" >&2
        return 1
    }
    sqlite3 "$scratch/run.db" 'SELECT result_hash FROM run'
}

# compare EXPECTED BINARY SCENARIO OPTION...
compare() {
    local expected=$1 got
    shift
    got=$(result_hash "$@") || got="no result"
    runs=$((runs + 1))
    if [ "$got" != "$expected" ]; then
        echo "expected $expected, got $got: $*"
        differences=$((differences + 1))
    fi
}

while IFS=$'\t' read -r expected key; do
    read -r scenario words <<<"$key"
    sets=()
    for word in $words; do
        sets+=(--set "$word")
    done
    for binary in "$@"; do
        for queue in wheel heap; do
            compare "$expected" "$binary" "$scenario" "${sets[@]}" --queue "$queue"
        done
    done
    # Orders of groups matter to the code, not to the compiler: one binary is enough.
    compare "$expected" "$1" "$scenario" "${sets[@]}" --group-order 7
done < <(python3 -c '
import json
for key, digest in json.load(open("tests/golden.json", encoding="utf-8")).items():
    print(digest, key, sep="\t")')

echo "$runs runs compared, $differences differ"
((runs > 0 && differences == 0))
