"""The videos of a batch, the folder of each one's capture, and how a changed video is recognised."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mpsnet_blender.shared.capture_listing import path_as_text

from ..base.errors import BatchError
from ..output.folder_writer import find_capture

VIDEO_SUFFIXES = frozenset((".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts",
                            ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"))


@dataclass(frozen=True)
class Job:
    """A video and the folder for its capture."""
    video: Path
    folder: Path


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


def plan_folders(videos: list[Path], output: Path, taken: Collection[str] = ()) -> list[Job]:
    """Return each video with its capture's folder, named like the video; with a number if that folder holds another video's.

    taken: names in the output folder that are no captures'.
    """
    planned: dict[Path, Path] = {}
    for video in videos:
        number, folder = 1, output / video.stem
        while folder in planned or folder.name in taken or _read_video_path(folder) not in (None, path_as_text(video)):
            number += 1
            folder = output / f"{video.stem}-{number}"
        planned[folder] = video
    return [Job(video, folder) for folder, video in planned.items()]


def _read_video_path(folder: Path) -> str | None:
    """Return the path of the video whose capture a folder holds, or None."""
    listing = find_capture(folder)
    return listing.video if listing else None


def describe_state(video: Path) -> str:
    """Return a text that changes when the video changes: its size and its time of change. Empty where it cannot be looked at."""
    try:
        status = video.stat()
    except OSError:
        return ""
    return f"{status.st_size} bytes, changed at {status.st_mtime_ns} ns"
