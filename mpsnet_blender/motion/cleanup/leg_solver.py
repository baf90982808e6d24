"""Legs that reach their feet: the pelvis moved least and smoothly, knees by two-bone kinematics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...shared.smpl_skeleton import JOINT
from ..base.smoothing import frame_durations, frame_seconds, smooth
from ..base.soles import Sole
from ..base.two_bone_ik import solve_two_bone

_SHIFT_SECONDS = 0.10        # with 0.05 hips' accelerations were off by 24 % more on captures of six rendered people
_BOUND_SIGMAS = 2.0         # to each side, over which the pelvis sinks and rises again for a leg that is too short
# What the pelvis weighs, as squares of distances: legs keep their length, feet their place under the body, the pelvis its own.
# On those captures none to four times of the second, and a third to three times of the third, change how far ankles are off
# about the hips (80 mm) by 2 mm at most.
_LENGTH_WEIGHT, _PLACE_WEIGHT, _STAY_WEIGHT = 1.0, 0.05, 0.1
_ROUNDING = 1e-6            # frames
_REACH = 0.998                          # of a stretched leg's length; a leg that was straighter may stay so
_FORWARD = np.array((0.0, 0.0, 1.0))    # direction in which the knees point in the rest pose


@dataclass(frozen=True)
class FootTarget:
    """Where a foot goes: global rotations (T, 3, 3), ankles (T, 3); `held` (T,) in 0..1 how firmly; toes (T, 3, 3), the toe
    joint's own rotation."""
    sole: Sole
    rotmats: np.ndarray
    ankles: np.ndarray
    held: np.ndarray
    toes: np.ndarray


def pelvis_shift(joints: np.ndarray, targets: Sequence[FootTarget], timestamps: np.ndarray) -> np.ndarray:
    """Return how far (T, 3) the pelvis moves: with its standing feet, so that the legs keep their length, smoothly.

    The least of  l (u.(p - d))^2 + k |p - d|^2  over both feet, with d what a foot moves and u along its leg, plus s |p|^2:
    three equations a frame, summed over a window in time. Straight legs matter: a knee moves far where its leg gets shorter.
    """
    matrix, right = np.zeros((len(joints), 3, 3)), np.zeros((len(joints), 3))
    for target in targets:
        leg = joints[:, target.sole.ankle] - joints[:, JOINT[f"{target.sole.side}_hip"]]
        along = leg / np.maximum(np.linalg.norm(leg, axis=1, keepdims=True), 1e-6)
        own = _LENGTH_WEIGHT * along[:, :, None] * along[:, None, :] + _PLACE_WEIGHT * np.eye(3)
        own = target.held[:, None, None] * own
        matrix += own
        right += (own @ (target.ankles - joints[:, target.sole.ankle])[..., None])[..., 0]
    matrix, right = (smooth(part, timestamps, _SHIFT_SECONDS, degree=0) for part in (matrix, right))
    shift = np.linalg.solve(matrix + _STAY_WEIGHT * np.eye(3), right[..., None])[..., 0]
    missing = np.max([_missing_reach(joints, shift, target) for target in targets], axis=0)
    shift[:, 2] -= _smooth_bound(missing, timestamps, _BOUND_SIGMAS * _SHIFT_SECONDS)
    return shift


def _missing_reach(joints: np.ndarray, shift: np.ndarray, target: FootTarget) -> np.ndarray:
    """Return how far (T,) the hip must sink for the leg to reach the foot, metres."""
    hip, knee, ankle = (joints[:, JOINT[f"{target.sole.side}_{name}"]] for name in ("hip", "knee", "ankle"))
    length = np.linalg.norm(knee - hip, axis=1) + np.linalg.norm(ankle - knee, axis=1)
    reach = np.maximum(_REACH * length, np.linalg.norm(ankle - hip, axis=1))
    way = hip + shift - target.ankles
    upright = np.sqrt(np.maximum(reach**2 - (way[:, :2] ** 2).sum(1), (0.3 * length) ** 2))
    return target.held * np.maximum(way[:, 2] - upright, 0.0)


def _smooth_bound(values: np.ndarray, timestamps: np.ndarray, seconds: float) -> np.ndarray:
    """Return a smooth curve (T,) that lies nowhere below values (T,) >= 0: their maximum over a window, averaged over it.

    The window (Hann's) goes a frame farther than so many seconds to each side; the first and last values go on beyond the ends.
    """
    if not values.any():
        return values
    step = frame_seconds(timestamps)
    half = (np.floor(seconds / step + _ROUNDING) + 1 + _ROUNDING) * step
    reach = int((np.searchsorted(timestamps, timestamps + half, side="right") - np.arange(len(values))).max())
    beyond = step * np.arange(1, 2 * reach + 1)
    times = np.concatenate((timestamps[0] - beyond[::-1], timestamps, timestamps[-1] + beyond))
    near = np.abs(_away(times, reach)) <= half
    highest = np.where(near, _windows(np.pad(values, 2 * reach, mode="edge"), reach), 0).max(axis=1)
    inner = times[reach:-reach]
    away = _away(inner, reach)
    weights = (np.abs(away) <= half) * (1 + np.cos(np.pi * away / (half + step))) * _windows(frame_durations(inner), reach)
    return (weights * _windows(highest, reach)).sum(axis=1) / weights.sum(axis=1)


def _windows(values: np.ndarray, reach: int) -> np.ndarray:
    """Return for each but the first and last `reach` of values (N,) the window (N - 2 reach, 2 reach + 1) around it."""
    return np.lib.stride_tricks.sliding_window_view(values, 2 * reach + 1)


def _away(times: np.ndarray, reach: int) -> np.ndarray:
    """Return how far (N - 2 reach, 2 reach + 1) the times of each window lie from that of its middle."""
    return _windows(times, reach) - times[reach:-reach, None]


def solve_leg(local: np.ndarray, rotmats: np.ndarray, joints: np.ndarray, shift: np.ndarray, target: FootTarget) -> None:
    """Write into `local` (T, 24, 3, 3) the rotations of a leg that reaches its foot.

    rotmats (T, 24, 3, 3) and joints (T, 24, 3) are the body's before, shift (T, 3) what its pelvis moves.
    """
    side = target.sole.side
    hip, knee, ankle, toes = (JOINT[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "foot"))
    hip_at, knee_at, ankle_at = (joints[:, joint] + shift for joint in (hip, knee, ankle))
    solved = solve_two_bone(hip_at, knee_at, ankle_at, target.ankles, rotmats[:, hip] @ _FORWARD)
    thigh, shin = solved.upper_rotmat @ rotmats[:, hip], solved.lower_rotmat @ rotmats[:, knee]
    local[:, hip] = np.swapaxes(rotmats[:, JOINT["pelvis"]], 1, 2) @ thigh
    local[:, knee] = np.swapaxes(thigh, 1, 2) @ shin
    local[:, ankle] = np.swapaxes(shin, 1, 2) @ target.rotmats
    local[:, toes] = target.toes
