"""The position of a posed body in the camera's frame, over time."""

from __future__ import annotations

import numpy as np

from mpsnet_blender.motion.base.smoothing import smooth_measured
from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.smpl_skeleton import forward_kinematics

from ..base.pinhole import fit_translation, fit_translation_at_depth
from ..base.smoothing import smooth_depth
from .lifting import LandmarkRays

# Right and down, against the landmarks' tremble. Halved or doubled: path +0.0 / -0.7 mm (`benchmarks/constants.py --end 3`).
_LATERAL_SIGMA_SECONDS = 0.08


def fit_in_camera(seen: LandmarkRays, rotmats: np.ndarray) -> CameraMotion:
    """Return the motion of a body posed by rotmats (T, 24, 3, 3), placed so that its landmarks best fit the rays of `seen`.

    Least squares in each frame; depth is smoothed by itself.
    """
    body, times = seen.body, seen.timestamps
    global_rotmats, joints = forward_kinematics(rotmats, body.rest_joints, np.zeros((len(rotmats), 3)))
    landmarks = body.posed_landmarks(global_rotmats, joints)
    weights = np.sqrt(seen.weights)
    sure = seen.weights.mean(1, keepdims=True)
    depth = smooth_depth(fit_translation(landmarks, seen.point_rays, weights)[:, 2], times, sure)
    transl = fit_translation_at_depth(landmarks, seen.point_rays, weights, depth)
    transl[:, :2] = smooth_measured(transl[:, :2], times, _LATERAL_SIGMA_SECONDS, sure)
    return CameraMotion(rotmats, transl, body.rest_joints, times, body.stature)
