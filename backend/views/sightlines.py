"""What one view sees of one person over time, to be read at any moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpsnet_blender.motion.base.smoothing import LONGEST_STEP, frame_seconds, smooth_measured
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.pinhole import compute_rays
from ..base.rotations import normalize
from ..body.lifting import landmark_weights
from ..engines.engine import CapturedPerson
from .camera_paths import CameraPath

_LANDMARK_SIGMA_SECONDS = 0.05      # as in `body.lifting`: against trembling
_SIDES = ("left", "right")
# Directions in the body whose angles to each other tell one pose from another, from wherever it is seen.
_LIMBS = [(JOINT[f"{side}_{a}"], JOINT[f"{side}_{b}"]) for a, b in (
    ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")) for side in _SIDES]
_LIMBS += [(JOINT["pelvis"], JOINT["neck"]), (JOINT["right_hip"], JOINT["left_hip"]),
           (JOINT["right_shoulder"], JOINT["left_shoulder"])]


@dataclass(frozen=True)
class Sightlines:
    """One person in one view, at timestamps (T,) s of that view's video.

    slopes (T, 33, 2): rays through the landmarks with z = 1 in the camera's axes; weights (T, 33) in 0..1, 0 where nothing was
    seen; joints (T, 24, 3) and landmarks (T, 33, 3) m of the body as the view alone has it, in the camera's axes at each time.
    """
    timestamps: np.ndarray
    slopes: np.ndarray
    weights: np.ndarray
    joints: np.ndarray
    landmarks: np.ndarray

    def at(self, times: np.ndarray) -> Sightlines:
        """Return what is seen at times (T,) s; outside the seen spans, weights are 0."""
        after = np.clip(np.searchsorted(self.timestamps, times), 1, len(self.timestamps) - 1)
        step = self.timestamps[after] - self.timestamps[after - 1]
        slack = 0.5 * frame_seconds(self.timestamps)
        is_seen = (times >= self.timestamps[0] - slack) & (times <= self.timestamps[-1] + slack)
        is_seen &= step <= LONGEST_STEP * frame_seconds(self.timestamps)
        share = np.clip((times - self.timestamps[after - 1]) / np.where(step > 0, step, 1.0), 0.0, 1.0)
        slopes, weights, joints, landmarks = (_mix(values[after - 1], values[after], share)
                                              for values in (self.slopes, self.weights, self.joints, self.landmarks))
        return Sightlines(times, slopes, weights * is_seen[:, None], joints, landmarks)

    def pose_angles(self) -> np.ndarray:
        """Return the cosines (T, N) of the angles between all pairs of limbs: they do not depend on the view."""
        along = normalize(np.stack([self.joints[:, b] - self.joints[:, a] for a, b in _LIMBS], axis=1))
        cosines = along @ np.swapaxes(along, 1, 2)
        return cosines[:, *np.triu_indices(len(_LIMBS), 1)]


def _mix(before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return what lies between values before and after (T, ...), by the share (T,) of the way."""
    share = share.reshape(-1, *[1] * (before.ndim - 1))
    return (1 - share) * before + share * after


def read_sightlines(person: CapturedPerson, intrinsics: np.ndarray, path: CameraPath) -> Sightlines:
    """Return what a view with intrinsics (3, 3), whose camera takes a path, sees of a person that an engine solved in it."""
    track = person.track
    weights = landmark_weights(track.score) * (track.score.max(1, keepdims=True) > 0)
    turns = path.at(track.timestamps)[:, :3, :3]
    # Smoothed in axes that do not turn: a hand's trembling is in the rays and in the turns, and must leave both.
    rays = _smooth(compute_rays(track.xy, intrinsics) @ np.swapaxes(turns, 1, 2), track.timestamps, weights) @ turns
    global_rotmats, joints = person.motion.pose()
    landmarks = person.body.posed_landmarks(global_rotmats, joints)
    ahead = np.where(rays[..., 2:] > 0, rays[..., 2:], 1.0)     # 0 where a landmark is never seen for so long
    return Sightlines(track.timestamps, rays[..., :2] / ahead, weights, joints, landmarks)


def _smooth(values: np.ndarray, timestamps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return values (T, 33, N) of landmarks with weights (T, 33) without their trembling."""
    flat = smooth_measured(values.reshape(len(values), -1), timestamps, _LANDMARK_SIGMA_SECONDS,
                           np.repeat(weights, values.shape[-1], axis=1))
    return flat.reshape(values.shape)
