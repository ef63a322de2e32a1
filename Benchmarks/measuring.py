"""What the programs of this folder share: running processes cheaply, medians, and saying whether a bound holds."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
NULL = os.open(os.devnull, os.O_RDWR)


def spawn(command, environment, output=NULL):
    """Starts `command` (a list) with posix_spawn, quiet; returns its process id."""
    actions = [(os.POSIX_SPAWN_DUP2, NULL, 0), (os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
    return os.posix_spawn(command[0], command, environment, file_actions=actions)


def wait(process):
    """The exit status of `process`, or 128 + the signal that ended it."""
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return status if status >= 0 else 128 - status


def seconds(command, environment):
    """How long `command` takes from start to end. Ends the program if it fails: there is nothing to measure then."""
    started = time.perf_counter()
    status = wait(spawn(command, environment))
    elapsed = time.perf_counter() - started
    if status != 0:
        again = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        sys.exit(f"{' '.join(command)} ended with {status}:\n{(again.stderr or again.stdout)[-2000:]}")
    return elapsed


def interleaved(rounds, *measurements):
    """Runs the measurements in turn, `rounds` times, so that a busy moment of the machine hits all of them alike.
    Returns the figures of each, in the order given."""
    figures = [[] for _ in measurements]
    for _ in range(rounds):
        for measure, into in zip(measurements, figures):
            into.append(measure())
    return figures


@contextlib.contextmanager
def spreading_folder():
    """A folder whose subfolders the file system spreads over the disk, as the backends make theirs. Without that, files
    that a run before has removed make new ones slow for minutes: ext4 without a journal looks at each of their places."""
    with tempfile.TemporaryDirectory(prefix="sky-spread-", dir="/tmp") as folder:
        subprocess.run(["chattr", "+T", folder], stderr=subprocess.DEVNULL, check=False)
        yield folder


def median(figures):
    return statistics.median(figures)


def spread(figures, show=lambda value: f"{value:.2f}"):
    """The least, the median and the most: a median alone hides that a busy machine has made noise of it."""
    return f"{show(min(figures))} to {show(max(figures))}, median {show(median(figures))}"


def load():
    """How many processes wanted a processor in the last minute; what was measured beside more of them than there are processors
    says little."""
    return os.getloadavg()[0]


def milliseconds(figure):
    return f"{figure * 1000:.1f} ms"


class Verdict:
    """Prints each claim with its figure and bound; `end` exits with 1 if one was broken."""

    def __init__(self):
        self.broken = 0

    def below(self, claim, figure, bound, show=lambda value: f"{value:.1f}"):
        holds = figure < bound
        self.broken += not holds
        print(f"{'ok    ' if holds else 'BROKEN'}  {claim}: {show(figure)} (bound: under {show(bound)})", flush=True)

    def above(self, claim, figure, bound, show=lambda value: f"{value:.1f}"):
        holds = figure >= bound
        self.broken += not holds
        print(f"{'ok    ' if holds else 'BROKEN'}  {claim}: {show(figure)} (bound: at least {show(bound)})", flush=True)

    def true(self, claim, holds, detail=""):
        self.broken += not holds
        print(f"{'ok    ' if holds else 'BROKEN'}  {claim}{': ' + detail if detail else ''}", flush=True)

    def skipped(self, claim, why):
        print(f"skipped {claim}: {why}", flush=True)

    def note(self, text):
        print(f"        {text}", flush=True)

    def end(self):
        sys.exit(1 if self.broken else 0)


def binary(path):
    """An absolute path to an executable, or the end of the program with a hint."""
    path = pathlib.Path(path).resolve()
    if not os.access(path, os.X_OK):
        sys.exit(f"no executable at {path}; `make build` makes it")
    return str(path)


@contextlib.contextmanager
def fresh_home():
    """An environment with a SKY_HOME of its own, under a short path; what still runs from it in the end is ended."""
    folder = tempfile.mkdtemp(prefix="sky-bench-", dir="/tmp")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SKY_", "XDG_"))}
    environment["SKY_HOME"] = folder
    try:
        yield environment
    finally:
        for process in processes_of(folder):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def processes_of(home):
    """The processes whose command line or environment names the folder `home`; never this one."""
    for process in process_ids():
        if process != os.getpid() and (home in command_line(process) or home in proc_text(process, "environ")):
            yield process


def process_ids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def proc_text(process, name):
    try:
        return pathlib.Path(f"/proc/{process}/{name}").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def command_line(process):
    return proc_text(process, "cmdline").strip()


def journal_events(home):
    """What the journal below the SKY_HOME `home` says of its latest run: (seconds since 1970, the event's name) in order.
    Nothing where there is no such journal."""
    path = pathlib.Path(home, "state", "journal.sqlite")
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
        rows = journal.execute(
            "SELECT body FROM event WHERE run = (SELECT id FROM run ORDER BY launched_at DESC LIMIT 1) ORDER BY seq")
        records = [json.loads(body) for (body,) in rows]
    events = []
    for record in records:
        at = record["at"]
        milliseconds = at["millisecondsSince1970"] if isinstance(at, dict) else at
        event = record["event"]
        events.append((milliseconds / 1000, next(iter(event)) if isinstance(event, dict) else str(event)))
    return events
