"""Replaces an earlier capture's files by those of a new one: all of them, or none.

No system renames several files at once. So the earlier files are moved into `earlier`, a folder in the new capture's hidden
folder, before the new ones are moved out of it; `people.json` is moved away first and arrives last. So a folder with a
`people.json` is complete, and while `earlier` exists, the new capture's listing names the files to move back.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, is_capture_file, read_listing

_EARLIER = "earlier"
_STUCK_AFTER_SECONDS = 60.0     # a move takes milliseconds; a minute allows for a slow network disk


def replace_files(workplace: Path, destination: Path, replaced: Iterable[str]) -> None:
    """Move a complete capture from its hidden folder to its destination, where it replaces the files named `replaced`.

    Raises OSError: then the earlier capture is restored, or `undo_replacing` can restore it.
    """
    arriving = read_listing(workplace / PEOPLE_FILE).files()
    if arriving != set(os.listdir(workplace)):
        raise ValueError(f"{workplace} must hold the files that its {PEOPLE_FILE} names, and no others")
    earlier = workplace / _EARLIER
    earlier.mkdir()
    try:
        for name in _sort_listing_first(replaced):
            os.replace(destination / name, earlier / name)
        for name in reversed(_sort_listing_first(arriving)):
            os.replace(workplace / name, destination / name)
    except BaseException:
        undo_replacing(workplace, destination)
        raise
    shutil.rmtree(workplace, ignore_errors=True)


def is_replacing(workplace: Path) -> bool:
    """Return whether a hidden folder's files are being moved, or were when their process was killed."""
    return (workplace / _EARLIER).is_dir()


def is_stuck(workplace: Path) -> bool:
    """Return whether a move has stopped for good. It is judged by time, because another process may have the process's id now."""
    try:
        return time.time() - (workplace / _EARLIER).stat().st_mtime > _STUCK_AFTER_SECONDS
    except FileNotFoundError:   # it has finished meanwhile
        return False


def undo_replacing(workplace: Path, destination: Path) -> None:
    """Restore the earlier capture unless the new one has arrived completely, and remove the hidden folder.

    Raises OSError, and ListingError where the hidden folder's listing is damaged; can be called again after an interruption.
    """
    earlier = workplace / _EARLIER
    if (workplace / PEOPLE_FILE).exists():
        for name in read_listing(workplace / PEOPLE_FILE).files():
            if not (workplace / name).exists() and (destination / name).exists():
                os.replace(destination / name, workplace / name)
        for name in reversed(_sort_listing_first(filter(is_capture_file, os.listdir(earlier)))):
            os.replace(earlier / name, destination / name)
        earlier.rmdir()     # from here on, there is nothing to undo
    shutil.rmtree(workplace, ignore_errors=True)


def _sort_listing_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name != PEOPLE_FILE, name))
