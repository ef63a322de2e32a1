"""Hosts of a farm of sshds, as the machines of an emulated cloud."""
import os
import shutil
import signal
import time


def wipe(home):
    """What a machine ran ends with it, and its disk is gone. The sshd that stands for the machine itself goes on, and may bring
    a command that was on its way: so a host is wiped when it is taken, too."""
    halt(home)
    for name in os.listdir(home) if os.path.isdir(home) else []:
        path = os.path.join(home, name)
        shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.unlink(path)


def halt(home):
    """What a machine ran ends with it, and its disk stays."""
    prefix = home.encode() + b"/"
    while pids := [pid for pid in filter(str.isdigit, os.listdir("/proc")) if _is_below(prefix, pid)]:
        for pid in pids:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.002)


def _is_below(prefix, pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            if file.read().rsplit(b")", 1)[1].split()[0] in (b"Z", b"X"):
                return False
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            if any(word.startswith(prefix) for word in file.read().split(b"\0")):
                return True
        with open(f"/proc/{pid}/environ", "rb") as file:
            return any(word.startswith(b"SKY_JOB_DIR=" + prefix) for word in file.read().split(b"\0"))
    except (OSError, IndexError):
        return False
