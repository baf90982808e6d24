"""The keys that a body's motion needs so that no joint moves by more than a tolerance in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...shared.smpl_skeleton import JOINT_COUNT, PARENTS, forward_kinematics
from ..base.rotations import rotmat_from_quat
from ..base.smpl_motion import WorldMotion
from .key_reduction import lines_through, reduced_keys

_FIRST_SHARE, _NEXT_SHARE = 0.4, 0.85      # of the tolerance, for one joint's own error; errors of a limb's joints add up
_ROUNDS = 4
_SHORTEST_REACH = 0.10              # metres
_MOST_DEGREES = 3.0


@dataclass(frozen=True)
class MotionKeys:
    """Numbers of the frames to key: of the root's location, and of each joint's rotation."""
    location: np.ndarray
    rotations: tuple[np.ndarray, ...]

    @property
    def count(self) -> int:
        return len(self.location) + sum(len(keys) for keys in self.rotations)


def all_keys(frame_count: int) -> MotionKeys:
    """Return a key on every frame."""
    every = np.arange(frame_count)
    return MotionKeys(every, (every,) * JOINT_COUNT)


def needed_keys(body: WorldMotion, quats: np.ndarray, tolerance_mm: float) -> MotionKeys:
    """Return the keys between which no joint strays farther than the tolerance, keys being joined by straight lines.

    quats (T, 24, 4) are the body's rotations, sign-continuous.
    """
    _, joints = body.pose()
    reaches = _reaches(body.rest_joints)
    metres = _FIRST_SHARE * tolerance_mm / 1000
    for _ in range(_ROUNDS):
        # A quaternion that is off by d turns by 2 d radians.
        turns = np.minimum(metres / reaches, np.radians(_MOST_DEGREES)) / 2
        location, *rotations = reduced_keys([body.transl, *np.swapaxes(quats, 0, 1)], body.timestamps, [metres, *turns])
        keys = MotionKeys(location, tuple(rotations))
        strayed = np.linalg.norm(_joints_between(body, quats, keys) - joints, axis=-1).max() * 1000
        if strayed <= tolerance_mm:
            return keys
        metres *= _NEXT_SHARE * tolerance_mm / strayed
    return all_keys(len(body.transl))


def _joints_between(body: WorldMotion, quats: np.ndarray, keys: MotionKeys) -> np.ndarray:
    """Return the joints (T, 24, 3) as Blender makes them from the keys: quaternions on straight lines, made unit again."""
    drawn = np.stack([lines_through(quats[:, joint], body.timestamps, own) for joint, own in enumerate(keys.rotations)], axis=1)
    drawn = drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)
    path = lines_through(body.transl, body.timestamps, keys.location)
    return forward_kinematics(rotmat_from_quat(drawn), body.rest_joints, path)[1]


def _reaches(rest_joints: np.ndarray) -> np.ndarray:
    """Return how far (24,) from each joint the farthest joint after it lies, metres."""
    reaches = np.zeros(JOINT_COUNT)
    for joint in range(JOINT_COUNT - 1, 0, -1):
        parent = PARENTS[joint]
        reaches[parent] = max(reaches[parent], reaches[joint] + np.linalg.norm(rest_joints[joint] - rest_joints[parent]))
    return np.maximum(reaches, _SHORTEST_REACH)
