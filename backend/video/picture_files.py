"""Numbered pictures as a container of FFmpeg, and the sizes in their headers."""

from __future__ import annotations

import os
import struct
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer

from mpsnet_blender.shared.picture_sequence import PictureSequence, SequenceError, find_sequence

from ..base.errors import VideoAccessError, VideoError

_SIZES_IN_JPEG = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}     # markers of frame headers (ISO/IEC 10918-1, B.1.1.3)


def read_sequence(path: Path) -> PictureSequence | None:
    """Return the numbered pictures that a path stands for, None for a video. Raises VideoError."""
    try:
        return find_sequence(path)
    except SequenceError as error:
        raise VideoError(str(error), error.advice) from None


def open_sequence(sequence: PictureSequence, fps: float) -> InputContainer:
    """Open numbered pictures at a rate in frames a second. Raises VideoError where they cannot be read or differ in size."""
    require_one_size(sequence)
    folder = os.fspath(sequence.folder.absolute())
    digits = f"%0{sequence.width}d" if sequence.width > 1 else "%d"
    pattern = f"{os.path.join(folder, sequence.prefix)}\0{sequence.suffix}".replace("%", "%%").replace("\0", digits)
    options = {"protocol_whitelist": "file", "pattern_type": "sequence", "start_number": str(sequence.first),
               "framerate": str(Fraction(fps).limit_denominator(100_000))}
    try:
        return av.open(f"file:{pattern}", format="image2", options=options)
    except av.FFmpegError as error:
        raise VideoError(f"Cannot read {sequence.path_of(0)}: {error.strerror}.",
                         "Save the pictures as PNG or JPEG.") from None


def require_one_size(sequence: PictureSequence) -> None:
    """Raise VideoError where the headers of PNG or JPEG pictures tell different sizes, or where one cannot be opened."""
    first = None
    for index in range(sequence.count):
        path = sequence.path_of(index)
        try:
            size = read_picture_size(path)
        except OSError as error:
            raise VideoAccessError(f"Cannot open {path}: {error.strerror}.", "Check the file's permissions.") from None
        first = first or size
        if size is not None and first is not None and size != first:
            raise make_size_error(path, size, first)


def make_size_error(path: Path, size: tuple[int, int], first: tuple[int, int]) -> VideoError:
    """Return the error for a picture (width, height in px) that is not of the first one's size."""
    return VideoError(f"{path} has {size[0]} x {size[1]} px, the pictures before it have {first[0]} x {first[1]}.",
                      "Give all pictures one size.")


def read_picture_size(path: Path) -> tuple[int, int] | None:
    """Return width and height in px by the header of a PNG or JPEG file; None for others and damaged ones. Raises OSError."""
    with open(path, "rb") as stream:
        head = stream.read(24)
        if head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) == 24:
            return struct.unpack(">II", head[16:24])
        if head[:2] != b"\xff\xd8":
            return None
        stream.seek(2)
        while len(marker := stream.read(4)) == 4 and marker[0] == 0xFF:
            length = struct.unpack(">H", marker[2:])[0]
            if marker[1] in _SIZES_IN_JPEG:
                frame = stream.read(5)
                return struct.unpack(">HH", frame[1:])[::-1] if len(frame) == 5 else None
            stream.seek(length - 2, 1)
    return None
