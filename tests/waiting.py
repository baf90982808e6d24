"""Waiting for a condition, however busy the machine is: tests check states and their order, not seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

LONG = 30.0     # seconds: only what hangs takes so long; what hangs here sleeps for 60


def comes_true(condition: Callable[[], bool], seconds: float = LONG) -> bool:
    """Return whether a condition becomes true within that time; it is checked repeatedly."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
