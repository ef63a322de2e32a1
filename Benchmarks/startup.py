#!/usr/bin/env python3
"""How long a person waits for `sky` to say something, measured against /bin/true in the same run.

Whole processes, from posix_spawn to waitpid, the runs of all candidates in turn.
"""
import argparse
import sys

import measuring as m


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sky", default=m.ROOT / ".build/release/sky", help="the binary")
    parser.add_argument("--wrapper", default=m.ROOT / "sky", help="the script that runs the binary")
    parser.add_argument("--pipeline", default=m.ROOT / "pipelines/hello/pipeline.yaml")
    parser.add_argument("--runs", type=int, default=60, help="of each (default 60, at least 40)")
    options = parser.parse_args()
    runs = max(options.runs, 40)
    sky, wrapper = m.binary(options.sky), m.binary(options.wrapper)

    verdict = m.Verdict()
    with m.fresh_home() as environment:
        commands = [["/bin/true"], [sky, "--help"], [sky, "plan", str(options.pipeline)], [wrapper, "--help"]]
        for command in commands:  # fills the file cache, and lets the wrapper build what it must
            m.seconds(command, environment)
        true, help_, plan, wrapped = m.interleaved(
            runs, *(lambda command=command: m.seconds(command, environment) for command in commands))

    base = m.median(true)
    verdict.note(f"medians of {runs}: true {m.milliseconds(base)}, --help {m.milliseconds(m.median(help_))}, "
                 f"plan {m.milliseconds(m.median(plan))}, ./sky --help {m.milliseconds(m.median(wrapped))}")
    times = "{:.1f} times".format
    verdict.below("sky --help against /bin/true", m.median(help_) / base, 15, times)
    verdict.below("sky plan against /bin/true", m.median(plan) / base, 40, times)
    # Each wrapped run against the bare one beside it: the difference of two medians would carry both their noise.
    verdict.below("what ./sky adds to the binary", m.median([w - h for w, h in zip(wrapped, help_)]), 0.030, m.milliseconds)
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
