"""SMPL's 24 joints: names and order of smplx, parents, a generic T-pose, forward kinematics.

Rest coordinates are SMPL's: metres, Y up, the body faces +Z, its left is +X.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .capture_request import DEFAULT_STATURE

JOINT_NAMES = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand",
)
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
JOINT_COUNT = len(JOINT_NAMES)
JOINT = {name: index for index, name in enumerate(JOINT_NAMES)}
_POSED_AT_ONCE = 1024   # frames; the copies of so many are 4 MB

# Offset of each joint from its parent in fractions of the stature, from the segment lengths of Drillis and Contini
# (1966): hips at 0.525 and shoulders at 0.815 of the stature, hip joints 0.104 apart; directions about as SMPL has them.
# The right side mirrors the left.
_OFFSETS_LEFT_AND_CENTRE = {
    "pelvis": (0.0, 0.0, 0.0),
    "left_hip": (0.052, -0.047, 0.0),
    "spine1": (0.0, 0.062, 0.0),
    "left_knee": (0.004, -0.238, -0.002),
    "spine2": (0.0, 0.074, 0.004),
    "left_ankle": (-0.004, -0.246, -0.014),
    "spine3": (0.0, 0.031, 0.002),
    "left_foot": (0.014, -0.033, 0.071),
    "neck": (0.0, 0.124, -0.020),
    "left_collar": (0.046, 0.058, -0.006),
    "head": (0.0, 0.050, 0.028),
    "left_shoulder": (0.056, 0.018, -0.002),
    "left_elbow": (0.154, 0.0, -0.006),
    "left_wrist": (0.141, 0.0, 0.0),
    "left_hand": (0.049, -0.004, 0.0),
}
# In statures: the sole below the ankle, and the crown above the head joint. With the offsets above they add up to the stature.
SOLE_BELOW_ANKLE = 0.041
CROWN_ABOVE_HEAD = 0.087


def mirrored_name(name: str) -> str:
    """Return the joint on the other side of the body ("left_knee" for "right_knee"), or the name itself."""
    if name.startswith("left_"):
        return "right_" + name[5:]
    if name.startswith("right_"):
        return "left_" + name[6:]
    return name


def generic_offsets(stature: float = DEFAULT_STATURE) -> np.ndarray:
    """Return parent-relative rest offsets (24, 3) in metres of a generic adult of that stature (metres)."""
    offsets = np.empty((JOINT_COUNT, 3))
    for index, name in enumerate(JOINT_NAMES):
        if name in _OFFSETS_LEFT_AND_CENTRE:
            offsets[index] = _OFFSETS_LEFT_AND_CENTRE[name]
        else:
            offsets[index] = np.multiply(_OFFSETS_LEFT_AND_CENTRE[mirrored_name(name)], (-1.0, 1.0, 1.0))
    return offsets * stature


def rest_joints_from_offsets(offsets: np.ndarray, parents: Sequence[int] = PARENTS) -> np.ndarray:
    """Return rest joints (J, 3) in metres, the root at the origin, from parent-relative offsets (J, 3)."""
    joints = np.zeros_like(offsets)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            joints[joint] = joints[parent] + offsets[joint]
    return joints


def generic_rest_joints(stature: float = DEFAULT_STATURE) -> np.ndarray:
    """Return the T-pose joints (24, 3) in metres of a generic adult of that stature, the pelvis at the origin."""
    return rest_joints_from_offsets(generic_offsets(stature))


def forward_kinematics(rotmats: np.ndarray, rest_joints: np.ndarray, trans: np.ndarray,
                       parents: Sequence[int] = PARENTS, turned: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Pose a skeleton: return global rotations (T, J, 3, 3) and joints (T, J, 3) in metres.

    turned: the joints (K,) whose rotations (T, K, 3, 3) are wanted, by default all.
    rotmats (T, J, 3, 3) are parent-relative, the root's takes the rest frame to the world; rest_joints (J, 3) and
    trans (T, 3) are metres. The root turns about rest_joints[0], as in SMPL (Loper et al. 2015, eq. 4).
    """
    wanted = np.arange(len(parents)) if turned is None else np.array(turned, dtype=int)
    global_rotmats = np.empty((len(rotmats), len(wanted), 3, 3), rotmats.dtype)
    joints = np.empty(rotmats.shape[:2] + (3,), dtype=np.result_type(rotmats, rest_joints))
    for start in range(0, len(rotmats), _POSED_AT_ONCE):
        rows = slice(start, start + _POSED_AT_ONCE)
        posed, placed = _pose_block(np.ascontiguousarray(np.moveaxis(rotmats[rows], 0, -1)), rest_joints, trans[rows].T, parents)
        global_rotmats[rows], joints[rows] = np.moveaxis(posed[wanted], -1, 0), np.moveaxis(placed, -1, 0)
    return global_rotmats, joints


def _pose_block(rotmats: np.ndarray, rest_joints: np.ndarray, trans: np.ndarray,
                parents: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return what `forward_kinematics` does with the frames last: (J, 3, 3, T) and (J, 3, T), from (J, 3, 3, T) and (3, T).

    Products of numbers of all frames at once are three times quicker than those of each frame's small matrices.
    """
    turned = np.empty_like(rotmats)
    placed = np.empty((len(rotmats), *trans.shape), dtype=np.result_type(rotmats, rest_joints))
    turned[0], placed[0] = rotmats[0], rest_joints[0][:, None] + trans
    for joint, parent in enumerate(parents):
        if parent < 0:
            continue
        before, offset = turned[parent], rest_joints[joint] - rest_joints[parent]
        np.multiply(before[:, 0, None], rotmats[joint, 0], out=turned[joint])
        for axis in (1, 2):
            turned[joint] += before[:, axis, None] * rotmats[joint, axis]
        placed[joint] = placed[parent] + before[:, 0] * offset[0] + before[:, 1] * offset[1] + before[:, 2] * offset[2]
    return turned, placed
