"""The environments that the tests run in: made where they are missing, kept beside the backend's, used again."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import tomllib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from mpsnet_blender.client.backend_environment import PROFILES, BackendEnvironment
from mpsnet_blender.client.setup import base_python
from mpsnet_blender.client.setup.python_environment import Packages, PythonEnvironment
from mpsnet_blender.client.setup.setup_errors import NoPythonError
from mpsnet_blender.client.setup.setup_steps import SetupRun
from mpsnet_blender.client.terminal import ProgressPrinter

ROOT = Path(__file__).resolve().parents[1]

# The bpy packages that the tests run in, each with the one Python that it is built for.
BLENDER_PYTHONS = {"4.2.23": (3, 11), "4.5.15": (3, 11), "5.0.1": (3, 11), "5.2.3": (3, 13), "5.3.0": (3, 13)}
PYTEST = "pytest>=8,<10\n"
FUZZER = "hypothesis>=6.100,<7\n"
BUILDS_AT_ONCE = 2

# What `import bpy` loads from the system, and the Debian package that has it. libXxf86vm is for 4.2 alone; no version
# needs more than these.
SYSTEM_LIBRARIES = {
    "libX11.so.6": "libx11-6", "libXext.so.6": "libxext6", "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3", "libXi.so.6": "libxi6", "libXxf86vm.so.1": "libxxf86vm1",
    "libxkbcommon.so.0": "libxkbcommon0", "libSM.so.6": "libsm6", "libICE.so.6": "libice6", "libGL.so.1": "libgl1",
}


@dataclass(frozen=True)
class Interpreters:
    """The environments' interpreters: of the tests outside Blender by what they are for ("lint", "keypoints", "mpsnet"), and
    by Blender version.

    `left_out` tells what has none, and why.
    """
    outside: dict[str, Path]
    blender: dict[str, Path]
    left_out: dict[str, str]


def missing_system_packages() -> list[str]:
    """Return the Debian packages of the system libraries that bpy needs and this Linux lacks."""
    missing = []
    for library, package in SYSTEM_LIBRARIES.items() if sys.platform == "linux" else ():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def make_environments(home: Path, in_blender: bool = True, outside: bool = True) -> Interpreters:
    """Make the environments that are missing for the tests in Blender, for those outside, or for both.

    Raises SetupError, also where no Blender version's Python is found.
    """
    cancelled = threading.Event()
    versions = BLENDER_PYTHONS if in_blender else {}
    with ThreadPoolExecutor(BUILDS_AT_ONCE) as pool:
        try:
            builds = {version: pool.submit(make_blender, home, version, cancelled) for version in versions}
            BackendEnvironment(home).ensure(ProgressPrinter("[backend] ").print_message, cancelled=cancelled)
            others = make_others(home, cancelled) if outside else {}
            blender, left_out = those_with_a_python(builds)
        except BaseException:
            cancelled.set()
            raise
    if not in_blender:
        left_out = {"the tests in Blender": "--quick"}
    if not outside:
        left_out["all tests but those in Blender"] = "--blender"
    return Interpreters(others, blender, left_out)


def those_with_a_python(builds: dict[str, Future[Path]]) -> tuple[dict[str, Path], dict[str, str]]:
    """Wait for the environments of the Blender versions. Return the interpreters, and why the other versions have none.

    Raises NoPythonError where no version has its Python here, and what else a build raises.
    """
    made: dict[str, Path] = {}
    left_out: dict[str, str] = {}
    lacking: NoPythonError | None = None
    for version, build in builds.items():
        try:
            made[version] = build.result()
        except NoPythonError as error:
            major, minor = BLENDER_PYTHONS[version]
            left_out[f"Blender {version}"] = f"no Python {major}.{minor} was found that can make environments"
            lacking = error
    if lacking is not None and not made:
        raise lacking
    return made, left_out


def make_others(home: Path, cancelled: threading.Event) -> dict[str, Path]:
    """Return the interpreters of the tests outside Blender by what they are for."""
    return {"lint": make_lint(home, cancelled)} | {profile: make_backend(home, profile, cancelled) for profile in PROFILES}


def make_lint(home: Path, cancelled: threading.Event) -> Path:
    """Return the interpreter of the environment with ruff and mypy, as pyproject.toml pins them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = Packages("\n".join(project["dependency-groups"]["lint"]) + "\n", ("ruff", "mypy"), 30, 120)
    return make(home, PythonEnvironment(home, "tests-lint", packages), "tests-lint", cancelled, base_python.list_candidates())


def make_backend(home: Path, profile: str, cancelled: threading.Event) -> Path:
    """Return the interpreter of the environment with the packages of a profile of the backend and pytest."""
    packages = PROFILES[profile].packages()
    packages = replace(packages, requirements=packages.requirements + PYTEST + FUZZER,
                       imports=(*packages.imports, "pytest", "hypothesis"))
    name = f"tests-{profile}"
    return make(home, PythonEnvironment(home, name, packages), name, cancelled, base_python.list_candidates())


def make_blender(home: Path, version: str, cancelled: threading.Event) -> Path:
    """Return the interpreter of the environment with bpy of that version and pytest."""
    packages = Packages(f"bpy=={version}\n{PYTEST}", ("bpy", "pytest"), 380, 2000)
    python = BLENDER_PYTHONS[version]
    name = f"tests-bpy-{version}"
    environment = PythonEnvironment(home, name, packages, oldest=python, newest=python)
    return make(home, environment, name, cancelled, pythons(python))


def make(home: Path, environment: PythonEnvironment, name: str, cancelled: threading.Event,
         programs: list[str]) -> Path:
    """Make an environment with a separate log and progress lines; return its interpreter."""
    log_path = home / "logs" / f"{name}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    return environment.ensure(SetupRun(ProgressPrinter(f"[{name}] ").print_message, log_path, cancelled), programs)


def pythons(version: tuple[int, int]) -> list[str]:
    """Return the programs that may be a Python of that version."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = sorted(str(path) for path in pyenv.glob(f"versions/{version[0]}.{version[1]}.*/bin/python"))
    return [*base_python.list_candidates(), *installed]
