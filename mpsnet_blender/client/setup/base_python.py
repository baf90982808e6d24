"""The Python from which environments are made: where to find it, and how to check it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...shared.wording import describe_exit
from .. import child_process
from .setup_errors import NoPythonError

OLDEST_PYTHON = (3, 11)  # what the backend is tested on
NEWEST_PYTHON = (3, 14)  # the newest that ai-edge-litert has wheels for
_PROBE = "import venv, ensurepip, platform; print(platform.python_version(), platform.machine(), sep='\\n')"
_PROBE_SECONDS = 30.0  # a start takes 0.1 s, with a cold disk and a virus scanner some seconds; by estimate


@dataclass(frozen=True)
class BasePython:
    """A Python that can make environments: its program, its version ("3.11.7"), the machine ("x86_64")."""
    executable: str
    version: str
    machine: str


def list_candidates(preferred: str = "") -> list[str]:
    """Return the programs to try, best first: the person's choice, this Python, the one it was made from, PATH."""
    found = [preferred] if preferred else []
    if "python" in Path(sys.executable or "").name.lower():  # in some builds it is Blender itself
        found.append(sys.executable)
    found.append(getattr(sys, "_base_executable", "") or "")
    found += _find_installed_pythons()
    found += [shutil.which(f"python3.{minor}") or "" for minor in range(OLDEST_PYTHON[1], NEWEST_PYTHON[1] + 1)]
    found.append(shutil.which("python3") or shutil.which("python") or "")
    return [path for path in dict.fromkeys(found)
            if path and (path == preferred or "python" in Path(path).name.lower())]


def find_base_pythons(programs: Iterable[str], oldest: tuple[int, int] = OLDEST_PYTHON,
                      newest: tuple[int, int] = NEWEST_PYTHON) -> tuple[list[BasePython], list[str]]:
    """Return the Pythons among `programs` that can make environments, and for each of the others a line with the reason."""
    suitable, refused = [], []
    for program in programs:
        try:
            base = probe(program)
            version = tuple(int(part) for part in base.version.split(".")[:2])
            if not oldest <= version <= newest:
                raise ValueError(f"is Python {base.version}; {_describe_range(oldest, newest)} is needed")
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            refused.append(f"{program}: {error}")
        else:
            suitable.append(base)
    return suitable, refused


def probe(program: str) -> BasePython:
    """Run a Python and return its properties. Raises OSError, ValueError or subprocess.TimeoutExpired where it cannot be
    run or lacks venv or ensurepip."""
    ended = subprocess.run(
        [program, "-I", "-c", _PROBE], env=child_process.child_environ(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=_PROBE_SECONDS, **child_process.no_window_options())
    if ended.returncode != 0:
        lines = ended.stderr.strip().splitlines() or [describe_exit(ended.returncode)]
        raise ValueError(lines[-1])
    version, machine = ended.stdout.split()[:2]
    return BasePython(program, version, machine)


def make_no_python_error(refused: Iterable[str], oldest: tuple[int, int] = OLDEST_PYTHON,
                    newest: tuple[int, int] = NEWEST_PYTHON) -> NoPythonError:
    """Return the error that names every Python that was tried and says what to install."""
    tried = "; ".join(refused) or "none was found"
    advice = f"Install {_describe_range(oldest, newest)} and choose it in the add-on's preferences."
    if shutil.which("apt-get"):
        advice = "On Debian and Ubuntu run: sudo apt install python3-venv. Otherwise: " + advice
    return NoPythonError(f"No Python can make the backend's environment. Tried: {tried}.", advice)


def _find_installed_pythons() -> list[str]:
    folders = [sysconfig.get_config_var("BINDIR"), sys.base_prefix, os.path.join(sys.base_prefix, "bin")]
    names = [f"python{sys.version_info[0]}.{sys.version_info[1]}", "python3", "python.exe"]
    paths = [os.path.join(folder, name) for folder in folders if folder for name in names]
    return [path for path in paths if os.path.isfile(path)]


def _describe_range(oldest: tuple[int, int], newest: tuple[int, int]) -> str:
    if oldest == newest:
        return f"Python {oldest[0]}.{oldest[1]}"
    return f"Python {oldest[0]}.{oldest[1]} to {newest[0]}.{newest[1]}"
