"""One body from all views: landmarks meet in space, and the body is fitted to every picture over the whole clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mpsnet_blender.motion.base.smoothing import smooth_measured
from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.smpl_skeleton import DEFAULT_STATURE, forward_kinematics

from ..base.smoothing import smooth_rotmats
from ..body.analytic_solve import smooth_unseen_joints, solve_rotations
from ..body.lifting import LandmarkRays, LiftedTrack, compute_scale, landmark_weights
from ..body.picture_fit import Picture, fit_to_pictures
from ..body.proportions import Body, measure_body
from .camera_paths import Cameras
from .rays import Group, Moments, cast_rays, read_moments, triangulate_body

_SMOOTH_SECONDS = 0.16          # as the keypoints engine
_PATH_SECONDS = 0.08


@dataclass(frozen=True)
class FusedBody:
    """A person from all views, in the axes of the first camera's first frame; pictures: what each view saw of it."""
    motion: CameraMotion
    pictures: tuple[Picture, ...]


def fuse(group: Group, cameras: Cameras, times: np.ndarray, frame_index: np.ndarray,
         check: Callable[[], None] = lambda: None, taller: float = 1.0) -> FusedBody:
    """Return one person's motion at times (T,) s of the first video, in the cameras' scale.

    taller: by which factor the person is taller than each view alone, for which all are of one stature, has it.
    """
    moments = read_moments(group, times, cameras).scaled(taller)
    points = triangulate_body(cast_rays(cameras, moments))
    weights = moments.weights.max(0)
    score = np.sqrt(weights)
    body = measure_body(points, score, DEFAULT_STATURE)
    body = body.scaled(1 / compute_scale(points, weights, body))
    lifted = LiftedTrack(points, landmark_weights(score), times, body, points)
    rotmats = smooth_rotmats(smooth_unseen_joints(solve_rotations(lifted), lifted), times, _SMOOTH_SECONDS, degree=2)
    global_rotmats, joints = forward_kinematics(rotmats, body.rest_joints, np.zeros((len(times), 3)))
    share = lifted.weights / lifted.weights.sum(1, keepdims=True)
    transl = ((points - body.posed_landmarks(global_rotmats, joints)) * share[..., None]).sum(1)
    transl = smooth_measured(transl, times, _PATH_SECONDS, weights.mean(1, keepdims=True))
    motion = CameraMotion(rotmats, transl, body.rest_joints, times, body.stature)
    pictures = tuple(_make_picture(cameras, view, moments, body) for view in range(len(cameras)))
    return FusedBody(fit_to_pictures(motion, pictures, frame_index, check=check), pictures)


def _make_picture(cameras: Cameras, view: int, moments: Moments, body: Body) -> Picture:
    slopes = moments.slopes[view] / cameras.zooms[view]
    rays = np.concatenate([slopes, np.ones_like(slopes[..., :1])], axis=-1)
    return Picture(LandmarkRays(rays, moments.weights[view], moments.times, body),
                   np.linalg.inv(cameras.first_from_cam(view, moments.times)))
