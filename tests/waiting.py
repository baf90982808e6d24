"""Waiting for what must come, however busy the machine is: tests tell states and their order, not seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

LONG = 30.0     # seconds: only what hangs takes so long; what hangs here sleeps for 60


def comes_true(condition: Callable[[], bool], seconds: float = LONG) -> bool:
    """Return whether a condition comes true in that time, looking again and again."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
