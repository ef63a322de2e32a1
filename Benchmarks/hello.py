#!/usr/bin/env python3
"""What `sky` adds to the work itself: pipelines/hello from launch to finished, against the same three commands bare.

The bare side is what three stages cannot do without: starting `/bin/sh -c true`, waiting for it, and putting one small
file safely on disk, three times. The rest is planning, the journal, the driver, and for each stage a node, an agent, a
supervisor and its end: the journal's events say how much went into each.
"""
import argparse
import collections
import os
import sys
import tempfile
import time

import measuring as m


def bare(environment):
    """Three shells, one after the other, each followed by an fsync."""
    with tempfile.TemporaryDirectory(prefix="sky-bench-") as folder:
        started = time.perf_counter()
        for stage in range(3):
            m.wait(m.spawn(["/bin/sh", "-c", "true"], environment))
            file = os.open(f"{folder}/{stage}", os.O_CREAT | os.O_WRONLY, 0o600)
            os.write(file, b"done\n")
            os.fsync(file)
            os.close(file)
        return time.perf_counter() - started


def launch(sky, pipeline, histories):
    """One launch in a home of its own, until `sky` says that the run is finished."""
    with m.fresh_home() as environment:
        began = time.time()
        elapsed = m.seconds([sky, "launch", str(pipeline), "--yes"], environment)
        histories.append((elapsed, began, m.journal_events(environment["SKY_HOME"])))
        return elapsed


def where_the_time_goes(histories):
    """The median launch, split: what lies between an event and the one before it is that event's. Events carry whole
    milliseconds."""
    elapsed, began, events = sorted(histories, key=lambda history: history[0])[len(histories) // 2]
    if not events:
        yield "no journal was found, so the rest is not split"
        return
    shares = collections.defaultdict(list)
    for (before, _), (at, what) in zip([(began, ""), *events], events):
        shares[what].append(at - before)
    shares["the command's end"].append(began + elapsed - events[-1][0])
    yield f"the median launch, {m.milliseconds(elapsed)}, by what came next in the journal:"
    for what, stretches in shares.items():
        times = f", {len(stretches)} times" if len(stretches) > 1 else ""
        yield f"{m.milliseconds(sum(stretches)):>12}  until {what}{times}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sky", default=m.ROOT / ".build/release/sky")
    parser.add_argument("--pipeline", default=m.ROOT / "pipelines/hello/pipeline.yaml")
    parser.add_argument("--runs", type=int, default=9, help="of each (default 9)")
    options = parser.parse_args()
    sky = m.binary(options.sky)

    histories = []
    environment = dict(os.environ)
    launch(sky, options.pipeline, [])  # fills the file cache
    launches, bares = m.interleaved(
        max(options.runs, 1), lambda: launch(sky, options.pipeline, histories), lambda: bare(environment))
    verdict = m.Verdict()
    verdict.note(f"medians of {len(launches)}: launch to finished {m.milliseconds(m.median(launches))}, "
                 f"three bare commands {m.milliseconds(m.median(bares))}")
    verdict.below("hello against its three bare commands", m.median(launches) / m.median(bares), 100, "{:.0f} times".format)
    for line in where_the_time_goes(histories):
        verdict.note(line)
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
