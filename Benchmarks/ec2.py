#!/usr/bin/env python3
"""How long 100 machines of EC2 take from the order until all run, beside what the server itself needs: moto on loopback.

As one group, and as a hundred groups at once. What happens on machines is not in it. Needs moto (scripts/ensure-moto.sh), and builds
`ec2-bench` if it is not there.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

import measuring as m

PYTHON = m.ROOT / ".build/moto/bin/python"
DOOR = m.ROOT / "Tests/SkyTestSupport/Emulators/aws_cloud.py"


class Moto:
    def __init__(self, folder):
        ready = pathlib.Path(folder) / "ready"
        self.log = open(pathlib.Path(folder) / "log", "w")
        self.process = subprocess.Popen([PYTHON, DOOR, ready, m.ROOT / "providers/aws/permissions.csv"],
                                        stdin=subprocess.PIPE, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 120
        while not ready.exists():
            if time.monotonic() > end or self.process.poll() is not None:
                sys.exit("moto does not come up")
            time.sleep(0.05)
        said = json.loads(ready.read_text())
        self.url = f"http://127.0.0.1:{said['port']}"
        self.environment = dict(os.environ, AWS_ACCESS_KEY_ID=said["key"], AWS_SECRET_ACCESS_KEY=said["secret"])

    def ask(self, command):
        request = urllib.request.Request(f"{self.url}/_{command}", data=b"{}", method="POST")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


def measured(options, moto, kind):
    """Figures of one run in seconds, and what the server needed for the calls that made machines."""
    moto.ask("reset")
    answer = subprocess.run([options.bench, moto.url, m.ROOT / "providers", kind, str(options.machines)],
                            env=moto.environment, capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"ec2-bench ended with {answer.returncode}:\n{answer.stderr[-2000:]}")
    figures = {name: float(value) / 1000 for name, value in (line.split() for line in answer.stdout.splitlines())}
    calls = moto.ask("calls")["calls"]
    figures["calls"] = len(calls)
    figures["server"] = sum(call["seconds"] for call in calls if call["action"] == "RunInstances")
    state = moto.ask("state")
    if len(state["instances"]) != options.machines or any(i["state"] != "terminated" for i in state["instances"]):
        sys.exit(f"not {options.machines} machines that were made and given back")
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", default=m.ROOT / ".build/release/ec2-bench")
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not PYTHON.exists():
        sys.exit("there is no moto: scripts/ensure-moto.sh installs it")
    if not pathlib.Path(options.bench).exists():
        subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "ec2-bench"],
                       cwd=m.ROOT, env=dict(os.environ, SKY_STATIC="1"), stdout=sys.stderr, check=True)

    verdict = m.Verdict()
    with tempfile.TemporaryDirectory(prefix="sky-ec2-", dir="/tmp") as folder:
        moto = Moto(folder)
        try:
            measured(options, moto, "gang")  # moto reads its tables of images and types once
            for kind in ("gang", "groups"):
                rounds = [measured(options, moto, kind) for _ in range(options.rounds)]
                made, server, processor, calls, back = (m.median([r[name] for r in rounds]) for name in
                                                        ("made", "server", "processor", "calls", "given-back"))
                title = "one group" if kind == "gang" else "as many groups"
                verdict.note(f"{options.machines} machines, {title}: all run after {m.milliseconds(made)}, of which the server "
                             f"spent {m.milliseconds(server)} in RunInstances; {calls:.0f} calls in all; given back after "
                             f"{m.milliseconds(back)}")
                verdict.below(f"processor time per machine, {title}", processor / options.machines, 0.002, m.milliseconds)
        finally:
            moto.stop()
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
