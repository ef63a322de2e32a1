#!/usr/bin/env python3
"""Many runs launched at the same moment from as many shells, all on one journal: every one of them has to finish.

Each shell is a whole `sky launch` that watches its run to the end, and each run has a driver process of its own. Launches
differ, so that none finds another's stages done. Nothing of it is emulated: nodes are processes of this machine.
"""
import argparse
import collections
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import measuring as m

PIPELINE = """name: crowd
stages:
  one:
    resources: {infra: local, cpus: 1+}
    outputs: {out: {size: 1KB}}
    run: echo "$CROWD" > "$SKY_OUTPUT_OUT"
    envs: {CROWD: "NUMBER"}
  two:
    inputs: {out: one.out}
    resources: {infra: local, cpus: 1+}
    run: cat "$SKY_INPUT_OUT"
"""
TROUBLE = ("database is locked", "database is busy", "has been writing to the journal")


class Memory(threading.Thread):
    """The most memory, in bytes, that all processes of a home shared out among them at any look (PSS)."""

    def __init__(self, home):
        super().__init__(daemon=True)
        self.home, self.most, self.processes, self.over = home, 0, 0, threading.Event()

    def run(self):
        while not self.over.wait(3):
            sizes = [self.size(process) for process in m.processes_of(self.home)]
            self.most, self.processes = max(self.most, sum(sizes)), max(self.processes, len(sizes))

    @staticmethod
    def size(process):
        for line in m.proc_text(process, "smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
        return 0


def launch_all(sky, folder, count, environment, limit):
    """Starts all at once; ends their whole groups at the limit. Gives for each its status, seconds and words."""
    shells = []
    for number in range(count):
        file = folder / f"crowd-{number}.yaml"
        file.write_text(PIPELINE.replace("NUMBER", str(number)))
        words = open(folder / f"crowd-{number}.txt", "w+")
        shells.append((file, words))
    began = time.monotonic()
    running = {}
    for number, (file, words) in enumerate(shells):
        process = subprocess.Popen(
            ["/bin/sh", "-c", '"$0" launch "$1" --yes', sky, str(file)], env=environment, stdin=subprocess.DEVNULL,
            stdout=words, stderr=words, start_new_session=True)
        running[process.pid] = (number, process)
    started = time.monotonic() - began
    ended = {}
    while running and time.monotonic() - began < limit:
        for pid, (number, process) in list(running.items()):
            if process.poll() is not None:
                ended[number] = (process.returncode, time.monotonic() - began)
                del running[pid]
        time.sleep(0.02)
    for pid in running:
        os.killpg(pid, signal.SIGKILL)
    answers = []
    for number, (_, words) in enumerate(shells):
        words.seek(0)
        status, seconds = ended.get(number, (None, limit))
        answers.append((status, seconds, words.read()))
        words.close()
    return started, answers


def ask(sky, environment, *arguments):
    return subprocess.run([sky, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def left(home):
    """What still runs from a home, after a moment for drivers that are on their way out."""
    for _ in range(100):
        found = [m.command_line(process) for process in m.processes_of(home)]
        if not any(found):
            return []
        time.sleep(0.1)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sky", default=m.ROOT / ".build/release/sky")
    parser.add_argument("--runs", type=int, default=200, help="launched at once (default 200)")
    parser.add_argument("--limit", type=float, default=1800, help="seconds until what still runs has failed (default 1800)")
    parser.add_argument("--cold", action="store_true", help="with no cache of the catalog made before")
    options = parser.parse_args()
    sky = m.binary(options.sky)
    verdict = m.Verdict()
    with m.fresh_home() as environment:
        home = environment["SKY_HOME"]
        folder = pathlib.Path(home, "files")
        folder.mkdir()
        if not options.cold:
            ask(sky, environment, "plan", str(m.ROOT / "pipelines/hello/pipeline.yaml"))
        memory = Memory(home)
        memory.start()
        started, answers = launch_all(sky, folder, options.runs, environment, options.limit)
        memory.over.set()

        times = sorted(seconds for _, seconds, _ in answers)
        verdict.note(f"{options.runs} shells started within {started:.1f} s; runs were finished after {times[0]:.1f} s "
                     f"(first), {m.median(times):.1f} s (median), {times[-1]:.1f} s (last)")
        verdict.note(f"{options.runs / times[-1]:.1f} runs a second; at most {memory.processes} processes at once, "
                     f"which shared {memory.most / 2**30:.2f} GiB")
        failed = [(status, words) for status, _, words in answers if status != 0]
        for status, words in failed[:3]:
            verdict.note(f"ended with {status}: {words.strip()[-400:]!r}")
        verdict.true("every launch finished", not failed, f"{len(answers) - len(failed)} of {len(answers)}")

        runs = json.loads(ask(sky, environment, "status", "--output", "json").stdout or '{"runs": []}')["runs"]
        states = collections.Counter(run["state"] for run in runs)
        verdict.true("every run is there and succeeded", states == {"succeeded": options.runs}, str(dict(states)))
        tries = collections.Counter(stage["attempts"] for run in runs for stage in run["stages"])
        verdict.true("no stage was tried twice", set(tries) == {1}, str(dict(tries)))
        logs = [path.read_text(errors="replace") for path in pathlib.Path(home, "state/runs").glob("*/driver.log")]
        texts = [words for _, _, words in answers] + logs
        verdict.true("nobody was told that the journal is locked",
                     not any(trouble in text for text in texts for trouble in TROUBLE))
        spoken = [text for text in logs if text.strip()]
        verdict.note(f"{len(spoken)} of {len(logs)} drivers had something to complain of"
                     + (f": {spoken[0].strip()[-300:]!r}" if spoken else ""))
        check = ask(sky, environment, "state", "check")
        verdict.true("the journal is whole", check.returncode == 0, check.stdout.strip().splitlines()[-1] if check.stdout else "")
        still = left(home)
        verdict.true("no process is left", not still, "; ".join(still[:3]))
        groups = list(pathlib.Path(home, "state/nodes/local").glob("[!.]*"))
        verdict.true("no node is left", not groups, f"{len(groups)}" if groups else "")
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
