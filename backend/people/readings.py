"""One person's readings by the landmark model, two in each frame, and a second look: what `mirroring` chooses from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import overlapping_blocks
from mpsnet_blender.shared.arrays.large_arrays import make_array

from ..base.smoothing import interpolate
from .landmarks import Reading

_CARRIED_SECONDS = 10.0      # far longer than any time for which a second reading is carried over


@dataclass(frozen=True)
class Readings:
    """A person's two readings in T frames (arrays with a leading T), side (T,) of the regions in px, timestamps (T,) s."""
    first: Reading
    second: Reading
    side: np.ndarray
    timestamps: np.ndarray

    def at(self, rows: slice) -> Readings:
        """Return the readings in some frames."""
        return Readings(self.first.at(rows), self.second.at(rows), self.side[rows], self.timestamps[rows])


@dataclass(frozen=True)
class SecondLook:
    """The heavy model's reading of the same person (leading T), and whether there is one in each of the frames (T,)."""
    reading: Reading
    is_read: np.ndarray

    def at(self, rows: slice) -> SecondLook:
        """Return the look in some frames."""
        return SecondLook(self.reading.at(rows), self.is_read[rows])


def interpolate_second_readings(readings: Readings, is_crosswise: np.ndarray, is_carried: np.ndarray) -> Readings:
    """Return readings whose second ones, where they are only carried over (T,), differ from the first as interpolated over time.

    is_crosswise (T,): where left and right of the second are exchanged. How the model errs to one side changes slowly: with
    second readings of every sixth frame instead of all, limbs of six rendered clips were 0.03 degrees worse.
    """
    if not is_carried.any() or is_carried.all():
        return readings
    parts = (_interpolate_part(readings.at(block.part), is_crosswise[block.part], is_carried[block.part]).at(block.inner)
             for block in overlapping_blocks(readings.timestamps, _CARRIED_SECONDS))
    return replace(readings, second=join_readings(parts, len(is_carried)))


def _interpolate_part(readings: Readings, is_crosswise: np.ndarray, is_carried: np.ndarray) -> Reading:
    """Return the second readings of some frames, as `interpolate_second_readings` does."""
    if not is_carried.any() or is_carried.all():
        return readings.second
    first, second, times = readings.first, readings.second, readings.timestamps
    difference = _where(is_crosswise, second.exchanged(), second) - first
    between = Reading(*(interpolate(values[~is_carried], times[~is_carried], times).astype(np.float32)
                        for values in (difference.xy, difference.world, difference.score)))
    return _where(is_carried, first + between, second)


def join_readings(parts: Iterable[Reading], count: int) -> Reading:
    """Return the reading of T = count frames whose parts follow one another; that of a long clip is large."""
    joined: Reading | None = None
    start = 0
    for part in parts:
        joined = joined or Reading(*(make_array((count, *values.shape[1:]), values.dtype.type)
                                     for values in (part.xy, part.world, part.score)))
        rows = slice(start, start := start + len(part.score))
        joined.xy[rows], joined.world[rows], joined.score[rows] = part.xy, part.world, part.score
    assert joined is not None
    return joined


def _where(condition: np.ndarray, reading: Reading, other: Reading) -> Reading:
    """Return one reading in the frames of a condition (T,), and another one in the other frames."""
    return Reading(np.where(condition[:, None, None], reading.xy, other.xy),
                   np.where(condition[:, None, None], reading.world, other.world),
                   np.where(condition[:, None], reading.score, other.score))
