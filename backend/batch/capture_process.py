"""One capture of a batch: a child process, its messages forwarded, stopped at a request to cancel."""

from __future__ import annotations

import queue
import subprocess
import threading
from typing import IO

from mpsnet_blender.shared.protocol import (
    FINAL_TYPES,
    Alive,
    Cancelled,
    Error,
    FinalMessage,
    Hello,
    Message,
    ProtocolError,
    Result,
    decode,
)
from mpsnet_blender.shared.wording import describe_exit

from ..base.errors import CancelRequested
from ..base.reporter import Reporter

DIED = "BackendDied"       # kind of the error of a capture that ended without a final message
_CHECK_SECONDS = 0.1  # between checks for a request to cancel: a user sees no delay
_SHUTDOWN_SECONDS = 2.0  # for a capture to end after its stdin was closed, before it is killed


def run_capture(command: list[str], reporter: Reporter) -> Result | Error:
    """Run one capture and forward its messages; return its final one, or an Error where it died without one.

    Raises CancelRequested.
    """
    messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            threading.Thread(target=_read, args=(child.stdout, messages), daemon=True).start()
            final = _follow(messages, reporter)
        finally:
            _stop(child)
    if isinstance(final, Cancelled):
        raise CancelRequested
    return final or Error(DIED, f"The capture stopped unexpectedly ({describe_exit(child.returncode)}).")


def _follow(messages: queue.SimpleQueue[Message | None], reporter: Reporter) -> FinalMessage | None:
    """Forward a capture's messages until the final one, and return that; None where it ended without one."""
    while True:
        reporter.check()
        try:
            message = messages.get(timeout=_CHECK_SECONDS)
        except queue.Empty:
            continue
        if message is None or isinstance(message, FINAL_TYPES):
            return message
        if not isinstance(message, Hello | Alive):      # a batch shows its life itself
            reporter.forward(message)


def _read(stdout: IO[bytes], messages: queue.SimpleQueue[Message | None]) -> None:
    """Reader thread: turn a capture's stdout into messages, and None at its end."""
    for line in stdout:
        try:
            messages.put(decode(line))
        except ProtocolError:
            continue
    messages.put(None)


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Close a capture's stdin, at which it ends; kill it where it does not."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(_SHUTDOWN_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
