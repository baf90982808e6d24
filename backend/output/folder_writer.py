"""Writing of a capture's folder under a hidden name, which is then moved to its place: a killed run leaves no partial file."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, CaptureListing, ListingError, is_capture_file, read_listing

from ..base.errors import OutputError
from .replacing import is_replacing, is_stuck, replace_files, undo_replacing

_LEAST_FREE_BYTES = 10_000_000      # a minute of one person takes 3 MB (1,800 frames at 1.6 kB)
_LONGEST_NAME = 200                 # bytes of a folder's name in a hidden folder's: systems allow 255 with what is added
_ABANDONED_AFTER_SECONDS = 24 * 3600.0      # on Windows, where it is unknown whether a process runs; no capture takes a day


class CaptureFolder:
    """A folder that is being written: write into `.path`; a `with` block that ends without an error moves it into place."""

    def __init__(self, destination: Path, video: Path | None = None):
        """video: the captured file, which is never replaced."""
        self.destination = destination.absolute()
        self._video = video
        self.path = Path()

    def require_place(self) -> None:
        """Raise OutputError where nothing can be written to the destination.

        Changes nothing, except that it undoes a move that a killed run did not finish.
        """
        try:
            with suppress(FileNotFoundError, NotADirectoryError):
                os.lstat(self.destination)      # raises for a name that is too long, where `exists` may say False
            place = next(path for path in (self.destination, *self.destination.parents) if path.exists())
            if not place.is_dir():
                raise OutputError(f"{place} is a file, not a folder.", "Choose another --output.")
            if not os.access(place, os.W_OK | os.X_OK):
                raise OutputError(f"Cannot write to {place}: you have no permission.", "Choose another --output.")
            _require_room(place)
            _undo_interrupted_move(self.destination)
            self._require_nothing_foreign()
        except OSError as error:
            raise self._make_write_error(error) from None

    def _require_nothing_foreign(self) -> None:
        """Raise OutputError where a file that the capture would replace does not belong to an earlier capture."""
        replaceable = self._find_replaceable()
        for path in sorted(self.destination.iterdir()) if self.destination.is_dir() else ():
            name = path.name.lower()    # on a system that ignores case, that is this file
            if is_capture_file(name) and name not in replaceable and os.path.lexists(self.destination / name):
                raise OutputError(f"{path} would be replaced, and it does not belong to an earlier capture.",
                                  "Choose another --output, or move that file away.")

    def _find_replaceable(self) -> set[str]:
        """Return the names of an earlier capture's files, by its listing, without the video."""
        listing = find_capture(self.destination)
        names = listing.files() if listing else ()
        return {name for name in names if (self.destination / name).is_file() and not self._is_video(self.destination / name)}

    def _is_video(self, path: Path) -> bool:
        if self._video is None:
            return False
        try:
            return path.samefile(self._video)
        except OSError:     # its disk was unplugged, or it was moved away, when its frames had been read
            return path.absolute() == self._video.absolute()

    def __enter__(self) -> CaptureFolder:
        self.require_place()
        try:
            # Inside a folder that exists already: its parent may be on another disk, or not writable.
            workplace = self.destination if self.destination.exists() else self.destination.parent
            workplace.mkdir(parents=True, exist_ok=True)
            for path, owner in _find_hidden_folders(self.destination):
                if not is_replacing(path) and _is_abandoned(path, owner):
                    shutil.rmtree(path, ignore_errors=True)
            prefix = f"{_make_prefix(workplace, self.destination)}{os.getpid()}."
            self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=workplace))
            self.path.chmod(0o755)
        except OSError as error:
            raise self._make_write_error(error) from None
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._move_into_place()
        except OSError as failure:
            raise self._make_write_error(failure) from None
        finally:
            if not is_replacing(self.path):     # else it holds the earlier capture, which the next run restores
                shutil.rmtree(self.path, ignore_errors=True)
        if isinstance(error, OSError):
            raise self._make_write_error(error) from error

    def _move_into_place(self) -> None:
        if not self.destination.exists():
            os.rename(self.path, self.destination)
            return
        self._require_nothing_foreign()     # again: a preview may have taken minutes
        replace_files(self.path, self.destination, self._find_replaceable())

    def _make_write_error(self, error: OSError) -> OutputError:
        return OutputError(f"Cannot write {self.destination}: {error.strerror}.",
                           "Choose another --output, free some space, or close programs that use its files, and try again.")


def _require_room(place: Path) -> None:
    """Raise OutputError where the disk has no room for the motion."""
    free = shutil.disk_usage(place).free
    if free < _LEAST_FREE_BYTES:
        raise OutputError(f"Only {free / 1e6:.1f} MB are free on the disk of {place}, and a capture needs "
                          f"{_LEAST_FREE_BYTES / 1e6:.0f} MB.", "Free some space, or choose another --output.")


def find_capture(folder: Path) -> CaptureListing | None:
    """Return the listing of the capture in a folder, or None. A move that was interrupted there is undone first."""
    try:
        _undo_interrupted_move(folder.absolute())
        return read_listing(folder / PEOPLE_FILE)
    except (OutputError, ListingError):
        return None


def _undo_interrupted_move(destination: Path) -> None:
    """Restore the earlier capture that a killed run was replacing. Raises OutputError."""
    for path, owner in _find_hidden_folders(destination):
        if not is_replacing(path):
            continue
        if not (_is_gone(owner) or is_stuck(path)):
            raise OutputError(f"Another capture is being moved into {destination} at this moment.", "Try again in a minute.")
        try:
            undo_replacing(path, destination)
        except (OSError, ListingError) as error:
            raise OutputError(f"A run that was killed left {destination} partly replaced, and the earlier capture cannot be "
                              f"restored: {error}", "Close programs that use its files, or choose another --output.") from None


def _find_hidden_folders(destination: Path) -> list[tuple[Path, int]]:
    """Return the hidden folders of running or killed captures to a destination, each with its process's id."""
    found = []
    for place in (destination, destination.parent):
        prefix = _make_prefix(place, destination)
        for path in place.glob(f"{glob.escape(prefix)}*.*"):
            owner = re.match(r"[0-9]{1,9}(?=\.)", path.name.removeprefix(prefix))
            found += [(path, int(owner[0]))] if owner and path.is_dir() and not path.is_symlink() else []
    return found


def _make_prefix(place: Path, destination: Path) -> str:
    if place == destination:
        return ".mpsnet-"
    name = os.fsencode(destination.name)
    if len(name) > _LONGEST_NAME:
        name = name[:_LONGEST_NAME].decode("utf-8", "ignore").encode() + b"-" + hashlib.sha256(name).hexdigest()[:8].encode()
    return f".{os.fsdecode(name)}.mpsnet-"


def _is_abandoned(path: Path, owner: int) -> bool:
    if os.name == "nt":
        return time.time() - path.stat().st_mtime > _ABANDONED_AFTER_SECONDS
    return _is_gone(owner)


def _is_gone(owner: int) -> bool:
    """Return whether a process has ended; on Windows, where that is unknown, False."""
    if os.name == "nt":     # where signal 0 is Ctrl+C
        return False
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass    # it runs as another user
    return False
