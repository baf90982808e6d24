"""Whose hands were read: the body's wrists decide, and no hand has two owners."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import make_array
from mpsnet_blender.shared.hands.skeleton import SIDES

from ..hands.landmarks import HAND_LANDMARKS, WRIST
from ..hands.readings import HandReadings
from ..people.landmarks import LANDMARK
from ..people.stitching import PersonTrack

_WRISTS = tuple(LANDMARK[f"{side}_wrist"] for side in SIDES)
# In lengths of the hand from wrist to middle knuckle: how far a hand's wrist may lie from its owner's, and what it costs where
# the model takes it for a hand of the other side; two readings that lie so near one another show one hand. By eye.
_FARTHEST, _OTHER_SIDE_COSTS, _SAME_HAND = 1.0, 0.5, 0.35
_WRONG_SIDE = 0.9           # a hand that is of the other side by such a probability is nobody's


@dataclass(frozen=True)
class OwnHand:
    """One hand of a person in the T frames of the track: xy (T, 21, 2) px, world (T, 21, 3) m, and presence (T,), 0 where the
    hand was not read."""
    xy: np.ndarray
    world: np.ndarray
    presence: np.ndarray


def find_owners(readings: HandReadings, tracks: Sequence[PersonTrack]) -> list[tuple[OwnHand, OwnHand]]:
    """Return each person's left and right hand."""
    chosen = np.full(len(readings.frame_index), -1)
    for rows in _whole_frames(readings.frame_index):
        chosen[rows] = _choose(part := readings.at(rows), _costs(part, tracks))
    return [(_gather(readings, track, chosen == 2 * number), _gather(readings, track, chosen == 2 * number + 1))
            for number, track in enumerate(tracks)]


def _whole_frames(frame_index: np.ndarray) -> Iterator[slice]:
    """Yield blocks of readings; those of a frame lie in one block."""
    starts = np.append(np.flatnonzero(np.diff(frame_index, prepend=-1)), len(frame_index))
    for block in frame_blocks(len(starts) - 1):
        yield slice(int(starts[block.start]), int(starts[block.stop]))


def _costs(readings: HandReadings, tracks: Sequence[PersonTrack]) -> np.ndarray:
    """Return the costs (N, 2 * people) of readings for each person's left and right hand."""
    costs = np.full((len(readings.frame_index), 2 * len(tracks)), np.inf)
    for number, track in enumerate(tracks):
        rows, there = _rows_of(track, readings.frame_index)
        for side in (0, 1):
            costs[there, 2 * number + side] = _cost(readings, track.xy[rows[there], _WRISTS[side]], side, there)
    return costs


def _rows_of(track: PersonTrack, frame_index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the track's row (N,) of each frame, and whether (N,) it has one."""
    rows = np.minimum(np.searchsorted(track.frame_index, frame_index), len(track.frame_index) - 1)
    return rows, track.frame_index[rows] == frame_index


def _cost(readings: HandReadings, wrists: np.ndarray, side: int, rows: np.ndarray) -> np.ndarray:
    """Return the cost of readings in some rows for hands with these wrists (N, 2) px; infinite where they cannot be theirs."""
    xy, of_side = readings.xy[rows], np.abs(1 - side - readings.right[rows])
    distance = np.linalg.norm(xy[:, WRIST] - wrists, axis=1) / _sizes(xy)
    cost = distance + _OTHER_SIDE_COSTS * (1 - of_side)
    return np.where((distance > _FARTHEST) | (of_side < 1 - _WRONG_SIDE), np.inf, cost)


def _sizes(xy: np.ndarray) -> np.ndarray:
    """Return the sizes (N,) in px of hands (N, 21, 2): of their boxes, the half of the longer side."""
    return np.maximum((xy.max(1) - xy.min(1)).max(1) / 2, 1.0)


def _choose(readings: HandReadings, costs: np.ndarray) -> np.ndarray:
    """Return each reading's owner (N,), -1 for none: in each frame the cheapest pairs first, each hand and owner once."""
    chosen = np.full(len(costs), -1)
    if not costs.size:
        return chosen
    starts = np.flatnonzero(np.diff(readings.frame_index, prepend=-1))
    for rows in np.split(np.arange(len(costs)), starts[1:]):
        of_frame = costs[rows].copy()
        while np.isfinite(of_frame).any():
            row, owner = np.unravel_index(int(of_frame.argmin()), of_frame.shape)
            chosen[rows[row]] = owner
            of_frame[:, owner] = np.inf
            apart = np.linalg.norm(readings.xy[rows] - readings.xy[rows[row]], axis=-1).mean(1)
            of_frame[apart < _SAME_HAND * _sizes(readings.xy[rows[row]][None])] = np.inf
    return chosen


def _gather(readings: HandReadings, track: PersonTrack, is_mine: np.ndarray) -> OwnHand:
    """Return the readings (N,) that are a hand's."""
    count, mine = len(track.frame_index), np.flatnonzero(is_mine)
    hand = OwnHand(make_array((count, HAND_LANDMARKS, 2), np.float32), make_array((count, HAND_LANDMARKS, 3), np.float32),
                   np.zeros(count))
    for block in frame_blocks(len(mine)):
        used = mine[block]
        rows = np.searchsorted(track.frame_index, readings.frame_index[used])
        hand.xy[rows], hand.world[rows], hand.presence[rows] = readings.xy[used], readings.world[used], readings.presence[used]
    return hand
