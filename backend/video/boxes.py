"""The boxes of an MP4 or MOV file, and how much of a file is there by the sizes that its container gives."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_TOP_LEVEL_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"moof", b"sidx", b"meta", b"mfra")
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"      # the two elements of a Matroska or WebM file (RFC 9559, 5.1)


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
    """Return the share of a file that exists, by the size that an MP4, MOV, AVI, Matroska or WebM gives; 1 for others."""
    with open(path, "rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        head = stream.read(12)
        whole = size
        if head[:4] == b"RIFF" and len(head) == 12:
            whole = struct.unpack("<I", head[4:8])[0] + 8
        elif head[4:8] == b"ftyp":
            whole = max((end for kind, _, end in _read_boxes_tolerantly(stream, size) if kind in _TOP_LEVEL_BOXES), default=size)
        elif head[:4] == _EBML:
            whole = _read_segment_end(stream) or size
    return min(1.0, size / whole)


def _read_boxes_tolerantly(stream: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    try:
        yield from read_boxes(stream, 0, end)
    except struct.error:
        return


def _read_segment_end(stream: BinaryIO) -> int | None:
    """Return the offset at which a Matroska file ends, or None: a recording that was not closed does not know it."""
    stream.seek(4)
    header = _read_size(stream)
    if header is None:
        return None
    stream.seek(header, 1)
    if stream.read(4) != _SEGMENT:
        return None
    content = _read_size(stream)
    return None if content is None else stream.tell() + content


def _read_size(stream: BinaryIO) -> int | None:
    """Return an element's size: as many bytes as the first one has leading zero bits, and one (RFC 8794, 4). None: unknown."""
    first = stream.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    content = bytes([first[0] & (0x7F >> more)]) + stream.read(more)
    unknown = (1 << 7 * (more + 1)) - 1
    value = int.from_bytes(content, "big")
    return None if value == unknown or len(content) <= more else value
