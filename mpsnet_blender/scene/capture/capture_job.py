"""Starting of the backend from the panel: set-up, captures, adding of model files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from ...client.backend_environment import EXTENSION_ROOT, BackendEnvironment
from ...client.backend_process import BackendProcess
from ...shared.capture_request import CaptureRequest, OtherVideo, capture_arguments, other_view_words
from ...shared.picture_sequence import video_name


def new_capture_folder(home: Path, video: Path) -> Path:
    """Return a folder for a capture of `video` that does not exist yet: `<home>/captures/<clip>-<n>`."""
    number = 1
    while (folder := home / "captures" / f"{video_name(video)}-{number}").exists():
        number += 1
    return folder


def start_capture(environment: BackendEnvironment, home: Path, video: Path, folder: Path,
                  request: CaptureRequest, views: Sequence[OtherVideo] = ()) -> BackendProcess:
    """Start a capture of `video` into `folder`, with its log in `home`; views: further videos of the same moment.

    Raises NotSetUpError before the set-up, OSError where the log cannot be written.
    """
    command = environment.backend_command(*capture_arguments(video, folder, request), *other_view_words(views))
    return BackendProcess(command, EXTENSION_ROOT, _prepare_log(home, "capture.log"))


def start_adding_models(environment: BackendEnvironment, home: Path, source: Path) -> BackendProcess:
    """Start to add downloaded model files. Raises NotSetUpError before the set-up, OSError where the log cannot be written."""
    command = environment.backend_command("models", "add", str(source))
    return BackendProcess(command, EXTENSION_ROOT, _prepare_log(home, "models.log"))


def start_setup(environment: BackendEnvironment, preferred_python: str) -> BackendProcess:
    """Start to set the backend up. Raises NoPythonError where no Python can run it, OSError where the log cannot be written."""
    command = environment.setup_command(preferred_python)
    return BackendProcess(command, EXTENSION_ROOT, _prepare_log(environment.home, "setup-process.log"))


def start_check(environment: BackendEnvironment) -> BackendProcess:
    """Start to check all that captures need. Raises NoPythonError where no Python can run it, OSError where the log cannot be
    written."""
    return BackendProcess(environment.check_command(), EXTENSION_ROOT, Path(tempfile.gettempdir()) / "mpsnet-check.log")


def _prepare_log(home: Path, name: str) -> Path:
    log_path = home / "logs" / name
    log_path.unlink(missing_ok=True)
    return log_path
