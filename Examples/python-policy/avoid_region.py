#!/usr/bin/env python3
"""A placement policy in Python: stays out of regions.

    sky plan pipeline.yaml --policy "exec:Examples/python-policy/avoid_region.py gcp/us-east1 azure"

Each argument is a provider, or a provider and one of its regions. The program is told the whole problem in one line of
JSON, asks the solver what staying away would cost, and answers in one line.
"""
import json
import sys


def main() -> None:
    problem = hear()
    if problem["version"] != 1:
        say(refuse=f"this policy speaks version 1, not {problem['version']}")
        return
    avoided = set(sys.argv[1:])
    kept = {
        stage["name"]: [
            candidate["id"]
            for candidate in stage["candidates"]
            if candidate["provider"] not in avoided
            and f"{candidate['provider']}/{candidate['region']}" not in avoided
        ]
        for stage in problem["stages"]
        if not stage["is_pinned"]
    }
    stuck = [name for name, candidates in kept.items() if not candidates]
    if stuck:
        say(refuse=f"{', '.join(stuck)} can run nowhere else")
        return

    # The solver is a service: it may be asked as often as one likes before the answer.
    free, bound = ask(filter={}), ask(filter=kept)
    if "failed" in bound:
        say(refuse=bound["failed"])
        return
    extra = float(bound["cost_usd"]) - float(free["cost_usd"])
    say(filter=kept, remarks=[f"staying out of {', '.join(sorted(avoided))} costs ${extra:.2f} more"])


def hear() -> dict:
    return json.loads(sys.stdin.readline())


def say(**line) -> None:
    print(json.dumps({"version": 1, **line}), flush=True)


def ask(**question) -> dict:
    say(solve=question)
    return hear()


if __name__ == "__main__":
    main()
