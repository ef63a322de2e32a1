#!/bin/sh
# Builds the policy package of Examples/ against this checkout, as somebody else would, and sees that its policy really
# changes a placement. The library is built anew for it, in a folder of its own: two packages that take turns in one
# build folder would throw away each other's work.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
scratch=$root/.build/examples

# The package's own two modules are compiled each time: an incremental build does not always see that the library changed.
rm -f "$scratch"/debug/CarbonPolicy.build/*.o "$scratch"/debug/CarbonPolicy.build/*.swiftdeps \
    "$scratch"/debug/carbon_plan.build/*.o "$scratch"/debug/carbon_plan.build/*.swiftdeps
swift build --package-path "$root/Examples/CarbonPolicy" --scratch-path "$scratch" --product carbon-plan

plan() { "$scratch/debug/carbon-plan" "$root/pipelines/support-tickets/pipeline.yaml" "$root/providers" "$1"; }
places() { printf '%s\n' "$1" | sed -n "/^$2/,/^[^ ]/p" | grep ' on '; }
emitted() { printf '%s\n' "$1" | sed -n 's/.*emits about \([0-9.]*\) kg.*/\1/p'; }
fail() { echo "test-examples: $*" >&2; exit 1; }

# With a budget that is no matter the policy says what the cheapest plan emits; half of that is one that matters.
free=$(plan 1000000)
usual=$(emitted "$free")
half=$(awk "BEGIN { print $usual / 2 }")
bound=$(plan "$half")
printf '%s\n' "$bound"
least=$(emitted "$bound")
[ "$(places "$bound" 'at most')" != "$(places "$free" 'at most')" ] || fail "the policy from outside changed nothing"
awk "BEGIN { exit !($least <= $half) }" || fail "the plan emits $least kg, and the budget is $half kg"
! plan 0.000001 >/dev/null || fail "a budget that nothing keeps was kept"
echo "the policy from outside halved what the plan emits: $usual kg, then $least kg"
