#!/usr/bin/env python3
"""Reads all task files of a copy of SkyPilot's repository, and says which are refused and why.

    scripts/check-skypilot-examples.py FOLDER [--sky PATH] [--skypilot PYTHON] [--plan] [--json FILE] [--verbose]

FOLDER is a checkout of SkyPilot's repository (its folders examples/ and llm/ are looked through) or any folder of task
files. PYTHON is an interpreter in whose environment SkyPilot is installed: each file is then given to SkyPilot as well.
Every disagreement is printed: what only one of both reads, and where both read a file but mean other machines, variables
or commands by it. With --plan each file that is read is planned too.

Commands are run from FOLDER, with an empty home folder and no credentials. A file that is refused only because a variable
has no value, or because files of its author's home folder are not there, is tried again with both made up.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Codes whose complaints are about the world around the file, and about what sky says that it cannot do.
SURROUNDINGS = {"spec.missing-env", "spec.no-file"}
UNSUPPORTED = {"spec.unsupported-store"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--sky", default=None, help="the sky program; the one of this checkout when left out")
    parser.add_argument("--skypilot", metavar="PYTHON", help="a Python with SkyPilot, for its own verdicts")
    parser.add_argument("--plan", action="store_true", help="plan what can be read")
    parser.add_argument("--json", type=pathlib.Path, help="also write everything here")
    parser.add_argument("--verbose", action="store_true", help="name the files of each group")
    options = parser.parse_args()
    folder = options.folder.resolve()
    names = task_files(folder)
    if not names:
        sys.exit(f"no YAML files in {folder}")
    sky = options.sky or str(pathlib.Path(__file__).resolve().parent.parent / "sky")
    files = {}
    with tempfile.TemporaryDirectory() as state:
        for name in names:
            # A home for each: what is made up for one file must not serve another.
            with tempfile.TemporaryDirectory() as home:
                reader = Reader(os.path.abspath(sky), folder, pathlib.Path(home), state)
                files[name] = reader.read(name, plan=options.plan)
    if options.skypilot:
        with tempfile.TemporaryDirectory() as home:
            theirs = skypilot_opinion(options.skypilot, folder, home, files)
        for name, opinion in theirs["files"].items():
            files[name]["skypilot"] = opinion
        print(f"SkyPilot {theirs['version']}")
    report(files, options)
    if options.json:
        options.json.write_text(json.dumps(files, indent=1) + "\n")
    differ = any(file.get("skypilot", {}).get("differences") for file in files.values())
    sys.exit(1 if differ or disagreements(files) else 0)


def task_files(folder):
    roots = [folder / name for name in ("examples", "llm") if (folder / name).is_dir()] or [folder]
    found = [path for root in roots for path in root.rglob("*") if path.suffix in (".yaml", ".yml") and path.is_file()]
    return sorted(str(path.relative_to(folder)) for path in found)


def skypilot_opinion(python, folder, home, files):
    program = pathlib.Path(__file__).resolve().parent / "skypilot_opinion.py"
    explained = {name: file["explained"] for name, file in files.items()}
    done = subprocess.run([python, str(program)], input=json.dumps(explained), capture_output=True, text=True,
                          cwd=folder, env={"HOME": home, "PATH": os.environ["PATH"]})
    if done.returncode != 0:
        sys.exit(f"SkyPilot could not be asked:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


class Reader:
    """`state` is where sky keeps what it makes for itself, such as its index of the catalog."""

    def __init__(self, sky, folder, home, state):
        self.sky, self.folder, self.home, self.state = sky, folder, home, state

    def run(self, *arguments):
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "SKY_HOME": self.state}
        return subprocess.run([self.sky, *arguments], capture_output=True, text=True, cwd=self.folder, env=environment)

    def read(self, name, plan):
        answer = self.run("validate", "--output", "json", name)
        try:
            file = json.loads(answer.stdout)["files"][0]
        except (ValueError, LookupError):
            sys.exit(f"{name}: sky validate printed no JSON:\n{answer.stdout}{answer.stderr}")
        errors = [entry for entry in file["diagnostics"] if entry["severity"] == "error"]
        result = {"accepted": file["valid"], "errors": errors,
                  "warnings": [entry for entry in file["diagnostics"] if entry["severity"] == "warning"],
                  "explained": self.run("explain", name).stdout if file["valid"] else None}
        variables = self.surroundings(errors)
        if not file["valid"] and variables is not None:
            given = [part for variable in variables for part in ("--env", f"{variable}=value")]
            again = self.run("validate", *given, name)
            result["accepted_with_surroundings"] = again.returncode == 0
            result["complaint"] = None if again.returncode == 0 else first_error(again.stderr + again.stdout)
        else:
            given = []
        if plan and (file["valid"] or result.get("accepted_with_surroundings")):
            answer = self.run("plan", "--output", "json", *given, name)
            result["planned"] = answer.returncode == 0
            if answer.returncode != 0:
                result["plan_complaint"] = plan_complaint(answer.stderr)
        return result

    def surroundings(self, errors):
        """Makes up what the complaints miss. Returns the variables, or None if something else is wrong."""
        variables = []
        for error in errors:
            variable = re.search(r"variable '(\w+)' has no value", error["message"])
            path = re.search(r"a file or folder at (/.*)", error.get("expected") or "")
            if error["code"] == "spec.missing-env" and variable:
                variables.append(variable.group(1))
            elif error["code"] == "spec.no-file" and path and path.group(1).startswith(f"{self.home}/"):
                self.make(path.group(1), is_folder="workdir" in error["message"])
            else:
                return None
        return variables

    @staticmethod
    def make(path, is_folder):
        path = pathlib.Path(path)
        # Another file of the same home may lie below it.
        if is_folder or not path.suffix:
            path.mkdir(parents=True, exist_ok=True)
        elif not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")


def first_error(text):
    """The message alone: what is before it is a place, what is after it help."""
    for line in text.splitlines():
        if "error" in line:
            return line.split("error: ", 1)[-1].strip()
    return text.strip().splitlines()[0] if text.strip() else "no message"


def plan_complaint(text):
    """What is said of each stage: `  train: no offer has …`."""
    reasons = re.findall(r"^  [a-z][a-z0-9-]*: (.*)$", text, re.MULTILINE)
    return "; ".join(dict.fromkeys(reasons)) or first_error(text)


def is_only(file, codes):
    return bool(file["errors"]) and all(error["code"] in codes for error in file["errors"])


def is_about_surroundings(file):
    return is_only(file, SURROUNDINGS)


def is_unsupported(file):
    return is_only(file, SURROUNDINGS | UNSUPPORTED) and not is_about_surroundings(file)


def is_misread(file):
    return not file["accepted"] and not is_only(file, SURROUNDINGS | UNSUPPORTED)


def disagreements(files):
    """Files that SkyPilot reads and sky refuses for what stands in them."""
    return [name for name, file in files.items() if file.get("skypilot", {}).get("accepted") and is_misread(file)]


def report(files, options):
    def show(title, names, reason=None):
        print(f"{len(names):5}  {title}")
        for name in names if options.verbose or reason else []:
            print(f"         {name}{': ' + reason(name) if reason else ''}")

    def errors_of(name):
        return "; ".join(error["message"] for error in files[name]["errors"])

    def pick(test):
        return [name for name, file in files.items() if test(file)]

    show("YAML files", list(files))
    if options.skypilot:
        accepted = {name for name, file in files.items() if file["skypilot"]["accepted"]}
        print("\nof those that SkyPilot reads:")
        show("in all", sorted(accepted))
        show("read", [name for name in files if name in accepted and files[name]["accepted"]])
        show("  of these, others are meant than SkyPilot means",
             [name for name in files if files[name]["skypilot"]["differences"]],
             lambda name: "; ".join(files[name]["skypilot"]["differences"]))
        show("refused: a file or folder that it names is not there, or a variable has no value",
             [name for name in files if name in accepted and is_about_surroundings(files[name])], errors_of)
        show("  of these read once that is made up in an empty home",
             [name for name in files if name in accepted and files[name].get("accepted_with_surroundings")])
        show("refused: sky says that it cannot do it yet",
             [name for name in files if name in accepted and is_unsupported(files[name])], errors_of)
        show("refused as wrong", disagreements(files), errors_of)
        print("\nof those that SkyPilot refuses:")
        show("in all", [name for name in files if name not in accepted])
        show("refused", [name for name in files if name not in accepted and not files[name]["accepted"]])
        show("  of these read once their variables have values",
             [name for name in files if name not in accepted and files[name].get("accepted_with_surroundings")])
        show("  of these for variables alone, but refused with values too",
             [name for name in files if name not in accepted and files[name].get("complaint")],
             lambda name: files[name]["complaint"])
        show("read", [name for name in files if name not in accepted and files[name]["accepted"]],
             lambda name: "SkyPilot: " + " ".join(str(files[name]["skypilot"]["reason"]).split())[:160])
    else:
        show("read", pick(lambda file: file["accepted"]))
        show("refused: a file or folder that they name is not there, or a variable has no value",
             pick(is_about_surroundings), errors_of)
        show("refused: sky says that it cannot do it yet", pick(is_unsupported), errors_of)
        show("refused as wrong", pick(is_misread), errors_of)
    if options.plan:
        print("\nof those that are read:")
        show("planned", pick(lambda file: file.get("planned") is True))
        show("not planned", pick(lambda file: file.get("planned") is False), lambda name: files[name]["plan_complaint"])
    warnings = collections.Counter(
        re.sub(r"'/[^']*'|'~[^']*'|'\$[^']*'", "'…'", warning["message"])
        for file in files.values() if file["accepted"] for warning in file["warnings"])
    print("\nwarnings about what is read:")
    for message, count in warnings.most_common():
        print(f"{count:5}  {message}")


if __name__ == "__main__":
    main()
