"""Blocks of frames in which long motions are worked on, so that intermediate results need no more memory for an hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .large_arrays import let_go

BLOCK_FRAMES = 6000             # worked on at a time; at 5 kB of intermediate results a frame, 30 MB


def frame_blocks(frame_count: int, frames: int | None = None) -> Iterator[slice]:
    """Yield the rows of a motion of so many frames, at most `frames` at a time; large arrays are let go after each."""
    frames = frames or BLOCK_FRAMES
    for start in range(0, frame_count, frames):
        yield slice(start, min(start + frames, frame_count))
        if frame_count > frames:
            let_go()


def take_frames(values: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
    """Return some frames of an array (T, ...). Of a long one, indices that rise are taken block by block: a system that reads one
    frame of a file brings those around it into memory, too."""
    if len(values) <= BLOCK_FRAMES or isinstance(rows, slice) or rows.dtype.kind == "b" or (np.diff(rows) < 0).any():
        return values[rows]
    ends = np.searchsorted(rows, [[block.start, block.stop] for block in frame_blocks(len(values))])
    parts = []
    for first, stop in ends:
        parts.append(values[rows[first:stop]])
        let_go()
    return np.concatenate(parts)


@dataclass(frozen=True)
class Block:
    """Frames that are worked on together: `part`, rows of the motion; `kept`, those for which the results are kept, without the
    frames around them; `inner`, their rows within the part."""
    part: slice
    kept: slice

    @property
    def inner(self) -> slice:
        return slice(self.kept.start - self.part.start, self.kept.stop - self.part.start)


def overlapping_blocks(timestamps: np.ndarray, around_seconds: float) -> Iterator[Block]:
    """Yield blocks of a motion with timestamps (T,) s, each with the frames of so many seconds before and after it."""
    for kept in frame_blocks(len(timestamps)):
        first = np.searchsorted(timestamps, timestamps[kept.start] - around_seconds)
        stop = np.searchsorted(timestamps, timestamps[kept.stop - 1] + around_seconds, side="right")
        yield Block(slice(int(first), int(stop)), kept)
