"""The keys that a body's motion needs so that no joint moves by more than a tolerance in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...shared.hands.skeleton import FULL_PARENTS
from ..base.rotations import rotmat_from_quat
from ..base.smpl_motion import WorldMotion
from .key_reduction import interpolate_keys, reduce_keys

# Shares of the tolerance that one joint may use, in the first round and in those after it: the errors of a limb's joints add up.
# They change only the number of keys and rounds, because every result is checked; not measured.
_FIRST_SHARE, _NEXT_SHARE = 0.4, 0.85
_ROUNDS = 4                         # tries before every frame is keyed; not measured
_SHORTEST_REACH = 0.10              # metres; about how far the skin of a hand or a head extends beyond its joint
_MOST_DEGREES = 3.0                 # largest error of a rotation, whatever the tolerance: it shows on the skin; chosen by eye


@dataclass(frozen=True)
class MotionKeys:
    """The frames to key of the root's location, and those of each joint's rotation."""
    location: np.ndarray
    rotations: tuple[np.ndarray, ...]

    @property
    def count(self) -> int:
        return len(self.location) + sum(len(keys) for keys in self.rotations)


def all_keys(frame_count: int, joint_count: int) -> MotionKeys:
    """Return keys on every frame for all joints."""
    every = np.arange(frame_count)
    return MotionKeys(every, (every,) * joint_count)


def find_needed_keys(body: WorldMotion, quats: np.ndarray, tolerance_mm: float) -> MotionKeys:
    """Return few keys with which, interpolated linearly, no joint is farther from the motion than the tolerance.

    quats (T, 24, 4), or with fingers (T, 54, 4), are the rotations, sign-continuous.
    """
    joints = body.pose_fully(rotmat_from_quat(quats), body.transl)
    reaches = _compute_reaches(body.full_rest_joints)
    metres = _FIRST_SHARE * tolerance_mm / 1000
    for _ in range(_ROUNDS):
        # A quaternion that is off by d turns by 2 d radians.
        turns = np.minimum(metres / reaches, np.radians(_MOST_DEGREES)) / 2
        location, *rotations = reduce_keys([body.transl, *np.swapaxes(quats, 0, 1)], body.timestamps, [metres, *turns])
        keys = MotionKeys(location, tuple(rotations))
        error_mm = np.linalg.norm(_pose_between_keys(body, quats, keys) - joints, axis=-1).max() * 1000
        if error_mm <= tolerance_mm:
            return keys
        metres *= _NEXT_SHARE * tolerance_mm / error_mm
    return all_keys(*quats.shape[:2])


def _pose_between_keys(body: WorldMotion, quats: np.ndarray, keys: MotionKeys) -> np.ndarray:
    """Return the joints (T, J, 3) that Blender poses from the keys: it interpolates quaternions linearly and normalizes them."""
    posed = np.stack([interpolate_keys(quats[:, joint], body.timestamps, frames)
                      for joint, frames in enumerate(keys.rotations)], axis=1)
    posed = posed / np.linalg.norm(posed, axis=-1, keepdims=True)
    path = interpolate_keys(body.transl, body.timestamps, keys.location)
    return body.pose_fully(rotmat_from_quat(posed), path)


def _compute_reaches(rest_joints: np.ndarray) -> np.ndarray:
    """Return the distance (J,) in metres, along the limbs, from each joint to the farthest joint below it."""
    reaches = np.zeros(len(rest_joints))
    for joint in range(len(rest_joints) - 1, 0, -1):
        parent = FULL_PARENTS[joint]
        reaches[parent] = max(reaches[parent], reaches[joint] + np.linalg.norm(rest_joints[joint] - rest_joints[parent]))
    return np.maximum(reaches, _SHORTEST_REACH)
