#!/usr/bin/env python3
"""How fast files get to a host of one's own and back, beside rsync over the very same connection: an sshd on loopback.

10,000 files of 10 kB each: the first time, again, after ten of them have changed, and back. Of what travels both sides know in the
end that each byte is right, by SHA-256; of what does not, ours trusts the kernel's word that neither file was touched since, and rsync
sizes and times. Each round has a new node and an empty folder for rsync. Needs openssh-server and rsync, and builds `ssh-bench` if it is not there.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import measuring as m
import ssh


def rsync(host, source, target):
    """Seconds for the folder `source` to become the folder `target`, one of which is on the host, over the shared connection."""
    way = f"ssh -F {host.folder}/ssh_config -S {host.sockets()[0]}"
    started = time.perf_counter()
    subprocess.run(["rsync", "-a", "--delete", "-e", way, f"{source}/", f"{target}/"], check=True)
    return time.perf_counter() - started


def make_tree(tree, files, size):
    tree.mkdir()
    for number in range(files):
        (tree / f"{number}").write_bytes(os.urandom(size))


def touch(tree):
    for path in sorted(tree.iterdir(), key=lambda path: path.name)[:10]:
        path.write_bytes(bytes(byte + 1 & 255 for byte in path.read_bytes()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agent", default=m.ROOT / ".build/release/sky-agent", help="the agent that is sent")
    parser.add_argument("--bench", default=m.ROOT / ".build/release/ssh-bench")
    parser.add_argument("--rounds", type=int, default=4, help="half of them with rsync first (default 4)")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=10_000, help="of each, in bytes")
    options = parser.parse_args()
    agent = ssh.needed(options)
    if not shutil.which("rsync"):
        sys.exit("there is no rsync: apt-get install rsync")

    ours = {"push": [], "push-again": [], "push-touched": [], "pull": []}
    theirs = {name: [] for name in ours}
    with tempfile.TemporaryDirectory(prefix="sky-sync-", dir="/tmp") as folder:
        folder = pathlib.Path(folder)
        host = ssh.Host(folder)
        try:
            host.forget()
            ssh.figures(options.bench, host, agent, "ready")
            for number in range(options.rounds):
                tree, peer = folder / f"tree{number}", folder / f"peer{number}"
                make_tree(tree, options.files, options.size)
                make_tree(peer, options.files, options.size)
                there = host.home / f"peer{number}"

                def sky():
                    for name, seconds in ssh.figures(options.bench, host, agent, "files", str(tree)).items():
                        if name in ours:
                            ours[name] += seconds

                def other():
                    for name in ("push", "push-again", "push-touched"):
                        if name == "push-touched":
                            touch(peer)
                        theirs[name].append(rsync(host, peer, f"bench:{there}"))
                    theirs["pull"].append(rsync(host, f"bench:{there}", folder / f"back{number}"))

                # Whoever comes second writes to a disk that is still busy with what the first has written.
                for measure in (sky, other) if number % 2 == 0 else (other, sky):
                    os.sync()
                    measure()
        finally:
            host.stop()

    verdict = m.Verdict()
    claims = {"push": ("there the first time", 1.5), "push-again": ("again", 1.5),
              "push-touched": ("after ten have changed", 1.5), "pull": ("back", None)}
    for name, (claim, bound) in claims.items():
        mine, other = m.median(ours[name]), m.median(theirs[name])
        seconds = lambda figure: f"{figure:.2f} s"
        text = (f"{options.files} files of {options.size} bytes {claim}: {m.spread(ours[name], seconds)}; "
                f"rsync {m.spread(theirs[name], seconds)}")
        if bound:
            verdict.below(f"{text}; ratio", mine / other, bound, lambda value: f"{value:.2f}")
        else:
            verdict.note(f"{text}; ratio {mine / other:.2f}")
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
