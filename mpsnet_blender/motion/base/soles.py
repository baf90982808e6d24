"""The soles of a body's feet: where heel and ball lie, how high the ankle is over them, and feet that lie flat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...shared.smpl_skeleton import CROWN_ABOVE_HEAD, JOINT, SOLE_BELOW_ANKLE

SIDES = ("left", "right")
_HEEL_BEHIND_ANKLE = 0.034                  # in statures, as the heel's keypoint lies on the rendered bodies (anny)
# SMPL's ankle in statures over the foot's sole, and a shoe's sole. Six rendered people of 1.54 to 1.80 m in thin shoes (12 mm)
# stand with their ankles at 103 to 114 mm; this says 97 to 110.
_ANKLE_ABOVE_SOLE, _SHOE_METRES = 0.050, 0.020
_LOWEST, _HIGHEST = 0.030, 0.080            # in statures: an ankle that stands lower or higher says that the floor is wrong
_FEWEST_FLAT = 5


@dataclass(frozen=True)
class Sole:
    """One foot's heel and ball (3,) from its ankle in the rest pose, metres, and `frame` (3, 3), whose columns are ahead (from
    heel to ball), to the left, and up."""
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
        """Return global rotations (T, 3, 3) of a foot that lies flat on the floor and points to yaw (T,), from the x axis."""
        zero, one = np.zeros_like(yaw), np.ones_like(yaw)
        cosine, sine = np.cos(yaw), np.sin(yaw)
        world = np.stack((cosine, -sine, zero, sine, cosine, zero, zero, zero, one), axis=-1).reshape(-1, 3, 3)
        return world @ self.frame.T

    def points(self, rotmats: np.ndarray, ankles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return heels and balls (T, 3) of feet turned by rotmats (T, 3, 3) at ankles (T, 3)."""
        return ankles + rotmats @ self.heel, ankles + rotmats @ self.ball


def stature_of(rest_joints: np.ndarray) -> float:
    """Return the stature in metres that ankles and head of the rest joints (24, 3) imply."""
    ankle = min(rest_joints[JOINT["left_ankle"], 1], rest_joints[JOINT["right_ankle"], 1])
    return float(rest_joints[JOINT["head"], 1] - ankle) / (1 - SOLE_BELOW_ANKLE - CROWN_ABOVE_HEAD)


def soles_of(rest_joints: np.ndarray, ankle_height: float) -> tuple[Sole, Sole]:
    """Return both soles of rest joints (24, 3) whose ankles stand so high (m) over the floor."""
    rest_joints, stature = np.asarray(rest_joints, dtype=np.float64), stature_of(rest_joints)
    found = []
    for side in SIDES:
        ball = rest_joints[JOINT[f"{side}_foot"]] - rest_joints[JOINT[f"{side}_ankle"]]
        ball = np.array((ball[0], -ankle_height, ball[2]))
        ahead = ball * (1, 0, 1)
        ahead = ahead / np.linalg.norm(ahead) if np.linalg.norm(ahead) > 1e-6 else np.array((0.0, 0.0, 1.0))
        heel = np.array((0.0, -ankle_height, 0.0)) - ahead * _HEEL_BEHIND_ANKLE * stature
        up = np.array((0.0, 1.0, 0.0))
        found.append(Sole(side, heel, ball, np.stack((ahead, np.cross(up, ahead), up), axis=-1)))
    return found[0], found[1]


def sole_points(rest_joints: np.ndarray, ankle_height: float, rotmats: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Return left heel, left ball, right heel, right ball (T, 4, 3) of a body whose ankles stand so high (m) over the floor.

    rotmats (T, 24, 3, 3) are global rotations, joints (T, 24, 3) in the same frame.
    """
    return np.stack([point for sole in soles_of(rest_joints, ankle_height)
                     for point in sole.points(rotmats[:, sole.ankle], joints[:, sole.ankle])], axis=1)


def usual_ankle_height(stature: float, shod: bool = True) -> float:
    """Return the height of a standing person's ankles over the floor, metres; people in a video wear shoes."""
    return _ANKLE_ABOVE_SOLE * stature + _SHOE_METRES * shod


def standing_ankle_height(ankles: np.ndarray, flat: np.ndarray, stature: float, shod: bool = True) -> float:
    """Return how high (m) ankles (T, 2, 3) are over the floor at z = 0 where feet lie flat (T, 2), within what a body has."""
    heights = ankles[..., 2][flat]
    height = np.median(heights) if len(heights) >= _FEWEST_FLAT else usual_ankle_height(stature, shod)
    return float(np.clip(height, _LOWEST * stature, _HIGHEST * stature))
