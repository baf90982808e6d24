"""One capture of a batch on a machine of a cluster: what is sent there, and what comes back."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, path_as_text
from mpsnet_blender.shared.protocol import Error, Message, Result

from ..base.reporter import Reporter
from ..output.folder_writer import find_capture
from .capture_process import run_capture

ROOT = Path(__file__).resolve().parents[2]      # of the program, which every machine has at the same path


@dataclass(frozen=True)
class Task:
    """A capture for any machine: the video, the folder for its capture, the arguments after `python -m backend`, and the time of
    the capture that is in the folder already (0: there is none)."""
    video: Path
    folder: Path
    arguments: tuple[str, ...]
    earlier: int


@dataclass(frozen=True)
class TaskEnd:
    """How a task ended: its final message, the seconds that it took, and the machine."""
    ending: Result | Error
    seconds: float
    machine: str


def make_task(video: Path, folder: Path, command: list[str]) -> Task:
    """Return the task of a capture's command, which begins with the program."""
    return Task(video, folder, tuple(command[1:]), _read_time(folder))


def run_task(task: Task) -> TaskEnd:
    """Capture a video on this machine. A task that is repeated, because its machine was lost, captures nothing twice."""
    started = time.monotonic()
    if _is_done(task):
        ending: Result | Error = Result(str(task.folder), "Captured by an earlier try.")
    else:
        os.environ["PYTHONPATH"] = str(ROOT)
        ending = run_capture([sys.executable, *task.arguments], Reporter(_Silence()))
    return TaskEnd(ending, time.monotonic() - started, os.uname().nodename if hasattr(os, "uname") else "")


class _Silence:
    """Takes no messages: only the end of a capture is sent over the network."""

    def send(self, message: Message) -> None:
        pass


def _is_done(task: Task) -> bool:
    """Return whether an earlier try of the task has written the whole capture."""
    if _read_time(task.folder) == task.earlier:
        return False
    listing = find_capture(task.folder)
    return listing is not None and listing.video == path_as_text(task.video)


def _read_time(folder: Path) -> int:
    """Return when the capture in a folder was written, in ns; 0 where there is none."""
    try:
        return (folder / PEOPLE_FILE).stat().st_mtime_ns
    except OSError:
        return 0
