"""Nodes of an imagined cluster, and pods that are real processes of this machine.

A pod's container is a process tree with process numbers of its own: what kills its first process kills all of it, as
with a real container. Its root folder stays this machine's; its home is a folder of its own.
"""

import os
import shutil
import signal
import subprocess
import threading
import time

UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


def amount(text):
    """The value of a Kubernetes quantity."""
    text = str(text)
    for unit, factor in UNITS.items():
        if text.endswith(unit):
            return float(text[: -len(unit)]) * factor
    return float(text)


def requests_of(pod):
    total = {"pods": 1.0}
    for container in pod["spec"].get("containers", []):
        for name, value in container.get("resources", {}).get("requests", {}).items():
            total[name] = total.get(name, 0) + amount(value)
    return total


def tolerates(pod, taint):
    for toleration in pod["spec"].get("tolerations") or []:
        if toleration.get("effect") not in (None, "", taint["effect"]):
            continue
        if toleration.get("key") in (None, ""):
            if toleration.get("operator") == "Exists":
                return True
            continue
        if toleration["key"] != taint["key"]:
            continue
        if toleration.get("operator", "Equal") == "Exists" or toleration.get("value", "") == taint.get("value", ""):
            return True
    return False


def why_not(pod, node, used):
    """Why the scheduler would not put the pod there, in its words; nothing if it would."""
    if node["spec"].get("unschedulable"):
        return "node(s) were unschedulable"
    for condition in node["status"]["conditions"]:
        if condition["type"] == "Ready" and condition["status"] != "True":
            return "node(s) had taint {node.kubernetes.io/unreachable: }, that the pod didn't tolerate"
    for taint in node["spec"].get("taints", []):
        if taint["effect"] in ("NoSchedule", "NoExecute") and not tolerates(pod, taint):
            return "node(s) had taint {%s: %s}, that the pod didn't tolerate" % (taint["key"], taint.get("value", ""))
    labels = node["metadata"]["labels"]
    for key, value in (pod["spec"].get("nodeSelector") or {}).items():
        if labels.get(key) != value:
            return "node(s) didn't match Pod's node affinity"
    for name, wanted in requests_of(pod).items():
        if wanted > amount(node["status"]["allocatable"].get(name, 0)) - used.get(name, 0) + 1e-9:
            return "Insufficient %s" % name
    return None


class Container:
    """The one container of a pod."""

    def __init__(self, folder, command, arguments, variables):
        self.folder = folder
        os.makedirs(folder, mode=0o700)
        self.environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": folder,
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
            **variables,
        }
        self.lock = threading.Lock()
        isolation = ["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
        if os.getuid() != 0:
            isolation.insert(1, "--map-root-user")
        self.outer = subprocess.Popen(
            isolation + command + arguments, cwd=folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.first = self._first()

    def _first(self):
        """The number here of the process that is 1 in there."""
        path = "/proc/%d/task/%d/children" % (self.outer.pid, self.outer.pid)
        end = time.time() + 10
        while time.time() < end and self.outer.poll() is None:
            try:
                with open(path) as children:
                    numbers = children.read().split()
                # Its own /proc is there once it runs the command.
                if numbers and os.readlink("/proc/%s/exe" % numbers[0]).rsplit("/", 1)[-1] != "unshare":
                    return int(numbers[0])
            except OSError:
                pass
            time.sleep(0.002)
        return None

    @property
    def is_running(self):
        return self.outer.poll() is None

    @property
    def exit_code(self):
        code = self.outer.poll()
        return None if code is None else code if code >= 0 else 128 - code

    def enter(self, command):
        """The command line that runs a command in there."""
        arguments = ["nsenter", "--target", str(self.first), "--pid", "--mount"]
        if os.getuid() != 0:
            arguments += ["--user", "--preserve-credentials"]
        return arguments + ["--"] + command

    def ask_to_end(self):
        if self.first and self.is_running:
            try:
                os.kill(self.first, signal.SIGTERM)
            except ProcessLookupError:
                pass

    def kill(self):
        try:
            if self.first:
                os.kill(self.first, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.outer.kill()
        self.outer.wait()

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
