"""Captures many videos, one after another, each in a separate process, so that none can stop the others."""

from __future__ import annotations

import argparse
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, path_as_text
from mpsnet_blender.shared.capture_request import capture_arguments
from mpsnet_blender.shared.command_line import make_request
from mpsnet_blender.shared.protocol import (
    FINAL_TYPES,
    Cancelled,
    Error,
    FinalMessage,
    Hello,
    Message,
    ProtocolError,
    Result,
    decode,
)

from ..base.errors import BatchError, CancelRequested
from ..base.reporter import Reporter
from ..output.folder_writer import find_capture

VIDEO_SUFFIXES = frozenset((".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts",
                            ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"))
_CHECK_SECONDS = 0.1  # between checks for a request to cancel: a user sees no delay
_SHUTDOWN_SECONDS = 2.0  # for a capture to end after its stdin was closed, before it is killed


@dataclass(frozen=True)
class Batch:
    """The sources, the folder for the captures' folders, and the command of one capture: `command(video, folder)`."""
    sources: tuple[Path, ...]
    output: Path
    command: Callable[[Path, Path], list[str]]
    again: bool = False

    @classmethod
    def of_command_line(cls, arguments: argparse.Namespace, checkpoints: Path) -> Batch:
        """Return the batch that the arguments of `mocap.py batch` describe."""
        program = [sys.executable, "-m", "backend", "--models", str(arguments.models), "--checkpoints", str(checkpoints)]
        request = make_request(arguments)
        return cls(tuple(arguments.sources), arguments.output,
                   lambda video, folder: [*program, *capture_arguments(video, folder, request)], arguments.again)


def capture_all(batch: Batch, reporter: Reporter) -> Result:
    """Capture every video. Raises BatchError, after the last one, where any of them failed, and CancelRequested."""
    jobs = plan_folders(find_videos(batch.sources), batch.output)
    endings: dict[Path, Result | Error | None] = {}
    for number, (video, folder) in enumerate(jobs, start=1):
        reporter.log("info", f"[{number} of {len(jobs)}] {video.name}")
        is_done = not batch.again and is_captured(video, folder)
        endings[video] = None if is_done else _capture(batch.command(video, folder), reporter)
    for video, folder in jobs:
        reporter.log("info", f"{video.name}: {_describe_ending(endings[video], folder)}")
    failed = [video for video, ending in endings.items() if isinstance(ending, Error)]
    if failed:
        raise BatchError(f"{len(failed)} of {len(jobs)} videos could not be captured: "
                         f"{', '.join(video.name for video in failed)}.",
                         "Repair or remove them and run the same command again: videos that are captured are skipped.")
    new = sum(ending is not None for ending in endings.values())
    return Result(str(batch.output.absolute()), f"{new} captured, {len(jobs) - new} captured before.")


def find_videos(sources: tuple[Path, ...]) -> list[Path]:
    """Return the given files and the videos directly inside given folders, each once. Raises BatchError."""
    videos: dict[Path, None] = {}
    for source in sources:
        found = [source]
        if source.is_dir():
            found = _find_videos_in(source)
        videos |= dict.fromkeys(path.absolute() for path in found)
    if not videos:
        raise BatchError(f"There are no videos in {', '.join(map(str, sources))}.", "Give video files, or a folder with videos.")
    return list(videos)


def _find_videos_in(folder: Path) -> list[Path]:
    try:
        return [path for path in sorted(folder.iterdir())
                if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file() and not path.name.startswith(".")]
    except OSError as error:
        raise BatchError(f"Cannot read the folder {folder}: {error.strerror}.", "Give another folder.") from None


def plan_folders(videos: list[Path], output: Path) -> list[tuple[Path, Path]]:
    """Return each video with its capture's folder, named like the video; with a number if that folder holds another video's."""
    planned: dict[Path, Path] = {}
    for video in videos:
        number, folder = 1, output / video.stem
        while folder in planned or _read_video_path(folder) not in (None, path_as_text(video)):
            number += 1
            folder = output / f"{video.stem}-{number}"
        planned[folder] = video
    return [(video, folder) for folder, video in planned.items()]


def is_captured(video: Path, folder: Path) -> bool:
    """Return whether a folder holds a complete capture of the video, newer than the video."""
    listing = find_capture(folder)
    if listing is None or not all((folder / person.file).is_file() for person in listing.people):
        return False
    try:
        return listing.video == path_as_text(video) and (folder / PEOPLE_FILE).stat().st_mtime >= video.stat().st_mtime
    except OSError:
        return False


def _read_video_path(folder: Path) -> str | None:
    """Return the path of the video whose capture a folder holds, or None."""
    listing = find_capture(folder)
    return listing.video if listing else None


def _describe_ending(ending: Result | Error | None, folder: Path) -> str:
    if ending is None:
        return f"captured before, skipped (--again captures it again): {folder}"
    if isinstance(ending, Result):
        return f"{ending.summary} {folder}"
    return f"failed. {ending.message} {ending.advice}".rstrip()


def _capture(command: list[str], reporter: Reporter) -> Result | Error:
    """Run one capture and forward its messages; return its final one, or an Error where it died without one."""
    messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            threading.Thread(target=_read, args=(child.stdout, messages), daemon=True).start()
            final = _follow(messages, reporter)
        finally:
            _stop(child)
    if isinstance(final, Cancelled):
        raise CancelRequested
    return final or Error("BackendDied", f"The capture stopped unexpectedly ({_describe_exit(child.returncode)}).")


def _describe_exit(exit_code: int) -> str:
    try:
        return f"signal {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"exit status {exit_code}"


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
        if not isinstance(message, Hello):
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
