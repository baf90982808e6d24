"""An earlier capture's files make way for a new one's: all of them, or none.

No system renames several files at once. So the earlier capture's go into `earlier`, a folder in the new one's hidden folder,
before the new ones come out of it, `people.json` leaving first and arriving last. A folder that has a `people.json` is
whole, and while there is an `earlier`, the new capture's own listing tells what to take back out.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, is_capture_file, read_listing

_EARLIER = "earlier"
_STUCK_AFTER_SECONDS = 60.0     # a move takes milliseconds


def replace_files(workplace: Path, destination: Path, replaced: Iterable[str]) -> None:
    """Move a whole capture out of its hidden folder into its place, where the files named `replaced` make way for it.

    Raises OSError: then the earlier capture is back, or `undo_replacing` can bring it back.
    """
    arriving = read_listing(workplace / PEOPLE_FILE).files()
    if arriving != set(os.listdir(workplace)):
        raise ValueError(f"{workplace} must hold what its {PEOPLE_FILE} names, and nothing else")
    earlier = workplace / _EARLIER
    earlier.mkdir()
    try:
        for name in _listing_first(replaced):
            os.replace(destination / name, earlier / name)
        for name in reversed(_listing_first(arriving)):
            os.replace(workplace / name, destination / name)
    except BaseException:
        undo_replacing(workplace, destination)
        raise
    shutil.rmtree(workplace, ignore_errors=True)


def is_replacing(workplace: Path) -> bool:
    """Tell whether a hidden folder's files are on their way into their place, or were when their process was killed."""
    return (workplace / _EARLIER).is_dir()


def is_stuck(workplace: Path) -> bool:
    """Tell whether a move has stopped for good. Its process's id cannot tell that alone: another process may have it now."""
    try:
        return time.time() - (workplace / _EARLIER).stat().st_mtime > _STUCK_AFTER_SECONDS
    except FileNotFoundError:   # finished since
        return False


def undo_replacing(workplace: Path, destination: Path) -> None:
    """Bring the earlier capture back unless all of the new one has arrived, and remove the hidden folder.

    Raises OSError, and ListingError where the hidden folder's listing is damaged; can be called again where it was cut short.
    """
    earlier = workplace / _EARLIER
    if (workplace / PEOPLE_FILE).exists():
        for name in read_listing(workplace / PEOPLE_FILE).files():
            if not (workplace / name).exists() and (destination / name).exists():
                os.replace(destination / name, workplace / name)
        for name in reversed(_listing_first(filter(is_capture_file, os.listdir(earlier)))):
            os.replace(earlier / name, destination / name)
        earlier.rmdir()     # from here on, there is nothing to undo
    shutil.rmtree(workplace, ignore_errors=True)


def _listing_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name != PEOPLE_FILE, name))
