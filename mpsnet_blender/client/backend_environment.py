"""The backend's environment: makes it, finds it, and returns the command that starts the backend in it.

As a program it makes the environment and sends messages of `shared.protocol` on stdout:

    python -m mpsnet_blender.client.backend_environment --home H --profile keypoints [--quality best] [--python P ...]

Stages of its progress: "environment", "packages" (MB downloaded), "installing" (packages), "models" (MB downloaded).
Closing its stdin cancels. Exit status as in `shared.protocol`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..shared import protocol
from ..shared.capture_request import BEST, FAST, QUALITIES
from ..shared.engines.declaration import WITH_TORCH, WITHOUT_TORCH
from ..shared.engines.table import ENGINES
from .child_process import EXTENSION_ROOT, child_environ
from .memory import require_addresses
from .message_pipe import MessagePipe, call_at_end_of_stdin
from .setup import base_python
from .setup.bundle import Bundle
from .setup.landmark_models import HEAVY_PACKAGE, LANDMARK_WHEEL, ModelFolder, ModelWheel
from .setup.python_environment import Packages, PythonEnvironment
from .setup.setup_errors import SetupCancelled, SetupError, make_folder_error
from .setup.setup_steps import SetupRun
from .setup.torch_build import find_torch_build

__all__ = ("EXTENSION_ROOT", "PROFILES", "BackendEnvironment", "Profile", "child_environ")

# In Blender this module has a longer name; in the child process, whose root is the extension's folder, it has this one.
_MODULE = "mpsnet_blender.client.backend_environment"
DOCTOR_MODULE = "mpsnet_blender.client.doctor"


@dataclass(frozen=True)
class Profile:
    """One set of packages for the backend: a requirements file of `backend/`, the modules that must import, sizes in MB, models.

    With `with_torch`, the build of PyTorch for this computer is installed first; the sizes do not include it.
    """
    requirements_file: str
    imports: tuple[str, ...]
    download_megabytes: int
    disk_megabytes: int
    models: ModelWheel
    with_torch: bool = False

    def packages(self) -> Packages:
        """Return the content of the environment, with the requirements from their file."""
        text = (EXTENSION_ROOT / "backend" / self.requirements_file).read_text(encoding="utf-8")
        if not self.with_torch:
            return Packages(text, self.imports, self.download_megabytes, self.disk_megabytes)
        build = find_torch_build()
        return Packages(f"# PyTorch for {build.name}: {build.requirement}\n{text}", self.imports,
                        self.download_megabytes + build.download_megabytes, self.disk_megabytes + build.disk_megabytes,
                        ("--no-deps", *build.pip_options, build.requirement))


PROFILES = {
    WITHOUT_TORCH: Profile("requirements-keypoints.txt",
                           ("numpy", "scipy", "cv2", "av", "tqdm", "ai_edge_litert.interpreter"), 171, 810, LANDMARK_WHEEL),
    WITH_TORCH: Profile("requirements-mpsnet.txt",
                        ("numpy", "scipy", "cv2", "av", "tqdm", "ai_edge_litert.interpreter", "torch", "smplx"), 186, 1010,
                        LANDMARK_WHEEL, with_torch=True),
}

_MODELS_OF_QUALITY = {BEST: (HEAVY_PACKAGE,)}


class BackendEnvironment:
    """The backend's environment of one profile, in a home folder. Making this object touches no file in the home.

    The panel: `is_ready()` while drawing; where it is not, `BackendProcess(environment.setup_command(preferred),
    EXTENSION_ROOT, environment.home / "logs" / "setup-process.log")`; then `BackendProcess(environment
    .backend_command("capture", ...), ...)`. A script: `ensure(report)`.
    """

    def __init__(self, home: Path, profile: str = WITHOUT_TORCH, quality: str = FAST):
        """quality: one of a `CaptureRequest`, whose models belong to the set-up.

        Raises KeyError for an unknown profile, OSError where the extension's files cannot be read.
        """
        self.home = Path(home).absolute()
        self.profile, self.quality = profile, quality
        packages = PROFILES[profile].packages()
        bundle = Bundle(EXTENSION_ROOT / "bundle") if not packages.first else None
        self._packages = PythonEnvironment(self.home, profile, packages, bundle=bundle)
        self._is_bundled = bundle is not None and bundle.serves(packages.requirements)
        self._download_megabytes, self._disk_megabytes = packages.download_megabytes, packages.disk_megabytes
        self._models = [ModelFolder(self.models_folder, package, Bundle(EXTENSION_ROOT / "bundle"))
                        for package in (PROFILES[profile].models, *_MODELS_OF_QUALITY.get(quality, ()))]

    def is_ready(self) -> bool:
        """Tell whether the backend can be started. Fast: it reads only the times of a few files."""
        return self._packages.folder is not None and not self._missing_models()

    def serves_fast(self) -> bool:
        """Whether captures of the quality Fast can be started. As cheap."""
        return self._packages.folder is not None and self._models[0].is_complete()

    def _missing_models(self) -> list[ModelFolder]:
        return [models for models in self._models if not models.is_complete()]

    @property
    def is_damaged(self) -> bool:
        """Whether there is an environment, but one that must be made anew. As cheap."""
        return self._packages.is_damaged

    @property
    def engine(self) -> str:
        """The first engine that runs in this environment, for a command line."""
        return next(engine.name for engine in ENGINES if engine.profile == self.profile)

    @property
    def has_packages(self) -> bool:
        """Whether the packages are installed; models may be missing. As cheap."""
        return self._packages.folder is not None

    def find_damage(self, is_thorough: bool = False) -> str:
        """Return which files of the environment are missing or cut, in words; nothing where all is well. It takes 0.03 s;
        if thorough, all files are read, in 1 s."""
        return self._packages.find_damage(is_thorough)

    def model_states(self) -> list[tuple[str, bool]]:
        """Return for each package of models its title, and whether its models are there and are the right ones."""
        return [(models.package.title, models.is_complete()) for models in self._models]

    def discard(self) -> None:
        """Declare the environment to be none, because it is damaged: the next set-up makes it anew."""
        self._packages.discard()

    @property
    def python(self) -> Path:
        """The environment's interpreter. Raises NotSetUpError before the set-up."""
        return self._packages.python

    @property
    def models_folder(self) -> Path:
        """The folder of the landmark models, which all profiles share; it may not exist yet."""
        return self.home / "models" / "keypoints"

    @property
    def checkpoints_folder(self) -> Path:
        """The folder of the files that `mocap.py models add` added for the mpsnet engine; it may not exist yet."""
        return self.home / "models" / "mpsnet"

    @property
    def cache_folder(self) -> Path:
        """The folder in which captures keep what they find: MPSNET_CACHE, or one in the home; it may not exist yet."""
        return Path(os.environ.get("MPSNET_CACHE") or self.home / "cache").expanduser().absolute()

    @property
    def download_megabytes(self) -> int:
        """What a set-up downloads, in MB (1e6 bytes), as measured: of packages and models what is missing here and in the
        extension. Without any, it needs no network."""
        return sum((models.package.download_megabytes for models in self._missing_models() if not models.is_bundled),
                   0 if self._packages.folder or self._is_bundled else self._download_megabytes)

    @property
    def disk_megabytes(self) -> int:
        """The disk space that a set-up takes, in MB: of packages and models what is missing."""
        return sum((models.package.disk_megabytes for models in self._missing_models()),
                   0 if self._packages.folder else self._disk_megabytes)

    @property
    def setup_log(self) -> Path:
        """The file with pip's whole output in the last set-up."""
        return self.home / "logs" / "setup.log"

    def setup_command(self, preferred_python: str = "") -> list[str]:
        """Return the argument list of the set-up as a process. Raises NoPythonError where no Python can run it."""
        runners = base_python.list_candidates()
        programs = base_python.list_candidates(preferred_python)
        if not programs:
            raise base_python.make_no_python_error([])
        command = [(runners or programs)[0], "-m", _MODULE, "--home", str(self.home), "--profile", self.profile,
                   "--quality", self.quality]
        return command + [part for program in programs for part in ("--python", program)]

    def check_command(self) -> list[str]:
        """Return the argument list of the doctor as a process. Raises NoPythonError where no Python can run it."""
        programs = base_python.list_candidates()
        if not programs:
            raise base_python.make_no_python_error([])
        return [programs[0], "-m", DOCTOR_MODULE, "--home", str(self.home), "--profile", self.profile, "--quality", self.quality]

    def backend_command(self, *arguments: str) -> list[str]:
        """Return the argument list of the backend as a process. Raises NotSetUpError before the set-up."""
        return [str(self.python), "-m", "backend", "--models", str(self.models_folder),
                "--checkpoints", str(self.checkpoints_folder), "--kept-in", str(self.cache_folder), *arguments]

    def ensure(self, report: Callable[[protocol.Message], None], programs: Sequence[str] | None = None,
               cancelled: threading.Event | None = None, examine: bool = False) -> None:
        """Set up everything that is missing, in this process; blocks, and needs the network. Does nothing if nothing is missing.

        With `examine`, what is there is read and tried first, which takes some seconds, and made anew where it is damaged.
        `report` is called with Progress and Log messages; `programs` are the Pythons to try, best first. Raises SetupError,
        whose message and `advice` are for the user, and SetupCancelled after `cancelled` was set.
        """
        if self.is_ready() and not examine:
            return
        try:
            self.setup_log.parent.mkdir(parents=True, exist_ok=True)
            run = SetupRun(report, self.setup_log, cancelled or threading.Event())
            self.setup_log.write_bytes(b"")
            if damage := self._packages.examine(run) if examine else "":
                report(protocol.Log("warning", f"The packages are damaged and are installed anew: {damage}."))
                self._packages.discard()
            self._packages.ensure(run, programs)
            for models in self._models:
                models.ensure(run, self.python)
        except OSError as error:
            raise make_folder_error(self.home, error) from error


def main(arguments: Sequence[str]) -> int:
    """Make an environment and report it in messages on stdout. Return the exit status."""
    parser = argparse.ArgumentParser(prog=_MODULE, allow_abbrev=False)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--profile", choices=sorted(PROFILES), default=WITHOUT_TORCH)
    parser.add_argument("--quality", choices=QUALITIES, default=FAST)
    parser.add_argument("--python", action="append", help="a Python to make the environment from; may be repeated")
    given = parser.parse_args(arguments)
    cancelled = threading.Event()
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: cancelled.set())
    call_at_end_of_stdin(cancelled.set)
    pipe = MessagePipe("mpsnet set-up")
    try:
        require_addresses()
        environment = BackendEnvironment(given.home, given.profile, given.quality)
        environment.ensure(pipe.send, given.python, cancelled, examine=True)
    except SetupCancelled:
        pipe.send(protocol.Cancelled("The set-up was cancelled; unfinished parts were removed."))
        return protocol.EXIT_CANCELLED
    except SetupError as error:
        pipe.send(protocol.Error(type(error).__name__, str(error), error.advice))
        return protocol.EXIT_ERROR
    pipe.send(protocol.Result(str(environment.python), "The backend is set up."))
    return protocol.EXIT_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
