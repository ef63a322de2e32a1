"""Processes of an engine: started with a log of their own, watched, and ended with what they started."""
import os
import signal
import subprocess
import time


class EngineFailure(Exception):
    """Why a node cannot go on: how its job ends, a sentence for people, and the last lines of what was under way."""

    # How a job ends whose engine failed. A command that ends with one of these counts as ended with 1.
    UNAVAILABLE = 120  # the engine cannot be had on this node
    INCOMPLETE = 121   # it was not up on all nodes in time
    BROKEN = 122       # it ended while the command ran
    CODES = (UNAVAILABLE, INCOMPLETE, BROKEN)

    def __init__(self, code, message, lines=()):
        super().__init__(message)
        self.code, self.lines = code, list(lines)


def last_lines(path, count=15):
    """The last lines of a log that say something; none if there is no such file."""
    try:
        with open(path, "rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 32768))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line[:500] for line in text.splitlines() if line.strip()][-count:]


def text_of(path):
    """What a log says so far."""
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            return log.read()
    except OSError:
        return ""


class Daemon:
    """A process of the engine, first of a session of its own."""

    def __init__(self, name, arguments, variables, log, folder):
        self.name, self.log = name, log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                arguments, env=variables, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True)

    @property
    def is_alive(self):
        return self.process.poll() is None

    def failure(self, code=EngineFailure.BROKEN):
        return EngineFailure(code, f"{self.name} ended with {ending(self.process.returncode)}", last_lines(self.log))

    def stop(self, patience=10.0):
        """Asks it to end, and ends it and its session if it does not."""
        if self.is_alive:
            self.process.terminate()
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.process.wait()


def ending(code):
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def run_bounded(arguments, variables, log, deadline, folder=None):
    """Runs a program to its end with its output in `log`; None when the deadline came first, and it was killed."""
    daemon = Daemon(os.path.basename(arguments[0]), arguments, variables, log, folder)
    try:
        return daemon.process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None
    finally:
        daemon.stop(patience=0.0)


def run_command(script, variables, check):
    """Runs the stage's command to its end and returns its code, as a shell gives it.

    `check` is called again and again, and raises if the engine is broken: then the command is asked to end. When this
    process itself is asked to end, so has been the command, and it has all the time that it is given.
    """
    process = subprocess.Popen(["/bin/sh", script], env=variables, stdin=subprocess.DEVNULL)
    try:
        while True:
            try:
                code = process.wait(0.5)
                return 128 - code if code < 0 else code
            except subprocess.TimeoutExpired:
                check()
    except EngineFailure:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    except SystemExit:
        process.wait()
        raise
