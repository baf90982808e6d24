"""Runs calls in a thread, one after the other, a few frames behind the caller."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_MOST_WAITING = 3       # calls, each with a frame in memory: they bridge a slow call; six were no quicker
_NICENESS = 10              # of 19: the caller's next frame goes first, and what waits fills the cores that it leaves free


def background_thread(name: str) -> ThreadPoolExecutor:
    """Return a thread that runs calls one after the other, and leaves the cores to others (on Linux; elsewhere a thread cannot be
    told so)."""
    return ThreadPoolExecutor(1, thread_name_prefix=name, initializer=_yield_cores)


def _yield_cores() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS)


class Background:
    """Runs calls in the order in which they come, so that the results do not depend on timing. Use as a context manager.

    An error of a call is raised by one of the next ones, or at the end. Where the block ends by an error, waiting calls are
    dropped.
    """

    def __init__(self, name: str):
        """name: of the thread."""
        self._thread = background_thread(name)
        self._waiting: deque[Future[Any]] = deque()

    def call(self, function: Callable[..., Any], *arguments: object) -> None:
        """Run a function soon; wait where too many calls are waiting."""
        while len(self._waiting) >= _MOST_WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(function, *arguments))

    def finish_waiting(self) -> None:
        """Wait until all calls are done."""
        while self._waiting:
            self._waiting.popleft().result()

    def __enter__(self) -> Background:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._thread.shutdown(cancel_futures=error is not None)
        if error is None:
            for call in self._waiting:
                call.result()
