#!/usr/bin/env bash
# The instruments as a user types them: sweep (killed, resumed), verify, compare, merge, conform.
# Argument: the program.
set -u -o pipefail
program=$(realpath "$1")
source=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0
cases=0
output=
code=0

run() { # run ARGUMENT...: sets code and output
    output=$("$program" "$@" 2>&1)
    code=$?
}

expect() { # expect NAME CODE TEXT...: the last run ended with CODE and said every TEXT
    local name=$1 wanted=$2 text good=1
    shift 2
    cases=$((cases + 1))
    [ "$code" = "$wanted" ] || good=0
    for text in "$@"; do
        [[ $output == *"$text"* ]] || good=0
    done
    [ $good = 1 ] && return
    failures=$((failures + 1))
    printf 'not so: %s (exit %s, wanted %s)\n%s\n' "$name" "$code" "$wanted" "$output"
}

scenario() { # scenario NAME REPLICATIONS DURATION
    cat >"$1.json" <<END
{"version": 1, "name": "$1", "duration": "$3", "warmup": "2s", "replications": $2,
 "network": {"latency": "20ms", "loss": "1%"},
 "chain": {"shards": 8, "block_interval": "1s"},
 "workload": [{"type": "poisson", "rate": "40tx/s"}],
 "sweep": {"product": {"chain.block_interval": ["1s", "2s"],
                       "workload.0.rate": {"from": "20tx/s", "to": "80tx/s", "points": 5}}}}
END
}

# What a catalogue says of the runs, without wall clock, host and paths.
content() {
    sqlite3 "$1" "select run_id, run_key, config_hash, result_hash, replication, seed, status,
        sim_end_ns, n_events, n_logged, scenario_json from run; select * from param;
        select * from metric; select * from fault; select * from violation; select * from measure"
}

# 200 runs: once undisturbed, once stopped twice by Ctrl-C and resumed.
scenario quiet 20 30s
run sweep quiet.json -j2 --list
expect "a list names every run" 0 "point    9  replication   19" "missing"
run sweep quiet.json -j2
expect "a sweep does all runs" 0 "200 of 200 runs are done in results/quiet"
run merge results/quiet -o quiet.db
expect "merge makes a catalogue" 0 "200 runs in quiet.db"
mv results/quiet results/undisturbed
for pause in 0.4 0.5; do
    "$program" sweep quiet.json -j2 >killed.out 2>&1 &
    pid=$!
    sleep $pause
    kill -INT $pid
    wait $pid
    code=$?
    output=$(cat killed.out)
    [ $code = 0 ] || expect "Ctrl-C stops a sweep" 130 "missing" "goes on from here"
done
run sweep quiet.json -j2
expect "the same command goes on" 0 "200 of 200 runs are done"
run merge results/quiet -o again.db
expect "merge again" 0 "200 runs"
cases=$((cases + 1))
if ! cmp -s <(content quiet.db) <(content again.db); then
    failures=$((failures + 1))
    echo "not so: a sweep that was stopped and resumed gives the same catalogue"
fi
run sweep quiet.json
expect "nothing is run twice" 0 "200 of 200"
run sweep -
expect "a sweep needs a file" 2 "not stdin"

# verify
one=$(ls results/quiet/*.db | head -1)
run verify results/quiet
expect "verify repeats every run" 0 "same"
cp "$one" changed.db
seq=$(sqlite3 changed.db "select seq from event where bytes is not null limit 1 offset 20")
sqlite3 changed.db "update event set bytes = bytes + 1 where seq = $seq;
    update run set result_hash = '0123456789abcdef0123456789abcdef'"
run verify changed.db
expect "verify names the first differing event" 5 "DIFFERENT" "first difference: event $seq,"
TMPDIR=nowhere run verify changed.db
expect "verify compares in TMPDIR" 5 "DIFFERENT" \
    "no room for a second database to compare with in nowhere"
run verify no-such.db
expect "verify without a file" 7 "No such file"
run verify quiet.json
expect "verify of another file" 7 "quiet.json is no result database"

# compare
run compare results/quiet --vary chain.block_interval
expect "compare pairs by seed" 0 "100 pairs by seed and replication" "latency_p99" "Wilcoxon"
run compare results/quiet --vary chain.block_interval --fail-if 'latency_p50 > +5%'
expect "fail-if holds" 5 "latency_p50 > +5%: it is +"
run compare results/quiet --vary chain.block_interval --fail-if 'latency_p50 < -5%'
expect "fail-if does not hold" 0
run compare results/quiet --vary chain.block_interval --fail-if 'nonsense > 1%'
expect "fail-if of an unknown row" 2 'no row has the name "nonsense"'
run compare results/quiet --vary network.loss
expect "nothing varies" 2 "nothing to compare"
cp "$one" short.db
sqlite3 short.db "update run set status = 'limit', run_key = '0000000000000001'"
run compare "$one" short.db
expect "a run cut short is refused" 7 "status is limit"

# explain: the steps of a message add up to the latency in its table
sed 's/"name": "quiet"/"name": "slow"/; s/"shards": 8/"shards": 256/;
    s/"workload"/"messaging": {"type": "hypercube", "path": "slow"}, "workload"/' \
    quiet.json >slow.json
run run slow.json -o slow.db --progress none
expect "a run over the slow path" 0 "delivered once"
two=$(sqlite3 slow.db "select message_id from message where hops = 2 limit 1 offset 50")
latency=$(sqlite3 slow.db "select printf('%.6f', (delivered_ns - created_ns) / 1e9) from message
    where message_id = $two")
run explain slow.db --message "$two"
expect "explain tells each hop, wait and commit" 0 "by the slow path, 2 hops, $latency s" \
    "its block is made" "stands in the output queue of" "hop 1: " "DELIVERED by"
from=$(awk '/its block is made/ {print $1; exit}' <<<"$output")
to=$(awk '/DELIVERED by/ {print $1}' <<<"$output")
cases=$((cases + 1))
if [ "$(awk "BEGIN {printf \"%.4f\", $to - $from}")" != "$(printf %.4f "$latency")" ]; then
    failures=$((failures + 1))
    echo "not so: from the first slot to delivery is the latency ($from, $to, $latency)"
fi
tx=$(sqlite3 slow.db "select tx_id from tx where n_chains = 2 and outcome = 1 limit 1 offset 50")
run explain slow.db --tx "$tx"
expect "explain tells a transaction's phases" 0 "messaging  transfer" "%" "the sender is debited"
run explain slow.db --message 5
expect "explain of nothing" 2 "has no message 5" "message_v limit 5"
run explain slow.db --message five
expect "explain of no number" 2 "an id is a whole number"

# merge
cp quiet.json other.db
run merge results/quiet -o other.db
expect "a file of the user's is left alone" 7 "is no catalogue" "left alone"

# conform
vectors=$source/tests/conformance/ton-vectors.json
run conform "$vectors"
expect "all reference cases pass" 0 "434 passed, 0 failed"
sections=route,interpolate,path,neighbor,merge,paper_path
run conform --section $sections --json "$vectors"
expect "sections as JSON" 0 '"section":"paper_path","passed":20,"failed":0}' \
    '{"passed":306,"failed":0}'
run conform --section rout "$vectors"
expect "an unknown section" 2 'unknown section "rout" (try "route")'
sed 's/"cb":96,"nb":96/"cb":92,"nb":96/' "$vectors" >wrong.json
run conform wrong.json
expect "a failing case is named" 5 "FAILED" "expected" "got"
sed '0,/"first":[0-9]*/s//"first":"x"/' "$vectors" >broken.json
run conform broken.json
expect "a broken case is told from a failure" 3 'broken case: "first" must be a whole number'
echo '{"suite": "tn/1"}' >unknown.json
run conform unknown.json
expect "an unknown suite" 3 'unknown suite "tn/1"' 'try       "ton/1"'
run conform no-such.json
expect "no file" 7 "cannot be read"
echo '{"suite": "ton/1", "route": []}' >empty.json
run conform empty.json
expect "no case at all" 3 "0 passed, 0 failed" "no case was run"
run conform --section '' "$vectors"
expect "no section at all" 2 "--section: which one?"
run conform --section route,scenario "$vectors"
expect "a section of another suite" 0 "100 passed, 0 failed"
echo '{"suite": "solana/1", "cases": [{"kind": "scenari"}]}' >kind.json
run conform --json kind.json
expect "an unknown kind" 3 'cases[0]: kind "scenari" is unknown and was not run' \
    '{"passed":0,"failed":0}'
head -c 1000 "$vectors" >cut.json
run conform cut.json
expect "half a file" 3 "error[E0"

echo "$((cases - failures)) passed, $failures failed"
[ $failures = 0 ]
