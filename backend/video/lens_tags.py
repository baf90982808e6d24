"""The focal length in a video file's metadata: phones write it into MP4 and MOV files."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .boxes import read_boxes

# Apple's and Android's keys for a focal length in millimetres as on 35 mm film (QuickTime File Format, "Metadata").
_KEYS = (b"com.apple.quicktime.camera.focal_length.35mm_equivalent", b"com.android.camera.focal_length.35mm_equivalent")
_CONTAINERS = (b"moov", b"trak", b"udta", b"meta")
_FILM_DIAGONAL = math.hypot(36.0, 24.0)
_FOCAL_LENGTHS = (8.0, 400.0)       # mm: from fisheye to long telephoto lenses; another value is damaged
_MAX_METADATA = 1 << 20             # bytes of a box, to bound memory


def read_focal_length_35mm(path: Path) -> float | None:
    """Return the 35 mm equivalent focal length in mm by an MP4 or MOV file's metadata, or None."""
    try:
        with open(path, "rb") as stream:
            size = stream.seek(0, 2)
            for keys, values in _read_metadata(stream, 0, size):
                found = _read_focal_length(keys, values)
                if found is not None:
                    return found
    except (OSError, struct.error):
        return None
    return None


def fov_from_focal_length(focal_length: float, image_size: tuple[int, int]) -> float:
    """Return the angle in degrees across the long side of a picture (width, height in px) of a 35 mm focal length.

    The equivalent is by the diagonal, 43.3 mm on film.
    """
    focal_px = focal_length / _FILM_DIAGONAL * math.hypot(*image_size)
    return math.degrees(2 * math.atan(max(image_size) / 2 / focal_px))


def _read_metadata(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the contents of each pair of `keys` and `ilst` boxes."""
    found: dict[bytes, bytes] = {}
    for kind, first, last in read_boxes(stream, start, end):
        if last > end:
            return
        if kind in _CONTAINERS:
            yield from _read_metadata(stream, first, last)
            if kind == b"meta":     # in MP4, unlike QuickTime, version and flags precede its boxes
                yield from _read_metadata(stream, first + 4, last)
        elif kind in (b"keys", b"ilst") and last - first <= _MAX_METADATA:
            stream.seek(first)
            found[kind] = stream.read(last - first)
    if len(found) == 2:
        yield found[b"keys"], found[b"ilst"]


def _read_focal_length(keys: bytes, values: bytes) -> float | None:
    names, offset = [], 8
    while offset + 8 <= len(keys):
        (size,) = struct.unpack_from(">I", keys, offset)
        if size < 8:
            return None
        names.append(keys[offset + 8:offset + size])
        offset += size
    offset = 0
    while offset + 24 <= len(values):
        size, index = struct.unpack_from(">II", values, offset)
        data_size, _, kind = struct.unpack_from(">I4sI", values, offset + 8)
        if size < 24 or data_size > size - 8:
            return None
        if 1 <= index <= len(names) and names[index - 1] in _KEYS:
            value = _convert_number(kind, values[offset + 24:offset + 8 + data_size])
            return value if value is not None and _FOCAL_LENGTHS[0] <= value <= _FOCAL_LENGTHS[1] else None
        offset += size
    return None


def _convert_number(kind: int, content: bytes) -> float | None:
    """Return a metadata value: QuickTime's well-known types 1 text, 21 and 22 integers, 23 and 24 floats."""
    try:
        if kind == 1:
            return float(content.decode("ascii"))
        if kind in (21, 22):
            return float(int.from_bytes(content, "big", signed=kind == 21))
        if kind in (23, 24):
            return struct.unpack(">f" if kind == 23 else ">d", content)[0]
    except (ValueError, struct.error):
        return None
    return None
