#!/usr/bin/env python3
"""What the catalog at its full size costs: planning and looking up with it cached, and the very first time.

Whole processes, from posix_spawn to waitpid, the runs of all candidates in turn; /bin/true beside them shows how busy
the machine is.
"""
import argparse
import os
import pathlib
import shutil
import sys

import measuring as m


def resident(command, environment):
    """The highest resident memory of `command` in bytes."""
    process = m.spawn(command, environment)
    _, status, usage = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command)} failed")
    return usage.ru_maxrss * 1024


def first_time(command, environment):
    """How long `command` takes without a cache."""
    shutil.rmtree(pathlib.Path(environment["SKY_HOME"], "cache"), ignore_errors=True)
    return m.seconds(command, environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sky", default=m.ROOT / ".build/release/sky", help="the binary")
    parser.add_argument("--pipeline", default=m.ROOT / "pipelines/support-tickets/pipeline.yaml")
    parser.add_argument("--runs", type=int, default=40, help="of each (default 40, at least 20)")
    parser.add_argument("--lenient", type=float, default=1, help="times the bounds of time are stretched (default 1)")
    options = parser.parse_args()
    runs = max(options.runs, 20)
    sky = m.binary(options.sky)

    verdict = m.Verdict()
    with m.fresh_home() as environment:
        plan, gpus = [sky, "plan", str(options.pipeline)], [sky, "gpus"]
        listing = [sky, "catalog", "list", "--cpus", "8+", "--area", "eu"]
        for command in (plan, gpus, listing):  # fills the file cache
            m.seconds(command, environment)
        true, planned, shown, listed = m.interleaved(
            runs, *(lambda command=command: m.seconds(command, environment)
                    for command in (["/bin/true"], plan, gpus, listing)))
        firsts = [first_time(plan, environment) for _ in range(max(runs // 4, 5))]
        memory = max(resident(plan, environment) for _ in range(3))
        first_time(["/bin/true"], environment)
        memory_first = resident(plan, environment)
        image = sum(file.stat().st_size for file in pathlib.Path(environment["SKY_HOME"], "cache").glob("*.image"))
    snapshot = sum(file.stat().st_size for file in (m.ROOT / "providers").rglob("*") if file.is_file())

    verdict.note(f"medians of {runs}: true {m.milliseconds(m.median(true))}, catalog list {m.milliseconds(m.median(listed))}")
    verdict.note(f"snapshot {snapshot / 1e6:.1f} MB, image {image / 1e6:.1f} MB")
    verdict.below("sky plan of three stages, all clouds, cached", m.median(planned), 0.040 * options.lenient, m.milliseconds)
    verdict.below("the same the very first time", m.median(firsts), 0.400 * options.lenient, m.milliseconds)
    verdict.below("sky gpus", m.median(shown), 0.040 * options.lenient, m.milliseconds)
    verdict.below("resident memory of sky plan", memory / 1e6, 120, "{:.1f} MB".format)
    verdict.below("resident memory the very first time", memory_first / 1e6, 120, "{:.1f} MB".format)
    verdict.below("the snapshot in the repository", snapshot / 1e6, 12, "{:.1f} MB".format)
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
