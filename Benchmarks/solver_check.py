#!/usr/bin/env python3
"""Compares the solver's answers with an independent exact solver: CP-SAT of OR-tools (`pip install ortools`).

    swift run -c release solver-bench dump | python3 Benchmarks/solver_check.py

Reads one problem per line (see Benchmarks/Solver/Dump.swift) and ends with 1 if any answer is not the optimum.
Costs are whole nanodollars and times whole milliseconds on both sides: equal means equal.
"""

import json
import sys


def model(problem):
    from ortools.sat.python import cp_model

    m = cp_model.CpModel()
    horizon = 1
    cost, finish, at = [], [], []
    for candidates in problem["stages"]:
        chosen = [m.new_bool_var("") for _ in candidates]
        m.add_exactly_one(chosen)
        cost += [c[0] * x for c, x in zip(candidates, chosen)]
        horizon += max(c[1] for c in candidates)
        places = {}
        for c, x in zip(candidates, chosen):
            places.setdefault(c[2], []).append(x)
        at.append({place: sum(xs) for place, xs in places.items()})
        finish.append(sum(c[1] * x for c, x in zip(candidates, chosen)))
    horizon += sum(max(map(max, flow["time"])) for flow in problem["flows"])
    start = [m.new_int_var(0, horizon, "") for _ in finish]
    makespan = m.new_int_var(0, horizon, "")
    for begin, duration in zip(start, finish):
        m.add(makespan >= begin + duration)
    for flow in problem["flows"]:
        u, v = flow["from"], flow["to"]
        ways = {(a, b): m.new_bool_var("") for a in at[u] for b in at[v]}
        for a, here in at[u].items():
            m.add(sum(ways[a, b] for b in at[v]) == here)
        for b, here in at[v].items():
            m.add(sum(ways[a, b] for a in at[u]) == here)
        cost += [flow["cost"][a][b] * x for (a, b), x in ways.items()]
        moving = sum(flow["time"][a][b] * x for (a, b), x in ways.items())
        m.add(start[v] >= start[u] + finish[u] + moving)
    return m, sum(cost), makespan


def optimum(problem, build):
    """The least value of the objective that `build` makes of (model, cost, makespan)."""
    from ortools.sat.python import cp_model

    m, cost, makespan = model(problem)
    m.minimize(build(m, cost, makespan))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = 120
    if solver.solve(m) != cp_model.OPTIMAL:
        return None
    return round(solver.objective_value) if solver.objective_value < 2**52 else None


def kept(m, constraint, objective):
    m.add(constraint)
    return objective


def expected(problem, name, answer):
    if name == "cost":
        return [("cost", optimum(problem, lambda m, c, t: c))]
    if name == "deadline":
        return [("cost", optimum(problem, lambda m, c, t: kept(m, t <= problem["deadline"], c)))]
    if name in ("time", "budget"):
        limit = problem["budget"] if name == "budget" else 2**60
        time = optimum(problem, lambda m, c, t: kept(m, c <= limit, t))
        cost = time and optimum(problem, lambda m, c, t: kept(m, t <= time, c))
        return [("time", time), ("cost", cost)]
    # Whole units on both sides: 3,600,000 times the sum, which fits for what is dumped only if scaled down by 400,000.
    hour = problem["per_hour"] // 400_000
    value = optimum(problem, lambda m, c, t: 9 * c + hour * t)
    return [("weighted", value and abs(9 * answer["cost"] + hour * answer["time"] - value) <= 9 and value)]


def main():
    compared = wrong = unknown = 0
    for number, line in enumerate(sys.stdin):
        problem = json.loads(line)
        for name, answer in problem["answers"].items():
            for figure, best in expected(problem, name, answer):
                compared += 1
                own = answer.get(figure, best)
                if best is None:
                    unknown += 1
                elif own != best or best is False:
                    wrong += 1
                    print(f"problem {number}, {name}: {figure} {own}, but the optimum is {best}", answer)
    print(f"compared {compared}, wrong {wrong}, not decided {unknown}")
    return 1 if wrong or compared == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
