"""Processes of engines, and what nodes must have for them. From the repository: make test-scripts."""
import os
import pathlib
import signal
import sys
import tempfile
import time
import types
import unittest

PROGRAMS = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "SkyEngines" / "Node"
sys.path.insert(0, str(PROGRAMS))
sys.dont_write_bytecode = True

import processes  # noqa: E402
import spark_engine  # noqa: E402
from processes import Daemon, EngineFailure  # noqa: E402


class ProcessTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text, mode=0o755):
        path = f"{self.folder}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def run_command(self, text, check=lambda: None):
        return processes.run_command(self.write("command.sh", text), dict(os.environ), check)

    def test_a_command_ends_as_a_shell_says(self):
        self.assertEqual(self.run_command("exit 7"), 7)
        self.assertEqual(self.run_command("kill -9 $$"), 137)

    def test_a_broken_engine_ends_the_command(self):
        def check():
            raise EngineFailure(EngineFailure.BROKEN, "gone")
        started = time.monotonic()
        with self.assertRaises(EngineFailure):
            self.run_command(f"exec 3>{self.folder}/here; exec sleep 1000", check)
        self.assertLess(time.monotonic() - started, 60)

    def test_a_daemon_is_ended_with_what_it_started_and_says_how_it_ended(self):
        log = f"{self.folder}/log"
        script = "trap '' TERM; sleep 1000 & echo $! > pid; echo ready; wait; sleep 1000"
        daemon = Daemon("the daemon", ["/bin/sh", "-c", script], dict(os.environ), log, self.folder)
        deadline = time.monotonic() + 60
        while "ready" not in processes.text_of(log):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.assertTrue(daemon.is_alive)
        daemon.stop(patience=0.2)
        self.assertFalse(daemon.is_alive)
        failure = daemon.failure()
        self.assertEqual(str(failure), f"the daemon ended with signal {signal.SIGKILL.value}")
        self.assertEqual((failure.code, failure.lines), (EngineFailure.BROKEN, ["ready"]))
        with open(f"{self.folder}/pid", encoding="utf-8") as file:
            child = int(file.read())
        while os.path.exists(f"/proc/{child}") and "Z" not in processes.text_of(f"/proc/{child}/stat").rsplit(")", 1)[-1]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_a_bounded_program_ends_in_time(self):
        log = f"{self.folder}/log"
        code = processes.run_bounded(["/bin/sh", "-c", "echo a; exit 3"], dict(os.environ), log, time.monotonic() + 60)
        self.assertEqual((code, processes.last_lines(log)), (3, ["a"]))
        late = processes.run_bounded(["/bin/sleep", "1000"], dict(os.environ), log, time.monotonic() + 0.2)
        self.assertIsNone(late)

    # Java

    def java(self, name, version):
        return self.write(f"{name}/bin/java", f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")

    def spark(self, version, **variables):
        node = types.SimpleNamespace(version=version, variables=variables, folder=self.folder)
        return spark_engine.Spark(node)

    def test_versions_of_java_are_read(self):
        for text, version in (("17.0.15", 17), ("1.8.0_392", 8), ("21", 21), ("25-ea", 25)):
            self.assertEqual(spark_engine.java_version(self.java("one", text)), version)
        self.assertIsNone(spark_engine.java_version(f"{self.folder}/none"))

    def test_a_java_that_is_new_enough_is_taken(self):
        self.java("old", "11.0.2")
        self.java("new", "17.0.1")
        engine = self.spark("4.3.0", PATH=f"{self.folder}/old/bin:/bin", JAVA_HOME=f"{self.folder}/new")
        engine.check_node()
        self.assertEqual(engine.java_home, os.path.realpath(f"{self.folder}/new"))
        older = self.spark("3.5.1", PATH=f"{self.folder}/old/bin:/bin")
        older.check_node()
        self.assertEqual(older.java_home, os.path.realpath(f"{self.folder}/old"))

    def test_a_node_with_none_is_told_what_to_install(self):
        self.java("old", "11.0.2")
        with self.assertRaises(EngineFailure) as caught:
            self.spark("4.3.0", JAVA_HOME=f"{self.folder}/old").check_node()
        self.assertEqual(caught.exception.code, EngineFailure.UNAVAILABLE)
        for part in ("needs Java 17 or newer", "Java 11", "apt-get install -y openjdk-17-jre-headless"):
            self.assertIn(part, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
