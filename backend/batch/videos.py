"""The videos of a batch, the folder of each one's capture, and how a changed video is recognised."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, path_as_text
from mpsnet_blender.shared.picture_sequence import (
    SequenceError,
    find_sequence,
    is_animated_webp,
    list_patterns,
    video_name,
)

from ..base.errors import BatchError
from ..output.folder_writer import find_capture

VIDEO_SUFFIXES = frozenset((".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts",
                            ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"))


@dataclass(frozen=True)
class Job:
    """A video and the folder for its capture."""
    video: Path
    folder: Path


def find_videos(sources: tuple[Path, ...], recursive: bool = False) -> list[Path]:
    """Return the given videos, and the videos and numbered pictures in given folders, each once; recursive: also those in
    subfolders, but not in captures' folders. Raises BatchError."""
    videos: dict[Path, None] = {}
    for source in sources:
        folders = [source] if source.is_dir() else []
        folders += _find_subfolders(source) if folders and recursive else []
        found = [path for folder in folders for path in _find_videos_in(folder)] if folders else [source]
        videos |= dict.fromkeys(path.absolute() for path in found)
    if not videos:
        raise BatchError(f"There are no videos in {', '.join(map(str, sources))}.",
                         "Give video files, or a folder with videos." + ("" if recursive else " --recursive looks into its "
                                                                         "subfolders too."))
    return list(videos)


def _find_subfolders(folder: Path) -> list[Path]:
    """Return all folders below a folder that are neither hidden nor a capture's, by name. Links are not followed."""
    subfolders: list[Path] = []
    for path, names, _ in os.walk(folder):      # changes of `names` decide where it goes on
        names[:] = sorted(name for name in names if not name.startswith(".") and not (Path(path, name) / PEOPLE_FILE).exists())
        subfolders += [Path(path, name) for name in names]
    return subfolders


def _find_videos_in(folder: Path) -> list[Path]:
    try:
        files = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
        videos = [path for path in files if path.suffix.lower() in VIDEO_SUFFIXES or _is_animation(path)]
        # The people's pictures in a capture's folder are numbered too.
        pictures = [] if (folder / PEOPLE_FILE).exists() else list_patterns(folder)
        return sorted([*videos, *pictures])
    except OSError as error:
        raise BatchError(f"Cannot read the folder {folder}: {error.strerror}.", "Give another folder.") from None


def _is_animation(path: Path) -> bool:
    return path.suffix.lower() == ".webp" and is_animated_webp(path)


def plan_folders(videos: list[Path], output: Path, taken: Collection[str] = ()) -> list[Job]:
    """Return each video with its capture's folder, named like the video; with a number if that folder holds another video's.

    taken: names in the output folder that are no captures'.
    """
    planned: dict[Path, Path] = {}
    for video in videos:
        name = video_name(video)
        number, folder = 1, output / name
        while folder in planned or folder.name in taken or _read_video_path(folder) not in (None, path_as_text(video)):
            number += 1
            folder = output / f"{name}-{number}"
        planned[folder] = video
    return [Job(video, folder) for folder, video in planned.items()]


def _read_video_path(folder: Path) -> str | None:
    """Return the path of the video whose capture a folder holds, or None."""
    listing = find_capture(folder)
    return listing.video if listing else None


def describe_state(video: Path) -> str:
    """Return a text that changes when the video changes: its size and its time of change. Empty where it cannot be looked at."""
    try:
        states = _look_at(video)
    except (OSError, SequenceError):
        return ""
    count = f"{len(states)} pictures, " if len(states) > 1 else ""
    return (f"{count}{sum(state.st_size for state in states)} bytes, "
            f"changed at {max(state.st_mtime_ns for state in states)} ns")


def find_time_of_change(video: Path) -> float:
    """Return when a video, or the last changed of numbered pictures, changed, in seconds of `time.time()`. Raises OSError."""
    try:
        return max(state.st_mtime for state in _look_at(video))
    except SequenceError as error:
        raise OSError(str(error)) from None


def _look_at(video: Path) -> list[os.stat_result]:
    sequence = find_sequence(video)
    return [path.stat() for path in ([sequence.path_of(index) for index in range(sequence.count)] if sequence else [video])]
