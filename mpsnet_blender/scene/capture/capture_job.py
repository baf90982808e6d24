"""What the panel asks of the backend: its set-up, and captures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...client.backend_environment import EXTENSION_ROOT, BackendEnvironment
from ...client.backend_process import BackendProcess


@dataclass(frozen=True)
class CaptureOptions:
    """How to capture; zeros leave the choice to the backend. Metres, degrees, seconds of the video."""
    engine: str = "keypoints"
    people: int = 0
    height: float = 0.0
    fov_degrees: float = 0.0
    start_seconds: float = 0.0
    end_seconds: float = 0.0
    with_preview: bool = False
    lifter: str = "trained"
    device: str = "auto"
    foot_lock: float = 1.0
    refine: bool = True


def capture_arguments(video: Path, folder: Path, options: CaptureOptions) -> list[str]:
    """Return the backend's arguments for a capture of `video` into `folder`."""
    own = {"--lifter": options.lifter} if options.engine == "keypoints" else {"--device": options.device}
    numbers = {"--people": options.people, "--height": options.height, "--fov": options.fov_degrees,
               "--start": options.start_seconds, "--end": options.end_seconds}
    chosen = {"--engine": options.engine, **own, "--foot-lock": f"{options.foot_lock:g}",
              **{option: f"{value:g}" for option, value in numbers.items() if value > 0}}
    arguments = ["capture", str(video), "--output", str(folder), *(word for pair in chosen.items() for word in pair)]
    return arguments + (["--preview"] if options.with_preview else []) + ([] if options.refine else ["--no-refine"])


def new_capture_folder(home: Path, video: Path) -> Path:
    """Return a folder for a capture of `video` that does not exist yet: `<home>/captures/<clip>-<n>`."""
    number = 1
    while (folder := home / "captures" / f"{video.stem}-{number}").exists():
        number += 1
    return folder


def start_capture(environment: BackendEnvironment, home: Path, video: Path, folder: Path,
                  options: CaptureOptions) -> BackendProcess:
    """Start a capture of `video` into `folder`, its log in `home`.

    Raises NotSetUpError before the set-up, OSError without a place to write.
    """
    command = environment.backend_command(*capture_arguments(video, folder, options))
    return BackendProcess(command, EXTENSION_ROOT, _fresh_log(home, "capture.log"))


def start_adding_models(environment: BackendEnvironment, home: Path, source: Path) -> BackendProcess:
    """Start to take in downloaded model files. Raises NotSetUpError before the set-up, OSError without a place to write."""
    command = environment.backend_command("models", "add", str(source))
    return BackendProcess(command, EXTENSION_ROOT, _fresh_log(home, "models.log"))


def start_setup(environment: BackendEnvironment, preferred_python: str) -> BackendProcess:
    """Start to set the backend up. Raises NoPythonError where no Python can run it, OSError without a place to write."""
    command = environment.setup_command(preferred_python)
    return BackendProcess(command, EXTENSION_ROOT, _fresh_log(environment.home, "setup-process.log"))


def _fresh_log(home: Path, name: str) -> Path:
    log_path = home / "logs" / name
    log_path.unlink(missing_ok=True)
    return log_path
