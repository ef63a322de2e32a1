#!/usr/bin/env python3
"""How soon a host of one's own is of use, and how fast its channel is: an sshd of this machine, on loopback.

Each fresh round begins with an empty home on the host, no connection, and a broker that knows nothing of it: the agent is sent,
unpacked, checked and started. The very first also packs it. Needs openssh-server, and builds `ssh-bench` if it is not there.
"""
import argparse
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import measuring as m

SSHD = "/usr/sbin/sshd"


class Host:
    """An sshd with a key and a home of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.home = folder / "home"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for key in ("id", "host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host\nPidFile {folder}/pid\n"
            f"AuthorizedKeysFile {folder}/id.pub\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
            f"KbdInteractiveAuthentication no\nSetEnv HOME={self.home} PATH={os.environ['PATH']}\n")
        key = (folder / "host.pub").read_text().split()
        (folder / "known_hosts").write_text(f"bench {key[0]} {key[1]}\n")
        (folder / "ssh_config").write_text(
            f"Host bench\n  HostName 127.0.0.1\n  Port {self.port}\n  HostKeyAlias bench\n  IdentityFile {folder}/id\n"
            f"  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known_hosts\n  StrictHostKeyChecking yes\n")
        (folder / "ssh.yaml").write_text(
            f"ssh_config: {folder}/ssh_config\npools: {{rack: {{cores: 1, memory: 1, hosts: [bench]}}}}\n")
        (folder / "run").mkdir(mode=0o700)
        os.makedirs("/run/sshd", exist_ok=True)
        subprocess.run([SSHD, "-f", folder / "sshd_config", "-E", folder / "log"], check=True)
        while not (folder / "pid").exists():
            time.sleep(0.01)

    def ssh(self, *command):
        return ["ssh", "-F", str(self.folder / "ssh_config"), "bench", *command]

    def forget(self):
        """As if nobody had ever been there: no agent and no connection. What was packed stays packed."""
        self.disconnect()
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(mode=0o700)

    def sockets(self):
        """Of the connections that are shared."""
        sockets = self.folder / "run" / "sky-ssh"
        return list(sockets.glob("*")) if sockets.exists() else []

    def disconnect(self):
        for path in self.sockets():
            subprocess.run(["ssh", "-F", self.folder / "ssh_config", "-S", path, "-O", "exit", "bench"],
                           capture_output=True)

    def stop(self):
        self.disconnect()
        os.kill(int((self.folder / "pid").read_text()), signal.SIGTERM)


def figures(bench, host, agent, *rest):
    """What `ssh-bench` prints: lists of seconds by name."""
    environment = dict(os.environ, XDG_RUNTIME_DIR=str(host.folder / "run"))
    answer = subprocess.run([bench, host.folder / "ssh.yaml", host.folder / "state", agent, *rest], env=environment,
                            capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"ssh-bench ended with {answer.returncode}:\n{answer.stderr[-2000:]}")
    found = {}
    for line in answer.stdout.splitlines():
        name, value = line.split()
        found.setdefault(name, []).append(float(value) / 1000)
    return found


def needed(options):
    """The agent; sees to it that sshd and ssh-bench are there too."""
    if not os.path.exists(SSHD):
        sys.exit(f"there is no {SSHD}: scripts/ensure-packages.sh test installs openssh-server")
    if not pathlib.Path(options.bench).exists():
        subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "ssh-bench"],
                       cwd=m.ROOT, env=dict(os.environ, SKY_STATIC="1"), stdout=sys.stderr, check=True)
    return m.binary(options.agent)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agent", default=m.ROOT / ".build/release/sky-agent", help="the agent that is sent")
    parser.add_argument("--bench", default=m.ROOT / ".build/release/ssh-bench")
    parser.add_argument("--rounds", type=int, default=7, help="fresh hosts, and hosts known already (default 7)")
    parser.add_argument("--jobs", type=int, default=200, help="over one channel (default 200)")
    options = parser.parse_args()
    agent = needed(options)

    verdict = m.Verdict()
    with tempfile.TemporaryDirectory(prefix="sky-ssh-", dir="/tmp") as folder:
        host = Host(pathlib.Path(folder))
        try:
            fresh, known = [], []
            host.forget()
            first = figures(options.bench, host, agent, "ready")["ready"][0]
            for _ in range(options.rounds):
                host.forget()
                fresh += figures(options.bench, host, agent, "ready")["ready"]
                known += figures(options.bench, host, agent, "ready")["ready"]
            jobs = figures(options.bench, host, agent, "jobs", str(options.jobs))
        finally:
            host.stop()

    verdict.note(f"the very first, with packing {m.milliseconds(first)}; given back {m.milliseconds(m.median(jobs['given-back']))}; "
                 f"from submission until its first output is here {m.milliseconds(m.median(jobs['started']))}")
    verdict.below("ready on a fresh host, median", m.median(fresh), 1.5, m.milliseconds)
    verdict.below("ready the second time, median", m.median(known), 0.150, m.milliseconds)
    verdict.below("a job submitted over a warm channel until it runs, median", m.median(jobs["accepted"]), 0.005,
                  m.milliseconds)
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
