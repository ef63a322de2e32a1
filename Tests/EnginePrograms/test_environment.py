"""Environments of engines: made once, whole or not at all. From the repository: make test-scripts."""
import hashlib
import base64
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile

PROGRAMS = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "SkyEngines" / "Node"
sys.path.insert(0, str(PROGRAMS))
sys.dont_write_bytecode = True

import environment  # noqa: E402
from processes import EngineFailure  # noqa: E402


def make_wheel(folder, name, version):
    """A package with one program of its name, as pip installs it without asking anybody."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"def main():\n    print('{name} {version}')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


def ask(folder, number, answers):
    said = []
    variables = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{folder}/wheels"}
    cache = environment.Cache(f"{folder}/cache", variables, f"{folder}/log{number}", said.append)
    found = cache.environment("toyengine", "1.5", ["toyextra"], time.monotonic() + 200)
    answers.put((found.python, found.folders, said))


class CacheTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.mkdir(f"{self.folder}/wheels")
        for name, version in (("toyengine", "1.4"), ("toyengine", "1.5"), ("toyextra", "1.0")):
            make_wheel(f"{self.folder}/wheels", name, version)
        self.said = []
        variables = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{self.folder}/wheels"}
        self.cache = environment.Cache(f"{self.folder}/cache", variables, f"{self.folder}/log", self.said.append)

    def environment(self, version="1.5", packages=(), patience=200.0):
        return self.cache.environment("toyengine", version, list(packages), time.monotonic() + patience)

    def names(self):
        return sorted(os.listdir(f"{self.folder}/cache")) if os.path.isdir(f"{self.folder}/cache") else []

    def test_of_several_who_want_it_one_makes_it_and_all_have_it(self):
        answers = multiprocessing.Queue()
        makers = [multiprocessing.Process(target=ask, args=(self.folder, number, answers)) for number in range(4)]
        for maker in makers:
            maker.start()
        found = [answers.get(timeout=250) for _ in makers]
        for maker in makers:
            maker.join(60)
        self.assertEqual(len({python for python, _, _ in found}), 1)
        said = [line for _, _, lines in found for line in lines]
        self.assertEqual(sum(line.startswith("installing toyengine==1.5 toyextra into") for line in said), 1, said)
        program = environment.Environment(found[0][0], found[0][1]).program("toyengine")
        answer = subprocess.run([program], capture_output=True, text=True, check=False)
        self.assertEqual(answer.stdout, "toyengine 1.5\n")

    def test_each_version_and_set_of_packages_has_its_own_and_is_made_once(self):
        first, other = self.environment(), self.environment("1.4")
        self.assertNotEqual(first.python, other.python)
        self.assertEqual(self.environment().python, first.python)
        self.assertEqual(sum(line.startswith("installing") for line in self.said), 2, self.said)
        variables = first.variables({"PATH": "/usr/bin:/bin", "VIRTUAL_ENV": "x"})
        self.assertEqual(variables["PATH"], f"{os.path.dirname(first.python)}:/usr/bin:/bin")
        self.assertNotIn("VIRTUAL_ENV", variables)

    def test_what_a_maker_left_who_was_killed_is_swept_and_a_broken_one_made_anew(self):
        first = self.environment()
        name = self.cache.name("toyengine", "1.5", [])
        os.makedirs(f"{self.folder}/cache/.{name}.killed/bin")
        shutil.rmtree(os.path.dirname(first.python))
        second = self.environment()
        self.assertTrue(os.path.exists(second.python))
        whole = [entry for entry in self.names() if entry.startswith(f".{name}.") and not entry.endswith(".lock")]
        self.assertEqual(len(whole), 1, self.names())

    def test_one_that_cannot_be_had_leaves_nothing_and_says_what_pip_said(self):
        with self.assertRaises(EngineFailure) as caught:
            self.environment("9.9")
        self.assertEqual(caught.exception.code, EngineFailure.UNAVAILABLE)
        self.assertIn("toyengine==9.9 cannot be installed", str(caught.exception))
        self.assertTrue(any("No matching distribution" in line for line in caught.exception.lines))
        self.assertTrue(all(entry.endswith(".lock") for entry in self.names()), self.names())

    def test_time_that_is_over_ends_it(self):
        with self.assertRaises(EngineFailure) as caught:
            self.environment(patience=-1)
        self.assertEqual(caught.exception.code, EngineFailure.INCOMPLETE)
        self.assertTrue(all(entry.endswith(".lock") for entry in self.names()), self.names())

    def test_a_folder_that_cannot_be_written_is_named(self):
        with open(f"{self.folder}/cache", "w", encoding="utf-8"):
            pass
        with self.assertRaises(EngineFailure) as caught:
            self.environment()
        self.assertEqual(caught.exception.code, EngineFailure.UNAVAILABLE)
        self.assertIn(f"{self.folder}/cache", str(caught.exception))

    def test_a_node_that_has_it_is_taken_as_it_is_and_only_then(self):
        self.assertIsNone(environment.of_node("pip", "0.0.1", "pip3"))
        self.assertIsNone(environment.of_node("no-such-package", "1.0", "x"))


if __name__ == "__main__":
    unittest.main()
