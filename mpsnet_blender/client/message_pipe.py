"""How a program of the client reports to the process that started it: messages on stdout, and stdin as the leash."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from ..shared import protocol


class MessagePipe:
    """Sends messages on the real stdout; all other output to stdout goes to stderr."""

    def __init__(self, program: str) -> None:
        self._stream = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        self.send(protocol.Hello(program))

    def send(self, message: protocol.Message) -> None:
        """Send one message. A closed pipe is no error: it means that the parent has ended, and the end of stdin cancels."""
        try:
            self._stream.write(protocol.encode(message))
        except BrokenPipeError:
            return


def call_at_end_of_stdin(stop: Callable[[], object]) -> None:
    """Call a function, in a thread, when the parent closes this program's stdin or ends."""
    def watch() -> None:
        while os.read(0, 4096):
            continue
        stop()

    threading.Thread(target=watch, daemon=True).start()
