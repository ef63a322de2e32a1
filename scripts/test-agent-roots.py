#!/usr/bin/env python3
"""The agent where there is hardly anything: an empty root, one with a static shell, and the smallest Debian.

    scripts/test-agent-roots.py [--agent .build/release/sky-agent]

In the empty root there is the agent, /proc and nothing else: it starts, answers, says what it is, and refuses a job, because nothing
could run it, with words that help. With a static busybox as /bin/sh, and /dev/null, jobs run, fail, are ended with all they started,
and leave nothing. In a Debian made by debootstrap they do too. Needs root, or a kernel that lets its user be root in a namespace;
busybox-static and debootstrap for the roots that they make. What cannot be tried is said. Exit: 0 all that was tried is right, 1 not.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Benchmarks"))
import agentwire  # noqa: E402
import measuring as m  # noqa: E402

#: Mounts of its own, gone with the process, and processes of its own, so that none can hide.
INSIDE = 'mount -t proc proc "$0/proc" && cd / && root=$0 && exec chroot "$root" "$@"'


def entered(root):
    """What comes before a command line that is to see only what is below `root`."""
    own = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *own, "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE, str(root)]


def prepare(root, agent):
    (root / "proc").mkdir(exist_ok=True)
    (root / "node").mkdir(mode=0o700)
    shutil.copy(agent, root / "sky-agent")


def serve(root, agent):
    return agentwire.running(agent, entry=entered(root), folder=f"{root}/node", directory="/node")


def add_null(root):
    (root / "dev").mkdir(exist_ok=True)
    if not (root / "dev/null").exists():
        subprocess.run(["mknod", "-m", "666", root / "dev/null", "c", "1", "3"], check=True)


def try_empty(root, agent, verdict):
    prepare(root, agent)
    with serve(root, agent) as (process, connect):
        conversation = connect()
        verdict.true("empty root: the agent starts and says hello", conversation.agent["directory"] == "/node",
                     f"version {conversation.agent['agentVersion']}, {conversation.agent['cpus']} processors")
        stats = conversation.ask("stats")
        verdict.true("empty root: it tells what is used", "stats" in stats, str(sorted(stats.get("stats", stats))))
        answer = conversation.submit("j", "true")
        words = answer.get("refused", {}).get("message", str(answer))
        verdict.true("empty root: it refuses a job and names what is missing", "/bin/sh" in words, words)
        verdict.true("empty root: of the refused job nothing is left", conversation.ask("state", job="j") == {"job": {}})
        verdict.true("empty root: it renews its lease", conversation.ask("renewLease", span=3_600_000) == {"done": {}})
        verdict.true("empty root: it ends when it is asked to", conversation.ask("shutdown", grace=0) == {"alone": {}})
        conversation.close()
        verdict.true("empty root: with 0", process.wait(timeout=30) == 0)


def try_jobs(name, root, agent, verdict, command="echo hello", output=b"hello\n"):
    with serve(root, agent) as (process, connect):
        conversation = connect()
        conversation.submit("good", command)
        status, text = conversation.wait("good"), conversation.log("good")
        verdict.true(f"{name}: a job runs", (status, text) == (0, output), f"{status} {text!r}")
        conversation.submit("bad", "exit 3", setup="echo set up > mark", setupKey="a")
        verdict.true(f"{name}: another one fails with its own status", conversation.wait("bad") == 3)
        conversation.submit("again", "cat mark", setup="echo twice >> mark", setupKey="a")
        conversation.wait("again")
        verdict.true(f"{name}: a setup is not done twice", conversation.log("again").endswith(b"set up\n"))
        conversation.submit("long", "setsid sleep 1000 & sleep 1000 & sleep 0.3; echo ready; sleep 1000")
        conversation.ask("readLog", job="long", offset=0, follow=True)
        time.sleep(0.3)  # the last of the three has yet to begin
        before = len(sleepers(root))
        conversation.ask("kill", job="long", grace=200)
        after = len(sleepers(root))
        verdict.true(f"{name}: a job that is ended leaves nothing, also of what left its session",
                     before == 3 and after == 0, f"{before} processes before, {after} after")
        conversation.close()


def sleepers(root):
    return [pid for pid in m.process_ids()
            if m.command_line(pid) == "sleep 1000" and os.readlink(f"/proc/{pid}/root") == str(root)]


def try_busybox(root, agent, verdict):
    busybox = shutil.which("busybox")
    if not busybox or "statically" not in subprocess.run(["file", busybox], capture_output=True, text=True).stdout \
            and subprocess.run(["ldd", busybox], capture_output=True).returncode == 0:
        return verdict.skipped("a root with a static shell", "no static busybox: apt-get install busybox-static")
    prepare(root, agent)
    (root / "bin").mkdir()
    shutil.copy(busybox, root / "bin/busybox")
    for applet in ("sh", "cat", "sleep", "setsid"):
        (root / "bin" / applet).symlink_to("busybox")
    add_null(root)
    try_jobs("static shell", root, agent, verdict)


def try_debian(root, agent, verdict, base):
    if base:
        shutil.copytree(base, root, symlinks=True, dirs_exist_ok=True,
                        ignore=lambda folder, names: names if folder in (f"{base}/dev", f"{base}/proc") else [])
    elif not shutil.which("debootstrap"):
        return verdict.skipped("the smallest Debian", "no debootstrap: apt-get install debootstrap")
    elif os.geteuid() != 0:
        return verdict.skipped("the smallest Debian", "only root can make one")
    else:
        made = subprocess.run(["debootstrap", "--variant=minbase", "stable", root], capture_output=True, text=True)
        if made.returncode != 0:
            return verdict.skipped("the smallest Debian", (made.stdout.splitlines() or ["debootstrap fails"])[-1])
    prepare(root, agent)
    add_null(root)
    try_jobs("smallest Debian", root, agent, verdict, "command -v python3 || dpkg --print-architecture",
             subprocess.run(["dpkg", "--print-architecture"], capture_output=True).stdout or b"amd64\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agent", default=ROOT / ".build/release/sky-agent", help="built by scripts/build-release.sh")
    parser.add_argument("--debian", help="a root that debootstrap made before, which is copied")
    options = parser.parse_args()
    agent = m.binary(options.agent)
    verdict = m.Verdict()
    if subprocess.run([*entered("/")[:-4], "true"], capture_output=True).returncode != 0:
        verdict.skipped("all of it", "no namespaces can be made here")
        verdict.end()
    with tempfile.TemporaryDirectory(prefix="sky-roots-", dir="/tmp") as folder:
        roots = {name: pathlib.Path(folder, name) for name in ("empty", "busybox", "debian")}
        for root in roots.values():
            root.mkdir()
        try_empty(roots["empty"], agent, verdict)
        try_busybox(roots["busybox"], agent, verdict)
        try_debian(roots["debian"], agent, verdict, options.debian)
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
