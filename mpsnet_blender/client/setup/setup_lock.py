"""The lock that keeps two set-ups from building in one folder at the same time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ...shared.protocol import Log
from .setup_steps import SetupRun

_RETRY_SECONDS = 0.2  # short compared with a set-up of minutes, long compared with the cost of a try
_LOCKED_BYTE = 1 << 20  # beyond the text, so that Windows lets other processes read the holder's id


@contextmanager
def setup_lock(path: Path, run: SetupRun) -> Iterator[None]:
    """Hold the lock file `path`, which names the process that holds it; wait while another process does.

    The system releases the lock of a process that dies, so a file left behind blocks nothing. Raises SetupCancelled where the
    wait is cancelled.
    """
    with open(path, "a+", encoding="ascii") as lock_file:
        is_reported = False
        while not _try_lock(lock_file):
            if not is_reported:
                run.report(Log("info", f"Waiting for the set-up that is running already (process {_read_owner(path)})."))
                is_reported = True
            run.check_cancelled()
            time.sleep(_RETRY_SECONDS)
        try:
            lock_file.truncate(0)
            lock_file.write(str(os.getpid()))
            lock_file.flush()
            yield
        finally:
            lock_file.truncate(0)
            _unlock(lock_file)


def _read_owner(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip() or "unknown"
    except OSError:
        return "unknown"


if sys.platform == "win32":
    import msvcrt

    def _try_lock(lock_file: IO[str]) -> bool:
        lock_file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(lock_file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(lock_file: IO[str]) -> None:
        lock_file.seek(_LOCKED_BYTE)
        msvcrt.locking(lock_file.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(lock_file: IO[str]) -> bool:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(lock_file: IO[str]) -> None:
        fcntl.flock(lock_file, fcntl.LOCK_UN)
