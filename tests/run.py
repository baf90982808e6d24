"""Runs every test: `python3 tests/run.py [--quick] [pytest arguments]`. Needs Python 3.11 or later with pip and venv.

Makes the backend's environment, one with pytest, and one with bpy for each Blender version (not with --quick); they are
kept beside the backend's environment and used again. The last line sums all runs: "N passed, N failed, N skipped".
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT))

from mpsnet_blender.client import base_python  # noqa: E402  (found through the line above)
from mpsnet_blender.client.backend_environment import PROFILES, BackendEnvironment, default_home  # noqa: E402
from mpsnet_blender.client.child_process import child_environ, describe_exit  # noqa: E402
from mpsnet_blender.client.python_environment import Packages, PythonEnvironment  # noqa: E402
from mpsnet_blender.client.setup_errors import SetupCancelled, SetupError  # noqa: E402
from mpsnet_blender.client.setup_steps import SetupRun  # noqa: E402
from mpsnet_blender.client.terminal import ProgressPrinter  # noqa: E402

BLENDER_VERSIONS = ("4.2.23", "4.5.15", "5.0.1")
BPY_PYTHON = (3, 11)  # the one that these bpy packages are built for
PYTEST = "pytest>=8,<10\n"
PURE_TESTS = ("tests/shared", "tests/motion", "tests/client", "tests/test_*.py")
BUILDS_AT_ONCE = 2
NO_TESTS_COLLECTED = 5  # pytest's exit status

# What `import bpy` loads from the system, and the Debian package that has it.
SYSTEM_LIBRARIES = {
    "libX11.so.6": "libx11-6", "libXext.so.6": "libxext6", "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3", "libXi.so.6": "libxi6", "libXxf86vm.so.1": "libxxf86vm1",
    "libxkbcommon.so.0": "libxkbcommon0", "libSM.so.6": "libsm6", "libICE.so.6": "libice6", "libGL.so.1": "libgl1",
}


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
    """Make the environments, run the tests in them, print the sum. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out the tests in Blender")
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
        backend, blender = make_environments(home, () if given.quick else BLENDER_VERSIONS)
    except SetupError as error:
        print(f"Error: {error} {error.advice}", file=sys.stderr)
        return 1
    total = run_all(home, backend, blender, pytest_arguments)
    print(total, flush=True)
    return 0 if total.failed == 0 and total.passed > 0 else 1


def missing_system_packages() -> list[str]:
    """Return the Debian packages of the system libraries that bpy needs and this Linux lacks."""
    missing = []
    for library, package in SYSTEM_LIBRARIES.items() if sys.platform == "linux" else ():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def make_environments(home: Path, versions: tuple[str, ...]) -> tuple[dict[str, Path], dict[str, Path]]:
    """Make what is missing and return interpreters with pytest: by the backend's profile, and by Blender version."""
    cancelled = threading.Event()
    with ThreadPoolExecutor(BUILDS_AT_ONCE) as pool:
        try:
            blender = {version: pool.submit(make_blender, home, version, cancelled) for version in versions}
            BackendEnvironment(home).ensure(ProgressPrinter("[backend] ").message, cancelled=cancelled)
            backend = {profile: make_backend(home, profile, cancelled) for profile in PROFILES}
            return backend, {version: python.result() for version, python in blender.items()}
        except BaseException:
            cancelled.set()
            raise


def make_backend(home: Path, profile: str, cancelled: threading.Event) -> Path:
    """Return the interpreter of the environment with the packages of a profile of the backend and pytest."""
    packages = PROFILES[profile].packages()
    packages = replace(packages, requirements=packages.requirements + PYTEST, imports=(*packages.imports, "pytest"))
    name = f"tests-{profile}"
    return make(home, PythonEnvironment(home, name, packages), name, cancelled, base_python.candidates())


def make_blender(home: Path, version: str, cancelled: threading.Event) -> Path:
    """Return the interpreter of the environment with bpy of that version and pytest."""
    packages = Packages(f"bpy=={version}\n{PYTEST}", ("bpy", "pytest"), 380, 2000)
    name = f"tests-bpy-{version}"
    environment = PythonEnvironment(home, name, packages, oldest=BPY_PYTHON, newest=BPY_PYTHON)
    return make(home, environment, name, cancelled, blender_pythons())


def make(home: Path, environment: PythonEnvironment, name: str, cancelled: threading.Event,
         programs: list[str]) -> Path:
    """Make an environment with its own log and progress lines; return its interpreter."""
    log_path = home / "logs" / f"{name}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    return environment.ensure(SetupRun(ProgressPrinter(f"[{name}] ").message, log_path, cancelled), programs)


def blender_pythons() -> list[str]:
    """Return the programs that may be the Python that bpy needs."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = sorted(str(path) for path in pyenv.glob(f"versions/{BPY_PYTHON[0]}.{BPY_PYTHON[1]}.*/bin/python"))
    return [*base_python.candidates(), *installed]


def run_all(home: Path, backend: dict[str, Path], blender: dict[str, Path], pytest_arguments: list[str]) -> Counts:
    """Run every group of tests in its environment and return the sum."""
    variables = {"MPSNET_HOME": str(home)}
    total = run_pytest("pure", backend["keypoints"], PURE_TESTS, pytest_arguments, variables)
    total += run_pytest("backend", backend["keypoints"], ("tests/backend",), pytest_arguments, variables)
    total += run_pytest("mpsnet", backend["mpsnet"], ("tests/mpsnet",), pytest_arguments, variables)
    for version, python in blender.items():
        with tempfile.TemporaryDirectory(prefix="mpsnet-blender-", ignore_cleanup_errors=True) as resources:
            variables = {"MPSNET_HOME": str(home), "BLENDER_USER_RESOURCES": resources,
                         "MPSNET_BLENDER_VERSION": version}
            total += run_pytest(f"Blender {version}", python, ("tests/blender",), pytest_arguments, variables)
    return total


def run_pytest(name: str, python: Path, patterns: tuple[str, ...], pytest_arguments: list[str],
               variables: dict[str, str]) -> Counts:
    """Run one pytest process and return its counts; a process that breaks or finds no test counts as a failure."""
    paths = [str(path.relative_to(ROOT)) for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    print(f"\n=== {name} ===", flush=True)
    if not paths:
        print(f"There are no tests in {' '.join(patterns)}.", file=sys.stderr)
        return Counts(failed=1)
    with tempfile.TemporaryDirectory(prefix="mpsnet-tests-") as folder:
        report = Path(folder) / "report.xml"
        ended = subprocess.run(
            [python, "-m", "pytest", f"--junitxml={report}", "--durations=5", *pytest_arguments, *paths],
            cwd=ROOT, env=child_environ() | variables, check=False)
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
