#!/usr/bin/env python3
"""Compares the solver's answers with an independent exact solver: CP-SAT of OR-tools (`make test-ortools` gets it).

    solver-bench dump | Benchmarks/solver_check.py [--seconds 20]

Reads one problem per line (see Benchmarks/Solver/Dump.swift). Of every answer it works out anew what it costs and how long
it takes, from the problem's figures alone; then CP-SAT looks for a plan that is better by one nanodollar or one
millisecond. Ends with 1 if a figure differs, or if such a plan exists. What CP-SAT cannot decide in time is counted apart.
"""

import argparse
import collections
import json
import sys


def figures(problem, choice):
    """Cost and makespan of a plan, given the candidate of each stage. Stages are not in the order of their flows."""
    chosen = [candidates[index] for candidates, index in zip(problem["stages"], choice)]
    cost = sum(candidate[0] for candidate in chosen)
    into = collections.defaultdict(list)
    for flow in problem["flows"]:
        a, b = chosen[flow["from"]][2], chosen[flow["to"]][2]
        cost += flow["cost"][a][b]
        into[flow["to"]].append((flow["from"], flow["time"][a][b]))
    ends = {}
    while len(ends) < len(chosen):
        for stage, candidate in enumerate(chosen):
            if stage not in ends and all(before in ends for before, _ in into[stage]):
                ends[stage] = candidate[1] + max([ends[before] + moving for before, moving in into[stage]], default=0)
    return cost, max(ends.values())


def better_plan(problem, seconds, most_cost=None, most_time=None, most_value=None):
    """Whether a plan keeps all limits that are given (`most_value`: on nine times the cost plus so much a millisecond);
    None if that is not decided in time."""
    from ortools.sat.python import cp_model

    m = cp_model.CpModel()
    horizon = most_time
    if horizon is None:
        horizon = sum(max(c[1] for c in candidates) for candidates in problem["stages"])
        horizon += sum(max(map(max, flow["time"])) for flow in problem["flows"])
    cost, duration, at = [], [], []
    for candidates in problem["stages"]:
        chosen = [m.new_bool_var("") for _ in candidates]
        m.add_exactly_one(chosen)
        cost += [c[0] * x for c, x in zip(candidates, chosen)]
        places = {}
        for c, x in zip(candidates, chosen):
            places.setdefault(c[2], []).append(x)
        at.append({place: sum(xs) for place, xs in places.items()})
        duration.append(sum(c[1] * x for c, x in zip(candidates, chosen)))
    is_timed = most_time is not None or most_value is not None
    start = [m.new_int_var(0, horizon, "") if is_timed else 0 for _ in duration]
    makespan = m.new_int_var(0, horizon, "") if is_timed else 0
    for flow in problem["flows"]:
        u, v = flow["from"], flow["to"]
        ways = {(a, b): m.new_bool_var("") for a in at[u] for b in at[v]}
        for a, here in at[u].items():
            m.add(sum(ways[a, b] for b in at[v]) == here)
        for b, here in at[v].items():
            m.add(sum(ways[a, b] for a in at[u]) == here)
        cost += [flow["cost"][a][b] * x for (a, b), x in ways.items()]
        if is_timed:
            moving = sum(flow["time"][a][b] * x for (a, b), x in ways.items())
            m.add(start[v] >= start[u] + duration[u] + moving)
    if is_timed:
        for begin, length in zip(start, duration):
            m.add(makespan >= begin + length)
    if most_cost is not None:
        m.add(sum(cost) <= most_cost)
    if most_value is not None:
        factor, most = most_value
        m.add(9 * sum(cost) + factor * makespan <= most)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = seconds
    return {cp_model.INFEASIBLE: False, cp_model.FEASIBLE: True, cp_model.OPTIMAL: True}.get(solver.solve(m))


def claims(problem, name, answer):
    """What must not exist, given the answer to an objective."""
    cost, time = answer["cost"], answer["time"]
    if name == "cost":
        return [{"most_cost": cost - 1}]
    if name == "deadline":
        return [{"most_cost": cost - 1, "most_time": problem["deadline"]}]
    if name == "time":
        return [{"most_time": time - 1}, {"most_cost": cost - 1, "most_time": time}]
    if name == "budget":
        return [{"most_cost": problem["budget"], "most_time": time - 1}, {"most_cost": cost - 1, "most_time": time}]
    # Nine times cost plus worth are whole numbers of nanodollars; what an hour is worth is rounded to one of cost.
    factor = problem["per_hour"] // 400_000
    return [{"most_value": (factor, 9 * cost + factor * time - 10)}]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="for each question to CP-SAT (default 20)")
    options = parser.parse_args()
    counts = collections.defaultdict(collections.Counter)
    for number, line in enumerate(sys.stdin):
        problem = json.loads(line)
        for name, answer in problem["answers"].items():
            count = counts[name]
            count["answers"] += 1
            label = f"problem {number} ({problem['name']}), {name}"
            if figures(problem, answer["choice"]) != (answer["cost"], answer["time"]):
                count["wrong"] += 1
                print(f"{label}: says {answer['cost']}, {answer['time']}, but it is {figures(problem, answer['choice'])}")
            if (name == "deadline" and answer["time"] > problem["deadline"]
                    or name == "budget" and answer["cost"] > problem["budget"]):
                count["wrong"] += 1
                print(f"{label}: the limit is not kept: {answer}")
            if not answer["proven"]:
                count["not proven by sky"] += 1
                continue
            verdicts = [better_plan(problem, options.seconds, **claim) for claim in claims(problem, name, answer)]
            if True in verdicts:
                count["wrong"] += 1
                print(f"{label}: called optimal, but there is a better plan than {answer}")
            elif None in verdicts:
                count["not decided by CP-SAT"] += 1
            else:
                count["equal"] += 1
    for name, count in counts.items():
        print(f"{name}: " + ", ".join(f"{what} {number}" for what, number in sorted(count.items())))
    agreed = all(count["equal"] > 0 for count in counts.values())
    return 1 if not counts or not agreed or any(count["wrong"] for count in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
