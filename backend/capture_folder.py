"""A capture's folder: written beside its place and moved there whole, so that a killed run leaves nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from .errors import OutputError

PEOPLE_FILE = "people.json"
PEOPLE_FORMAT_VERSION = 1


class CaptureFolder:
    """A folder in the making: write into `.path`; leaving the `with` block without an error puts it in its place."""

    def __init__(self, destination: Path):
        self.destination = destination.absolute()
        self.path = Path()

    def __enter__(self) -> CaptureFolder:
        try:
            if self.destination.exists() and not self.destination.is_dir():
                raise OutputError(f"{self.destination} is a file, not a folder.", "Choose another --output.")
            self.destination.parent.mkdir(parents=True, exist_ok=True)
            self._remove_abandoned()
            self.path = Path(tempfile.mkdtemp(prefix=self._prefix(), dir=self.destination.parent))
            self.path.chmod(0o755)
        except OSError as error:
            raise OutputError(f"Cannot write to {self.destination.parent}: {error.strerror}.",
                              "Choose another --output, or make room there.") from None
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._move_into_place()
        except OSError as failure:
            raise OutputError(f"Cannot write {self.destination}: {failure.strerror}.",
                              "Choose another --output, or make room there.") from None
        finally:
            shutil.rmtree(self.path, ignore_errors=True)
        if isinstance(error, OSError):
            raise OutputError(f"Cannot write {self.destination}: {error.strerror}.",
                              "Choose another --output, or make room there.") from error

    def _prefix(self) -> str:
        return f".{self.destination.name}.{os.getpid()}."

    def _remove_abandoned(self) -> None:
        """Remove what killed runs to the same destination left behind."""
        for path in self.destination.parent.glob(f".{self.destination.name}.*.*"):
            owner = path.name.removeprefix(f".{self.destination.name}.").split(".")[0]
            if owner.isdigit() and path.is_dir() and not _is_running(int(owner)):
                shutil.rmtree(path, ignore_errors=True)

    def _move_into_place(self) -> None:
        if not self.destination.exists():
            os.rename(self.path, self.destination)
            return
        _remove_previous_capture(self.destination)
        # people.json last: a folder that has it is whole.
        for path in sorted(self.path.iterdir(), key=lambda path: path.name == PEOPLE_FILE):
            os.replace(path, self.destination / path.name)


def _remove_previous_capture(folder: Path) -> None:
    """Remove the files of an earlier capture, by its own list, and nothing else."""
    try:
        listed = json.loads((folder / PEOPLE_FILE).read_text())
        names = [PEOPLE_FILE, listed.get("preview")]
        names += [person[key] for person in listed["people"] for key in ("file", "thumbnail")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    for name in names:
        if isinstance(name, str) and Path(name).name == name:
            (folder / name).unlink(missing_ok=True)


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
