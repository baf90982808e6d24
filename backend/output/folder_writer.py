"""A capture's folder: written under a hidden name and moved into place whole, so that a killed run leaves no half file."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

from ..base.errors import OutputError

PEOPLE_FILE = "people.json"
PEOPLE_FORMAT_VERSION = 1
_OUR_NAMES = re.compile(r"person_\d+\.(npz|jpg)|preview\.mp4|people\.json")
_ABANDONED_AFTER_SECONDS = 24 * 3600.0      # where the system cannot tell whether a process still runs


class CaptureFolder:
    """A folder in the making: write into `.path`; leaving the `with` block without an error puts it in its place."""

    def __init__(self, destination: Path, video: Path | None = None):
        """`video` is what is captured: it is never replaced."""
        self.destination = destination.absolute()
        self._video = video
        self.path = Path()

    def require_place(self) -> None:
        """Raise OutputError where it can be told beforehand that nothing can be written there; touches nothing."""
        place = next(path for path in (self.destination, *self.destination.parents) if path.exists())
        if not place.is_dir():
            raise OutputError(f"{place} is a file, not a folder.", "Choose another --output.")
        if not os.access(place, os.W_OK | os.X_OK):
            raise OutputError(f"Cannot write to {place}: you have no permission.", "Choose another --output.")
        self._require_nothing_foreign()

    def _require_nothing_foreign(self) -> None:
        """Raise OutputError where a file that the capture would replace is not an earlier capture's."""
        if not self.destination.is_dir():
            return
        replaceable = set(_files_of_previous_capture(self.destination))
        if self._video is not None and self._video.exists():
            replaceable -= {name for name in replaceable if (self.destination / name).exists()
                            and (self.destination / name).samefile(self._video)}
        for path in sorted(self.destination.iterdir()):
            if _OUR_NAMES.fullmatch(path.name) and path.name not in replaceable:
                raise OutputError(f"{path} would be replaced, and it is not an earlier capture's.",
                                  "Choose another --output, or move that file away.")

    def __enter__(self) -> CaptureFolder:
        self.require_place()
        try:
            # Inside a folder that is there already: its parent may be another disk, or not ours to write to.
            workplace = self.destination if self.destination.exists() else self.destination.parent
            workplace.mkdir(parents=True, exist_ok=True)
            self._remove_abandoned()
            self.path = Path(tempfile.mkdtemp(prefix=f"{self._prefix()}{os.getpid()}.", dir=workplace))
            self.path.chmod(0o755)
        except OSError as error:
            raise OutputError(f"Cannot write {self.destination}: {error.strerror}.",
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
        return f".{self.destination.name}.mpsnet-"

    def _remove_abandoned(self) -> None:
        """Remove what killed runs to the same destination left behind."""
        pattern = f"{glob.escape(self._prefix())}*.*"
        for path in (*self.destination.glob(pattern), *self.destination.parent.glob(pattern)):
            owner = path.name.removeprefix(self._prefix()).split(".")[0]
            if owner.isdigit() and path.is_dir() and _is_abandoned(path, int(owner)):
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
    for name in _files_of_previous_capture(folder):
        if (folder / name).is_file():
            (folder / name).unlink()


def _files_of_previous_capture(folder: Path) -> list[str]:
    """Return the names that an earlier capture's own list gives, its own among them; none where there is no list."""
    try:
        listed = json.loads((folder / PEOPLE_FILE).read_text())
        names = [PEOPLE_FILE, listed.get("preview")]
        names += [person[key] for person in listed["people"] for key in ("file", "thumbnail")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return [name for name in names if isinstance(name, str) and Path(name).name == name]


def _is_abandoned(path: Path, owner: int) -> bool:
    """Tell whether the process that made a folder is gone."""
    if os.name == "nt":     # there, signal 0 is Ctrl+C
        return time.time() - path.stat().st_mtime > _ABANDONED_AFTER_SECONDS
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
