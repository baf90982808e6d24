"""Arrays of long motions in temporary files instead of memory, and blocks of frames in which they are worked on.

A large array is used like any other one. What was read or written of it stays in memory until `let_go` is called, which
`frame_blocks` does after each block: so an hour needs no more memory than five minutes, if nothing takes all frames at once.
"""

from __future__ import annotations

import contextlib
import mmap
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

_LARGE_BYTES = 16_000_000       # rotations of 9,000 frames as matrices: below that, memory is no matter
_WRITTEN_AT_ONCE = 1 << 20      # bytes
BLOCK_FRAMES = 6000             # worked on at a time; at 5 kB of intermediate results a frame, 30 MB

_mapped: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()


def make_array(shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    """Return an array of zeros. A large one lies in a temporary file, which is gone when it is not used any more; where there is
    no room for that, in memory."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if size < _LARGE_BYTES:
        return np.zeros(shape, dtype)
    try:
        with tempfile.TemporaryFile(prefix="mpsnet-") as file:
            _fill(file, size)
            mapped = mmap.mmap(file.fileno(), size)
    except OSError:
        return np.zeros(shape, dtype)
    _mapped.add(mapped)
    return np.frombuffer(mapped, dtype).reshape(shape)


def _fill(file: IO[bytes], size: int) -> None:
    """Write zeros. A file of holes would need no time, but a process that writes to it ends where the disk is full."""
    zeros = bytes(_WRITTEN_AT_ONCE)
    for start in range(0, size, len(zeros)):
        file.write(zeros[:size - start])
    file.flush()


def copy_array(values: np.ndarray) -> np.ndarray:
    """Return a copy of an array (T, ...), large where that one is."""
    copy = make_array(values.shape, values.dtype.type)
    for rows in frame_blocks(len(values)):
        copy[rows] = values[rows]
    return copy


def let_go() -> None:
    """Take what was read and written of large arrays out of memory: their files hold it. Windows does so when memory is short."""
    if hasattr(mmap, "MADV_DONTNEED"):
        for mapped in list(_mapped):
            with contextlib.suppress(ValueError):       # it is being closed
                mapped.madvise(mmap.MADV_DONTNEED)


def frame_blocks(frame_count: int, frames: int = BLOCK_FRAMES) -> Iterator[slice]:
    """Yield the rows of a motion of so many frames, some thousand at a time; large arrays are let go after each."""
    for start in range(0, frame_count, frames):
        yield slice(start, min(start + frames, frame_count))
        if frame_count > frames:
            let_go()


@dataclass(frozen=True)
class Block:
    """Frames that are worked on together: `part`, rows of the motion; `kept`, those for which the results are kept, without the
    frames around them; `inner`, their rows within the part."""
    part: slice
    kept: slice

    @property
    def inner(self) -> slice:
        return slice(self.kept.start - self.part.start, self.kept.stop - self.part.start)


def overlapping_blocks(timestamps: np.ndarray, around_seconds: float, frames: int = BLOCK_FRAMES) -> Iterator[Block]:
    """Yield blocks of a motion with timestamps (T,) s, each with the frames of so many seconds before and after it."""
    for kept in frame_blocks(len(timestamps), frames):
        first = np.searchsorted(timestamps, timestamps[kept.start] - around_seconds)
        stop = np.searchsorted(timestamps, timestamps[kept.stop - 1] + around_seconds, side="right")
        yield Block(slice(int(first), int(stop)), kept)
