"""The benchmark programs against binaries that only pretend."""
import contextlib
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent.parent

#: A `sky` that does nothing, quickly or slowly, and starts what a run would start.
SKY = """#!/bin/sh
case $1 in
launch)
    mkdir -p "$SKY_HOME/state" && cp "${0%/*}/journal.sqlite" "$SKY_HOME/state/"
    "$0" driver RUN & "${0%/*}/sky-agent" serve & wait ;;
driver) sleep 0.3 ;;
esac
sleep SLOWNESS
exit STATUS
"""


class Benchmarks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "journal.sqlite").touch()  # an empty database
        self.make("sky-agent", "#!/bin/sh\n[ $1 = serve ] && sleep 0.3\nexit 0\n")

    def make(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def sky(self, slowness="0", status="0"):
        return self.make("sky", SKY.replace("SLOWNESS", slowness).replace("STATUS", status))

    def run_program(self, name, *arguments):
        return subprocess.run([sys.executable, "-B", str(FOLDER / name), *arguments], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120)

    def test_startup_is_fine_with_a_quick_binary_and_says_so_with_a_slow_one(self):
        for slowness, code in (("0", 0), ("0.08", 1)):
            sky = self.sky(slowness)
            result = self.run_program("startup.py", "--sky", sky, "--wrapper", sky, "--runs", "40")
            self.assertEqual(result.returncode, code, result.stdout + result.stderr)
            self.assertEqual("BROKEN" in result.stdout, bool(code))

    def test_the_catalog_is_fine_with_a_quick_binary_and_says_so_with_a_slow_one(self):
        # However busy this machine is, the quick one is quick enough and the slow one is not.
        for slowness, lenience, code in (("0", "100", 0), ("0.06", "1", 1)):
            result = self.run_program(
                "catalog.py", "--sky", self.sky(slowness), "--runs", "20", "--lenient", lenience)
            self.assertEqual(result.returncode, code, result.stdout + result.stderr)
            self.assertEqual("BROKEN" in result.stdout, bool(code))

    def test_a_binary_that_fails_is_not_measured(self):
        sky = self.sky(status="2")
        result = self.run_program("startup.py", "--sky", sky, "--wrapper", sky)
        self.assertEqual(result.returncode, 1)
        self.assertIn("ended with 2", result.stderr)

    def test_a_binary_that_is_not_there_is_named(self):
        result = self.run_program("hello.py", "--sky", str(self.folder / "none"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("make build", result.stderr)

    def test_hello_splits_its_time_by_the_journal(self):
        with contextlib.closing(sqlite3.connect(self.folder / "journal.sqlite")) as journal, journal:
            journal.execute("CREATE TABLE event (run TEXT, seq INTEGER, body TEXT)")
            journal.execute("CREATE TABLE run (id TEXT, launched_at INTEGER)")
            journal.execute("INSERT INTO run VALUES ('hello-1', 1000)")
            for number, (at, name) in enumerate([(1000, "launched"), (1200, "provisioned"), (1500, "provisioned")]):
                body = json.dumps({"at": at, "dice": 0, "event": {name: {"_0": {}}}})
                journal.execute("INSERT INTO event VALUES ('hello-1', ?, ?)", (number, body))
        result = self.run_program("hello.py", "--sky", self.sky(), "--runs", "1")
        self.assertIn("500.0 ms  until provisioned, 2 times", result.stdout, result.stderr)

    def test_memory_is_taken_from_the_processes_of_the_run(self):
        result = self.run_program("size.py", "--sky", "/bin/true", "--agent", "/bin/true", "--no-run")
        self.assertIn("BROKEN  the agent needs no shared library: libc.so.6", result.stdout)
        probe = ("import sys; sys.path.insert(0, sys.argv[1]); import size; "
                 "print(size.largest_resident(sys.argv[2], {'driver': r'\\bsky driver\\b', 'agent': r'\\bsky-agent serve\\b'}))")
        result = subprocess.run([sys.executable, "-B", "-c", probe, str(FOLDER), self.sky()], capture_output=True,
                                text=True, timeout=60)
        self.assertRegex(result.stdout, r"'driver': [1-9]\d{4,}, 'agent': [1-9]\d{4,}", result.stderr)

    def test_a_peer_that_is_not_installed_is_said_to_be_missing(self):
        probe = ("import os, sys; sys.path.insert(0, sys.argv[1]); import peers; os.environ['PATH'] = '/nowhere'\n"
                 "for peer in (peers.slurm(8), peers.ray(8, None)):\n"
                 "    try:\n        with peer: print('there')\n"
                 "    except peers.Missing as reason: print(reason)")
        result = subprocess.run([sys.executable, "-B", "-c", probe, str(FOLDER)], capture_output=True, text=True, timeout=60)
        self.assertRegex(result.stdout, r"(there is no sbatch|only root .*)\nthere is no ray", result.stderr)


if __name__ == "__main__":
    unittest.main()
