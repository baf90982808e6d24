"""A body's motion as rotation matrices: what clean-up works on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...shared.motion_file import Motion
from ...shared.smpl_skeleton import JOINT_COUNT, forward_kinematics
from .rotations import rotmat_from_rotvec, rotvec_from_rotmat


@dataclass(frozen=True)
class BodyMotion:
    """rotmats (T, 24, 3, 3) parent-relative, the root's to the world; trans (T, 3), rest_joints (24, 3) metres;
    timestamps (T,) s; contacts (T, 4) in 0..1 of left heel, left toe, right heel, right toe."""
    rotmats: np.ndarray
    trans: np.ndarray
    rest_joints: np.ndarray
    timestamps: np.ndarray
    contacts: np.ndarray

    def pose(self) -> tuple[np.ndarray, np.ndarray]:
        """Return global rotations (T, 24, 3, 3) and joints (T, 24, 3) in the world."""
        return forward_kinematics(self.rotmats, self.rest_joints, self.trans)

    def with_pose(self, rotmats: np.ndarray, trans: np.ndarray) -> BodyMotion:
        """Return the motion with other rotations and another path."""
        return replace(self, rotmats=rotmats, trans=trans)

    @property
    def poses(self) -> np.ndarray:
        """Return rotation vectors (T, 72) as a motion file has them."""
        return rotvec_from_rotmat(self.rotmats).reshape(len(self.rotmats), 3 * JOINT_COUNT)


def raw_body_motion(motion: Motion) -> BodyMotion:
    """Return a file's motion before its clean-up where the file keeps it, else as it is."""
    poses = motion.poses if motion.raw_poses is None else motion.raw_poses
    trans = motion.trans if motion.raw_trans is None else motion.raw_trans
    rotmats = rotmat_from_rotvec(np.asarray(poses).reshape(-1, JOINT_COUNT, 3))
    return BodyMotion(rotmats, np.asarray(trans, dtype=np.float64), np.asarray(motion.rest_joints, dtype=np.float64),
                      np.asarray(motion.timestamps, dtype=np.float64), np.asarray(motion.contacts, dtype=np.float64))
