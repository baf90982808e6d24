"""A Python environment made from a list of requirements: reused, rebuilt when they change, never left unfinished."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...shared.protocol import Log, Progress
from . import base_python, installed_files
from .base_python import BasePython
from .bundle import Bundle
from .pip_step import pip_environ, run_pip
from .setup_errors import NotSetUpError, PackagesError
from .setup_lock import setup_lock
from .setup_steps import (
    DownloadMeter,
    InstallCounter,
    SetupRun,
    StepFailed,
    count_wheel_bytes,
    module_command,
    require_disk_space,
    run_step,
)

COMPLETE = "complete.json"
REQUIREMENTS = "requirements.txt"
_REMOVE_SECONDS = 5.0  # a killed pip is gone in milliseconds, a scanner in a second or two; by estimate


@dataclass(frozen=True)
class Packages:
    """The content of an environment: pip requirements, the modules that must import, measured sizes in MB.

    `first` are the arguments of an earlier pip run, for a package from a separate index, which must not be used for the others.
    """
    requirements: str
    imports: tuple[str, ...]
    download_megabytes: int
    disk_megabytes: int
    first: tuple[str, ...] = ()


class PythonEnvironment:
    """The environment `<home>/environments/<name>-<hash>`; the hash is over the requirements and the base Python.

    The packages come from the `bundle` where that serves, else from pip's index. The environment is valid once `complete.json`
    lies in it, which is written last. Another Python range than the backend's is given by `oldest` and `newest`, both inclusive.
    """

    def __init__(self, home: Path, name: str, packages: Packages,
                 oldest: tuple[int, int] = base_python.OLDEST_PYTHON,
                 newest: tuple[int, int] = base_python.NEWEST_PYTHON, bundle: Bundle | None = None):
        self._parent = Path(home) / "environments"
        self._name = name
        self._packages = packages
        self._oldest, self._newest = oldest, newest
        self._bundle = bundle
        self._found: tuple[Path, tuple[int, int]] | None = None
        self._discarded: tuple[Path, tuple[int, int] | None] | None = None

    @property
    def folder(self) -> Path | None:
        """The valid environment's folder, or None. It reads only a few file times, so that a panel may ask while drawing."""
        if self._found is not None and _read_times(self._found[0]) == self._found[1]:
            return self._found[0]
        self._found = None
        for folder in self._folders():
            stamp = _read_times(folder)
            if stamp is not None and (folder, stamp) != self._discarded and self._is_valid(folder):
                self._found = (folder, stamp)
                return folder
        return None

    @property
    def python(self) -> Path:
        """The environment's interpreter. Raises NotSetUpError where there is no valid environment."""
        folder = self.folder
        if folder is None:
            raise NotSetUpError(f"The environment \"{self._name}\" is not set up.", "Run the set-up first.")
        return _find_python(folder)

    @property
    def is_damaged(self) -> bool:
        """Whether there is an environment that must be made anew: one that was discarded, or whose set-up did not end. It opens
        no file."""
        return self.folder is None and any(
            (folder, _read_times(folder)) == self._discarded
            or ((folder / REQUIREMENTS).exists() and not (folder / COMPLETE).exists())
            for folder in self._folders())

    def find_damage(self, is_thorough: bool = False) -> str:
        """Return which files of a valid environment are missing or cut, in words; nothing where all is well.

        It compares sizes, in 0.03 s; if thorough, it reads every file, in 1 s.
        """
        folder = self.folder
        if folder is None:
            return ""
        damaged = installed_files.find_damaged(folder)
        return installed_files.describe(damaged or (installed_files.find_altered(folder) if is_thorough else []))

    def examine(self, run: SetupRun) -> str:
        """Return what is wrong with a valid environment, in words, after reading every file and importing the packages: 3 s.

        Raises SetupCancelled, OSError.
        """
        folder = self.folder
        if folder is None or (damage := self.find_damage(is_thorough=True)):
            return "" if folder is None else damage
        try:
            self._check_imports(run, _find_python(folder))
        except PackagesError as error:
            return str(error)
        return ""

    def discard(self) -> None:
        """Declare the valid environment to be none: the next set-up makes it anew."""
        folder = self.folder
        if folder is not None:
            self._discarded, self._found = (folder, _read_times(folder)), None
            with suppress(OSError):  # in a folder that can only be read, this object alone knows it
                (folder / COMPLETE).unlink()

    def ensure(self, run: SetupRun, programs: Sequence[str] | None = None) -> Path:
        """Build the environment if it is not there or not valid; return its interpreter.

        `programs` are the Pythons to build it from, best first. Raises SetupError, SetupCancelled, OSError.
        """
        if self.folder is not None:
            return self.python
        self._parent.mkdir(parents=True, exist_ok=True)
        run.report(Progress("environment", 0, 1))
        with setup_lock(self._parent / f"{self._name}.lock", run):
            if self.folder is None:  # the process that held the lock may have built it
                require_disk_space(self._parent, self._packages.disk_megabytes)
                folder, base = self._make(run, base_python.list_candidates() if programs is None else programs)
                try:
                    self._fill(run, folder, base)
                except BaseException:
                    shutil.rmtree(folder, ignore_errors=True)
                    raise
                self._remove_others(folder)
        return self.python

    def _make(self, run: SetupRun, programs: Sequence[str]) -> tuple[Path, BasePython]:
        """Make an environment that contains only pip, from the first program with which that works; those that the bundle serves
        come first."""
        suitable, refused = base_python.find_base_pythons(programs, self._oldest, self._newest)
        for base in sorted(suitable, key=lambda base: not self._is_bundled(base)):
            folder = self._parent / f"{self._name}-{self._hash(base)}"
            _remove(folder)
            try:
                run_step(run, module_command(base.executable, "venv", str(folder)))
                run_step(run, module_command(_find_python(folder), "pip", "--version"), environ=pip_environ())
            except (StepFailed, OSError) as error:
                refused.append(f"{base.executable}: {error}")
                shutil.rmtree(folder, ignore_errors=True)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            else:
                run.report(Log("info", f"Python {base.version} ({base.executable})"))
                run.report(Progress("environment", 1, 1))
                return folder, base
        raise base_python.make_no_python_error(refused, self._oldest, self._newest)

    def _is_bundled(self, base: BasePython) -> bool:
        return self._bundle is not None and self._bundle.serves(self._packages.requirements, base.version)

    def _fill(self, run: SetupRun, folder: Path, base: BasePython) -> None:
        """Install the packages, see that they import, and mark the environment as complete."""
        requirements = folder / REQUIREMENTS
        requirements.write_text(self._packages.requirements, encoding="utf-8")
        temporary = folder / "tmp"
        temporary.mkdir()
        python = _find_python(folder)
        meter = DownloadMeter(run, "packages", lambda: count_wheel_bytes(temporary), self._packages.download_megabytes)
        counter = InstallCounter(run, folder, meter.finish)
        steps = [self._packages.first] if self._packages.first else []
        source = self._bundle.pip_options if self._bundle is not None and self._is_bundled(base) else ()
        for arguments in (*steps, ("--requirement", str(requirements))):
            run_pip(run, python, "install", (*source, *arguments), temporary, counter.read, [meter.update, counter.update],
                    is_offline=bool(source))
        counter.update()
        shutil.rmtree(temporary)
        self._check_imports(run, python)
        installed_files.write_listing(folder)
        self._mark_complete(folder)

    def _check_imports(self, run: SetupRun, python: Path) -> None:
        if not self._packages.imports:
            return
        try:
            run_step(run, [str(python), "-I", "-B", "-c", f"import {', '.join(self._packages.imports)}"])
        except StepFailed as failure:
            last = (failure.output.splitlines() or [str(failure)])[-1]
            raise PackagesError(f"The installed packages do not work on this computer: {last}",
                                f"The whole output is in {run.log_path}.") from None

    def _mark_complete(self, folder: Path) -> None:
        found = {"requirements": self._packages.requirements, "interpreter": os.path.realpath(_find_python(folder))}
        partial = folder / f"{COMPLETE}.part"
        partial.write_text(json.dumps(found, indent=1), encoding="utf-8")
        os.replace(partial, folder / COMPLETE)

    def _is_valid(self, folder: Path) -> bool:
        """Whether a complete environment holds these requirements and its base Python is still the same one."""
        try:
            found = json.loads((folder / COMPLETE).read_text(encoding="utf-8"))
            return (found["requirements"] == self._packages.requirements
                    and found["interpreter"] == os.path.realpath(_find_python(folder)))
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _hash(self, base: BasePython) -> str:
        text = "\0".join((self._packages.requirements, base.version, base.machine))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def _folders(self) -> list[Path]:
        pattern = re.compile(re.escape(self._name) + r"-[0-9a-f]{12}")
        try:
            return sorted(path for path in self._parent.iterdir() if pattern.fullmatch(path.name))
        except OSError:
            return []

    def _remove_others(self, kept: Path) -> None:
        for folder in self._folders():
            if folder != kept:
                (folder / COMPLETE).unlink(missing_ok=True)  # first, so that what cannot be removed counts as invalid
                shutil.rmtree(folder, ignore_errors=True)


def _find_python(folder: Path) -> Path:
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def _read_times(folder: Path) -> tuple[int, int] | None:
    """Return the times of an environment's complete.json and interpreter, one of which changes when the environment does."""
    try:
        return (folder / COMPLETE).stat().st_mtime_ns, _find_python(folder).stat().st_mtime_ns
    except OSError:
        return None


def _remove(folder: Path) -> None:
    """Remove a folder with its content, if it exists. Raises OSError if it cannot be removed within some seconds: the last
    program of a set-up that was killed, or a virus scanner, may use it for a moment."""
    deadline = time.monotonic() + _REMOVE_SECONDS
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
