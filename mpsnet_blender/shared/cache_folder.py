"""The folder with what captures have found in videos, so that an interrupted one goes on: its size, its limit, and clearing it.

Each video, with the options that matter, has an entry: a folder with files of these names. Nothing else is ever removed. Needs
only the standard library.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

STATE_FILE = "state.npz"
# Megabytes (1e6 bytes) of all entries: a frame takes 3.5 kB for each person, and 1.1 kB for the background. So four hours of one
# person at 30 frames a second fit, and nobody misses so much of a disk.
DEFAULT_LIMIT_MEGABYTES = 2000
_ENTRY = re.compile(r"[0-9a-f]{32}")
_OURS = re.compile(r"state\.npz|people-[0-9a-f]{16}\.npz|part-[0-9]{6}-[0-9a-f]{8}\.npz|in-use-[0-9]+-.*|\..+\.part")
_ABANDONED_AFTER_SECONDS = 3600.0       # of a mark by another computer, whose processes are unknown here: an hour without a step


def measure_cache(folder: Path) -> int:
    """Return the bytes of all entries."""
    return sum(_measure(entry) for entry in _list_entries(folder))


def clear_cache(folder: Path) -> int:
    """Remove all entries that no capture is using; return how many bytes that freed."""
    before = measure_cache(folder)
    for entry in _list_entries(folder):
        remove_entry(entry)
    return before - measure_cache(folder)


def limit_cache(folder: Path, most_bytes: int) -> None:
    """Remove the entries used least recently, those in use excepted, until all together take at most so many bytes."""
    entries = sorted(_list_entries(folder), key=_find_last_use)
    total = sum(_measure(entry) for entry in entries)
    for entry in entries:
        if total <= most_bytes:
            return
        size = _measure(entry)
        remove_entry(entry)
        total -= size - _measure(entry)


def remove_entry(entry: Path, although_in_use: bool = False) -> None:
    """Remove an entry's files, unless a capture is using it."""
    if is_in_use(entry) and not although_in_use:
        return
    with contextlib.suppress(OSError):      # another program reads a file, or removes it too
        for path in _list_files(entry):
            if although_in_use and path.name == make_mark(entry).name:
                continue
            path.unlink(missing_ok=True)
        entry.rmdir()


def make_mark(entry: Path) -> Path:
    """Return the path of the file by which this process says that it is using an entry."""
    return entry / f"in-use-{os.getpid()}-{socket.gethostname()}"


def is_in_use(entry: Path) -> bool:
    """Return whether a process that still runs, other than this one, is using an entry."""
    return any(_is_valid(path) for path in _list_files(entry) if path.name.startswith("in-use-"))


def _is_valid(mark: Path) -> bool:
    _, _, owner, host = mark.name.split("-", 3)
    if host == socket.gethostname() and os.name != "nt":     # on Windows, signal 0 would be Ctrl+C
        return int(owner) != os.getpid() and _runs(int(owner))
    with contextlib.suppress(OSError):
        return time.time() - mark.stat().st_mtime < _ABANDONED_AFTER_SECONDS and mark != make_mark(mark.parent)
    return False


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:     # it runs as another user
        return True
    return True


def _list_entries(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            if _ENTRY.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                yield path


def _list_files(entry: Path) -> list[Path]:
    try:
        return [path for path in entry.iterdir() if _OURS.fullmatch(path.name)]
    except OSError:
        return []


def _measure(entry: Path) -> int:
    total = 0
    for path in _list_files(entry):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


def _find_last_use(entry: Path) -> float:
    try:
        return (entry / STATE_FILE).stat().st_mtime
    except OSError:
        return 0.0
