"""The `sky` wrapper and its scripts against a swift, an apt-get and a sudo that only pretend."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

#: Pretends to build: says what it was told, makes the product; takes as long and fails as the test says.
SWIFT = """#!/bin/sh
if [ "$1" = --version ]; then echo "Swift version ${FAKE_VERSION:-6.3.1} (fake)"; exit 0; fi
echo "SKY_STATIC=$SKY_STATIC $*" >>"$FAKE_STATE/builds"
echo "[1/2] Compiling something"
sleep "${FAKE_BUILD_SECONDS:-0}"
if [ -n "${FAKE_FAILURE:-}" ]; then echo "error: $FAKE_FAILURE"; exit 1; fi
while [ $# -gt 0 ]; do
    case $1 in --package-path) root=$2 ;; --product) product=$2 ;; esac
    shift
done
mkdir -p "$root/.build/release"
printf '#!/bin/sh\\necho "%s got: $*"\\nexit "${FAKE_EXIT:-0}"\\n' "$product" >"$root/.build/release/$product"
chmod +x "$root/.build/release/$product"
"""
#: Has libcurl and the rest, but libyaml only once apt-get has been here.
PKG_CONFIG = """#!/bin/sh
case "$*" in *yaml-0.1*) [ -e "$FAKE_STATE/installed" ] ;; esac
"""
APT_GET = """#!/bin/sh
echo "$*" >>"$FAKE_STATE/apt-get"
echo "words of apt-get"
case $1 in
update) : >"$FAKE_STATE/updated" ;;
install) [ -e "$FAKE_STATE/updated" ] || exit 100; : >"$FAKE_STATE/installed" ;;
esac
"""
SUDO = """#!/bin/sh
echo "$*" >>"$FAKE_STATE/sudo"
[ "$1" = -n ] && shift
exec "$@"
"""
ID = """#!/bin/sh
echo "${FAKE_UID:-0}"
"""
TOOLS = """basename cat chmod cut date dirname env find flock git head ld ld.gold ln make mkdir mv python3 readlink rm sed sh
sleep ssh sshd strip tail touch uname""".split()


class Wrapper(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root, self.state, self.bin = (pathlib.Path(folder.name, name) for name in ("clone", "state", "bin"))
        for made in (self.root / "Sources/sky", self.root / "scripts", self.state, self.bin):
            made.mkdir(parents=True)
        for name in ("sky", "scripts/build-release.sh", "scripts/ensure-packages.sh"):
            shutil.copy(ROOT / name, self.root / name)
        (self.root / "Package.swift").write_text("// fake\n")
        (self.root / "Sources/sky/main.swift").write_text("// fake\n")
        for tool in TOOLS:
            if (path := shutil.which(tool)) is not None:
                (self.bin / tool).symlink_to(path)
        for tool in ("ld", "ld.gold"):
            if not (self.bin / tool).exists():
                self.fake(tool, "#!/bin/sh\n")
        (self.state / "installed").touch()
        self.fake("swift", SWIFT)
        self.fake("pkg-config", PKG_CONFIG)
        self.fake("apt-get", APT_GET)
        self.fake("id", ID)

    def fake(self, name, text):
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def start(self, *arguments, command=None, cwd="/", **environment):
        return subprocess.Popen(
            [str(command or self.root / "sky"), *arguments], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={"PATH": str(self.bin), "FAKE_STATE": str(self.state), **environment})

    def sky(self, *arguments, **options):
        process = self.start(*arguments, **options)
        stdout, stderr = process.communicate(timeout=60)
        return process.returncode, stdout, stderr

    def noted(self, name):
        path = self.state / name
        return path.read_text().splitlines() if path.exists() else []

    def make_yaml_missing(self):
        (self.state / "installed").unlink()

    def test_the_first_call_builds_both_products_alike_and_only_once(self):
        code, stdout, stderr = self.sky("status", "a b")
        self.assertEqual((code, stdout), (0, "sky got: status a b\n"), stderr)
        self.assertIn("building for the first time", stderr)
        sky, agent = self.noted("builds")
        self.assertIn("SKY_STATIC=1 build", sky)
        self.assertEqual(sky.replace("--product sky", "--product sky-agent"), agent)
        self.assertEqual(self.sky("x"), (0, "sky got: x\n", ""))
        self.assertEqual(len(self.noted("builds")), 2)

    def test_it_hands_on_the_exit_status_and_the_working_directory(self):
        self.sky()
        self.assertEqual(self.sky(FAKE_EXIT="130")[0], 130)
        self.assertEqual(self.sky("y", command="./sky", cwd=self.root), (0, "sky got: y\n", ""))

    def test_it_works_through_a_symbolic_link(self):
        self.sky()
        (self.state / "link").symlink_to(self.root / "sky")
        self.assertEqual(self.sky("z", command=self.state / "link"), (0, "sky got: z\n", ""))

    def test_changed_added_and_removed_sources_are_built_again(self):
        self.sky()
        for change in (
            lambda: (self.root / "Sources/sky/main.swift").write_text("// changed\n"),
            lambda: (self.root / "Sources/sky/other.swift").write_text("// added\n"),
            lambda: (self.root / "Sources/sky/other.swift").unlink(),
            lambda: (self.root / "Package.swift").write_text("// changed\n"),
        ):
            before = len(self.noted("builds"))
            time.sleep(0.02)
            change()
            self.assertIn("sources have changed", self.sky()[2])
            self.assertEqual(len(self.noted("builds")), before + 2)
            self.assertEqual(self.sky()[2], "")

    def test_a_failed_build_shows_the_end_of_its_log_and_is_tried_again(self):
        for _ in range(2):
            code, stdout, stderr = self.sky(FAKE_FAILURE="cannot find 'x' in scope")
            self.assertEqual((code, stdout), (1, ""))
            self.assertIn("error: cannot find 'x' in scope", stderr)
        self.assertEqual(self.sky()[0], 0)

    def test_two_first_calls_at_once_build_once(self):
        both = [self.start(str(number), FAKE_BUILD_SECONDS="1") for number in range(2)]
        outputs = [process.communicate(timeout=60) for process in both]
        self.assertEqual([process.returncode for process in both], [0, 0])
        self.assertEqual([stdout for stdout, _ in outputs], ["sky got: 0\n", "sky got: 1\n"])
        self.assertEqual(len(self.noted("builds")), 2)
        self.assertIn("waiting for it", "".join(stderr for _, stderr in outputs))

    def test_missing_packages_are_installed_by_root_with_fresh_lists_if_need_be(self):
        self.make_yaml_missing()
        code, stdout, stderr = self.sky("x")
        self.assertEqual((code, stdout), (0, "sky got: x\n"), stderr)
        self.assertIn("missing on this system: libyaml-dev\n", stderr)
        self.assertEqual([line.split()[0] for line in self.noted("apt-get")], ["install", "update", "install"])
        self.assertEqual(self.noted("sudo"), [])

    def test_others_install_through_sudo(self):
        self.make_yaml_missing()
        self.fake("sudo", SUDO)
        self.assertEqual(self.sky(FAKE_UID="1000")[0], 0)
        self.assertIn("-n env", self.noted("sudo")[0])

    def test_without_root_and_sudo_it_prints_the_command(self):
        self.make_yaml_missing()
        code, stdout, stderr = self.sky(FAKE_UID="1000")
        self.assertEqual((code, stdout), (3, ""))
        self.assertIn("apt-get update && apt-get install -y libyaml-dev\n", stderr)
        self.assertEqual(self.noted("apt-get"), [])

    def test_a_sudo_that_refuses_leads_to_the_command(self):
        self.make_yaml_missing()
        self.fake("sudo", "#!/bin/sh\nexit 1\n")
        code, _, stderr = self.sky(FAKE_UID="1000")
        self.assertEqual(code, 3)
        self.assertIn("sudo apt-get update && sudo apt-get install -y libyaml-dev\n", stderr)

    def test_a_system_without_apt_is_told_what_it_lacks(self):
        self.make_yaml_missing()
        (self.bin / "apt-get").unlink()
        code, _, stderr = self.sky()
        self.assertEqual(code, 3)
        self.assertIn("libyaml-dev", stderr)

    def test_checking_installs_nothing(self):
        self.make_yaml_missing()
        code, _, stderr = self.sky("test", "--check", command=self.root / "scripts/ensure-packages.sh")
        self.assertEqual((code, self.noted("apt-get")), (3, []))
        self.assertIn("install with: apt-get update && apt-get install -y libyaml-dev", stderr)

    def test_no_swift_and_an_old_swift_are_told_where_to_get_one(self):
        for version in ("5.10", "6.1.2"):
            code, _, stderr = self.sky(FAKE_VERSION=version)
            self.assertEqual(code, 3)
            self.assertIn("too old", stderr)
        (self.bin / "swift").unlink()
        code, _, stderr = self.sky()
        self.assertEqual(code, 3)
        self.assertIn("https://www.swift.org/install/linux/", stderr)

    def test_a_binary_of_ones_own_is_taken_as_it_is(self):
        self.assertEqual(self.sky("x", SKY_BINARY=str(self.bin / "basename")), (0, "x\n", ""))
        self.assertEqual(self.noted("builds"), [])


if __name__ == "__main__":
    unittest.main()
