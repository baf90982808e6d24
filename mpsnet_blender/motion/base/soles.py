"""The soles of a body's feet: where heel and ball lie, how high the ankle is over them, and feet that lie flat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...shared.smpl_skeleton import CROWN_ABOVE_HEAD, JOINT, SOLE_BELOW_ANKLE

SIDES = ("left", "right")
ANKLES = tuple(JOINT[f"{side}_ankle"] for side in SIDES)
_HEEL_BEHIND_ANKLE = 0.034                  # in statures; the place of the heel's keypoint on the rendered bodies (anny)
# Height of SMPL's ankle over the foot's sole, in statures, and thickness of a shoe's sole. Measured on six rendered people of
# 1.54 to 1.80 m in thin shoes (12 mm): ankles at 103 to 114 mm; these constants give 97 to 110.
_ANKLE_ABOVE_SOLE, _SHOE_METRES = 0.050, 0.020
# In statures: a measured ankle height outside these bounds comes from a wrong floor. 51 and 136 mm on an adult of 1.7 m, half as
# high and a third higher than the usual height; not measured.
_LOWEST, _HIGHEST = 0.030, 0.080
_FEWEST_FLAT = 5                            # frames of a flat foot for a median: two outliers do not move it; not measured


@dataclass(frozen=True)
class Sole:
    """One foot's sole in the rest pose: heel and ball (3,) relative to the ankle, metres, and `frame` (3, 3), whose columns point
    ahead (from heel to ball), to the left, and up."""
    side: str
    heel: np.ndarray
    ball: np.ndarray
    frame: np.ndarray

    @property
    def ankle(self) -> int:
        return JOINT[f"{self.side}_ankle"]

    @property
    def toes(self) -> int:
        return JOINT[f"{self.side}_foot"]

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.ball - self.heel))

    def flat(self, yaw: np.ndarray) -> np.ndarray:
        """Return global rotations (T, 3, 3) of a foot flat on the floor with heading yaw (T,), radians from the x axis."""
        zero, one = np.zeros_like(yaw), np.ones_like(yaw)
        cosine, sine = np.cos(yaw), np.sin(yaw)
        world = np.stack((cosine, -sine, zero, sine, cosine, zero, zero, zero, one), axis=-1).reshape(-1, 3, 3)
        return world @ self.frame.T

    def points(self, rotmats: np.ndarray, ankles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return heels and balls (T, 3) of a foot with global rotations (T, 3, 3) and ankles (T, 3)."""
        return ankles + rotmats @ self.heel, ankles + rotmats @ self.ball


def compute_stature(rest_joints: np.ndarray) -> float:
    """Return the stature in metres that ankles and head of the rest joints (24, 3) imply."""
    ankle = min(rest_joints[JOINT["left_ankle"], 1], rest_joints[JOINT["right_ankle"], 1])
    return float(rest_joints[JOINT["head"], 1] - ankle) / (1 - SOLE_BELOW_ANKLE - CROWN_ABOVE_HEAD)


def make_soles(rest_joints: np.ndarray, ankle_height: float) -> tuple[Sole, Sole]:
    """Return the soles of both feet, from rest joints (24, 3) and the ankles' height over the floor (m)."""
    rest_joints, stature = np.asarray(rest_joints, dtype=np.float64), compute_stature(rest_joints)
    soles = []
    for side in SIDES:
        ball = rest_joints[JOINT[f"{side}_foot"]] - rest_joints[JOINT[f"{side}_ankle"]]
        ball = np.array((ball[0], -ankle_height, ball[2]))
        ahead = ball * (1, 0, 1)
        ahead = ahead / np.linalg.norm(ahead) if np.linalg.norm(ahead) > 1e-6 else np.array((0.0, 0.0, 1.0))
        heel = np.array((0.0, -ankle_height, 0.0)) - ahead * _HEEL_BEHIND_ANKLE * stature
        up = np.array((0.0, 1.0, 0.0))
        soles.append(Sole(side, heel, ball, np.stack((ahead, np.cross(up, ahead), up), axis=-1)))
    return soles[0], soles[1]


def sole_points(rest_joints: np.ndarray, ankle_height: float, feet: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Return the positions (T, 4, 3) of left heel, left ball, right heel, right ball of a posed body.

    ankle_height (m) is that of a foot flat on the floor; feet (T, 2, 3, 3) are the ankles' global rotations, joints (T, 24, 3).
    """
    return np.stack([point for side, sole in enumerate(make_soles(rest_joints, ankle_height))
                     for point in sole.points(feet[:, side], joints[:, sole.ankle])], axis=1)


def usual_ankle_height(stature: float, shod: bool = True) -> float:
    """Return the usual height (m) of ankles over the floor for a stature (m). `shod`: in shoes, as people in a video are."""
    return _ANKLE_ABOVE_SOLE * stature + _SHOE_METRES * shod


def measure_ankle_height(ankles: np.ndarray, flat: np.ndarray, stature: float, shod: bool = True) -> float:
    """Return the height (m) over the floor at z = 0 of ankles (T, 2, 3) in the frames in which the feet are flat (T, 2).

    It is limited to what a body of this stature (m) can have; the usual height is returned where too few frames are flat.
    """
    heights = ankles[..., 2][flat]
    height = np.median(heights) if len(heights) >= _FEWEST_FLAT else usual_ankle_height(stature, shod)
    return float(np.clip(height, _LOWEST * stature, _HIGHEST * stature))
