"""Animated WebP, which FFmpeg 8.1 does not read: its pictures in order, each composed of the changed parts, with their times."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from ..base.errors import VideoAccessError, VideoError
from .picture import Picture

_DEFAULT_FPS = 10.0         # where all durations are 0; browsers show such pictures for a tenth of a second
_LONGEST_SIDE = 16384       # px; the format's limit
_DAMAGED = "Copy or download it again, or convert it to MP4 (H.264)."


@dataclass(frozen=True)
class _Part:
    """A changed part of the picture: its place and size in px, its duration in ms, where its data are in the file, and whether it
    covers what was there (else it is drawn over it), and whether it is cleared afterwards."""
    x: int
    y: int
    width: int
    height: int
    milliseconds: int
    start: int
    end: int
    covers: bool
    is_cleared: bool


class WebpFile:
    """An animated WebP, to be read once. A context manager with the attributes and methods of `MovieFile`."""

    def __init__(self, path: Path):
        """Raises VideoError where it is damaged."""
        self._path = path
        try:
            with open(path, "rb") as stream:
                self._size, self._parts = _read_parts(stream)
        except OSError as error:
            raise VideoAccessError(f"Cannot open {path}: {error.strerror}.", "Check the file's permissions.") from None
        except (struct.error, ValueError):
            raise self._make_error() from None
        if not self._parts:
            raise self._make_error()
        seconds = sum(part.milliseconds for part in self._parts) / 1000
        self.frame_count = len(self._parts)
        self.fps = self.frame_count / seconds if seconds else _DEFAULT_FPS

    def __enter__(self) -> WebpFile:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def pictures(self) -> Iterator[Picture]:
        """Yield the pictures. Raises VideoError where one cannot be decoded."""
        width, height = self._size
        canvas, milliseconds = np.zeros((height, width, 4), np.uint8), 0
        with open(self._path, "rb") as stream:
            for part in self._parts:
                area = canvas[part.y:part.y + part.height, part.x:part.x + part.width]
                _draw(self._decode(stream, part), area, part.covers)
                image = canvas[..., :3].copy()
                yield Picture(milliseconds / 1000, partial(np.copy, image))
                milliseconds += part.milliseconds
                if part.is_cleared:
                    area[:] = 0

    def require_complete(self, last_seconds: float) -> None:
        """Do nothing: a file that was cut is refused when it is opened."""

    def damage(self) -> str:
        """Return an empty text: a damaged picture is an error."""
        return ""

    def _decode(self, stream: BinaryIO, part: _Part) -> np.ndarray:
        """Return a part's image (h, w, 4) uint8 BGRA."""
        stream.seek(part.start)
        data = stream.read(part.end - part.start)
        if data[:4] == b"ALPH":
            sides = b"".join(struct.pack("<I", side - 1)[:3] for side in (part.width, part.height))
            data = b"VP8X" + struct.pack("<II", 10, 0x10) + sides + data
        content = b"RIFF" + struct.pack("<I", len(data) + 4) + b"WEBP" + data
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        if image is None or image.shape[:2] != (part.height, part.width) or image.ndim != 3:
            raise self._make_error()
        return image if image.shape[2] == 4 else cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)

    def _make_error(self) -> VideoError:
        return VideoError(f"Cannot read {self._path}: the animated WebP is truncated or damaged.", _DAMAGED)


def _draw(image: np.ndarray, area: np.ndarray, covers: bool) -> None:
    """Draw a BGRA image (h, w, 4) onto an area (h, w, 4) of the picture."""
    if covers:
        area[:] = image
        return
    alpha = image[..., 3:].astype(np.float32) / 255
    area[..., :3] = np.round(alpha * image[..., :3] + (1 - alpha) * area[..., :3])
    area[..., 3:] = np.maximum(area[..., 3:], image[..., 3:])


def _read_parts(stream: BinaryIO) -> tuple[tuple[int, int], list[_Part]]:
    """Return the picture's width and height in px, and its parts (RFC 9649, 2.7). Raises ValueError where it is damaged."""
    end = stream.seek(0, 2)
    size, parts, position = (0, 0), [], 12
    while position + 8 <= end:
        stream.seek(position)
        kind, length = struct.unpack("<4sI", stream.read(8))
        start, position = position + 8, position + 8 + length + length % 2
        if kind not in (b"VP8X", b"ANMF"):
            continue
        if start + length > end:
            raise ValueError("cut")
        if kind == b"VP8X":
            size = _read_sides(stream.read(10)[4:])
        else:
            parts.append(_read_part(stream.read(16), start, start + length, size))
    if max(size) > _LONGEST_SIDE:
        raise ValueError("too large")
    return size, parts


def _read_part(head: bytes, start: int, end: int, size: tuple[int, int]) -> _Part:
    x, y = 2 * _read_24(head[0:3]), 2 * _read_24(head[3:6])
    width, height = _read_sides(head[6:12])
    if x + width > size[0] or y + height > size[1]:
        raise ValueError("a part outside of the picture")
    return _Part(x, y, width, height, _read_24(head[12:15]), start + 16, end, bool(head[15] & 2), bool(head[15] & 1))


def _read_sides(content: bytes) -> tuple[int, int]:
    return _read_24(content[:3]) + 1, _read_24(content[3:6]) + 1


def _read_24(content: bytes) -> int:
    if len(content) != 3:
        raise ValueError("cut")
    return int.from_bytes(content, "little")
