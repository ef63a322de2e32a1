#!/usr/bin/env python3
"""The same placements asked of `sky` and of SkyPilot's optimizer, side by side in one run: time, and what the plans cost.

    python3 -m venv VENV && VENV/bin/pip install skypilot==0.14.1
    swift build -c release --product solver-bench
    Benchmarks/skypilot.py --catalog FOLDER --python VENV/bin/python

FOLDER holds catalogs in SkyPilot's v8 format, a folder per cloud with a vms.csv. SkyPilot runs without its server, on a copy of
them, with all of their clouds taken as enabled, so that both choose from the same offers. It picks no region when it plans:
its plan is priced by `sky` with the types that it chose pinned, in their best regions, which is the best that could come of it.

Times are processor time, of one process after the other: what else runs on the machine does not count. Prints a table in Markdown.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import subprocess
import sys
import tempfile

import measuring as m

CLOUDS = ["aws", "azure", "cudo", "gcp", "hyperbolic", "lambda", "mithril", "nebius", "oci", "runpod", "seeweb", "verda"]

SHAPES = [{"cpus": "4+", "memory": "16+"}, {"accelerators": "L4:1"}, {"cpus": "16+"}, {"cpus": "8+", "memory": "32+"}]


def chain(count):
    return [(f"s{i}", SHAPES[i % len(SHAPES)], [f"s{i - 1}"] if i else [], 100) for i in range(count)]


# Stages are (name, resources, reads, gigabytes that it writes); every stage takes an hour, SkyPilot's own assumption.
CASES = {
    "one stage": [("train", {"accelerators": "A100:8"}, [], 0)],
    "chain of 3": [
        ("prepare", {"cpus": "8+", "memory": "32+"}, [], 500),
        ("train", {"accelerators": "A100:8"}, ["prepare"], 20),
        ("serve", {"accelerators": "T4:1"}, ["train"], 0),
    ],
    "chain of 10": chain(10),
    "chain of 100": chain(100),
    "fan of 8": [("split", {"cpus": "8+"}, [], 50)]
    + [(f"part{i}", SHAPES[i % len(SHAPES)], ["split"], 0) for i in range(8)],
}


def pipeline(stages, pinned=None):
    lines = ["name: compared", "stages:"]
    for name, resources, reads, writes in stages:
        resources = (pinned or {}).get(name, resources)
        lines += [f"  {name}:", f"    resources: {json.dumps(resources)}", "    estimate: 1h", "    run: 'true'"]
        if reads:
            lines.append(f"    inputs: {json.dumps({read: f'{read}.out' for read in reads})}")
        if writes:
            lines.append(f"    outputs: {{out: {{size: {writes}GB}}}}")
    return "\n".join(lines) + "\n"


# One plan, or with the word "again" a second one after it: the catalogs are then loaded.
WORKER = r"""
import json, sys, time
import sky
from sky import check, optimizer
from sky.utils import registry
imported = time.process_time()
stages, clouds, again = json.load(sys.stdin)
enabled = [registry.CLOUD_REGISTRY.from_str(name) for name in clouds]
check.get_cached_enabled_clouds_or_refresh = lambda *_, **__: list(enabled)
times = []
for _ in range(2 if again else 1):
    with sky.Dag() as dag:
        tasks = {}
        for name, resources, reads, writes in stages:
            task = sky.Task(name=name, run="true")
            task.set_resources(sky.Resources(**resources))
            task.set_time_estimator(lambda _: 3600)
            if writes:
                task.set_outputs("CLOUD://out", estimated_size_gigabytes=writes)
            tasks[name] = task
            for read in reads:
                task.set_inputs("CLOUD://in", estimated_size_gigabytes=0)
                tasks[read] >> task
    begin = time.process_time()
    optimizer.Optimizer.optimize(dag, quiet=True)
    times.append(time.process_time() - begin)
chosen = {}
for task in dag.tasks:
    best = task.best_resources
    chosen[task.name] = {"cloud": str(best.cloud).lower(), "instance_type": best.instance_type}
    if best.accelerators:
        chosen[task.name]["accelerators"] = dict(best.accelerators)
print("\n" + json.dumps({"imported": imported, "times": times, "chosen": chosen}))
"""


class SkyPilot:
    def __init__(self, python, home, limit):
        self.python, self.limit = python, limit
        self.environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "SKYPILOT_DISABLE_USAGE_COLLECTION": "1"}

    def version(self):
        done = subprocess.run([self.python, "-c", "import sky; print(sky.__version__)"], capture_output=True, text=True,
                              env=self.environment)
        if done.returncode != 0:
            sys.exit(f"{self.python} has no SkyPilot:\n{done.stderr[-500:]}")
        return done.stdout.split()[-1]

    def plan(self, stages, again):
        """Its answer with `whole`, the processor time of the process; or a text that says why there is none."""

        def limited():
            resource.setrlimit(resource.RLIMIT_CPU, (self.limit, self.limit + 1))

        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([self.python, "-c", WORKER], input=json.dumps([stages, CLOUDS, again]), text=True,
                              capture_output=True, env=self.environment, preexec_fn=limited)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode < 0:
            return f"not within {self.limit} s"
        if done.returncode != 0:
            return "refused: " + (done.stderr.strip().splitlines() or ["?"])[-1][:120]
        answer = json.loads(done.stdout.splitlines()[-1])
        answer["whole"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return answer


def processor_time(command, environment):
    process = m.spawn(command, environment)
    _, status, usage = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command)} failed")
    return usage.ru_utime + usage.ru_stime


def total_cost(sky, environment, path):
    done = subprocess.run([sky, "plan", path, "--output", "json"], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        return None, done.stderr.strip().splitlines()[0] if done.stderr else "?"
    return float(json.loads(done.stdout)["total_cost_usd"]), ""


def seconds(value):
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.1f} s"


def times(theirs, ours):
    return f"{theirs / ours:,.0f} x" if theirs / ours >= 10 else f"{theirs / ours:.1f} x"


def compare(name, stages, options, skypilot, sky, environment, folder):
    """A row of the table."""
    path = folder / "pipeline.yaml"
    path.write_text(pipeline(stages))
    command = [sky, "plan", str(path)]
    processor_time(command, environment)
    whole = m.median([processor_time(command, environment) for _ in range(options.runs)])
    done = subprocess.run([options.bench, "plan", str(path), str(m.ROOT / "providers"), str(options.runs)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{options.bench} failed:\n{done.stdout}{done.stderr}")
    inside = json.loads(done.stdout)["plan_ms"] / 1000
    cost, trouble = total_cost(sky, environment, str(path))
    if cost is None:
        sys.exit(f"sky has no plan for {name}: {trouble}")
    once = skypilot.plan(stages, again=False)
    if isinstance(once, str):
        return [name, seconds(whole), once, "", seconds(inside), "", "", f"${cost:.4f}", "", ""]
    twice = skypilot.plan(stages, again=True)
    their_inside = None if isinstance(twice, str) else twice["times"][1]
    path.write_text(pipeline(stages, once["chosen"]))
    their_cost, trouble = total_cost(sky, environment, str(path))
    return [
        name, seconds(whole), seconds(once["whole"]), times(once["whole"], whole), seconds(inside),
        twice if their_inside is None else seconds(their_inside),
        "" if their_inside is None else times(their_inside, inside), f"${cost:.4f}",
        trouble if their_cost is None else f"${their_cost:.4f}", "" if their_cost is None else f"{their_cost / cost:.3f}",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sky", default=m.ROOT / ".build/release/sky", help="the binary")
    parser.add_argument("--bench", default=m.ROOT / ".build/release/solver-bench", help="the binary that plans in process")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has skypilot 0.14.1")
    parser.add_argument("--catalog", required=True, type=pathlib.Path, help="catalogs in SkyPilot's v8 format")
    parser.add_argument("--runs", type=int, default=20, help="of sky, of each case (default 20)")
    parser.add_argument("--limit", type=int, default=60, help="seconds of processor time for SkyPilot's plan (default 60)")
    parser.add_argument("--only", nargs="*", default=list(CASES), help="names of cases")
    options = parser.parse_args()
    sky, options.bench = m.binary(options.sky), m.binary(options.bench)

    with tempfile.TemporaryDirectory() as folder, m.fresh_home() as environment:
        folder = pathlib.Path(folder)
        environment.setdefault("SKY_ROOT", str(m.ROOT))
        shutil.copytree(options.catalog, folder / "home/.sky/catalogs/v8")
        skypilot = SkyPilot(options.python, folder / "home", options.limit)
        print(f"SkyPilot {skypilot.version()}, {datetime.date.today()}, {os.cpu_count()} cores, {platform.machine()}\n")
        print("| pipeline | whole process: sky | SkyPilot | ratio | in process: sky | SkyPilot | ratio "
              "| plan: sky | SkyPilot | ratio |")
        print("| --- " * 10 + "|", flush=True)
        for name in options.only:
            row = compare(name, CASES[name], options, skypilot, sky, environment, folder)
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
