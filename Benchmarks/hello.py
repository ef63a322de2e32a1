#!/usr/bin/env python3
"""What `sky` adds to the work itself: pipelines/hello from launch to finished, against the same three commands bare.

The bare side is what three stages cannot do without: starting `/bin/sh -c true`, waiting for it, and putting one small
file safely on disk, three times. The rest is planning, the journal, the driver, and for each stage a node, an agent, a
supervisor and its end; where `sky` writes a trace, the rest is split by its events.
"""
import argparse
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


def launch(sky, pipeline, traces):
    """One launch in a home of its own, until `sky` says that the run is finished."""
    with m.fresh_home() as environment:
        environment["SKY_TRACE"] = trace = f"{environment['SKY_HOME']}/trace.jsonl"
        started = time.perf_counter()
        m.seconds([sky, "launch", str(pipeline), "--yes"], environment)
        elapsed = time.perf_counter() - started
        traces.append((elapsed, m.trace_events(trace)))
        return elapsed


def where_the_time_goes(traces):
    """The median launch, split: each stretch is what lies between an event and the one before it."""
    elapsed, events = sorted(traces, key=lambda trace: trace[0])[len(traces) // 2]
    if len(events) < 2:
        yield "no trace: this `sky` does not write SKY_TRACE, so the rest is not split"
        return
    accounted = events[-1][0] - events[0][0]
    yield f"the median launch took {m.milliseconds(elapsed)}:"
    yield f"  {m.milliseconds(elapsed - accounted):>10}  before {events[0][1]} and after {events[-1][1]}"
    for (before, _), (at, what) in zip(events, events[1:]):
        if at - before >= elapsed / 100:
            yield f"  {m.milliseconds(at - before):>10}  until {what}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sky", default=m.ROOT / ".build/release/sky")
    parser.add_argument("--pipeline", default=m.ROOT / "pipelines/hello/pipeline.yaml")
    parser.add_argument("--runs", type=int, default=9, help="of each (default 9)")
    options = parser.parse_args()
    sky = m.binary(options.sky)

    traces = []
    environment = dict(os.environ)
    launch(sky, options.pipeline, [])  # fills the file cache
    launches, bares = m.interleaved(
        max(options.runs, 1), lambda: launch(sky, options.pipeline, traces), lambda: bare(environment))
    verdict = m.Verdict()
    verdict.note(f"medians of {len(launches)}: launch to finished {m.milliseconds(m.median(launches))}, "
                 f"three bare commands {m.milliseconds(m.median(bares))}")
    verdict.below("hello against its three bare commands", m.median(launches) / m.median(bares), 100, "{:.0f} times".format)
    for line in where_the_time_goes(traces):
        verdict.note(line)
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
