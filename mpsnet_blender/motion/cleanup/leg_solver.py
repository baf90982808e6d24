"""Legs that reach their feet: the pelvis moves little and smoothly, knees follow by two-bone kinematics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...shared.smpl_skeleton import JOINT
from ..base.quaternions import measure_lengths
from ..base.smoothing import frame_durations, frame_seconds, smooth
from ..base.soles import Sole
from ..base.two_bone_ik import solve_two_bone

# Sigma of the pelvis's smoothing. With 0.05 the hips' accelerations were off by 24 % more on captures of six rendered people.
_SHIFT_SECONDS = 0.10
_BOUND_SIGMAS = 2.0         # half the time over which the pelvis sinks and rises for a leg that is too short; not measured
# Weights of squared distances: changes of the legs' lengths, of the feet's places under the body, of the pelvis's place. Measured
# on those captures: the second at 0 to 4 times, the third at 1/3 to 3 times its value change the error of the ankles relative to
# the hips (80 mm) by 2 mm at most.
_LENGTH_WEIGHT, _PLACE_WEIGHT, _STAY_WEIGHT = 1.0, 0.05, 0.1
_ROUNDING = 1e-6            # frames; more than the rounding of timestamps at a constant rate
_REACH = 0.998              # longest leg, in its stretched length: the knee keeps 7° of bend; straighter legs may stay so; by eye
_LEAST_UPRIGHT = 0.3        # lowest hip, in leg lengths over the ankle, where a foot is too far to the side to be reached; by eye
_FORWARD = np.array((0.0, 0.0, 1.0))    # direction in which the knees point in the rest pose


@dataclass(frozen=True)
class FootTarget:
    """The targets of a foot: global rotations (T, 3, 3), ankles (T, 3), parent-relative rotations (T, 3, 3) of the toe joint, and
    the weight `held` (T,) in 0..1 with which the pelvis follows."""
    sole: Sole
    rotmats: np.ndarray
    ankles: np.ndarray
    held: np.ndarray
    toes: np.ndarray

    def at(self, rows: slice) -> FootTarget:
        """Return the targets in some frames."""
        return FootTarget(self.sole, self.rotmats[rows], self.ankles[rows], self.held[rows], self.toes[rows])


def compute_pelvis_shift(joints: np.ndarray, targets: Sequence[FootTarget], timestamps: np.ndarray) -> np.ndarray:
    """Return the pelvis's smooth shifts (T, 3) with which the legs best keep their lengths, metres.

    The shift p minimizes  s |p|^2 + sum over feet (l (u.(p - d))^2 + k |p - d|^2),  with d the shift of a foot and u the unit
    vector along its leg: three equations a frame, summed over a window in time. Lengths have the largest weight, because the
    knee of a nearly straight leg moves far where the leg gets a little shorter.
    """
    matrix, right = np.zeros((len(joints), 3, 3)), np.zeros((len(joints), 3))
    for target in targets:
        leg = joints[:, target.sole.ankle] - joints[:, JOINT[f"{target.sole.side}_hip"]]
        along = leg / np.maximum(measure_lengths(leg), 1e-6)
        weight = _LENGTH_WEIGHT * along[:, :, None] * along[:, None, :] + _PLACE_WEIGHT * np.eye(3)
        weight = target.held[:, None, None] * weight
        matrix += weight
        right += (weight @ (target.ankles - joints[:, target.sole.ankle])[..., None])[..., 0]
    matrix, right = (smooth(part, timestamps, _SHIFT_SECONDS, degree=0) for part in (matrix, right))
    shift = np.linalg.solve(matrix + _STAY_WEIGHT * np.eye(3), right[..., None])[..., 0]
    missing = np.max([_missing_reach(joints, shift, target) for target in targets], axis=0)
    shift[:, 2] -= _smooth_bound(missing, timestamps, _BOUND_SIGMAS * _SHIFT_SECONDS)
    return shift


def _missing_reach(joints: np.ndarray, shift: np.ndarray, target: FootTarget) -> np.ndarray:
    """Return how far (T,) the hip must sink for the leg to reach the foot, metres."""
    hip, knee, ankle = (joints[:, JOINT[f"{target.sole.side}_{name}"]] for name in ("hip", "knee", "ankle"))
    length = (measure_lengths(knee - hip) + measure_lengths(ankle - knee))[:, 0]
    reach = np.maximum(_REACH * length, measure_lengths(ankle - hip)[:, 0])
    leg = hip + shift - target.ankles
    upright = np.sqrt(np.maximum(reach**2 - (leg[:, :2] ** 2).sum(1), (_LEAST_UPRIGHT * length) ** 2))
    return target.held * np.maximum(leg[:, 2] - upright, 0.0)


def _smooth_bound(values: np.ndarray, timestamps: np.ndarray, seconds: float) -> np.ndarray:
    """Return a smooth curve (T,) that is nowhere below values (T,) >= 0: their maximum over a window, averaged over the window.

    The window (Hann's) extends one frame more than `seconds` to each side; the first and last values are repeated at the ends.
    """
    if not values.any():
        return values
    step = frame_seconds(timestamps)
    half = (np.floor(seconds / step + _ROUNDING) + 1 + _ROUNDING) * step
    reach = int((np.searchsorted(timestamps, timestamps + half, side="right") - np.arange(len(values))).max())
    beyond = step * np.arange(1, 2 * reach + 1)
    times = np.concatenate((timestamps[0] - beyond[::-1], timestamps, timestamps[-1] + beyond))
    near = np.abs(_compute_time_offsets(times, reach)) <= half
    highest = np.where(near, _slide_windows(np.pad(values, 2 * reach, mode="edge"), reach), 0).max(axis=1)
    inner = times[reach:-reach]
    away = _compute_time_offsets(inner, reach)
    weights = (np.abs(away) <= half) * (1 + np.cos(np.pi * away / (half + step))) * _slide_windows(frame_durations(inner), reach)
    return (weights * _slide_windows(highest, reach)).sum(axis=1) / weights.sum(axis=1)


def _slide_windows(values: np.ndarray, reach: int) -> np.ndarray:
    """Return the windows (N - 2 reach, 2 reach + 1) around all but the first and last `reach` of values (N,)."""
    return np.lib.stride_tricks.sliding_window_view(values, 2 * reach + 1)


def _compute_time_offsets(times: np.ndarray, reach: int) -> np.ndarray:
    """Return the times of each window minus the time of its middle (N - 2 reach, 2 reach + 1)."""
    return _slide_windows(times, reach) - times[reach:-reach, None]


def solve_leg(local: np.ndarray, rotmats: Mapping[int, np.ndarray], joints: np.ndarray, shift: np.ndarray,
              target: FootTarget) -> None:
    """Write into `local` (T, 24, 3, 3) the parent-relative rotations of a leg that reaches its foot's target.

    rotmats (T, 3, 3), by joint, and joints (T, 24, 3) are global, before the change; shift (T, 3) is the pelvis's.
    """
    side = target.sole.side
    hip, knee, ankle, toes = (JOINT[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "foot"))
    hip_at, knee_at, ankle_at = (joints[:, joint] + shift for joint in (hip, knee, ankle))
    solved = solve_two_bone(hip_at, knee_at, ankle_at, target.ankles, rotmats[hip] @ _FORWARD)
    thigh, shin = solved.upper_rotmat @ rotmats[hip], solved.lower_rotmat @ rotmats[knee]
    local[:, hip] = np.swapaxes(rotmats[JOINT["pelvis"]], 1, 2) @ thigh
    local[:, knee] = np.swapaxes(thigh, 1, 2) @ shin
    local[:, ankle] = np.swapaxes(shin, 1, 2) @ target.rotmats
    local[:, toes] = target.toes
