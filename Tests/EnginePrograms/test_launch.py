"""What a node of an engine knows of itself and tells of others. From the repository: make test-scripts."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import types
import unittest

PROGRAMS = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "SkyEngines" / "Node"
sys.path.insert(0, str(PROGRAMS))
sys.dont_write_bytecode = True

import launch  # noqa: E402
from processes import EngineFailure  # noqa: E402


class NodeTests(unittest.TestCase):
    def node(self, addresses, rank=0, options=None, **wanted):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        programs = f"{folder.name}/engine/programs"
        os.makedirs(programs)
        shutil.copy(PROGRAMS / "launch.py", programs)
        with open(f"{programs}/engine.json", "w", encoding="utf-8") as file:
            json.dump({"name": "ray", "version": "2.60.0", "options": {"start_timeout": 60.0, **(options or {})}, **wanted},
                      file)
        kept, launch.__file__ = launch.__file__, f"{programs}/launch.py"
        self.addCleanup(setattr, launch, "__file__", kept)
        return launch.Node({
            "SKY_ENGINE_SECRET": "s", "SKY_NODE_RANK": str(rank), "SKY_NODE_IPS": "\n".join(addresses), "PATH": "/bin",
            "SKY_INSTALL_PIP_INDEX_URL": "https://packages", "GREETING": "it's"})

    def test_nodes_of_one_machine_share_it(self):
        alone, shared = self.node(["127.0.0.1"]), self.node(["127.0.0.1"] * 4)
        self.assertEqual(shared.cpus, max(1, len(os.sched_getaffinity(0)) // 4))
        self.assertAlmostEqual(shared.memory * 4, alone.memory, delta=8)
        self.assertEqual(self.node(["127.0.0.1"], memory_limit=1000).memory, 1000)

    def test_secrets_and_ways_to_packages_are_not_handed_on(self):
        node = self.node(["127.0.0.1"])
        self.assertEqual(node.secret, "s")
        self.assertEqual(node.install_variables["PIP_INDEX_URL"], "https://packages")
        self.assertEqual([name for name in node.variables if "SECRET" in name or "PIP" in name], [])
        self.assertEqual(node.variables["PYTHONUNBUFFERED"], "1")

    def test_variables_for_shells_are_those_that_the_engine_changed(self):
        node = self.node(["127.0.0.1"])
        node.write_variables({**node.variables, "PATH": "/a b:/bin", "RAY_ADDRESS": "it's"})
        answer = subprocess.run(
            ["/bin/sh", "-c", f'. "{node.folder}/env"; echo "$PATH|$RAY_ADDRESS|$GREETING"'], capture_output=True,
            text=True, check=True, env={"PATH": "/bin"})
        self.assertEqual(answer.stdout, "/a b:/bin|it's|\n")
        self.assertEqual(os.stat(f"{node.folder}/env").st_mode & 0o777, 0o600)

    def test_an_address_is_one_that_others_reach(self):
        self.assertEqual(launch.own_address(["127.0.0.1", "10.0.0.1"], 0), "127.0.0.1")
        self.assertEqual(launch.own_address(["localhost"], 0), launch.numeric("localhost"))
        self.assertEqual(launch.own_address(["localhost", "127.0.0.1"], 0), "127.0.0.1")

    def test_who_is_missing_is_named_with_what_was_said_last(self):
        node = self.node(["10.0.0.1", "10.0.0.2", "10.0.0.3"], rank=0)
        absent = [(1, True, "is installing the engine", ["Collecting ray"]), (2, False, "has not been heard of", [])]
        failure = launch.incomplete(node, None, absent)
        self.assertEqual(failure.code, EngineFailure.INCOMPLETE)
        self.assertEqual(str(failure), "ray is not up on all 3 nodes after 60 s: nodes 1, 2 are missing")
        self.assertEqual(launch.described(node, absent), [
            "node 1 (10.0.0.2) is installing the engine", "    Collecting ray",
            "node 2 (10.0.0.3) has not been heard of, and does not answer"])
        uncounted = launch.incomplete(node, types.SimpleNamespace(lines=lambda: ["last"]), [])
        self.assertIn("its head does not count them", str(uncounted))
        self.assertEqual(uncounted.lines, ["last"])


if __name__ == "__main__":
    unittest.main()
