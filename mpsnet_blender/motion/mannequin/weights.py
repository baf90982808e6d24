"""Skin weights: each joint takes a part of the body over from its parent, beyond a plane, smoothly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...shared.smpl_skeleton import JOINT, JOINT_COUNT, PARENTS, mirrored_name
from ..base.smoothing import smoothstep

MOST_JOINTS = 4  # that move one vertex: the limit of glTF and of game engines
_LEAST_WEIGHT = 1e-3  # below it nothing can be seen
# Both thighs share the crotch: up to this distance from the middle at the top, and less and less between the two places along y.
_SHARED_WIDTH, _THIGHS_APART = 0.022, (-0.105, -0.130)


@dataclass(frozen=True)
class _Plane:
    """A joint moves what lies on the side of a plane to which `normal` points, from `point` on; `half_width` on both sides of the
    plane it shares with its parent. In statures from the pelvis, as in shape.py."""
    point: tuple[float, float, float]
    normal: tuple[float, float, float]
    half_width: float

    def beyond(self, points: np.ndarray) -> np.ndarray:
        """Return for points (N, 3) how much (N,) the joint takes over, 0..1."""
        normal = np.array(self.normal) / np.linalg.norm(self.normal)
        return smoothstep(((points - self.point) @ normal / self.half_width + 1) / 2)


# For joints of the middle and of the left side; the right side mirrors them. Beyond one of several planes is enough. Chosen by
# eye on bodies posed as far as people go: elbows and knees bent by 130 degrees, thighs and arms lifted, arms hanging.
_PLANES = {
    "left_hip": (_Plane((0.056, -0.055, 0.0), (0.35, -0.94, 0.0), 0.045),),
    "left_knee": (_Plane((0.056, -0.285, 0.0), (0.0, -1.0, 0.0), 0.030),),
    "left_ankle": (_Plane((0.052, -0.527, -0.016), (0.0, -0.95, 0.30), 0.020),),
    "left_foot": (_Plane((0.066, -0.564, 0.058), (0.0, 0.0, 1.0), 0.016),),
    "spine1": (_Plane((0.0, 0.062, 0.0), (0.0, 1.0, 0.0), 0.034),),
    "spine2": (_Plane((0.0, 0.130, 0.0), (0.0, 1.0, 0.0), 0.030),),
    "spine3": (_Plane((0.0, 0.170, 0.0), (0.0, 1.0, 0.0), 0.030),),
    "neck": (_Plane((0.0, 0.285, -0.014), (0.0, 1.0, 0.0), 0.022),),
    "head": (_Plane((0.0, 0.337, 0.0), (0.0, 1.0, 0.0), 0.014), _Plane((0.0, 0.335, 0.0), (0.0, 0.74, 0.67), 0.014)),
    "left_collar": (_Plane((0.066, 0.237, 0.0), (0.86, 0.50, 0.0), 0.034),),
    "left_shoulder": (_Plane((0.102, 0.236, 0.0), (0.97, 0.24, 0.0), 0.036),),
    "left_elbow": (_Plane((0.256, 0.243, 0.0), (1.0, 0.0, 0.0), 0.024),),
    "left_wrist": (_Plane((0.395, 0.243, 0.0), (1.0, 0.0, 0.0), 0.026),),
    "left_hand": (_Plane((0.446, 0.239, 0.0), (1.0, 0.0, 0.0), 0.014),),
}
# Joints that take from what is left to their parent, in this order; those of a pair at once.
_ORDER = (("left_hip", "right_hip"), ("spine1",), ("spine2",), ("spine3",), ("neck",), ("head",),
          *((f"left_{joint}", f"right_{joint}") for joint in (
              "collar", "shoulder", "elbow", "wrist", "hand", "knee", "ankle", "foot")))


def compute_weights(points: np.ndarray) -> np.ndarray:
    """Return the weights (N, 24) of SMPL's joints at points (N, 3) of the generic body; rows sum to 1, of at most MOST_JOINTS."""
    weights = np.zeros((len(points), JOINT_COUNT))
    weights[:, 0] = 1.0
    for names in _ORDER:
        taken = [_share_taken(name, points) * weights[:, PARENTS[JOINT[name]]] for name in names]
        for name, share in zip(names, taken, strict=True):
            weights[:, JOINT[name]] = share
            weights[:, PARENTS[JOINT[name]]] -= share
    too_weak = np.sort(weights, axis=1)[:, [-MOST_JOINTS - 1]]
    weights[weights <= np.maximum(too_weak, _LEAST_WEIGHT)] = 0.0  # both of a pair that are equally weak
    return weights / weights.sum(axis=1, keepdims=True)


def _share_taken(name: str, points: np.ndarray) -> np.ndarray:
    """Return the share (N,) that a joint takes from its parent."""
    if name not in _PLANES:
        name, points = mirrored_name(name), points * (-1, 1, 1)
    share = np.max([plane.beyond(points) for plane in _PLANES[name]], axis=0)
    if name == "left_hip":  # the right thigh lies beyond the plane too
        start, end = _THIGHS_APART
        width = np.maximum(_SHARED_WIDTH * (1 - smoothstep((points[:, 1] - start) / (end - start))), 1e-6)
        share = share * smoothstep((points[:, 0] / width + 1) / 2)
    return share
