"""Where an engine is installed: in the node's own Python, or in an environment made once and kept."""
import fcntl
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time

from processes import EngineFailure, last_lines, run_bounded


class Environment:
    """A Python with the engine in it."""

    def __init__(self, python, folders):
        """`folders` are where its programs are: they come first in the PATH of whatever uses it."""
        self.python, self.folders = python, folders

    def variables(self, base):
        variables = dict(base)
        path = self.folders + [folder for folder in base.get("PATH", "/usr/bin:/bin").split(":") if folder]
        variables["PATH"] = ":".join(dict.fromkeys(path))
        for name in ("PYTHONHOME", "VIRTUAL_ENV"):
            variables.pop(name, None)
        return variables

    def program(self, name):
        return shutil.which(name, path=":".join(self.folders))


def root(variables):
    """The folder of all environments: SKY_ENGINE_CACHE, or below the home."""
    home = variables.get("HOME") or os.path.expanduser("~")
    return variables.get("SKY_ENGINE_CACHE") or os.path.join(home, ".cache", "sky", "engines")


def of_node(distribution, version, program):
    """The node's own Python, if it has just this version; else None."""
    try:
        if importlib.metadata.version(distribution) != version:
            return None
    except importlib.metadata.PackageNotFoundError:
        return None
    folders = list(dict.fromkeys([sysconfig.get_path("scripts"), os.path.dirname(sys.executable)]))
    own = Environment(sys.executable, folders)
    return own if own.program(program) and own.program("python3") else None


class Cache:
    """Environments by what is in them. Each is made in a folder of its own and then named by a link, in one step: a
    name leads to a whole environment or to none, whoever dies over making it."""

    def __init__(self, folder, variables, log, say):
        """`variables` are those of what installs, whose output goes to `log`; `say` tells people what is going on."""
        self.folder, self.variables, self.log, self.say = folder, variables, log, say

    def environment(self, distribution, version, packages, deadline):
        """The environment with these, made if need be."""
        wanted = [f"{distribution}=={version}"] + list(packages)
        name = self.name(distribution, version, packages)
        return self.known(name, distribution, version) or self.make(name, wanted, distribution, version, deadline)

    @staticmethod
    def name(distribution, version, packages):
        recipe = [distribution, version, sorted(packages), sys.base_prefix, platform.python_version(),
                  platform.machine()]
        digest = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:8]
        return f"{distribution}-{version}-py{sys.version_info[0]}.{sys.version_info[1]}-{digest}"

    def known(self, name, distribution, version):
        """The environment of this name if it is there and works; it is marked as used now."""
        link = os.path.join(self.folder, name)
        try:
            place = os.path.realpath(link, strict=True) if sys.version_info >= (3, 10) else os.path.realpath(link)
            os.utime(place)
        except OSError:
            return None
        python = os.path.join(place, "bin", "python3")
        question = "import importlib.metadata, sys; sys.exit(importlib.metadata.version(sys.argv[1]) != sys.argv[2])"
        try:
            answer = subprocess.run([python, "-c", question, distribution, version], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return Environment(python, [os.path.join(place, "bin")]) if answer.returncode == 0 else None

    def make(self, name, wanted, distribution, version, deadline):
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            with open(os.path.join(self.folder, f".{name}.lock"), "w", encoding="utf-8") as lock:
                self.hold(lock, wanted, deadline)
                # Somebody may have made it in the meantime.
                return self.known(name, distribution, version) or self.make_alone(name, wanted, deadline)
        except OSError as error:
            raise EngineFailure(
                EngineFailure.UNAVAILABLE,
                f"nothing can be installed in {self.folder} ({error.strerror or error}); SKY_ENGINE_CACHE in 'envs' names "
                "another folder") from error

    def hold(self, lock, wanted, deadline):
        """Takes the lock, which the system takes back from whoever dies."""
        said = False
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            if not said:
                self.say(f"waiting for somebody else who is installing {' '.join(wanted)} here")
                said = True
            if time.monotonic() > deadline:
                raise EngineFailure(
                    EngineFailure.INCOMPLETE, f"somebody else is still installing {' '.join(wanted)} in {self.folder}")
            time.sleep(0.1)

    def make_alone(self, name, wanted, deadline):
        started = time.monotonic()
        self.say(f"installing {' '.join(wanted)} into {self.folder}, once for this machine")
        link = os.path.join(self.folder, name)
        # What makers left who died, and a link that leads to something broken.
        for left in os.listdir(self.folder):
            if left.startswith(f".{name}."):
                path = os.path.join(self.folder, left)
                if os.path.isdir(path):
                    shutil.rmtree(path, ignore_errors=True)
        place = tempfile.mkdtemp(prefix=f".{name}.", dir=self.folder)
        try:
            self.fill(place, wanted, deadline)
            # Its name must not be on the disk before what it names.
            subprocess.run(["sync", "-f", place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            os.symlink(os.path.basename(place), f"{place}.link")
            os.rename(f"{place}.link", link)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        self.say(f"installed in {time.monotonic() - started:.0f} s")
        return Environment(os.path.join(place, "bin", "python3"), [os.path.join(place, "bin")])

    def fill(self, place, wanted, deadline):
        scratch = os.path.join(place, "tmp")
        variables = dict(self.variables, TMPDIR=scratch)
        for name in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"):
            variables.pop(name, None)
        os.mkdir(scratch)
        code = run_bounded([sys.executable, "-m", "venv", place], variables, self.log, deadline)
        if code != 0:
            raise self.failure(
                code, f"{sys.executable} cannot make a virtual environment: install its 'venv' (on Debian and Ubuntu: "
                "apt-get install -y python3-venv), or say 'python' in the engine's options")
        pip = [os.path.join(place, "bin", "python3"), "-m", "pip", "install", "--no-input", "--progress-bar=off",
               "--disable-pip-version-check", "--timeout=30", "--retries=3"]
        code = run_bounded(pip + wanted, variables, self.log, deadline)
        if code != 0:
            raise self.failure(
                code, f"{' '.join(wanted)} cannot be installed for Python {platform.python_version()}: the package index that "
                "pip asks on this node has no such version for it, or cannot be reached")
        shutil.rmtree(scratch, ignore_errors=True)

    def failure(self, code, message):
        if code is None:
            return EngineFailure(
                EngineFailure.INCOMPLETE, "the installation took too long; 'start_timeout' gives it longer",
                last_lines(self.log))
        return EngineFailure(EngineFailure.UNAVAILABLE, message, last_lines(self.log))
