#!/bin/sh
# Builds the policy package of Examples/ against this checkout, as somebody else would, and sees that its policy really
# changes a placement. The library is built anew for it, in a folder of its own: two packages that take turns in one
# build folder would throw away each other's work.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
scratch=$root/.build/examples

swift build --package-path "$root/Examples/CarbonPolicy" --scratch-path "$scratch" --product carbon-plan

pipeline=$root/pipelines/support-tickets/pipeline.yaml
output=$("$scratch/debug/carbon-plan" "$pipeline" "$root/providers" 1)
printf '%s\n' "$output"

# The placements come one after the other: sky's own, then that of the policy from outside.
cheapest=$(printf '%s\n' "$output" | sed -n '/^cheapest/,/^at most/p' | grep ' on ')
own=$(printf '%s\n' "$output" | sed -n '/^at most/,$p' | grep ' on ')
case $output in *"emits about 0."*" kg of CO2e"*) ;; *) echo "the policy says nothing of its kilogram" >&2; exit 1 ;; esac
if [ "$cheapest" = "$own" ]; then
    echo "the policy from outside changed nothing" >&2
    exit 1
fi
if "$scratch/debug/carbon-plan" "$pipeline" "$root/providers" 0.000001 >/dev/null; then
    echo "a budget that nothing keeps was kept" >&2
    exit 1
fi
