"""The backend's output: messages on the pipe for a program, or a progress bar at a terminal for a person."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, BinaryIO, Protocol

from mpsnet_blender.shared.protocol import (
    EXIT_CANCELLED,
    FINAL_TYPES,
    SECONDS_BETWEEN_SIGNS,
    Alive,
    Cancelled,
    Error,
    Hello,
    Log,
    Message,
    Progress,
    Result,
    encode,
    share_of_job,
)

from .errors import CancelRequested

if TYPE_CHECKING:
    from tqdm import tqdm

_REPORTS_PER_SECOND = 10.0      # a progress bar looks smooth, and Blender's timer reads as often
_GRACE_SECONDS = 3.0            # between a cancel and the forced end: longer than any step between two checks should take


class Sink(Protocol):
    """A receiver of messages."""

    def send(self, message: Message) -> None: ...


class MessageSink:
    """Writes messages to the real stdout; all other output to stdout goes to stderr from then on."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._stream: BinaryIO = os.fdopen(os.dup(1), "wb")
        self._lock = threading.Lock()
        self._has_ended = False
        os.dup2(2, 1)
        self.send(Hello("mpsnet-backend"))

    def send(self, message: Message) -> None:
        with self._lock:
            if self._has_ended:     # nothing comes after the final message
                return
            self._has_ended = isinstance(message, FINAL_TYPES)
            try:
                self._stream.write(encode(message))
                self._stream.flush()
            except BrokenPipeError:
                pass    # the parent has gone: its closed stdin stops the job


class TerminalSink:
    """Shows one progress bar for each stage, and log lines above it, on stderr; the result's path on stdout."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A path whose bytes are not UTF-8 is written as those bytes.
            sys.stdout.reconfigure(errors="surrogateescape")

    def send(self, message: Message) -> None:
        if isinstance(message, Progress):
            self._advance(message)
            return
        self.close()
        if isinstance(message, Log):
            sys.stderr.write(f"{message.message}\n")
        elif isinstance(message, Result):
            sys.stdout.write(f"{message.summary}\n{message.path}\n")
        elif isinstance(message, Error):
            sys.stderr.write(f"Error: {message.message}\n" + (f"{message.advice}\n" if message.advice else ""))
        elif isinstance(message, Cancelled):
            sys.stderr.write(f"{message.message}\n")

    def _advance(self, message: Progress) -> None:
        from tqdm import tqdm  # imported late: commands without progress need only numpy
        if self._bar is None or self._bar.desc.rstrip(": ") != message.stage:
            self.close()
            self._bar = tqdm(desc=message.stage, total=message.total or None, unit=f" {message.unit}", file=sys.stderr,
                             mininterval=0.1 if sys.stderr.isatty() else 5.0, dynamic_ncols=True)
        self._bar.update(message.done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Reporter:
    """Sends progress, at most ten times a second, and stops the job after a request to cancel."""

    def __init__(self, sink: Sink):
        self._sink = sink
        self._cancelled = threading.Event()
        self._shares: dict[str, float] = {}
        self._started = time.monotonic()
        self._job_share: float | None = None
        self._part = ""
        self._stage, self._stage_started, self._last_sent = "", 0.0, 0.0
        # Where the stage and the job began: one that goes on after an interruption does not begin at 0.
        self._stage_begun, self._job_begun = 0.0, 0.0

    def plan(self, shares: dict[str, float]) -> None:
        """Declare the stages in order, each with its share of the time: how much is done and the time left follow from it."""
        total = sum(shares.values())
        self._shares = {stage: share / total for stage, share in shares.items()}
        self._started = time.monotonic()
        self._job_share = 0.0

    def part(self, words: str) -> None:
        """Add words to the titles of the stages and to the logs that follow: their part of the job; empty for none."""
        self._part = words

    def progress(self, stage: str, done: float, total: float, unit: str = "") -> None:
        """Report that `done` of `total` (0: unknown) is done. Raises CancelRequested after a request to cancel."""
        self.check()
        stage += f", {self._part}" if self._part else ""
        now = time.monotonic()
        if stage != self._stage:
            is_first, self._stage = not self._stage, stage
            self._stage_started, self._stage_begun, self._last_sent = now, done, 0.0
            if is_first:
                self._job_begun = share_of_job(self._shares, stage, done, total) or 0.0
        if now - self._last_sent < 1 / _REPORTS_PER_SECOND and done < total:
            return
        self._last_sent = now
        elapsed = now - self._stage_started
        rate = (done - self._stage_begun) / elapsed if elapsed > 0.2 else None
        planned = share_of_job(self._shares, stage, done, total)
        if planned is not None and self._job_share is not None:
            self._job_share = max(self._job_share, planned)        # stages that are not planned, and corrections, hold it
        seconds_left = None if planned is None else _estimate_seconds_left(planned, self._job_begun, now - self._started)
        self._sink.send(Progress(stage, done, max(total, done) if total else 0, unit, rate, seconds_left, self._job_share))

    def forward(self, message: Message) -> None:
        """Send a message of another process. Raises CancelRequested after a request to cancel."""
        self.check()
        self._sink.send(message)

    def log(self, level: str, message: str) -> None:
        """Send a text for the user, "info" or "warning", after the words of the part of the job that it is about."""
        self._sink.send(Log(level, f"{self._part.capitalize()}: {message}" if self._part else message))

    def finish(self, message: Result | Error | Cancelled) -> None:
        self._sink.send(message)

    def check(self) -> None:
        """Raise CancelRequested after a request to cancel."""
        if self._cancelled.is_set():
            raise CancelRequested

    def cancel(self) -> None:
        """Request that the job stops; a job that does not stop is ended after some seconds."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            watchdog = threading.Timer(_GRACE_SECONDS, os._exit, (EXIT_CANCELLED,))
            watchdog.daemon = True
            watchdog.start()

    def show_life(self) -> None:
        """Send a sign of life every two seconds from now on, in a thread."""
        def show() -> None:
            while True:
                time.sleep(SECONDS_BETWEEN_SIGNS)
                self._sink.send(Alive())

        threading.Thread(target=show, name="signs of life", daemon=True).start()

    def cancel_on_signals(self) -> None:
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: self.cancel())

    def cancel_on_closed_stdin(self) -> None:
        """Cancel at the end of stdin, which also comes when the parent dies."""
        def watch() -> None:
            try:
                while os.read(0, 4096):
                    pass
            except OSError:
                pass
            self.cancel()

        threading.Thread(target=watch, name="cancel watch", daemon=True).start()


class AsideReporter(Reporter):
    """Reports of a thread that works beside a stage: its progress is not shown, and its logs come when `tell` is called, so that
    their order does not depend on timing."""

    def __init__(self, main: Reporter):
        super().__init__(self)
        self._main = main
        self._logs: list[Log] = []

    def send(self, message: Message) -> None:
        if isinstance(message, Log):
            self._logs.append(message)

    def check(self) -> None:
        self._main.check()

    def tell(self) -> None:
        """Log, in the main reporter, what was logged here."""
        for log in self._logs:
            self._main.log(log.level, log.message)
        self._logs = []


def _estimate_seconds_left(share: float, begun: float, elapsed: float) -> float | None:
    done = share - begun
    return elapsed * (1 - share) / done if done > 0.01 and elapsed > 1 else None
