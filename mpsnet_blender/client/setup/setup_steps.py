"""The programs that a set-up runs: one at a time, logged, cancellable, with a separate error for each kind of failure."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ...shared.protocol import Message, Progress
from ...shared.wording import describe_exit
from .. import child_process
from .installed_files import find_packages_folder
from .setup_errors import DiskFullError, SetupCancelled

MEGABYTE = 1e6
_POLL_SECONDS = 0.1  # seconds between checks for a request to cancel, so that a cancel takes effect within a second
_TIED_PROGRAM = Path(__file__).with_name("tied_program.py")
_ERROR_LINES = 60  # of a program's output, for its error: a traceback and pip's summary fit


class StepFailed(Exception):
    """A program of the set-up ended with a status above zero; `output` holds its last lines."""

    def __init__(self, program: str, exit_code: int, output: str):
        super().__init__(f"{program} ended with {describe_exit(exit_code)}")
        self.output = output


@dataclass
class SetupRun:
    """The common inputs of a set-up's steps: the receiver of messages, the log file, and the request to cancel."""
    report: Callable[[Message], None]
    log_path: Path
    cancelled: threading.Event = field(default_factory=threading.Event)

    def check_cancelled(self) -> None:
        """Raise SetupCancelled after a request to cancel."""
        if self.cancelled.is_set():
            raise SetupCancelled


def module_command(python: Path | str, module: str, *arguments: str) -> list[str]:
    """Return the argument list that runs a module of a Python so that it ends with this process, however this one ends."""
    return [str(python), "-I", str(_TIED_PROGRAM), module, *arguments]


def run_step(run: SetupRun, command: Sequence[str], temporary: Path | None = None,
             on_line: Callable[[str], None] | None = None, on_tick: Sequence[Callable[[], None]] = (),
             environ: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return its last lines; its whole output goes to the log.

    `temporary` is its folder for temporary files. `on_line` is called with each line, those of `on_tick` about ten
    times a second. `environ` are its environment variables, `child_environ()` where None. Raises StepFailed, OSError where it
    cannot be run, and SetupCancelled after its whole tree was killed.
    """
    environ = child_process.child_environ() if environ is None else dict(environ)
    if temporary is not None:
        environ |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    run.check_cancelled()
    with open(run.log_path, "a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(command)}\n")
        with subprocess.Popen(
                command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, encoding="utf-8", errors="replace", **child_process.own_group_options()) as process:
            lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
            reader = threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True)
            reader.start()
            try:
                kept = _follow(run, lines, log.write, on_line, on_tick)
            except BaseException:
                child_process.kill_tree(process)
                reader.join()
                raise
        log.write(f"[{describe_exit(process.returncode)}]\n")
    output = "\n".join(kept)
    if process.returncode != 0:
        raise StepFailed(Path(command[0]).name, process.returncode, output)
    return output


def _follow(run: SetupRun, lines: queue.SimpleQueue[str | None], write_log: Callable[[str], object],
            on_line: Callable[[str], None] | None, on_tick: Sequence[Callable[[], None]]) -> list[str]:
    """Pass on a program's lines until its output ends; return the last of them."""
    kept: list[str] = []
    next_tick = time.monotonic()
    while True:
        run.check_cancelled()
        if time.monotonic() >= next_tick:
            for look in on_tick:
                look()
            next_tick = time.monotonic() + _POLL_SECONDS
        try:
            line = lines.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        if line is None:
            return kept
        write_log(line)
        kept = [*kept[1 - _ERROR_LINES:], line.rstrip()]
        if on_line is not None:
            on_line(line.rstrip())


def _read_lines(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


class DownloadMeter:
    """Reports how much of a stage was downloaded: `measure` returns it in bytes."""

    def __init__(self, run: SetupRun, stage: str, measure: Callable[[], int], expected_megabytes: float):
        self._run, self._stage, self._measure = run, stage, measure
        self._expected = expected_megabytes
        self._started = time.monotonic()
        self._last = -1.0
        self._finished = False

    def update(self) -> None:
        """Report the progress where it changed since the last call."""
        done = round(self._measure() / MEGABYTE, 1)
        if self._finished or done <= self._last:
            return
        self._last = done
        elapsed = time.monotonic() - self._started
        rate = done / elapsed if done and elapsed > 1.0 else None
        total = max(self._expected, done)
        self._run.report(Progress(self._stage, done, total, "MB", rate, (total - done) / rate if rate else None))

    def finish(self) -> None:
        """Report the end. Packages that pip took from its cache were not counted before."""
        self._finished = True
        self._run.report(Progress(self._stage, self._expected, self._expected, "MB"))


class InstallCounter:
    """Counts the packages that pip has installed, of those that it announced."""

    def __init__(self, run: SetupRun, folder: Path, on_start: Callable[[], None]):
        self._run = run
        self._on_start = on_start
        self._site_packages = find_packages_folder(folder)
        self._before = self._count()
        self._total = 0
        self._last = -1

    def read(self, line: str) -> None:
        """Read the number of packages from pip's line "Installing collected packages", which comes after all downloads."""
        if line.startswith("Installing collected packages:"):
            self._on_start()
            self._total = len(line.partition(":")[2].split(","))

    def update(self) -> None:
        """Report the progress where another package was installed."""
        done = min(self._count() - self._before, self._total)
        if self._total and done > self._last:
            self._last = done
            self._run.report(Progress("installing", done, self._total, "packages"))

    def _count(self) -> int:
        return sum(1 for _ in self._site_packages.glob("*.dist-info"))


def count_wheel_bytes(folder: Path) -> int:
    """Return how much pip has downloaded, by the wheels in its temporary folder, which works with every pip."""
    total = 0
    for parent, _folders, names in os.walk(folder):
        for name in names:
            if name.endswith(".whl"):
                try:
                    total += os.stat(os.path.join(parent, name)).st_size
                except FileNotFoundError:  # pip moves and removes files while we look
                    continue
    return total


def require_disk_space(folder: Path, megabytes: float) -> None:
    """Raise DiskFullError where fewer than `megabytes` are free on the disk of an existing folder."""
    free = shutil.disk_usage(folder).free / MEGABYTE
    if free < megabytes:
        raise DiskFullError(
            f"The disk of {folder} has {free:.0f} MB free; the set-up needs {megabytes:.0f} MB.",
            "Free some space on that disk, then try again.")
