"""Runs every test: `python3 tests/run.py [--quick | --blender] [pytest arguments]`. Needs Python 3.11 or later with pip and venv.

Makes the environments that are missing: the backend's, one with ruff and mypy, those with pytest, and one with bpy for each
Blender version whose Python is found here (none with --quick). ruff and mypy count as one test each. The last line sums all
runs, "N passed, N failed, N skipped"; the lines before it say what was left out, and why.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mpsnet_blender.client.child_process import child_environ  # noqa: E402
from mpsnet_blender.client.setup.setup_errors import SetupCancelled, SetupError  # noqa: E402
from mpsnet_blender.shared.user_home import default_home  # noqa: E402  (found through the line above)
from mpsnet_blender.shared.wording import describe_exit  # noqa: E402
from tests.environments import ROOT, Interpreters, make_environments, missing_system_packages  # noqa: E402

PURE_TESTS = ("tests/shared", "tests/motion", "tests/client", "tests/tools", "tests/test_*.py")
NO_TESTS_COLLECTED = 5  # pytest's exit status
BLENDERS_AT_ONCE = 2    # the tests in one keep one core busy, and take 0.6 GB


@dataclass(frozen=True)
class Counts:
    """How many tests passed, failed (errors too) and were skipped."""
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else "")


def main(arguments: list[str]) -> int:
    """Make the environments, run the tests in them, and print the totals. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--quick", action="store_true", help="leave out the tests in Blender")
    part.add_argument("--blender", action="store_true", help="run only the tests in Blender")
    parser.add_argument("--system-packages", action="store_true",
                        help="only print the Debian packages that bpy lacks here, and end")
    given, pytest_arguments = parser.parse_known_args(arguments)
    missing = [] if given.quick else missing_system_packages()
    if given.system_packages:
        print(" ".join(missing))
        return 0
    if missing:
        print(f"bpy needs system libraries that are missing. On Debian and Ubuntu run:\n"
              f"  sudo apt-get install {' '.join(missing)}", file=sys.stderr)
        return 1
    home = default_home()
    try:
        interpreters = make_environments(home, in_blender=not given.quick, outside=not given.blender)
    except SetupError as error:
        print(f"Error: {error} {error.advice}", file=sys.stderr)
        return 1
    total = run_all(home, interpreters, pytest_arguments)
    print()
    for what, why in interpreters.left_out.items():
        print(f"Left out: {what} ({why}).")
    print(total, flush=True)
    return 0 if total.failed == 0 and total.passed > 0 else 1


def run_all(home: Path, interpreters: Interpreters, pytest_arguments: list[str]) -> Counts:
    """Check the sources, run every group of tests in its environment, and return the sum."""
    total = Counts()
    if interpreters.outside:
        keypoints, mpsnet = interpreters.outside["keypoints"], interpreters.outside["mpsnet"]
        total += run_checks(interpreters.outside["lint"], mpsnet, home)
        total += run_pytest("pure", keypoints, PURE_TESTS, pytest_arguments, home)
        total += run_pytest("backend", keypoints, ("tests/backend",), pytest_arguments, home)
        total += run_pytest("mpsnet", mpsnet, ("tests/mpsnet",), pytest_arguments, home)
    with ThreadPoolExecutor(BLENDERS_AT_ONCE) as pool:
        blenders = [pool.submit(run_pytest, f"Blender {version}", python, ("tests/blender",), pytest_arguments, home, waits=True)
                    for version, python in interpreters.blender.items()]
    return sum((blender.result() for blender in blenders), total)


def run_checks(python: Path, with_types: Path, home: Path) -> Counts:
    """Check all sources by ruff and by mypy, one test each; mypy finds the packages' types by the interpreter `with_types`."""
    print("\n=== lint ===", flush=True)
    checks = (["ruff", "check", "--no-cache", "."],
              ["mypy", f"--python-executable={with_types}", f"--cache-dir={home / 'mypy-cache'}"])
    statuses = [subprocess.run([python, "-m", *check], cwd=ROOT, env=child_environ(), check=False).returncode
                for check in checks]
    return Counts(passed=statuses.count(0), failed=len(statuses) - statuses.count(0))


def run_pytest(name: str, python: Path, patterns: tuple[str, ...], pytest_arguments: list[str], home: Path,
               waits: bool = False) -> Counts:
    """Run one pytest process and return its counts; a process that breaks or finds no test counts as a failure.

    With `waits`, its output is shown in one piece at its end, so that processes side by side can be told apart.
    """
    paths = [str(path.relative_to(ROOT)) for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    title = f"\n=== {name} ==="
    if not waits:
        print(title, flush=True)
    if not paths:
        print(f"There are no tests in {' '.join(patterns)}.", file=sys.stderr)
        return Counts(failed=1)
    with tempfile.TemporaryDirectory(prefix="mpsnet-tests-") as folder:
        report = Path(folder) / "report.xml"
        ended = subprocess.run(
            [python, "-m", "pytest", f"--junitxml={report}", "--durations=5", *pytest_arguments, *paths],
            cwd=ROOT, env=child_environ() | {"MPSNET_HOME": str(home)}, check=False, encoding="utf-8", errors="replace",
            stdout=subprocess.PIPE if waits else None, stderr=subprocess.STDOUT if waits else None)
        if waits:
            print(f"{title}\n{ended.stdout}", flush=True)
        counts = read_counts(report)
    if ended.returncode == NO_TESTS_COLLECTED and pytest_arguments:  # they may choose tests of another group
        return counts
    if ended.returncode != 0 and counts.failed == 0:
        print(f"The tests of {name} broke ({describe_exit(ended.returncode)}).", file=sys.stderr)
        return counts + Counts(failed=1)
    return counts


def read_counts(report: Path) -> Counts:
    """Return the counts in pytest's JUnit report; none where it was never written."""
    if not report.is_file():
        return Counts()
    counts = Counts()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        ran, failed, errors, skipped = (int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped"))
        counts += Counts(ran - failed - errors - skipped, failed + errors, skipped)
    return counts


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (KeyboardInterrupt, SetupCancelled):
        sys.exit(130)
