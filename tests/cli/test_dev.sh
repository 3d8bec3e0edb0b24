#!/usr/bin/env bash
# The set-up part of ./dev on machines that are not this one, played by small programs in PATH:
# a Debian where packages are missing, one where none is, and no Debian at all.
set -u -o pipefail
source=$PWD/dev
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0
cases=0

check() { # check NAME CONDITION...
    local name=$1
    shift
    cases=$((cases + 1))
    if ! "$@"; then
        echo "not so: $name"
        echo "$output"
        failures=$((failures + 1))
    fi
}

# A machine of its own: PATH holds only what is written here and what the script itself needs.
machine() { # machine NAME: prints its folder
    local folder=$scratch/$1 program
    mkdir -p "$folder/bin"
    cp "$source" "$folder/dev"
    for program in bash env cat dirname mkdir tail rm grep sed tr; do
        ln -sf "$(command -v "$program")" "$folder/bin/$program"
    done
    echo "$folder"
}

play() { # play FOLDER NAME TEXT: a program of that machine
    printf '#!/usr/bin/env bash\n%s\n' "$3" >"$1/bin/$2"
    chmod +x "$1/bin/$2"
}

run() { # run FOLDER ARGUMENT...: sets code and output
    local folder=$1
    shift
    output=$(cd "$folder" && PATH=$folder/bin "$folder/bin/bash" ./dev "$@" 2>&1)
    code=$?
}

has() {
    [[ $output == *"$1"* ]]
}

lacks() {
    ! grep -q "$1" "$2"
}

code=0
output=

debian=$(machine debian)
play "$debian" dpkg-query 'echo -n "installed:gcc installed:git config-files:check "'
play "$debian" apt-get "echo \"\$*\" >>'$debian/calls'"
play "$debian" sudo '"$@"'
play "$debian" meson 'exit 1'
run "$debian" build
check "the index is fetched once" test "$(grep -c update "$debian/calls")" = 1
check "what is missing is installed" grep -q "install.* libsqlite3-dev" "$debian/calls"
check "what was removed is installed" grep -q "install.* check" "$debian/calls"
check "what is there is not installed again" lacks "install.* gcc " "$debian/calls"
check "a build that fails is a failure" test "$code" = 1

complete=$(machine complete)
play "$complete" dpkg-query "sed -n '/^build_packages=(/,/)/p' dev | tr -d '()' |
    sed 's/^build_packages=//' | tr -s ' \n' '\n\n' | sed '/^\$/d;s/^/installed:/' | tr '\n' ' '"
play "$complete" apt-get "echo called >>'$complete/calls'"
play "$complete" meson 'exit 1'
run "$complete" build
check "nothing is installed when nothing is missing" test ! -e "$complete/calls"

broken=$(machine broken)
play "$broken" dpkg-query 'true'
play "$broken" apt-get 'echo "no network"; exit 100'
play "$broken" sudo '"$@"'
run "$broken" build
check "an installation that fails is reported" has "no network"
check "an installation that fails is a failure" test "$code" = 1

if ((EUID == 0)) && command -v setpriv >/dev/null; then
    plain=$(machine plain)
    play "$plain" dpkg-query 'true'
    play "$plain" apt-get "echo called >>'$plain/calls'"
    chmod -R a+rwX "$scratch"
    output=$(cd "$plain" && PATH=$plain/bin "$(command -v setpriv)" --reuid=65534 --clear-groups \
        "$plain/bin/bash" ./dev build 2>&1)
    code=$?
    check "without root and sudo the packages are named" has "libsqlite3-dev"
    check "without root and sudo it is a failure" test "$code" = 1
    check "without root apt-get is not called" test ! -e "$plain/calls"
fi

elsewhere=$(machine elsewhere)
run "$elsewhere" build
check "elsewhere the packages are named" has "libsqlite3-dev"
check "elsewhere nothing happens" test "$code" = 1

run "$elsewhere" nonsense
check "an unknown command prints the usage" has "usage: ./dev"
check "an unknown command is bad usage" test "$code" = 2
run "$elsewhere"
check "no command is bad usage" test "$code" = 2
run "$elsewhere" test --nonsense
check "an unknown option is bad usage" test "$code" = 2
run "$elsewhere" help
check "help is fine" test "$code" = 0

echo "$cases cases, $failures failed"
((failures == 0))
