#!/usr/bin/env bash
# Every line in a ```sh box of results/README.md works on a real result and prints something.
# Usage: test_oneliners.sh SHARDSIM, from the root of the sources. Lines whose tool or library is
# not installed are skipped; those of sqlite3 and of Python's own library are not optional.
set -u -o pipefail
shardsim=$(realpath "$1")
page=$PWD/results/README.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

cat >scenario.json <<'JSON'
{"version": 1, "name": "oneliners", "duration": "60s",
 "network": {"latency": "40ms"},
 "chain": {"shards": 4, "block_interval": "5s"},
 "workload": [{"type": "poisson", "rate": "20tx/s", "cross_shard": "75%"}]}
JSON
if ! "$shardsim" run scenario.json -o run.db --progress none >messages 2>&1; then
    cat messages
    exit 1
fi

can_run() { # can_run LINE: is the tool here, and the library that it imports?
    case $1 in
    *pandas*) python3 -c 'import pandas' 2>/dev/null ;;
    Rscript*) command -v Rscript >/dev/null && Rscript -e 'library(RSQLite)' >/dev/null 2>&1 ;;
    duckdb*) command -v duckdb >/dev/null ;;
    esac
}

passed=0
failed=0
skipped=0
while IFS= read -r line; do
    if ! can_run "$line"; then
        echo "skipped: $line"
        skipped=$((skipped + 1))
    elif output=$(bash -o pipefail -c "$line" 2>errors) && [ -n "$output" ] && [ ! -s errors ]; then
        passed=$((passed + 1))
    else
        echo "not so: $line"
        echo "$output" | head -5
        cat errors
        failed=$((failed + 1))
    fi
done < <(sed -n '/^```sh$/,/^```$/p' "$page" | grep -v '^```')

# A page without boxes would pass otherwise.
if ((passed < 10)); then
    echo "only $passed lines ran"
    failed=$((failed + 1))
fi
echo "$skipped lines skipped"
checks=$((passed + failed))
echo "$((passed * 100 / checks))%: Checks: $checks, Failures: $failed, Errors: 0"
((failed == 0))
