"""A body's motion as rotation matrices: one type in the camera's frame, one in the world, so that they are never confused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ...shared.arrays.frame_blocks import frame_blocks, take_frames
from ...shared.arrays.large_arrays import make_array
from ...shared.hands.poses import HandPoses
from ...shared.hands.skeleton import FULL_PARENTS, full_rest_joints
from ...shared.motion_file import Motion
from ...shared.smpl_skeleton import JOINT_COUNT, forward_kinematics
from .rotations import quat_from_rotmat, quat_from_rotvec, rotmat_from_rotvec, rotvec_from_rotmat


@dataclass(frozen=True)
class SmplMotion:
    """The base of CameraMotion and WorldMotion; "the frame" is the frame of reference, camera or world.

    rotmats (T, 24, 3, 3) parent-relative, the root's from the rest frame to the frame; transl (T, 3) and rest_joints (24, 3)
    metres; timestamps (T,) seconds.
    """
    rotmats: np.ndarray
    transl: np.ndarray
    rest_joints: np.ndarray
    timestamps: np.ndarray

    def pose(self, turned: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return global rotations (T, 24, 3, 3), or those of the joints `turned` only, and joints (T, 24, 3) in the frame."""
        return forward_kinematics(self.rotmats, self.rest_joints, self.transl, turned=turned)

    def joints(self) -> np.ndarray:
        """Return the joints (T, 24, 3) in the frame."""
        joints = make_array((len(self.rotmats), JOINT_COUNT, 3), np.result_type(self.rotmats, self.rest_joints).type)
        for rows in frame_blocks(len(joints)):
            joints[rows] = self.at(rows).pose(())[1]
        return joints

    def with_pose(self, rotmats: np.ndarray, transl: np.ndarray) -> Self:
        """Return the motion with other rotations and another path, in the same frame."""
        return replace(self, rotmats=rotmats, transl=transl)

    def at(self, rows: np.ndarray | slice) -> Self:
        """Return the motion in these rows (frames) only."""
        return replace(self, rotmats=take_frames(self.rotmats, rows), transl=self.transl[rows], timestamps=self.timestamps[rows])

    def pose_in(self, other_from_frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rotmats (T, 24, 3, 3) and transl (T, 3) of the same motion in another frame.

        other_from_frame (4, 4), or (T, 4, 4) where one of the two moves.
        """
        rotation, origin = other_from_frame[..., :3, :3], other_from_frame[..., :3, 3]
        rotmats = make_array(self.rotmats.shape)
        for rows in frame_blocks(len(rotmats)):
            rotmats[rows] = self.rotmats[rows]
            rotmats[rows, 0] = (rotation[rows] if rotation.ndim == 3 else rotation) @ self.rotmats[rows, 0]
        pelvis = np.einsum("...ij,...j->...i", rotation, self.root_path) + origin
        return rotmats, pelvis - self.rest_joints[0]

    @property
    def root_path(self) -> np.ndarray:
        """Return the pelvis's positions (T, 3) in the frame: the root turns about rest_joints[0], then moves by transl."""
        return self.rest_joints[0] + self.transl

    @property
    def poses(self) -> np.ndarray:
        """Return rotation vectors (T, 72) in radians, as a motion file has them."""
        return rotvec_from_rotmat(self.rotmats).reshape(len(self.rotmats), 3 * JOINT_COUNT)


@dataclass(frozen=True)
class CameraMotion(SmplMotion):
    """A person's motion in a camera's frame (x right, y down, z forward); stature in metres, which sets the scale."""
    stature: float

    def scaled(self, factor: float) -> CameraMotion:
        """Return the motion of a person that is larger and farther away by a factor: the picture stays the same."""
        return replace(self, transl=self.transl * factor, rest_joints=self.rest_joints * factor,
                       stature=self.stature * factor)


@dataclass(frozen=True)
class WorldMotion(SmplMotion):
    """A person's motion in the world (z up, floor at z = 0); contacts (T, 4) with the floor in 0..1 of left heel, left toe,
    right heel, right toe; whether the feet stand in shoes; the fingers, where they are known."""
    contacts: np.ndarray
    is_shod: bool = True
    hands: HandPoses | None = None

    def at(self, rows: np.ndarray | slice) -> WorldMotion:
        """Return the motion in these rows (frames) only."""
        return replace(super().at(rows), contacts=self.contacts[rows], hands=self.hands and self.hands.at(rows))

    @property
    def full_rotmats(self) -> np.ndarray:
        """Return the parent-relative rotations (T, 24, 3, 3), or (T, 54, 3, 3) with the fingers, where they are known."""
        if self.hands is None:
            return self.rotmats
        return _join(self.rotmats, rotmat_from_rotvec(self.hands.rotvecs))

    @property
    def full_quats(self) -> np.ndarray:
        """Return the same rotations as quaternions (T, 24, 4) or (T, 54, 4), w first."""
        body = quat_from_rotmat(self.rotmats)
        return body if self.hands is None else _join(body, quat_from_rotvec(self.hands.rotvecs))

    def with_full_pose(self, rotmats: np.ndarray, transl: np.ndarray) -> WorldMotion:
        """Return the motion with other rotations, like `full_rotmats`, and another path."""
        hands = self.hands and self.hands.with_rotvecs(rotvec_from_rotmat(rotmats[:, JOINT_COUNT:]))
        return replace(self, rotmats=rotmats[:, :JOINT_COUNT], transl=transl, hands=hands)

    @property
    def full_rest_joints(self) -> np.ndarray:
        """Return the rest joints (24, 3), or (54, 3) with the fingers, in metres."""
        return self.rest_joints if self.hands is None else full_rest_joints(self.rest_joints)

    def pose_fully(self, rotmats: np.ndarray, transl: np.ndarray) -> np.ndarray:
        """Return the joints (T, J, 3) in the world of rotations like `full_rotmats` and a path (T, 3)."""
        rest = self.full_rest_joints
        return forward_kinematics(rotmats, rest, transl, FULL_PARENTS[:len(rest)], ())[1]


def _join(body: np.ndarray, fingers: np.ndarray) -> np.ndarray:
    """Return an array (T, J + K, ...) of the body's joints (T, J, ...) and the fingers' (T, K, ...)."""
    joined = make_array((len(body), body.shape[1] + fingers.shape[1], *body.shape[2:]))
    for part in frame_blocks(len(body)):
        joined[part, :body.shape[1]], joined[part, body.shape[1]:] = body[part], fingers[part]
    return joined


def make_file_motion(motion: Motion) -> WorldMotion:
    """Return what a motion file holds: with planted feet, where that was done."""
    return make_world_motion(motion.poses, motion.trans, motion.rest_joints, motion.timestamps, motion.contacts, motion.is_shod,
                             motion.hands)


def make_world_motion(poses: np.ndarray, trans: np.ndarray, rest_joints: np.ndarray, timestamps: np.ndarray,
                      contacts: np.ndarray, is_shod: bool = True, hands: HandPoses | None = None) -> WorldMotion:
    """Return a motion from arrays as a motion file has them: poses (T, 72) rotation vectors in radians, trans (T, 3) metres."""
    rotmats = rotmat_from_rotvec(np.reshape(poses, (-1, JOINT_COUNT, 3)))
    transl, rest, times, contact = (np.asarray(array, dtype=np.float64) for array in (trans, rest_joints, timestamps, contacts))
    return WorldMotion(rotmats, transl, rest, times, contact, is_shod, hands)
