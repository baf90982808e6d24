"""How the backend speaks: messages for a program on the pipe, or a progress bar for a person at a terminal."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, BinaryIO, Protocol

from mpsnet_blender.shared.protocol import EXIT_CANCELLED, Cancelled, Error, Hello, Log, Message, Progress, Result, encode

from .errors import CancelRequested

if TYPE_CHECKING:
    from tqdm import tqdm

_REPORTS_PER_SECOND = 10.0
_GRACE_SECONDS = 3.0


class Sink(Protocol):
    """Where messages go."""

    def send(self, message: Message) -> None: ...


class MessageSink:
    """Frames messages on the real stdout; whatever else prints there goes to stderr from now on."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._stream: BinaryIO = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self.send(Hello("mpsnet-backend"))

    def send(self, message: Message) -> None:
        try:
            self._stream.write(encode(message))
            self._stream.flush()
        except BrokenPipeError:
            pass    # nobody listens any more: closed stdin says so too, and stops the job


class TerminalSink:
    """One progress bar a stage, words above it, on stderr; the result's path on stdout."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A path whose bytes are no text is written as those bytes.
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
        from tqdm import tqdm  # imported late: commands without progress run where there is nothing but numpy
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
    """Sends progress, at most ten times a second, and stops the job where a cancel was asked for."""

    def __init__(self, sink: Sink):
        self._sink = sink
        self._cancelled = threading.Event()
        self._shares: dict[str, float] = {}
        self._started = time.monotonic()
        self._stage, self._stage_started, self._last_sent = "", 0.0, 0.0

    def plan(self, shares: dict[str, float]) -> None:
        """Declare the job's stages in order with the share of time that each will take, for the time left."""
        total = sum(shares.values())
        self._shares = {stage: share / total for stage, share in shares.items()}
        self._started = time.monotonic()

    def progress(self, stage: str, done: float, total: float, unit: str = "") -> None:
        """Tell that `done` of `total` (0: unknown) is done. Raises CancelRequested where the job shall stop."""
        self.check()
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_started, self._last_sent = stage, now, 0.0
        if now - self._last_sent < 1 / _REPORTS_PER_SECOND and done < total:
            return
        self._last_sent = now
        elapsed = now - self._stage_started
        rate = done / elapsed if elapsed > 0.2 else None
        self._sink.send(Progress(stage, done, max(total, done) if total else 0, unit, rate,
                                 self._seconds_left(stage, done, total, now)))

    def _seconds_left(self, stage: str, done: float, total: float, now: float) -> float | None:
        if stage not in self._shares or not total:
            return None
        stages = list(self._shares)
        before = sum(self._shares[name] for name in stages[:stages.index(stage)])
        fraction = before + self._shares[stage] * min(1.0, done / total)
        elapsed = now - self._started
        return elapsed * (1 - fraction) / fraction if fraction > 0.01 and elapsed > 1 else None

    def forward(self, message: Message) -> None:
        """Send another process's message as one's own. Raises CancelRequested where the job shall stop."""
        self.check()
        self._sink.send(message)

    def log(self, level: str, message: str) -> None:
        self._sink.send(Log(level, message))

    def finish(self, message: Result | Error | Cancelled) -> None:
        self._sink.send(message)

    def check(self) -> None:
        """Raise CancelRequested where the job shall stop."""
        if self._cancelled.is_set():
            raise CancelRequested

    def cancel(self) -> None:
        """Ask the job to stop; a job that is stuck is ended after some seconds."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            watchdog = threading.Timer(_GRACE_SECONDS, os._exit, (EXIT_CANCELLED,))
            watchdog.daemon = True
            watchdog.start()

    def cancel_on_signals(self) -> None:
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: self.cancel())

    def cancel_on_closed_stdin(self) -> None:
        """Take the end of stdin, which comes too when the parent dies, as the request to cancel."""
        def watch() -> None:
            try:
                while os.read(0, 4096):
                    pass
            except OSError:
                pass
            self.cancel()

        threading.Thread(target=watch, name="cancel watch", daemon=True).start()
