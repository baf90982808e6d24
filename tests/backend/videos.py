"""Small videos for the tests, written by OpenCV and then altered box by box as phones and damage do."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

_MATRIX_IN_TKHD = 8 + 40        # header, then version 0's fields before the matrix (ISO 14496-12, 8.3.2)
_SAMPLE_TIMES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts")


def grey_pictures(count: int, width: int = 64, height: int = 48, first: int = 20, step: int = 8) -> list[np.ndarray]:
    """Return uniform BGR pictures, each `step` levels lighter than the one before, so that each shows its number."""
    return [np.full((height, width, 3), first + step * number, np.uint8) for number in range(count)]


def number_of(image: np.ndarray, first: int = 20, step: int = 8) -> int:
    """Return which of `grey_pictures` an image is."""
    return round((float(image.mean()) - first) / step)


def write_video(path: Path, pictures: list[np.ndarray], fps: float = 30.0, fourcc: str = "mp4v",
                writer_backend: int = cv2.CAP_FFMPEG) -> Path:
    """Write pictures, BGR or grey, all of one size, as a video."""
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), writer_backend, cv2.VideoWriter_fourcc(*fourcc), fps, (width, height),
                             pictures[0].ndim == 3)
    assert writer.isOpened()
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


def turn_a_quarter(path: Path, coded_height: int) -> None:
    """Mark an MP4's pictures as to be shown a quarter turn clockwise, as a phone held upright does."""
    content = bytearray(path.read_bytes())
    (start, _), *_ = _find(content, (b"moov", b"trak", b"tkhd"))
    matrix = (0, 1 << 16, 0, -(1 << 16), 0, 0, coded_height << 16, 0, 1 << 30)
    struct.pack_into(">9i", content, start + _MATRIX_IN_TKHD, *matrix)
    path.write_bytes(content)


def slow_down_second_half(path: Path, frame_count: int) -> None:
    """Give the second half of an MP4's frames twice the time: the file's table of sample times gets a second row.

    The table lies in `moov`, after the pictures, so that no offset changes.
    """
    content = bytearray(path.read_bytes())
    (start, size), *parents = _find(content, _SAMPLE_TIMES)
    _, entries, _, duration = struct.unpack_from(">4I", content, start + 8)
    assert entries == 1 and content.find(b"moov") > content.find(b"mdat")
    half = frame_count // 2
    table = struct.pack(">4s6I", b"stts", 0, 2, half, duration, frame_count - half, 2 * duration)
    content[start:start + size] = struct.pack(">I", 4 + len(table)) + table
    for parent, old_size in parents:
        struct.pack_into(">I", content, parent, old_size + 4 + len(table) - size)
    # An edit list repeats the old length, after which players stop.
    edit_list = content.find(b"edts")
    if edit_list >= 0:
        content[edit_list:edit_list + 4] = b"free"
    path.write_bytes(content)


def _find(content: bytes, names: tuple[bytes, ...]) -> list[tuple[int, int]]:
    """Return offset and size of the box at the end of a path of boxes, then those of the boxes around it."""
    found, start, end = [], 0, len(content)
    for name in names:
        while content[start + 4:start + 8] != name:
            start += struct.unpack_from(">I", content, start)[0]
            assert start < end, name
        size = struct.unpack_from(">I", content, start)[0]
        found.insert(0, (start, size))
        start, end = start + 8, start + size
    return found
