"""Tests of scripts/check-skypilot-examples.py with a sky that answers by rote, and of how it compares machines."""
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent

# Reads what it should say from the file that it is asked about.
FAKE_SKY = """#!%s
import json, sys
command, name = sys.argv[1], sys.argv[-1]
given = dict(word.split("=") for word in sys.argv if "=" in word)
lines = open(name).read().split()
errors = [] if lines[0] == "good" else [{"severity": "error", "code": lines[1], "message": " ".join(lines[2:])}]
if command == "validate":
    print(json.dumps({"files": [{"valid": not errors, "diagnostics": errors}]}))
elif errors and not (errors[0]["code"] == "spec.missing-env" and given == {"TOKEN": "value"}):
    sys.exit("x.yaml:1:1: error: no [spec.x]")
elif command == "plan" and lines[-1] == "nowhere":
    sys.exit("error: there is no plan: a stage can run nowhere\\n  a-b: no offer has T4:9")
else:
    print("stages: {}")
"""


def load(name):
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class CheckTests(unittest.TestCase):
    def check(self, files, *options):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            sky = root / "sky"
            sky.write_text(FAKE_SKY % sys.executable)
            sky.chmod(0o755)
            for name, text in files.items():
                path = root / "repository" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run(
                [sys.executable, "-B", SCRIPTS / "check-skypilot-examples.py", root / "repository", "--sky", sky,
                 "--json", root / "all.json", *options], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout, json.loads((root / "all.json").read_text())

    def test_groups_files_by_why_they_are_refused(self):
        text, files = self.check({
            "examples/a.yaml": "good", "llm/b.yml": "bad spec.missing-env variable 'TOKEN' has no value",
            "llm/c.yaml": "bad spec.unknown-field what is that", "llm/d.yaml": "bad spec.unsupported-store s",
            "docs/not-looked-at.yaml": "good", "examples/e.txt": "good",
        })
        self.assertEqual(sorted(files), ["examples/a.yaml", "llm/b.yml", "llm/c.yaml", "llm/d.yaml"])
        self.assertTrue(files["llm/b.yml"]["accepted_with_surroundings"])
        self.assertIn("1  read\n", text)
        self.assertIn("1  refused as wrong\n         llm/c.yaml: what is that\n", text)
        self.assertIn("1  refused: sky says that it cannot do it yet\n         llm/d.yaml: s\n", text)

    def test_plans_what_is_read_and_says_why_a_stage_can_run_nowhere(self):
        _, files = self.check({"a.yaml": "good", "b.yaml": "good nowhere"}, "--plan")
        self.assertEqual([files[name]["planned"] for name in ("a.yaml", "b.yaml")], [True, False])
        self.assertEqual(files["b.yaml"]["plan_complaint"], "no offer has T4:9")


class ComparisonTests(unittest.TestCase):
    def test_tpu_slices_have_one_spelling(self):
        opinion = load("skypilot_opinion")
        self.assertEqual(opinion.model("tpu-v5litepod-16"), "tpu-v5e")
        self.assertEqual(opinion.slice_count("tpu-v5litepod-16"), 16)
        self.assertEqual((opinion.model("A100-80GB"), opinion.slice_count("A100-80GB")), ("a100-80gb", 1))

    def test_a_request_is_one_machine_for_each_place_and_accelerator(self):
        opinion = load("skypilot_opinion")
        machines = list(opinion.our_machines(
            {"infra": ["aws/*/z", "kubernetes/a/b"], "accelerators": {"T4:2": None, "A100": 8}, "cpus": "4.0+"}))
        self.assertEqual(
            [(one["cloud"], one["region"], one["zone"], one["accelerator"]) for one in machines],
            [("aws", None, "z", ["t4", 2.0]), ("aws", None, "z", ["a100", 8.0]),
             ("kubernetes", "a/b", None, ["t4", 2.0]), ("kubernetes", "a/b", None, ["a100", 8.0])])
        self.assertEqual({one["cpus"] for one in machines}, {"4+"})


if __name__ == "__main__":
    unittest.main()
