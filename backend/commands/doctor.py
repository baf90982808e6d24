"""`mocap.py doctor`: checks that all that a capture needs is installed."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

from mpsnet_blender.shared.protocol import Result

from ..base.errors import FixableError

_PACKAGES = ("numpy", "scipy", "opencv-python-headless", "av", "ai-edge-litert", "tqdm")


class UnhealthyError(FixableError):
    """Something that the capture needs is missing."""


def examine(models_folder: Path) -> Result:
    """Return a report of all that is installed. Raises UnhealthyError that names what is missing."""
    lines = [f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"]
    missing = []
    for package in _PACKAGES:
        try:
            lines.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(f"the package {package}")
    missing += _find_broken_models(models_folder, lines)
    if missing:
        raise UnhealthyError("Missing: " + "; ".join(missing) + ".",
                             "Run any capture online, or press Set Up in Blender: both fetch what is missing.")
    return Result(str(models_folder), "\n".join([*lines, "Everything that the keypoints engine needs is installed."]))


def _find_broken_models(models_folder: Path, lines: list[str]) -> list[str]:
    # Imported here, so that a missing package is reported rather than raised.
    from ..base.litert import Workers
    from ..people.detection import PersonDetector
    from ..people.landmarks import HEAVY, LandmarkModel, LandmarkNetwork
    broken = []
    with Workers(1) as workers:
        for name, load in (("person detector", PersonDetector), ("landmark model", LandmarkModel)):
            try:
                load(models_folder, workers)
                lines.append(f"{name} in place")
            except FixableError as error:
                broken.append(str(error))
    if (models_folder / HEAVY.name).exists():
        try:
            LandmarkNetwork(models_folder, HEAVY)
            lines.append("heavy landmark model (--quality best) in place")
        except FixableError as error:
            broken.append(str(error))
    else:
        lines.append("heavy landmark model not fetched: the first capture with --quality best does it")
    return broken
