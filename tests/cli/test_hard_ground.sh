#!/usr/bin/env bash
# Hard ground: every command that reads a result gets files that are none, or were damaged; every
# command that writes gets a full disk; and a run is killed at random moments. Arguments: the
# program, how many kills (default 12). What must hold each time: the documented exit code, a
# sentence that names the file, no crash, the file left as it was.
set -u -o pipefail
program=$(realpath "$1")
kills=${2:-12}
scratch=$(mktemp -d)
mounted=
trap '[ -z "$mounted" ] || umount "$scratch/small"; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0
cases=0

not_so() {
    failures=$((failures + 1))
    printf 'not so: %s\n' "$@"
}

cat >run.json <<'END'
{"version": 1, "name": "ground", "duration": "40s", "network": {"loss": "1%"},
 "chain": {"shards": 16, "block_interval": "1s"},
 "messaging": {"type": "hypercube", "path": "both"},
 "workload": [{"type": "poisson", "rate": "40tx/s"}]}
END
"$program" run run.json -o good.db --progress none >good.out || not_so "the good run: $?"
message=$(sqlite3 good.db "select message_id from message limit 1")

# Files that are no result, or no whole one.
: >empty.db
echo "my thesis" >text.db
sqlite3 other.db "create table t (a); insert into t values (1)"
head -c 100 good.db >header.db
head -c $(($(stat -c %s good.db) / 2)) good.db >half.db
cp good.db zeros.db && dd if=/dev/zero of=zeros.db bs=4096 seek=3 count=40 conv=notrunc status=none
cp good.db version.db && sqlite3 version.db "pragma user_version = 99"
cp good.db table.db && sqlite3 table.db "drop view message_v; drop view event_v; drop table message"
cp good.db running.db && sqlite3 running.db "update run set status = 'running', result_hash = NULL"
mkdir folder.db
ln -s nowhere.db dangling.db

# try FILE COMMAND...: exit 7 (or, for plot and report of what can still be read, 0), never a crash.
try() {
    local file=$1 before after code output
    shift
    before=$(sha256sum "$file" 2>/dev/null)
    output=$(timeout 60 "$program" "$@" 2>&1)
    code=$?
    after=$(sha256sum "$file" 2>/dev/null)
    cases=$((cases + 1))
    if [ $code -ne 7 ]; then
        # Damage that a command does not look at is no lie: zeroed pages of a table it skips.
        [ "$file" = zeros.db ] && [[ $code == [035] ]] && return
        [ "$1 $file $code" = "verify table.db 0" ] && return  # it reads the table run only
        [ "$1 $file $code" = "explain running.db 0" ] && return # so far, so good
        not_so "shardsim $* ends with 7, not $code" "$output"
    elif [[ $output != *"${file%.db}"* ]]; then
        not_so "shardsim $* names the file" "$output"
    elif [ "$before" != "$after" ]; then
        not_so "shardsim $* leaves the file alone"
    fi
}

for file in empty text other header half zeros version table running folder dangling missing; do
    file=$file.db
    try $file report $file
    try $file plot $file -o figures
    try $file compare good.db $file
    try $file merge good.db $file -o catalogue.db
    try $file explain $file --message "$message"
    try $file verify $file
    cases=$((cases + 1))
    [ ! -e catalogue.db ] || not_so "merge of $file leaves no catalogue"
    rm -f catalogue.db
done

# A full disk for every command that writes.
full() { # full NAME COMMAND...: exit 7, and nothing that looks whole
    local name=$1 code output
    shift
    output=$(cd small && timeout 60 "$program" "$@" 2>&1)
    code=$?
    cases=$((cases + 1))
    [ $code -eq 7 ] || not_so "$name on a full disk ends with 7, not $code" "$output"
    cases=$((cases + 1))
    [ -z "$(find small -name '*.db' -size +0)" ] || not_so "$name on a full disk leaves no .db" \
        "$(find small -name '*.db')"
    find small -mindepth 1 -name 'filler' -o -mindepth 1 -delete
}
mkdir small
if mount -t tmpfs -o size=256k none small 2>/dev/null; then
    mounted=yes
    full run run ../run.json -o run.db --progress none
    head -c 248K /dev/zero >small/filler
    full merge merge ../good.db -o catalogue.db
    full plot plot ../good.db -o figures
    rm -rf small/*
    cp run.json small/
    output=$(cd small && timeout 60 "$program" sweep run.json 2>&1)
    code=$?
    cases=$((cases + 1))
    [ $code -eq 6 ] || not_so "sweep on a full disk ends with 6, not $code" "$output"
else
    echo "the full disk was not tried: no right to mount a small tmpfs"
fi

# kill -9 at random moments of a run (a fixed seed; the moments are wall-clock, so they differ).
RANDOM=7
killed=0
sed 's/"40s"/"4000s"/' run.json >long.json
for ((i = 0; i < kills; i++)); do
    rm -f long.db*
    "$program" run long.json -o long.db --progress none >/dev/null 2>&1 &
    pid=$!
    sleep "0.$(printf %03d $((RANDOM % 600)))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    cases=$((cases + 1))
    if [ -e long.db ]; then
        [ "$(sqlite3 long.db "select status from run")" = ok ] || not_so "a .db is whole"
    elif [ -s long.db.partial ]; then
        killed=$((killed + 1))
        answer=$(sqlite3 long.db.partial "pragma integrity_check; select status from run" 2>&1)
        [ "$answer" = "ok
running" ] || not_so "kill $i leaves a readable .partial that says running: $answer"
    fi
done
cases=$((cases + 1))
[ $killed -gt 0 ] || not_so "some kills struck a run that was writing"

echo "$((cases - failures)) passed, $failures failed"
[ $failures = 0 ]
