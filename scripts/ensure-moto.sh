#!/bin/sh
# moto, the server that stands in for AWS in tests on loopback: installed from PyPI into a folder of its own, .build/moto. Where it
# cannot be had, the tests that need it are skipped, and this says so in words that nobody overlooks.
# SKY_MOTO=required makes that a failure, SKY_MOTO=skip skips it at once. PYTHON: the interpreter to use.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
folder=$root/.build/moto
version=5.2.5
python=${PYTHON:-python3}

skip() {
    printf '\n***** SKIPPED: tests against a server that speaks like AWS: %s *****\n\n' "$1" >&2
    [ "${SKY_MOTO:-}" != required ] || exit 1
    exit 0
}
. "$root/scripts/from-pypi.sh"

[ "${SKY_MOTO:-}" != skip ] || skip "SKY_MOTO=skip"
has_it() { [ -x "$folder/bin/moto_server" ] && [ "$(cat "$folder/version" 2>/dev/null)" = "$version" ]; }
if ! has_it; then
    install_from_pypi 'moto[server]' moto
    echo "$version" >"$folder/version"
fi
