"""`mocap.py doctor`, its part inside the backend's environment: imports packages, loads models, captures a short clip."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mpsnet_blender.shared.capture_request import CaptureRequest
from mpsnet_blender.shared.protocol import Finding, Message, Progress, Result

from ..base.errors import FixableError
from ..base.reporter import Reporter

TEST_CLIP = Path(__file__).with_name("test_clip.mp4")  # made by tools/test_clip.py
_PACKAGES = {"numpy": "numpy", "scipy.optimize": "scipy", "cv2": "opencv-python-headless", "av": "av",
             "ai_edge_litert.interpreter": "ai-edge-litert", "tqdm": "tqdm"}
_PACKAGES_WITH_TORCH = {"torch": "torch", "smplx": "smplx"}
_SETUP, _REPAIR = "setup", "repair"  # remedies: see mpsnet_blender/shared/protocol.py


class UnhealthyError(FixableError):
    """Something that the capture needs is missing or does not work."""


def examine(models_folder: Path, with_torch: bool, reporter: Reporter) -> Result:
    """Report a finding for each thing that a capture needs. Raises UnhealthyError at the end where one is wrong."""
    findings = []

    def tell(finding: Finding) -> None:
        findings.append(finding)
        reporter.forward(finding)

    tell(Finding("Computer", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, "
                             f"{os.cpu_count()} cores"))
    for finding in _import_packages(_PACKAGES | (_PACKAGES_WITH_TORCH if with_torch else {})):
        tell(finding)
    if all(finding.is_well for finding in findings):
        for finding in _load_models(models_folder):
            tell(finding)
    if all(finding.is_well for finding in findings):
        tell(_capture_test_clip(models_folder, reporter))
    wrong = [finding.subject for finding in findings if not finding.is_well]
    if wrong:
        raise UnhealthyError(f"Not in order: {', '.join(wrong)}.", "See the lines above.")
    return Result(str(models_folder), "Everything that captures need is in order.")


def _import_packages(packages: dict[str, str]) -> list[Finding]:
    """Import modules (module to package) in other processes, because a library that was cut can end the process: all in one,
    and each alone where that fails."""
    all_at_once = ", ".join(packages)
    reasons = dict.fromkeys(packages, "") if not _try_import(all_at_once) else {name: _try_import(name) for name in packages}
    return [Finding(package, _find_version(package)) if not reasons[module]
            else Finding(package, reasons[module], False, "Install the packages anew.", _REPAIR)
            for module, package in packages.items()]


def _try_import(modules: str) -> str:
    """Return why modules cannot be imported, nothing where they can."""
    ended = subprocess.run([sys.executable, "-I", "-B", "-c", f"import {modules}"], stdin=subprocess.DEVNULL, check=False,
                           capture_output=True, text=True, encoding="utf-8", errors="replace")
    if ended.returncode == 0:
        return ""
    last = (ended.stderr.strip().splitlines() or [""])[-1]
    return f"cannot be imported: {last}" if last else f"cannot be imported (exit status {ended.returncode})"


def _find_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "version unknown"


def _load_models(models_folder: Path) -> list[Finding]:
    # Imported here, so that a missing package is reported rather than raised.
    from ..base.litert import Workers
    from ..people.detection import PersonDetector
    from ..people.landmarks import HEAVY, LandmarkModel, LandmarkNetwork
    loaders = {"person detector": lambda workers: PersonDetector(models_folder, workers),
               "landmark model": lambda workers: LandmarkModel(models_folder, workers)}
    if (models_folder / HEAVY.name).exists():
        loaders["landmark model for quality Best"] = lambda _workers: LandmarkNetwork(models_folder, HEAVY)
    findings = []
    with Workers(1) as workers:
        for name, load in loaders.items():
            try:
                load(workers)
                findings.append(Finding(name, "loads"))
            except FixableError as error:
                findings.append(Finding(name, str(error), False, error.advice, _SETUP))
    return findings


class _ProgressOnly:
    """A receiver of the test capture's messages that passes on its progress, and stops it where the doctor is stopped."""

    def __init__(self, reporter: Reporter):
        self._reporter = reporter

    def send(self, message: Message) -> None:
        if isinstance(message, Progress):
            self._reporter.forward(message)


def _capture_test_clip(models_folder: Path, reporter: Reporter) -> Finding:
    from ..pipeline import capture
    subject, started = "test capture", time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mpsnet-doctor-", ignore_cleanup_errors=True) as folder:
        try:
            count = capture(TEST_CLIP, Path(folder) / "capture", CaptureRequest(), models_folder, models_folder.parent / "mpsnet",
                            Reporter(_ProgressOnly(reporter)))
        except FixableError as error:
            return Finding(subject, str(error), False, error.advice)
    seconds = time.monotonic() - started
    if count != 1:
        return Finding(subject, f"{count} people were found in a clip that shows one", False,
                       "Please report this with the text of all lines.")
    return Finding(subject, f"2 s of video in {seconds:.1f} s, 1 person found")
