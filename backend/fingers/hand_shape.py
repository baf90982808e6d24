"""The left hand that is fitted to landmarks: where its points are at rest, and how far its joints bend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpsnet_blender.motion.base.hand_shapes import RELAXED_DEGREES, find_flexion_axis
from mpsnet_blender.shared.hands.skeleton import FINGER_JOINTS, FINGERS, compute_finger_joints
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints

from ..hands.landmarks import HAND_LANDMARKS

# Fingers in the landmarks' order, and of each the rows of its three joints among SMPL-H's fifteen.
ORDER = ("thumb", "index", "middle", "ring", "pinky")
JOINTS_OF = {finger: slice(FINGER_JOINTS * number, FINGER_JOINTS * (number + 1)) for number, finger in enumerate(FINGERS)}
_UP = np.array((0.0, 1.0, 0.0))


@dataclass(frozen=True)
class Turn:
    """One way in which a joint turns: about `axis` (3,), in the axes of the bone before it, at a point, with the points that it
    moves; degrees: the lowest and highest angle, the usual one, and by how much (sigma) angles differ from it."""
    axis: np.ndarray
    pivot: int
    moved: tuple[int, ...]
    degrees: tuple[float, float, float, float]


# Ranges of motion are those of anatomy, rounded; what is usual is the relaxed hand's, and the sigmas are by eye: wide where
# people bend joints in all ways, narrow where they hardly do.
_KNUCKLE, _MIDDLE, _LAST = (-25.0, 95.0, 80.0), (0.0, 110.0, 90.0), (-5.0, 75.0, 80.0)      # lowest, highest, sigma
_SPREAD = (-18.0, 18.0, 0.0, 7.0)
_THUMB_BASE_TURNS = (((1.0, 0.0, 0.0), (-50.0, 50.0, 0.0, 20.0)), ((0.0, 1.0, 0.0), (-50.0, 50.0, 0.0, 20.0)),
                     ((0.0, 0.0, 1.0), (-50.0, 50.0, 0.0, 20.0)))
_THUMB_MIDDLE, _THUMB_LAST = (-15.0, 60.0, 25.0), (-20.0, 85.0, 25.0)


def list_turns() -> tuple[Turn, ...]:
    """Return the turns of all joints, finger by finger from the palm outwards."""
    return tuple(turn for finger in ORDER for turn in _list_turns_of(finger))


def _list_turns_of(finger: str) -> list[Turn]:
    root = 4 * ORDER.index(finger) + 1
    bend = find_flexion_axis(finger, "left")
    usual = RELAXED_DEGREES[finger]
    points = tuple(range(root, root + 4))
    if finger == "thumb":
        base = [Turn(np.array(axis), root, points[1:], degrees) for axis, degrees in _THUMB_BASE_TURNS]
        rest = ((_THUMB_MIDDLE, usual[1]), (_THUMB_LAST, usual[2]))
    else:
        base = [Turn(-_UP, root, points[1:], _SPREAD), Turn(bend, root, points[1:], (*_KNUCKLE[:2], usual[0], _KNUCKLE[2]))]
        rest = ((_MIDDLE, usual[1]), (_LAST, usual[2]))
    return base + [Turn(bend, root + joint, points[joint + 1:], (*limits[:2], degrees, limits[2]))
                   for joint, (limits, degrees) in enumerate(rest, start=1)]


def make_rest_points() -> np.ndarray:
    """Return the left hand's points (21, 3) in the landmarks' order, from the wrist, metres, of a body of DEFAULT_STATURE."""
    rest_joints = generic_rest_joints()
    joints, tips = compute_finger_joints(rest_joints)
    points = np.zeros((HAND_LANDMARKS, 3))
    for number, finger in enumerate(ORDER):
        points[4 * number + 1:4 * number + 4] = joints[JOINTS_OF[finger]]
        points[4 * number + 4] = tips[FINGERS.index(finger)]
    points[1:] -= rest_joints[JOINT["left_wrist"]]
    return points
