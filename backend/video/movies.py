"""Whatever can be read as a video, opened: a file that FFmpeg reads, an animated WebP, or numbered pictures."""

from __future__ import annotations

from pathlib import Path

from mpsnet_blender.shared.picture_sequence import is_animated_webp

from ..base.errors import VideoAccessError
from .boxes import measure_complete_share
from .movie_file import MovieFile, make_truncated_error
from .picture_files import read_sequence
from .webp_file import WebpFile


def open_movie(path: Path, picture_fps: float) -> MovieFile | WebpFile:
    """Open a video; numbered pictures have `picture_fps` frames a second. Raises VideoError."""
    try:
        if path.suffix.lower() == ".webp" and path.is_file() and is_animated_webp(path):
            return WebpFile(path)
    except OSError as error:
        raise VideoAccessError(f"Cannot open {path}: {error.strerror}.", "Check the file's permissions.") from None
    return MovieFile(path, read_sequence(path), picture_fps)


def require_whole(path: Path) -> None:
    """Raise VideoError, with the number of frames that are there, where a container says that the file is longer."""
    if not path.is_file():
        return      # numbered pictures
    try:
        share = measure_complete_share(path)
    except OSError as error:
        raise VideoAccessError(f"Cannot read {path}: {error.strerror}.", "Check the disk or the connection.") from None
    if share == 1:
        return
    with MovieFile(path) as movie:
        pictures = [picture.seconds or index / movie.fps for index, picture in enumerate(movie.pictures())]
        raise make_truncated_error(path, len(pictures), movie.frame_count, max(pictures, default=0.0))
