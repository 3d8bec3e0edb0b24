#!/usr/bin/env bash
# Fuzzes the readers of files that come from elsewhere. Usage: tests/fuzz.sh [SECONDS]
# Each runs SECONDS (default 60), all at the same time, from the seeds of tests/corpus and from
# what longer runs learned (tests/corpus/learned-NAME.tar.gz). What they learn stays in build-fuzz/,
# so that the next run goes on from there; what breaks a reader is build-fuzz/crash-NAME-*: feed it
# to build-fuzz/tests/fuzz_NAME to see it again, then make it a file of tests/corpus.
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
seconds=${1:-60}
build=build-fuzz
if ! command -v clang >/dev/null; then
    echo "fuzz: clang is missing (Debian: clang, libclang-rt-14-dev)" >&2
    exit 1
fi
if [ ! -f "$build/build.ninja" ]; then
    CC=clang meson setup "$build" -Dfuzz=true -Dbuildtype=debugoptimized || exit 1
fi
ninja -C "$build" tests/fuzz_conform tests/fuzz_message \
    tests/fuzz_scenario tests/fuzz_trace || exit 1

# run_fuzzer NAME MAX_BYTES SEED_FOLDER...: one fuzzer; all of them run at the same time.
run_fuzzer() {
    local name=$1 bytes_max=$2 learned=$build/learned-$1
    shift 2
    mkdir -p "$learned"
    [ ! -f "tests/corpus/learned-$name.tar.gz" ] ||
        tar -xzf "tests/corpus/learned-$name.tar.gz" -C "$learned" --skip-old-files
    if "$build/tests/fuzz_$name" -seed=1 -max_total_time="$seconds" -max_len="$bytes_max" \
        -timeout=20 -rss_limit_mb=2048 -close_fd_mask=3 -use_value_profile=1 -print_final_stats=1 \
        -artifact_prefix="$build/crash-$name-" "$learned" "$@" >"$build/fuzz_$name.log" 2>&1; then
        echo "fuzz_$name: $(sed -n 's/^stat::number_of_executed_units: *//p' \
            "$build/fuzz_$name.log") inputs, none broke it"
    else
        tail -n 40 "$build/fuzz_$name.log"
        echo "fuzz_$name: FAILED (log: $build/fuzz_$name.log)"
        return 1
    fi
}

run_fuzzer scenario 65536 tests/corpus/good tests/corpus/bad scenarios/templates &
jobs=($!)
run_fuzzer trace 4096 tests/corpus/trace &
jobs+=($!)
run_fuzzer message 512 tests/corpus/message &
jobs+=($!)
run_fuzzer conform 4096 tests/corpus/conform &
jobs+=($!)
failed=0
for job in "${jobs[@]}"; do
    wait "$job" || failed=1
done
exit "$failed"
