#!/usr/bin/env python3
"""A pipeline of 1,000 trivial stages side by side on this machine, from launch to finished, against starting as many
processes bare, and beside `make -j` and GNU parallel doing the same commands.

The bare side is posix_spawn of `/bin/true`, as many at once, waited for, with nothing around it. A stage is more: a node
with an agent, a job with a supervisor, a log, an exit status that is safely on disk, a dozen events in the journal, and a node
given back.
"""
import argparse
import contextlib
import os
import shutil
import tempfile
import time

import measuring as m


def bare(environment, count, at_once):
    """Seconds for `count` times /bin/true."""
    started, running = time.perf_counter(), 0
    for _ in range(count):
        if running == at_once:
            os.wait()
            running -= 1
        m.spawn(["/bin/true"], environment)
        running += 1
    for _ in range(running):
        os.wait()
    return time.perf_counter() - started


def launch(sky, count, at_once, homes):
    """Seconds for a run of `count` stages, until `sky` says that it is finished.

    In a home of its own that has its catalog already. It is removed with all others in the end: a file system that has just
    removed ten thousand files makes the next ones slowly.
    """
    environment = homes.enter_context(m.fresh_home())
    with tempfile.TemporaryDirectory(prefix="sky-bench-") as folder:
        path = f"{folder}/fan.yaml"
        numbers = ", ".join(map(str, range(count)))
        with open(path, "w") as file:
            file.write(f"name: fan\nmax_parallel: {at_once}\nstages:\n  trivial:\n    matrix: {{n: [{numbers}]}}\n"
                       "    resources: {infra: local}\n    run: 'true'\n")
        m.seconds([sky, "plan", path], environment)
        return m.seconds([sky, "launch", path, "--yes"], environment)


def make(program, count, at_once, environment):
    """Seconds for `make -j` with a target for each command."""
    with tempfile.TemporaryDirectory(prefix="sky-bench-") as folder:
        names = " ".join(f"t{number}" for number in range(count))
        with open(f"{folder}/Makefile", "w") as file:
            # With a redirection make has to start a shell, as it would for any command of more than a word.
            file.write(f"all: {names}\n{names}:\n\t@true > /dev/null\n.PHONY: all {names}\n")
        return m.seconds([program, "-s", "-j", str(at_once), "-C", folder], environment)


def parallel(program, count, at_once, environment):
    with tempfile.TemporaryDirectory(prefix="sky-bench-") as folder:
        with open(f"{folder}/commands", "w") as file:
            file.write("true > /dev/null\n" * count)
        return m.seconds([program, "--will-cite", "-j", str(at_once), "-a", f"{folder}/commands"], environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sky", default=m.ROOT / ".build/release/sky")
    parser.add_argument("--stages", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3, help="of each (default 3)")
    options = parser.parse_args()
    sky = m.binary(options.sky)
    environment = dict(os.environ)
    count, at_once = options.stages, options.at_once

    peers = [(name, shutil.which(name), measure) for name, measure in (("make", make), ("parallel", parallel))]
    found = [(name, program, measure) for name, program, measure in peers if program]
    with contextlib.ExitStack() as homes:
        launch(sky, 1, 1, homes)  # fills the file cache
        figures = m.interleaved(
            options.rounds, lambda: launch(sky, count, at_once, homes), lambda: bare(environment, count, at_once),
            *[lambda program=program, measure=measure: measure(program, count, at_once, environment)
              for _, program, measure in found])
    stages, spawns = (count / m.median(times) for times in figures[:2])
    verdict = m.Verdict()
    verdict.note(f"{count} at {at_once} at once, a second: stages {stages:.0f}, bare posix_spawn {spawns:.0f}")
    for (name, _, _), times in zip(found, figures[2:]):
        verdict.note(f"{name} -j {at_once} with as many commands: {count / m.median(times):.0f} a second")
    for name, program, _ in peers:
        if not program:
            verdict.skipped(f"beside {name}", "it is not installed")
    verdict.below("bare posix_spawn against stages", spawns / stages, 1 / 0.15, "{:.1f} times".format)
    verdict.end()


if __name__ == "__main__":
    main()
