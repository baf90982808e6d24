"""Spikes: joints, or the whole body, that jump away for a few frames and come back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..base.rotations import continuous_quat, quat_from_rotmat, rotmat_from_quat
from ..base.smpl_motion import WorldMotion

_LONGEST = 3                            # frames that a spike lasts at most: captures fail by frames, not by seconds
_LEAST_RADIANS, _LEAST_METRES = np.radians(15.0), 0.10      # smaller jumps are left to the smoothing
_OVER_USUAL = 6.0                       # a jump is so many times what the usual speed makes in its time
_RETURNS, _CALM = 0.5, 0.35             # what frames on both sides of a spike differ, and move just outside it, at most: a
#                                         share of the jumps; hits are as fast, but gather speed and lose it

Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]


def repair_spikes(body: WorldMotion) -> WorldMotion:
    """Return the motion with spikes replaced by interpolation between the frames around them."""
    if len(body.transl) < 3:
        return body
    quats = continuous_quat(quat_from_rotmat(body.rotmats))
    jumps = find_spikes(quats, body.timestamps, _LEAST_RADIANS, _angle)
    leaps = find_spikes(body.transl[:, None], body.timestamps, _LEAST_METRES, _distance)[:, 0]
    if not jumps.any() and not leaps.any():
        return body
    rotmats, transl = body.rotmats.copy(), body.transl.copy()
    for joint in np.flatnonzero(jumps.any(axis=0)):
        rotmats[:, joint] = rotmat_from_quat(_bridged(quats[:, joint], body.timestamps, jumps[:, joint], is_unit=True))
    return body.with_pose(rotmats, _bridged(transl, body.timestamps, leaps, is_unit=False))


def find_spikes(values: np.ndarray, timestamps: np.ndarray, least: float, distance: Distance) -> np.ndarray:
    """Return which frames of which joints (T, J) are spikes of values (T, J, n) at timestamps (T,) s; `distance` compares two
    such arrays."""
    frames = len(values)
    found = np.zeros(values.shape[:2], dtype=bool)
    step = distance(values[:-1], values[1:])
    seconds = np.diff(timestamps)[:, None]
    jump = step > np.maximum(least, _OVER_USUAL * np.median(step / seconds, axis=0) * seconds)
    speed = np.pad(step / seconds, ((1, 1), (0, 0)))        # speed[t] is the speed to frame t, none before the first
    for length in range(1, min(_LONGEST, frames - 2) + 1):
        into, out = step[:frames - 1 - length], step[length:]
        smaller = np.minimum(into, out)
        is_spike = jump[:frames - 1 - length] & jump[length:]
        is_spike &= distance(values[:frames - 1 - length], values[length + 1:]) < _RETURNS * smaller
        outside = np.maximum(speed[:frames - 1 - length], speed[length + 2:])
        is_spike &= outside < _CALM * np.minimum(speed[1:frames - length], speed[length + 1:frames])
        for offset in range(1, length + 1):
            found[offset:offset + len(is_spike)] |= is_spike
    return found


def _angle(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return 2 * np.arccos(np.clip(np.abs((first * second).sum(axis=-1)), 0, 1))


def _distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.linalg.norm(first - second, axis=-1)


def _bridged(values: np.ndarray, timestamps: np.ndarray, is_spike: np.ndarray, is_unit: bool) -> np.ndarray:
    """Return values (T, n) at timestamps (T,) s with those of the spikes (T,) interpolated between the good ones."""
    good = np.flatnonzero(~is_spike)
    if len(good) == 0 or len(good) == len(values):
        return values
    bridged = np.stack([np.interp(timestamps, timestamps[good], column[good]) for column in values.T], axis=-1)
    return bridged / np.linalg.norm(bridged, axis=-1, keepdims=True) if is_unit else bridged
