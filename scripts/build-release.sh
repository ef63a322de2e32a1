#!/bin/sh
# Builds `sky` and `sky-agent` for use: release, nothing but system libraries needed. Says what it does on stderr and
# leaves all of the compiler's words in .build/sky-build.log. Two at once do not collide: the second waits and finds
# the work done. Exit: 0 built, 1 the build failed, 3 the system lacks something.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
log=$root/.build/sky-build.log
stamp=$root/.build/sky-build.stamp

say() { printf '%s\n' "sky: $*" >&2; }

up_to_date() {
    [ -e "$stamp" ] && [ -x "$root/.build/release/sky" ] && [ -x "$root/.build/release/sky-agent" ] &&
        [ -z "$(find "$root/Sources" "$root/Package.swift" -newer "$stamp" -print -quit)" ]
}

# Shows the build's last step while process $1 lives: one changing line on a terminal, else a line now and then.
watch_build() {
    began=$(date +%s)
    shown=$began
    while kill -0 "$1" 2>/dev/null; do
        sleep 0.3
        now=$(date +%s)
        step=$(tail -n 1 "$log" 2>/dev/null | cut -c 1-70)
        if [ -t 2 ]; then
            printf '\r\033[K      %3d s  %s' "$((now - began))" "$step" >&2
        elif [ "$((now - shown))" -ge 20 ]; then
            shown=$now
            say "  $((now - began)) s  $step"
        fi
    done
    [ -t 2 ] && printf '\r\033[K' >&2
}

# Both products with the same settings: what they share is compiled once. Clang is told to link no library that is
# called by nobody, and to hear it before SwiftPM names the first: libcurl is loaded at its first use (CCurlOnDemand).
build() {
    printf '\n== %s\n' "$1" >>"$log"
    CCC_OVERRIDE_OPTIONS='# ^-Wl,--as-needed' SKY_STATIC=1 swift build --package-path "$root" -c release --static-swift-stdlib --product "$1" \
        >>"$log" 2>&1 </dev/null 9>&- &
    child=$!
    watch_build "$child"
    wait "$child"
    status=$?
    child=
    return "$status"
}

child=
stop() { # a background process does not hear Ctrl-C by itself
    [ -n "$child" ] && kill "$child" 2>/dev/null
    [ -t 2 ] && printf '\n' >&2
    say "build interrupted"
    exit 130
}
trap stop INT TERM HUP

mkdir -p "$root/.build" || exit 1
exec 9>"$root/.build/sky-build.lock"
if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
    say "another build of this folder is running; waiting for it"
    flock 9
fi
up_to_date && exit 0

"$root/scripts/ensure-packages.sh" build 9>&- || exit $?

started=$(date +%s)
mark=$root/.build/sky-build.started
: >"$mark" # what is edited from now on makes the build out of date
: >"$log"
if [ -e "$stamp" ]; then
    say "the sources have changed; building (log: $log)"
else
    say "building for the first time, which takes some minutes (log: $log)"
fi
number=0
for product in sky sky-agent; do
    number=$((number + 1))
    say "  $number of 2: $product"
    if ! build "$product"; then
        say "the build of $product failed; the end of $log:"
        tail -n 40 "$log" | sed 's/^/    /' >&2
        exit 1
    fi
done
# As it is sent to hosts: stripped, by its architecture. Those of other architectures are put beside it.
named=$root/.build/release/sky-agent-linux-$(uname -m)
strip -o "$named" "$root/.build/release/sky-agent" 2>/dev/null || ln -f "$root/.build/release/sky-agent" "$named" || exit 1
mv -f "$mark" "$stamp"
say "built in $(($(date +%s) - started)) s"
