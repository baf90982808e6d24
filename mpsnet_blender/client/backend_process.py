"""A backend process and its messages: started by argument list, polled without blocking, stopped with its whole tree."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from ..shared import protocol
from ..shared.wording import describe_exit
from . import child_process
from .memory import explain_shortage

TERMINATE_AFTER = 0.7  # seconds from the request to cancel: a cancel shall take effect within one second
SILENT_AFTER = 15.0  # seconds without a sign of life, which come every 2 s: a busy machine delays them by a few; by estimate
# Seconds, for a child that hangs: it will hardly stop by itself.
_HANGING_TERMINATE_AFTER, _HANGING_KILL_AFTER = 0.2, 0.7
KILL_AFTER = 2.0  # seconds from the request to cancel: 1.3 s to stop after the signal; by estimate
LINGER_SECONDS = 5.0  # seconds for which a child may run after its final message, to free its models; by estimate
_KILL_DELAY = 0.5  # seconds between terminate and kill when Blender ends: more would be felt as hanging
_DRAIN_SECONDS = 0.3  # seconds without a new byte, after the child's death, until its pipe counts as empty; by estimate
_LONGEST_LINE = 1 << 20  # bytes; the longest message takes a few kilobytes
_LOG_TAIL_BYTES = 4000  # about 50 lines: a traceback fits


class BackendProcess:
    """One running child that speaks `shared.protocol` on its stdout.

    `poll()` never blocks and suits a timer; `messages()` blocks and suits a script. Exactly one final message
    (Result, Error or Cancelled) comes last, even if the child crashes. Use as a context manager, or call `kill()` to drop the
    job: afterwards no process of its tree is left. The log starts empty and holds one run.
    """

    def __init__(self, command: Sequence[str], cwd: Path, log_path: Path, environ: Mapping[str, str] | None = None):
        """Start `command` (an argument list, never a shell line) in `cwd`; its stderr goes to the file `log_path`.

        `environ` are its environment variables, `child_environ()` where None. If the program cannot be
        started, the final message says so. Raises OSError where the log cannot be written.
        """
        self._messages: queue.SimpleQueue[protocol.Message] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._final: protocol.Message | None = None
        self._final_taken = False
        self._cancel_requested = threading.Event()
        self._ended = threading.Event()
        self._last_read = time.monotonic()
        self._shows_life = False
        self.log_path = Path(log_path)
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self.log_path.write_bytes(b"")
        self._log = open(self.log_path, "ab", buffering=0)  # noqa: SIM115  (the watcher closes it)
        self._process = self._start(command, cwd, environ)
        if self._process is not None:
            reader = threading.Thread(target=self._read, args=(self._process.stdout,), name="mpsnet backend reader", daemon=True)
            reader.start()
            threading.Thread(target=self._watch, args=(self._process, reader), name="mpsnet backend watcher",
                             daemon=True).start()

    def __enter__(self) -> BackendProcess:
        return self

    def __exit__(self, *_exception: object) -> None:
        if not (self._final_taken and self._ended.wait(LINGER_SECONDS)):
            self.kill()

    @property
    def is_running(self) -> bool:
        """Whether the child is still running."""
        return not self._ended.is_set()

    @property
    def is_finished(self) -> bool:
        """Whether `poll()` or `messages()` has handed out the final message."""
        return self._final_taken

    @property
    def exit_code(self) -> int | None:
        """The child's exit status, negative for a signal; None while it runs and where it never started."""
        return None if self._process is None else self._process.returncode

    @property
    def silent_seconds(self) -> float:
        """For how many seconds nothing has come from a child that shows signs of life; 0 up to `SILENT_AFTER`."""
        seconds = time.monotonic() - self._last_read
        return seconds if self._shows_life and not self._ended.is_set() and seconds > SILENT_AFTER else 0.0

    def poll(self) -> list[protocol.Message]:
        """Return the messages that came since the last call, oldest first, without waiting."""
        received = []
        while not self._final_taken:
            try:
                received.append(self._take(block=False))
            except queue.Empty:
                break
        return received

    def messages(self) -> Iterator[protocol.Message]:
        """Yield the messages as they come, the final one last. Blocks in between."""
        while not self._final_taken:
            try:
                # A bounded wait, because Windows cannot interrupt an endless one with Ctrl+C.
                yield self._take(block=True, timeout=0.5)
            except queue.Empty:
                continue

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the child has ended, for at most `timeout` seconds. Return whether it has."""
        return self._ended.wait(timeout)

    def cancel(self) -> None:
        """Ask the child to stop, at once and without blocking: its stdin closes; a tree that is still there after
        0.7 s is terminated, after 2 s killed (one that hangs: 0.2 s and 0.7 s). The final message is Cancelled, or the Result
        where it came first."""
        if self._process is None or self._cancel_requested.is_set() or self._ended.is_set():
            return
        self._cancel_requested.set()
        is_hanging = self.silent_seconds > 0
        _close_stdin(self._process)
        self._stop(child_process.wake_tree)
        if is_hanging:
            self._escalate_in_background(_HANGING_TERMINATE_AFTER, _HANGING_KILL_AFTER)
        else:
            self._escalate_in_background(TERMINATE_AFTER, KILL_AFTER)

    def kill(self) -> None:
        """Stop the child's whole tree now and wait for its end, about half a second. No effect where it has ended."""
        if self._process is None or self._ended.is_set():
            return
        self._cancel_requested.set()
        _close_stdin(self._process)
        # A child may run programs in separate process groups, as the set-up runs pip: it needs time to stop them.
        self._stop(child_process.terminate_tree)
        if not self._ended.wait(_KILL_DELAY):
            self._stop(child_process.kill_tree)
            self._ended.wait(LINGER_SECONDS)

    def _start(self, command: Sequence[str], cwd: Path,
               environ: Mapping[str, str] | None) -> subprocess.Popen[bytes] | None:
        environ = child_process.child_environ() if environ is None else dict(environ)
        try:
            return subprocess.Popen(
                [str(part) for part in command], cwd=cwd, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=self._log, bufsize=0, **child_process.own_group_options())
        except (OSError, ValueError) as error:
            self._finish(protocol.Error(
                "BackendNotStarted", f"Cannot start {command[0]}: {error}.", "Set up the backend again."))
            self._log.close()
            self._ended.set()
            return None

    def _take(self, block: bool, timeout: float | None = None) -> protocol.Message:
        message = self._messages.get(block=block, timeout=timeout)
        self._final_taken = isinstance(message, protocol.FINAL_TYPES)
        return message

    def _read(self, stdout: IO[bytes]) -> None:
        """Reader thread: turn the child's stdout into messages until its end."""
        pending = b""
        with stdout:
            while chunk := stdout.read(65536):
                self._last_read = time.monotonic()
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    self._receive(line)
                if len(pending) > _LONGEST_LINE:
                    self._receive(pending)
                    pending = b""
        if pending:
            self._receive(pending)

    def _receive(self, line: bytes) -> None:
        try:
            message = protocol.decode(line)
        except protocol.ProtocolVersionError as error:
            self._finish(protocol.Error("ProtocolVersionError", str(error), "Reinstall the extension."))
            self._escalate_in_background(0.0, KILL_AFTER - TERMINATE_AFTER)
        except protocol.ProtocolError:
            self._write_log(line + b"\n")
        else:
            if isinstance(message, protocol.Alive):
                self._shows_life = True
                return
            if not isinstance(message, protocol.FINAL_TYPES):
                self._deliver(message)
                return
            if isinstance(message, protocol.Error) and self._cancel_requested.is_set():
                self._write_log(protocol.encode(message))
                message = protocol.Cancelled()
            self._finish(message)
            self._escalate_in_background(LINGER_SECONDS, LINGER_SECONDS + KILL_AFTER)

    def _watch(self, process: subprocess.Popen[bytes], reader: threading.Thread) -> None:
        """Watcher thread: wait for the child itself, not for the end of its pipe, which a grandchild may keep open."""
        child_process.wait_leaving_zombie(process)
        child_process.kill_tree(process)
        exit_code = process.wait()
        died = time.monotonic()
        while reader.is_alive() and time.monotonic() - max(died, self._last_read) < _DRAIN_SECONDS:
            reader.join(0.01)
        self._finish(self._make_final_of_dead(exit_code))
        _close_stdin(process)
        with self._lock:
            self._log.close()
        self._ended.set()

    def _make_final_of_dead(self, exit_code: int) -> protocol.Message:
        if self._cancel_requested.is_set():
            return protocol.Cancelled()
        how = describe_exit(exit_code)
        return protocol.Error(
            "BackendDied", f"The backend stopped unexpectedly ({how}).",
            f"Try again; if it happens again, report it with the log {self.log_path}.",
            log_tail=self._read_log_tail(), exit_code=exit_code)

    def _read_log_tail(self) -> str:
        try:
            with open(self.log_path, "rb") as log:
                end = log.seek(0, 2)
                log.seek(max(0, end - _LOG_TAIL_BYTES))
                return log.read().decode("utf-8", "replace")
        except OSError as error:
            return f"(the log cannot be read: {error})"

    def _deliver(self, message: protocol.Message) -> None:
        with self._lock:
            if self._final is None:
                self._messages.put(message)

    def _finish(self, message: protocol.Message) -> None:
        """Deliver the final message, unless one was delivered before."""
        if isinstance(message, protocol.Error):
            message = explain_shortage(message)
        with self._lock:
            if self._final is None:
                self._final = message
                self._messages.put(message)

    def _write_log(self, line: bytes) -> None:
        with self._lock:
            if not self._log.closed:
                self._log.write(line)

    def _escalate_in_background(self, terminate_after: float, kill_after: float) -> None:
        threading.Thread(target=self._escalate, args=(terminate_after, kill_after), name="mpsnet backend stop",
                         daemon=True).start()

    def _escalate(self, terminate_after: float, kill_after: float) -> None:
        """Terminate, then kill the tree after these seconds, unless it ends before."""
        if self._ended.wait(terminate_after):
            return
        self._stop(child_process.terminate_tree)
        if not self._ended.wait(kill_after - terminate_after):
            self._stop(child_process.kill_tree)

    def _stop(self, stop_tree: Callable[[subprocess.Popen[bytes]], None]) -> None:
        if self._process is not None and self._process.returncode is None:  # afterwards its id may belong to another process
            stop_tree(self._process)


def _close_stdin(process: subprocess.Popen[bytes]) -> None:
    try:
        if process.stdin is not None:
            process.stdin.close()
    except OSError:  # a child that is gone
        return
