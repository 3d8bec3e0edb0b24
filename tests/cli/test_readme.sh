#!/usr/bin/env bash
# Runs the commands of README.md as they are printed there, in a copy of the tree: each sh block
# behind a line "<!-- run -->", or "<!-- run if PACKAGE -->" where that Debian package is installed.
set -u -o pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$scratch"
else
    tar -c --exclude='./build*' --exclude='./results/*' . | tar -x -C "$scratch"
fi
cd "$scratch" || exit 1

# Writes block N to block.N and its condition to block.N.if.
awk '
    /^<!-- run( if .*)? -->$/ { wanted = $0; sub(/^<!-- run( if )?/, "", wanted)
                                sub(/ ?-->$/, "", wanted); marked = 1; next }
    /^```sh$/ && marked      { n++; inside = 1; print wanted > ("block." n ".if"); next }
    /^```$/                  { inside = 0; marked = 0 }
    inside                   { print > ("block." n) }
' README.md

failures=0
blocks=0
for block in block.[0-9] block.[0-9][0-9]; do
    [ -f "$block" ] || continue
    package=$(<"$block.if")
    if [ -n "$package" ] &&
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
        echo "left out, $package is not installed: $(head -n 1 "$block")"
        continue
    fi
    blocks=$((blocks + 1))
    if ! bash -e "$block" >output 2>&1; then
        echo "failed: $(<"$block")"
        tail -n 20 output
        failures=$((failures + 1))
    fi
done
echo "$blocks blocks run, $failures failed"
((blocks > 1 && failures == 0))
