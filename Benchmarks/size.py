#!/usr/bin/env python3
"""How large the two executables are, on disk and in memory, and that the agent needs nothing but a kernel."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import measuring as m

MB = 1_000_000
#: One stage that runs long enough to be looked at.
PIPELINE = """\
name: resident
stages:
  wait:
    resources: {cpus: 2+}
    run: sleep 3
"""


def megabytes(figure):
    return f"{figure / MB:.1f} MB"


def needed_libraries(path):
    """The shared libraries that the executable asks for, or None without readelf."""
    if shutil.which("readelf") is None:
        return None
    output = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output)


def in_empty_root(agent, arguments):
    """Runs the agent where there is nothing but itself and /proc. Returns its exit status and words, or None and why it
    could not be tried."""
    with tempfile.TemporaryDirectory(prefix="sky-bench-") as root:
        os.mkdir(f"{root}/proc")
        shutil.copy(agent, f"{root}/sky-agent")
        # A mount namespace of its own: the mount is gone with the process. Who is not root becomes it in a user namespace.
        unshare = ["unshare", "--mount", "--pid", "--fork"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
        inside = 'mount -t proc proc "$0/proc" || exit 99; root=$0; exec chroot "$root" /sky-agent "$@"'
        environment = {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
        try:
            result = subprocess.run(
                [*unshare, "sh", "-c", inside, root, *arguments], env=environment, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired) as error:
            return None, str(error)
        words = (result.stderr + result.stdout).strip()
        if result.returncode == 99 or words.startswith("unshare:"):
            return None, words.splitlines()[0] if words else "no mount namespace"
        return result.returncode, words


def largest_resident(sky, names):
    """Bytes that a process of each name held at most during one run. `names` maps a label to a part of the command line."""
    largest = dict.fromkeys(names, 0)
    with m.fresh_home() as environment:
        pipeline = pathlib.Path(environment["SKY_HOME"], "pipeline.yaml")
        pipeline.write_text(PIPELINE)
        before = set(m.process_ids())
        words = os.open(f"{environment['SKY_HOME']}/output", os.O_CREAT | os.O_RDWR, 0o600)
        launched = m.spawn([sky, "launch", str(pipeline), "--yes"], environment, output=words)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for process in set(m.process_ids()) - before:
                line = m.command_line(process)
                for label, part in names.items():
                    if re.search(part, line):
                        peak = re.search(r"VmHWM:\s*(\d+) kB", m.proc_text(process, "status"))
                        largest[label] = max(largest[label], int(peak.group(1)) * 1024 if peak else 0)
            done, status = os.waitpid(launched, os.WNOHANG)
            if done:
                if status != 0:
                    sys.exit(f"the run failed:\n{os.pread(words, 4000, 0).decode(errors='replace')}")
                return largest
            time.sleep(0.05)
        os.kill(launched, 9)
        os.waitpid(launched, 0)
        sys.exit("the run did not end within a minute")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sky", default=m.ROOT / ".build/release/sky")
    parser.add_argument("--agent", default=m.ROOT / ".build/release/sky-agent")
    parser.add_argument("--agent-arguments", default="--version", help="what the agent is run with in the empty root")
    parser.add_argument("--no-run", action="store_true", help="leave out what needs a run")
    options = parser.parse_args()
    sky, agent = m.binary(options.sky), m.binary(options.agent)

    verdict = m.Verdict()
    with tempfile.TemporaryDirectory(prefix="sky-bench-") as folder:
        for path, bound in ((sky, 90 * MB), (agent, 20 * MB)):
            copy = shutil.copy(path, folder)
            stripped = shutil.which("strip") is not None
            if stripped:
                subprocess.run(["strip", copy], check=True)
            verdict.below(f"{os.path.basename(path)}, {'stripped' if stripped else 'NOT stripped (no strip here)'}",
                          os.path.getsize(copy), bound, megabytes)

        libraries = needed_libraries(agent)
        if libraries is None:
            verdict.skipped("the agent needs no shared library", "no readelf here")
        else:
            verdict.true("the agent needs no shared library", not libraries, ", ".join(libraries))

        claim = f"the agent runs in an empty root ({options.agent_arguments})"
        status, words = in_empty_root(os.path.join(folder, os.path.basename(agent)), options.agent_arguments.split())
        if status is None:
            verdict.skipped(claim, words)
        else:
            verdict.true(claim, status == 0, (words.splitlines() or [f"ended with {status}"])[0])

    if options.no_run:
        verdict.skipped("memory of driver and agent", "--no-run")
    else:
        names = {"driver": r"\bsky driver\b", "agent": r"\bsky-agent serve\b"}
        for label, bytes_held in largest_resident(sky, names).items():
            if bytes_held == 0:
                verdict.true(f"{label} seen in the run", False, f"no process like {names[label]}")
            else:
                verdict.below(f"{label}, resident at most", bytes_held, {"driver": 60, "agent": 25}[label] * MB, megabytes)
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
