#!/usr/bin/env python3
"""The same placements asked of `sky` and of SkyPilot's optimizer, side by side in one run: time, and what the plans cost.

    pip install skypilot==0.14.1
    Benchmarks/skypilot.py --catalog FOLDER

FOLDER holds catalogs in SkyPilot's v8 format, a folder per cloud with a vms.csv. SkyPilot runs without its server, on a copy of
them, with all of their clouds taken as enabled, so that both choose from the same offers. It picks no region when it plans:
its plan is priced by `sky` with the types that it chose pinned, in their best regions, which is the best that could come of it.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import measuring as m

CLOUDS = ["aws", "azure", "cudo", "gcp", "hyperbolic", "lambda", "mithril", "nebius", "oci", "runpod", "seeweb", "verda"]

# Stages are (name, resources, reads, gigabytes that it writes); every stage takes an hour, SkyPilot's own assumption.
CASES = {
    "chain of 3": [
        ("prepare", {"cpus": "8+", "memory": "32+"}, [], 500),
        ("train", {"accelerators": "A100:8"}, ["prepare"], 20),
        ("serve", {"accelerators": "T4:1"}, ["train"], 0),
    ],
    "chain of 3, light": [
        ("prepare", {"cpus": "4+"}, [], 1),
        ("train", {"accelerators": "L4:1"}, ["prepare"], 1),
        ("evaluate", {"cpus": "16+"}, ["train"], 0),
    ],
    "chain of 10": [
        (f"s{i}", {"cpus": f"{4 << i % 3}+", "memory": "16+"}, [f"s{i - 1}"] if i else [], 100) for i in range(10)
    ],
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


WORKER = r"""
import json, sys, time
begin = time.monotonic()
import sky
from sky import check, optimizer
from sky.utils import registry
imported = time.monotonic() - begin
stages, clouds, runs = json.load(sys.stdin)
enabled = [registry.CLOUD_REGISTRY.from_str(name) for name in clouds]
check.get_cached_enabled_clouds_or_refresh = lambda *_, **__: list(enabled)
times = []
for _ in range(runs):
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
    begin = time.monotonic()
    optimizer.Optimizer.optimize(dag, quiet=True)
    times.append(time.monotonic() - begin)
chosen = {}
for task in dag.tasks:
    best = task.best_resources
    chosen[task.name] = {"cloud": str(best.cloud).lower(), "instance_type": best.instance_type}
    if best.accelerators:
        chosen[task.name]["accelerators"] = dict(best.accelerators)
print("\n" + json.dumps({"imported": imported, "times": times, "chosen": chosen}))
"""


def ask_skypilot(options, home, stages):
    begin = time.monotonic()
    done = subprocess.run(
        [options.python, "-c", WORKER], input=json.dumps([stages, CLOUDS, options.skypilot_runs]), text=True,
        capture_output=True, env={"HOME": str(home), "PATH": "/usr/bin:/bin", "SKYPILOT_DISABLE_USAGE_COLLECTION": "1"})
    whole = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(f"SkyPilot failed:\n{done.stderr[-2000:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    # One whole process: everything but the repetitions.
    answer["whole"] = whole - sum(answer["times"][1:])
    return answer


def total_cost(sky, environment, path):
    done = subprocess.run([sky, "plan", path, "--output", "json"], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        return None, done.stderr
    return float(json.loads(done.stdout)["total_cost_usd"]), ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sky", default=m.ROOT / ".build/release/sky", help="the binary")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has skypilot 0.14.1")
    parser.add_argument("--catalog", required=True, type=pathlib.Path, help="catalogs in SkyPilot's v8 format")
    parser.add_argument("--runs", type=int, default=20, help="of sky, of each case (default 20)")
    parser.add_argument("--skypilot-runs", type=int, default=3, help="of SkyPilot's optimizer, of each case (default 3)")
    options = parser.parse_args()
    sky = m.binary(options.sky)

    with tempfile.TemporaryDirectory() as folder, m.fresh_home() as environment:
        folder = pathlib.Path(folder)
        shutil.copytree(options.catalog, folder / "home/.sky/catalogs/v8")
        for name, stages in CASES.items():
            theirs = ask_skypilot(options, folder / "home", stages)
            path = folder / "pipeline.yaml"
            path.write_text(pipeline(stages))
            command = [sky, "plan", str(path)]
            m.seconds(command, environment)
            ours = m.median([m.seconds(command, environment) for _ in range(options.runs)])
            cost, trouble = total_cost(sky, environment, str(path))
            path.write_text(pipeline(stages, theirs["chosen"]))
            their_cost, trouble = total_cost(sky, environment, str(path))
            inside = m.median(theirs["times"])
            print(f"{name}: sky plan {m.milliseconds(ours)} (whole process); SkyPilot {theirs['whole']:.2f} s whole process "
                  f"(import {theirs['imported']:.2f} s), {inside:.2f} s in process")
            print(f"  whole process against whole process {theirs['whole'] / ours:.0f} x; "
                  f"SkyPilot's optimizer alone against sky's whole process {inside / ours:.0f} x")
            if their_cost is None:
                print(f"  SkyPilot's plan cannot be priced: {trouble.strip().splitlines()[0] if trouble else '?'}")
            else:
                print(f"  plan costs: sky ${cost:.4f}, SkyPilot's choice ${their_cost:.4f}, ratio {their_cost / cost:.3f}")


if __name__ == "__main__":
    sys.exit(main())
