#!/usr/bin/env bash
# `shardsim swarm` finds nothing where nothing is broken, finds every rule that is broken on
# purpose, says how to see it again in words that a shell takes, and finds the same with one process
# as with three.
# Usage: test_swarm.sh SHARDSIM, from the root of the sources.
set -u -o pipefail
shardsim=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
ln -s "$PWD/scenarios" "$scratch/scenarios"
mkdir "$scratch/bin"
ln -s "$shardsim" "$scratch/bin/shardsim"
PATH=$scratch/bin:$PATH
cd "$scratch" || exit 1
both=scenarios/hypercube/both.json
checks=0
failures=0

check() { # check WHAT COMMAND...: the command must succeed
    checks=$((checks + 1))
    "${@:2}" && return
    echo "failed: $1"
    failures=$((failures + 1))
}

swarm() { # swarm CODE OPTION...: runs it into the file `out`; the exit code must be CODE
    local expected=$1 code=0
    shift
    shardsim swarm "$@" >out 2>err || code=$?
    check "exit code $expected, got $code: swarm $*" test "$code" -eq "$expected"
}

# Nothing is found where nothing is broken, and a run is the same whatever stands around it.
for scenario in "$both" scenarios/kernel/echo.json scenarios/swarm/*.json; do
    swarm 0 "$scenario" --runs 20
    check "no findings in $scenario" grep -q '^findings  0$' out
done
swarm 0 "$both" --only 7
cp out seven
swarm 0 "$both" --only 7 -j 1 --runs 3
check "run 7 is run 7" cmp -s out seven
swarm 0 "$both" --only 7 --seed 2
check "another seed is another run" test "$(cmp -s out seven && echo same)" != same
swarm 0 "$both" --only 7 --json
check "a drawn scenario is one that run takes" shardsim run -f -o run.db --progress none out \
    >/dev/null

# Uplinks with real queues: their rows must not tell whose was needed first.
swarm 0 scenarios/kernel/echo.json --runs 40 --set network.queue.classes=2 \
    --set network.bandwidth=100kbit/s

# Every broken rule is found by its own property, minimised, and replayed by the printed command.
while read -r rule property; do
    swarm 4 "$both" --runs 40 --set "$rule"
    check "$rule is found by $property" grep -q "^found    violation: $property at event" out
    sed -n "/^found .*: $property /,/replay/ s/^  replay   //p" out | head -1 >replay
    code=0
    bash ./replay >said 2>&1 || code=$?
    check "$rule: the replay exits with 4, not $code" test "$code" -eq 4
    check "$rule: the replay violates $property" grep -q "$property" said
    check "$rule: no fault is needed to see it" grep -q '  minimal  0 of ' out
    sed -n "/^found .*: $property /,/drawn/ s/^  drawn    //p" out | head -1 >drawn
    code=0
    bash ./drawn >said 2>&1 || code=$?
    check "$rule: the drawn run exits with 4, not $code" test "$code" -eq 4
done <<'BREAKS'
messaging.break=deliver_twice exactly_once
messaging.break=reorder queue_order
messaging.break=lose nothing_lost
messaging.break=extra_hop hop_bound
messaging.break=early no_early_event
chain.break_rule=height block_height
ledger.break=mint value_conserved
BREAKS

# A property that has to be asked for, with a deadline that no fault can excuse.
cat >finality.json <<'JSON'
{"version": 1, "include": ["scenarios/hypercube/both.json"], "name": "finality",
 "chain": {"break_rule": "finality"}, "properties": [{"type": "finality", "within": "60s"}]}
JSON
swarm 4 finality.json --runs 20
check "a late block is found" grep -q '^found    violation: finality at event' out

# What has not come by the end is not minimised to a run in which nothing could have come.
cat >heard.json <<'JSON'
{"version": 1, "include": ["scenarios/kernel/echo.json"], "name": "heard",
 "properties": ["all_heard"]}
JSON
swarm 4 heard.json --runs 10
sed -n 's/^  replay .*force //p' out >path
check "a liveness finding is replayed" test -s path
check "its run is no instant" python3 -c '
import json, sys
sys.exit(int(json.load(open(open("path").read().strip()))["duration"][:-2]) < 10**9)'

# An assertion of our own ends the child and not the swarm.
swarm 1 "$both" --runs 60 --set chain.break_rule=undo
check "an assertion is a finding" grep -q '^found    assertion: .*assertion failed' out

# A run that takes too long is ended and is a finding; nothing takes less than this.
swarm 1 "$both" --runs 3 --max-wall 1ns
check "a run without end is a finding" grep -q '^findings  3, unfinished 3$' out

# The same findings, files and summary with one process and with three.
for jobs in 1 3; do
    rm -rf results
    swarm 4 "$both" --runs 30 --set messaging.break=lose -j "$jobs" --keep "kept_$jobs"
    sed "s/kept_$jobs/kept/" out >"out_$jobs"
done
check "-j 1 and -j 3 print the same" cmp -s out_1 out_3
check "-j 1 and -j 3 write the same" diff -r kept_1 kept_3
check "the scenarios as drawn are kept" test -n "$(ls kept_1/*.drawn.json)"

swarm 4 "$both" --runs 10 --set messaging.break=lose --json
check "--json is JSON" python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <out

# Ctrl-C: what was done is told.
shardsim swarm "$both" --runs 1000000 >out 2>err &
process=$!
sleep 1
kill -INT "$process"
code=0
wait "$process" || code=$?
check "exit code 130 after a signal, got $code" test "$code" -eq 130
check "a stopped swarm sums up" grep -q '^findings  0$' out

swarm 2 "$both" --runs 0
swarm 2 -
swarm 7 missing.json

echo "$((100 * (checks - failures) / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
exit "$((failures > 0))"
