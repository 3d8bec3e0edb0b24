#!/usr/bin/env bash
# What a run leaves behind when it is stopped from outside: by a signal, by a full disk, by a path
# that cannot be written. Usage: test_kill.sh SHARDSIM. Waits for what a run has written, never for
# an amount of time.
set -u -o pipefail
shardsim=$(realpath "$1")
scratch=$(mktemp -d)
child=
trap '[ -n "$child" ] && kill -9 "$child" 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0
cases=0

check() { # check NAME CONDITION...
    local name=$1
    shift
    cases=$((cases + 1))
    if ! "$@"; then
        echo "not so: $name"
        tail -5 messages
        failures=$((failures + 1))
    fi
}

ask() { # ask FILE SQL
    sqlite3 "$1" "$2" 2>&1
}

answers() { # answers FILE SQL WANTED
    local got
    got=$(ask "$1" "$2")
    [ "$got" = "$3" ] || { echo "$2: got '$got', expected '$3'" && return 1; }
}

says() { # says TEXT
    grep -qF -- "$1" messages
}

only() { # only FILE...: the folder has these and no others that begin with run
    [ "$(echo run.*)" = "$*" ] || { ls && return 1; }
}

cat >endless.json <<'JSON'
{"version": 1, "name": "endless", "duration": "100000000s",
 "workload": [{"type": "phold", "nodes": 50, "population": 10}]}
JSON

# Starts a run that would take for ever and waits until it has committed some events.
start() {
    rm -rf run.*
    "$shardsim" run endless.json -o run.db --progress none >messages 2>&1 &
    child=$!
    local tries=0
    until [ "$(stat -c %s run.db.partial 2>/dev/null || echo 0)" -gt 4000000 ]; do
        tries=$((tries + 1))
        if ((tries > 2000)) || ! kill -0 "$child" 2>/dev/null; then
            echo "the run did not get going"
            cat messages
            exit 1
        fi
        sleep 0.02
    done
}

stop() { # stop SIGNAL: sets code
    kill "-$1" "$child"
    wait "$child" 2>/dev/null
    code=$?
    child=
}

# kill -9
start
stop KILL
check "a killed run leaves its .partial" test -e run.db.partial
check "a killed run leaves no .db" test ! -e run.db
check "the .partial is a whole database" answers run.db.partial "PRAGMA integrity_check" ok
check "it is a run that has no result" answers run.db.partial \
    "SELECT status, result_hash IS NULL, n_events IS NULL, finished_utc IS NULL FROM run" \
    "running|1|1|1"
check "it has the events up to the last commit" answers run.db.partial \
    "SELECT count(*) > 0, count(*) = max(seq), min(seq) FROM event" "1|1|1"
check "it has the dictionaries" answers run.db.partial \
    "SELECT count(*) > 0 FROM kind JOIN event USING (kind_id)" 1
check "it has the scenario" answers run.db.partial \
    "SELECT json_extract(scenario_json, '$.duration') IS NOT NULL FROM run" 1
cp run.db.partial killed.partial

# The same path again
"$shardsim" run endless.json -o run.db --progress none --max-events 200000 >messages 2>&1
code=$?
check "a limit is exit code 8" test "$code" -eq 8
check "what a killed run left is replaced, and nothing else is left" only run.db
check "a run up to a limit is whole" answers run.db \
    "SELECT status, n_events, length(result_hash), count(*) = n_logged FROM run, event" \
    "limit|200000|32|1"
check "the killed run's events are a prefix of the whole one's" answers run.db \
    "ATTACH 'killed.partial' AS k; SELECT count(*) FROM
     (SELECT * FROM k.event WHERE seq <= 100000 EXCEPT SELECT * FROM main.event)" 0

# An existing file
before=$(sha256sum run.db)
"$shardsim" run endless.json -o run.db --progress none --max-events 1000 >messages 2>&1
code=$?
check "an existing file is exit code 7" test "$code" -eq 7
check "the message says how to go on" says "--force"
check "an existing file is left alone" test "$(sha256sum run.db)" = "$before"
"$shardsim" run endless.json -o run.db --progress none --max-events 1000 -f >messages 2>&1
check "--force replaces it" answers run.db "SELECT n_events FROM run" 1000

# Signals
for signal in INT:130 TERM:143; do
    start
    stop "${signal%:*}"
    check "SIG${signal%:*} is exit code ${signal#*:}, not $code" test "$code" -eq "${signal#*:}"
    check "SIG${signal%:*} leaves a whole file" only run.db
    check "SIG${signal%:*} is written down" answers run.db \
        "SELECT status, length(result_hash), n_events > 0, finished_utc IS NOT NULL FROM run" \
        "interrupted|32|1|1"
    check "SIG${signal%:*}: integrity" answers run.db "PRAGMA integrity_check" ok
    check "SIG${signal%:*}: indices are there" answers run.db \
        "SELECT count(*) FROM sqlite_schema WHERE type = 'index'" 2
done
"$shardsim" run endless.json -o again.db --progress none --max-events \
    "$(ask run.db 'SELECT n_events FROM run')" >messages 2>&1
check "the hash of an interrupted run is that of the same prefix" test \
    "$(ask run.db 'SELECT result_hash FROM run')" = "$(ask again.db 'SELECT result_hash FROM run')"
rm -f again.db

# Two runs on one path
start
"$shardsim" run endless.json -o run.db -f --progress none >messages 2>&1
code=$?
check "a second run on the same path is exit code 7" test "$code" -eq 7
check "a second run is told why" says "another run"
stop TERM
check "the first run is not disturbed" answers run.db "SELECT status FROM run" interrupted

# A full disk, as a limit on the size of files
for kib in 1 200; do
    rm -rf run.*
    (ulimit -f "$kib" && exec "$shardsim" run endless.json -o run.db --progress none) >messages 2>&1
    code=$?
    check "no room for the first page ($kib KiB) is exit code 7, not $code" test "$code" -eq 7
    check "no room for the first page leaves nothing" only 'run.*'
    check "no room: what to do" says "-o FILE"
done
for kib in 500 3000 20000; do
    rm -rf run.*
    (ulimit -f "$kib" && exec "$shardsim" run endless.json -o run.db --progress none) >messages 2>&1
    code=$?
    check "a full disk ($kib KiB) is exit code 7, not $code" test "$code" -eq 7
    check "a full disk leaves no .db" only run.db.partial
    check "a full disk: the message names the file" says "run.db.partial"
    check "a full disk: what to do" says "free space"
    check "a full disk: the .partial is whole" answers run.db.partial "PRAGMA integrity_check" ok
    check "a full disk: it has no result" answers run.db.partial \
        "SELECT status, result_hash IS NULL FROM run" "running|1"
done

# Paths that cannot be written
rm -rf run.*
echo text >file
mkdir folder
for path in file/run.db /proc/run.db /dev/full folder; do
    "$shardsim" run endless.json -o "$path" -f --progress none >messages 2>&1
    code=$?
    check "-o $path is exit code 7, not $code" test "$code" -eq 7
    check "-o $path: a sentence names it" says "$path"
done
check "nothing was written" test "$(cat file)" = text
echo thesis >run.db.partial
"$shardsim" run endless.json -o run.db -f --progress none >messages 2>&1
code=$?
check "a foreign .partial is exit code 7" test "$code" -eq 7
check "a foreign .partial is left alone" test "$(cat run.db.partial)" = thesis

# Where results go by themselves
rm -rf run.*
"$shardsim" run endless.json --progress none --max-events 1000 >messages 2>&1
check "the default is results/NAME/RUN_KEY.db" test -e \
    "results/endless/$(ask "$(echo results/endless/*.db)" 'SELECT run_key FROM run').db"

# The closing line of a Check program, so that cases are counted one by one.
echo "$(((cases - failures) * 100 / cases))%: Checks: $cases, Failures: $failures, Errors: 0"
((failures == 0))
