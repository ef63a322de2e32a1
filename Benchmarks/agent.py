#!/usr/bin/env python3
"""What an agent costs when it has nothing to do, and how many jobs and how much output it takes when it has.

Jobs are durable: each has its exit status flushed to the disk before anybody hears of it. Beside them, in turns, bare
`posix_spawn` and `waitpid` of `/bin/true`, as many at once; and, where they are there, `sbatch` (a cluster that `sinfo` finds)
and `ray job submit` (a cluster at $RAY_ADDRESS), which do the like for their own.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import agentwire
import measuring as m

MB = 1_000_000


def processor_seconds(process):
    """What the process has used, by the scheduler's own count in nanoseconds."""
    return sum(int(pathlib.Path(f"/proc/{process}/task/{task}/schedstat").read_text().split()[0])
               for task in os.listdir(f"/proc/{process}/task")) / 1e9


def resident(process):
    return int(re.search(r"VmRSS:\s*(\d+) kB", m.proc_text(process, "status")).group(1)) * 1024


def measure_idle(agent, seconds, verdict):
    """After it has run some jobs, and with a connection open as a driver has one."""
    with agentwire.running(agent) as (process, connect):
        conversation = connect()
        # As every node has one: its clock is to be looked at.
        conversation.ask("renewLease", span=7_200_000)
        for number in range(20):
            conversation.submit(f"j{number}", "true")
            conversation.wait(f"j{number}")
        time.sleep(1)
        before = processor_seconds(process.pid)
        time.sleep(seconds)
        used = processor_seconds(process.pid) - before
        conversation.ask("stats")
        if before == 0 or processor_seconds(process.pid) - before == used:
            sys.exit("the kernel does not count what the agent uses here")
        held = resident(process.pid)
        conversation.close()
    verdict.below("an idle agent, resident", held, 25 * MB, lambda figure: f"{figure / MB:.1f} MB")
    verdict.below(f"an idle agent, of a core in {seconds} s", 100 * used / seconds, 0.1, lambda figure: f"{figure:.4f} %")


def jobs_a_second(conversation, count, at_once, prefix):
    """From the first submission until the last end is known."""
    started = time.perf_counter()
    begun = ended = 0
    waits = set()
    while ended < count:
        while begun < count and begun - ended < at_once:
            conversation.say("submit", job=agentwire.job(f"{prefix}{begun}", "true"))
            waits.add(conversation.say("wait", job=f"{prefix}{begun}"))
            begun += 1
        number, answer = conversation.hear()
        if number in waits:
            waits.discard(number)
            if answer["job"]["state"] != {"exited": {"code": 0}}:
                sys.exit(f"a job ended with {answer}")
            ended += 1
    return count / (time.perf_counter() - started)


def bare_a_second(count, at_once):
    """`/bin/true` by posix_spawn and waitpid, so many at once."""
    started = time.perf_counter()
    running = 0
    for _ in range(count):
        if running == at_once:
            os.waitpid(-1, 0)
            running -= 1
        m.spawn(["/bin/true"], {})
        running += 1
    while running:
        os.waitpid(-1, 0)
        running -= 1
    return count / (time.perf_counter() - started)


def check_ends(folder, prefix, count):
    """Each job has been begun by a supervisor and has its own end on the disk: else something else was measured than jobs."""
    jobs = list(pathlib.Path(folder, "jobs").glob(f"{prefix}*"))
    ended = sum((job / "exit").read_text() == "0\n" and (job / "supervisor").exists() for job in jobs)
    if ended != count:
        sys.exit(f"{ended} of {count} jobs have their end on the disk")


def measure_jobs(agent, count, at_once, rounds, verdict):
    loads = [m.load()]
    with m.spreading_folder() as parent, tempfile.TemporaryDirectory(dir=parent) as folder, \
            agentwire.running(agent, folder=folder) as (_, connect):
        conversation = connect()
        # The agent is this process's child: bare processes are waited for by `-1`, and it does not end meanwhile.
        ours, bare = [], []
        for number in range(rounds):
            ours.append(jobs_a_second(conversation, count, at_once, f"r{number}-"))
            check_ends(folder, f"r{number}-", count)
            bare.append(bare_a_second(count, at_once))
            loads.append(m.load())
        one_by_one = jobs_a_second(conversation, 50, 1, "single-")
        check_ends(folder, "single-", 50)
        conversation.close()
    ratios = [mine / other for mine, other in zip(ours, bare)]
    whole = lambda figure: f"{figure:.0f}"
    verdict.note(f"{count} jobs, {at_once} at once, {rounds} rounds: {m.spread(ours, whole)} a second; "
                 f"bare processes {m.spread(bare, whole)}; load {min(loads):.1f} to {max(loads):.1f}")
    verdict.note(f"ratios: {m.spread(ratios)}")
    claim = "durable jobs through one agent, of the rate of bare processes, median"
    if min(loads) > os.cpu_count():
        verdict.skipped(claim, f"{m.median(ratios):.2f} here, but other work keeps the machine busy")
    else:
        verdict.above(claim, m.median(ratios), 0.4, lambda figure: f"{figure:.2f}")
    measure_peers(one_by_one, verdict)


def measure_peers(ours, verdict):
    """One after the other, as a script would that waits for each; `ours` is the like. Both have a server that does the work, and
    ask it every second or two whether it is done."""
    peers = {
        "sbatch": (["sbatch", "--wait", "--output=/dev/null", "--wrap", "true"],
                   shutil.which("sbatch") and subprocess.run(["sinfo"], capture_output=True).returncode == 0),
        "ray job submit": (["ray", "job", "submit", "--", "true"],
                           shutil.which("ray") and os.environ.get("RAY_ADDRESS")),
    }
    for name, (command, is_there) in peers.items():
        if not is_there:
            verdict.skipped(f"beside {name}", "no such cluster here")
            continue
        rates = []
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            rates.append(1 / (time.perf_counter() - started))
        verdict.note(f"{name}: {m.median(rates):.2f} a second, one after the other; the agent so {ours:.0f}")


def measure_logs(agent, size, verdict):
    """The job prints as fast as it may: into the log alone, and with somebody who reads along."""
    command = f"yes 'step 1000: loss 0.1234 accuracy 0.9876, and so on to the end of the line' | head -c {size}"
    with agentwire.running(agent) as (process, connect):
        conversation = connect()
        limits = {"log": size // 2}

        def intake(name):
            started = time.perf_counter()
            conversation.submit(name, command, limits=limits)
            status = conversation.wait(name)
            elapsed = time.perf_counter() - started
            came = os.path.getsize(f"{conversation.agent['directory']}/jobs/{name}/log")
            if status != 0 or came != size:
                sys.exit(f"the job ended with {status}, and {came} of {size} bytes are in its log")
            return size / elapsed

        def followed(name):
            import base64
            started = time.perf_counter()
            conversation.submit(name, command)
            offset = count = 0
            while True:
                answer = conversation.ask("readLog", job=name, offset=offset, follow=True)
                if "log" not in answer:
                    break
                count += len(base64.b64decode(answer["log"]["bytes"]))
                offset = count
            if count != size:
                sys.exit(f"{count} of {size} bytes came")
            return size / (time.perf_counter() - started)

        def to_file(_):
            started = time.perf_counter()
            with tempfile.NamedTemporaryFile(dir="/tmp") as target:
                subprocess.run(f"{{ {command}; }} | cat > {target.name}", shell=True, check=True)
            return size / (time.perf_counter() - started)

        numbers = iter(range(100))
        taken, read, peer = m.interleaved(
            3, lambda: intake(f"i{next(numbers)}"), lambda: followed(f"f{next(numbers)}"), lambda: to_file(0))
        held = resident(process.pid)
        conversation.close()
    show = lambda figure: f"{figure / MB:.0f} MB/s"
    verdict.note(f"the same through a pipe and `cat` into a file: {show(m.median(peer))}; "
                 f"the agent's memory afterwards: {held / MB:.1f} MB")
    verdict.above("output that is taken into a log", m.median(taken), 100 * MB, show)
    verdict.above("output that is followed over the agent's protocol", m.median(read), 50 * MB, show)


def measure_end_to_end(sky, size, verdict):
    """`sky launch` shows what a stage prints: from the stage's first byte to the last one on the screen."""
    with m.fresh_home() as environment:
        pipeline = pathlib.Path(environment["SKY_HOME"], "pipeline.yaml")
        pipeline.write_text("name: talk\nstages:\n  talk:\n    resources: {cpus: 1+}\n    run: |\n      echo begun\n"
                            "      until [ -e \"$SKY_HOME_OF_TEST/go\" ]; do sleep 0.01; done\n"
                            f"      yes 'step 1000: loss 0.1234 accuracy 0.9876, and so on' | head -c {size}\n"
                            f"    envs: {{SKY_HOME_OF_TEST: {environment['SKY_HOME']}}}\n")
        launch = subprocess.run([sky, "launch", pipeline, "--yes", "--detach", "--name", "talk"], env=environment,
                                capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if launch.returncode != 0:
            sys.exit(launch.stdout + launch.stderr)
        run = re.search(r"talk-[2-9b-z]{4}|\btalk\b", launch.stdout + launch.stderr).group(0)
        while "begun" not in subprocess.run([sky, "logs", run, "talk"], env=environment, capture_output=True, text=True).stdout:
            time.sleep(0.1)
        reader = subprocess.Popen([sky, "logs", run, "talk", "--follow"], env=environment, stdout=subprocess.PIPE,
                                  stdin=subprocess.DEVNULL)
        time.sleep(0.5)
        pathlib.Path(environment["SKY_HOME"], "go").touch()
        started = time.perf_counter()
        count = 0
        while chunk := reader.stdout.read1(1 << 20):
            count += len(chunk)
        elapsed = time.perf_counter() - started
        reader.wait()
    verdict.true("all of it came", count >= size, f"{count} of {size} bytes")
    verdict.above("output from a stage to `sky logs --follow`", size / elapsed, 50 * MB, lambda figure: f"{figure / MB:.0f} MB/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agent", default=m.ROOT / ".build/release/sky-agent")
    parser.add_argument("--sky", default=m.ROOT / ".build/release/sky", help="for the output end to end")
    parser.add_argument("--idle", type=int, default=60, help="seconds to look at an idle agent (default 60)")
    parser.add_argument("--jobs", type=int, default=500, help="in each of nine rounds (default 500)")
    parser.add_argument("--at-once", type=int, default=8, help="jobs that run at the same time (default 8)")
    parser.add_argument("--output", type=int, default=500, help="megabytes that a job prints (default 500)")
    parser.add_argument("--only", choices=["idle", "jobs", "logs", "end-to-end"], help="just this part")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sky-bench-", dir="/tmp") as folder:
        # A copy: a build that ends meanwhile must not change what is measured.
        agent = shutil.copy(m.binary(options.agent), folder)
        measure(options, agent)


def measure(options, agent):
    verdict = m.Verdict()
    parts = {
        "jobs": lambda: measure_jobs(agent, options.jobs, options.at_once, 9, verdict),
        "logs": lambda: measure_logs(agent, options.output * MB, verdict),
        "end-to-end": lambda: measure_end_to_end(m.binary(options.sky), options.output * MB, verdict),
        "idle": lambda: measure_idle(agent, options.idle, verdict),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            part()
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
