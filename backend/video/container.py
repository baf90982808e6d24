"""Properties of a video's container that OpenCV does not give: its boxes, its full size, its playing time."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_TOP_LEVEL_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"moof", b"sidx", b"meta", b"mfra")


def read_boxes(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of the contents of an MP4's or MOV's boxes between two offsets (ISO/IEC 14496-12, 4.2).

    The last one may end beyond `end`, where the file was cut.
    """
    while start + 8 <= end:
        stream.seek(start)
        size, kind = struct.unpack(">I4s", stream.read(8))
        header = 8
        if size == 1:
            size, header = struct.unpack(">Q", stream.read(8))[0], 16
        elif size == 0:
            size = end - start
        if size < header:
            return
        yield kind, start + header, start + size
        start += size


def measure_complete_share(path: Path) -> float:
    """Return the share of a file that exists, by the size that an MP4, MOV or AVI container gives; 1 for others."""
    with open(path, "rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        head = stream.read(12)
        whole = size
        if head[:4] == b"RIFF" and len(head) == 12:
            whole = struct.unpack("<I", head[4:8])[0] + 8
        elif head[4:8] == b"ftyp":
            whole = max((end for kind, _, end in _read_boxes_tolerantly(stream, size) if kind in _TOP_LEVEL_BOXES), default=size)
    return min(1.0, size / whole)


def read_playing_seconds(path: Path) -> float | None:
    """Return the playing time in seconds of an MP4 or MOV, with its edits (movie header, 8.2.2), or None."""
    with open(path, "rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(4)
        if stream.read(4) != b"ftyp":
            return None
        for kind, start, end in _read_boxes_tolerantly(stream, size):
            if kind == b"moov" and end <= size:
                for inner, first, last in _read_boxes_tolerantly(stream, end, start):
                    if inner == b"mvhd" and last - first >= 32:
                        return _read_movie_seconds(stream, first)
    return None


def _read_boxes_tolerantly(stream: BinaryIO, end: int, start: int = 0) -> Iterator[tuple[bytes, int, int]]:
    try:
        yield from read_boxes(stream, start, end)
    except struct.error:
        return


def _read_movie_seconds(stream: BinaryIO, start: int) -> float | None:
    stream.seek(start)
    content = stream.read(32)
    timescale, duration = struct.unpack_from(">IQ", content, 20) if content[0] == 1 else struct.unpack_from(">II", content, 12)
    unknown = duration in (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
    return None if unknown or not timescale else duration / timescale
