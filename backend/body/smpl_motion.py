"""Where a posed body is in the camera's frame, over time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mpsnet_blender.shared.smpl_skeleton import forward_kinematics

from ..base.pinhole import fit_translation, fit_translation_at_depth
from ..base.smoothing import smooth, smooth_depth
from .lifting import LiftedTrack

_LATERAL_SIGMA_SECONDS = 0.08


@dataclass(frozen=True)
class CameraMotion:
    """One person's motion in the camera's frame (x right, y down, z forward), metres.

    rotmats (T, 24, 3, 3) parent-relative; transl (T, 3); rest_joints (24, 3); stature metres; timestamps (T,) s.
    """
    rotmats: np.ndarray
    transl: np.ndarray
    rest_joints: np.ndarray
    stature: float
    timestamps: np.ndarray

    def pose(self) -> tuple[np.ndarray, np.ndarray]:
        """Return global rotations (T, 24, 3, 3) and joints (T, 24, 3) in the camera's frame."""
        return forward_kinematics(self.rotmats, self.rest_joints, self.transl)

    def scaled(self, factor: float) -> CameraMotion:
        """Return the motion of a person larger and farther by a factor: the picture stays the same."""
        return replace(self, transl=self.transl * factor, rest_joints=self.rest_joints * factor,
                       stature=self.stature * factor)


def place_in_camera(lifted: LiftedTrack, rotmats: np.ndarray) -> CameraMotion:
    """Return the motion whose landmarks lie best over the seen ones: least squares per frame, depth smoothed apart."""
    body, times = lifted.body, lifted.timestamps
    global_rotmats, joints = forward_kinematics(rotmats, body.rest_joints, np.zeros((len(rotmats), 3)))
    landmarks = body.posed_landmarks(global_rotmats, joints)
    weights = np.sqrt(lifted.weights)
    sure = lifted.weights.mean(1, keepdims=True)
    depth = smooth_depth(fit_translation(landmarks, lifted.point_rays, weights)[:, 2], times, sure)
    transl = fit_translation_at_depth(landmarks, lifted.point_rays, weights, depth)
    transl[:, :2] = smooth(transl[:, :2], times, _LATERAL_SIGMA_SECONDS, sure)
    return CameraMotion(rotmats, transl, body.rest_joints, body.stature, times)
