"""Spikes: frames in which a joint, or the whole body, jumps away and comes back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..base.rotations import continuous_quat, rotmat_from_quat
from ..base.smpl_motion import WorldMotion

# All chosen by reasoning, not measured.
_LONGEST = 3                            # most frames of a spike: a capture fails in single frames, so not in seconds
_LEAST_RADIANS, _LEAST_METRES = np.radians(15.0), 0.10      # smaller jumps are left to the smoothing
_USUAL_SPEEDS = 6.0                     # least speed of a jump, in the joint's median speed
# Largest difference between the frames before and after a spike, and largest speed there, as shares of the jump's: a hit is as
# fast as a spike, but gains and loses its speed over several frames.
_LARGEST_RETURN, _LARGEST_SPEED_BESIDE = 0.5, 0.35

Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]


def repair_spikes(body: WorldMotion) -> WorldMotion:
    """Return the motion with spikes replaced by interpolation between the frames around them."""
    if len(body.transl) < 3:
        return body
    quats = continuous_quat(body.full_quats)
    turns = find_spikes(quats, body.timestamps, _LEAST_RADIANS, _compute_angle)
    moves = find_spikes(body.transl[:, None], body.timestamps, _LEAST_METRES, _compute_distance)[:, 0]
    if not turns.any() and not moves.any():
        return body
    rotmats = body.full_rotmats.copy()
    for joint in np.flatnonzero(turns.any(axis=0)):
        rotmats[:, joint] = rotmat_from_quat(_interpolate_spikes(quats[:, joint], body.timestamps, turns[:, joint], is_unit=True))
    return body.with_full_pose(rotmats, _interpolate_spikes(body.transl, body.timestamps, moves, is_unit=False))


def find_spikes(values: np.ndarray, timestamps: np.ndarray, least: float, distance: Distance) -> np.ndarray:
    """Return a mask (T, J) of the spikes in values (T, J, n) at timestamps (T,) s.

    `distance` returns the distances between two such arrays; `least` is the least distance of a jump.
    """
    frames = len(values)
    spikes = np.zeros(values.shape[:2], dtype=bool)
    step = distance(values[:-1], values[1:])
    seconds = np.diff(timestamps)[:, None]
    jump = step > np.maximum(least, _USUAL_SPEEDS * np.median(step / seconds, axis=0) * seconds)
    speed = np.pad(step / seconds, ((1, 1), (0, 0)))        # speed[t] is the speed to frame t, none before the first
    for length in range(1, min(_LONGEST, frames - 2) + 1):
        into, out = step[:frames - 1 - length], step[length:]
        smaller = np.minimum(into, out)
        is_spike = jump[:frames - 1 - length] & jump[length:]
        is_spike &= distance(values[:frames - 1 - length], values[length + 1:]) < _LARGEST_RETURN * smaller
        outside = np.maximum(speed[:frames - 1 - length], speed[length + 2:])
        is_spike &= outside < _LARGEST_SPEED_BESIDE * np.minimum(speed[1:frames - length], speed[length + 1:frames])
        for offset in range(1, length + 1):
            spikes[offset:offset + len(is_spike)] |= is_spike
    return spikes


def _compute_angle(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return 2 * np.arccos(np.clip(np.abs((first * second).sum(axis=-1)), 0, 1))


def _compute_distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.linalg.norm(first - second, axis=-1)


def _interpolate_spikes(values: np.ndarray, timestamps: np.ndarray, is_spike: np.ndarray, is_unit: bool) -> np.ndarray:
    """Return values (T, n) at timestamps (T,) s with the spikes (T,) interpolated from the other frames."""
    good = np.flatnonzero(~is_spike)
    if len(good) == 0 or len(good) == len(values):
        return values
    bridged = np.stack([np.interp(timestamps, timestamps[good], column[good]) for column in values.T], axis=-1)
    return bridged / np.linalg.norm(bridged, axis=-1, keepdims=True) if is_unit else bridged
