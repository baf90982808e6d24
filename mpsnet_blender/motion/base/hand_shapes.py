"""Hands as bends of their fingers: the relaxed hand, and any other pose given in degrees of flexion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...shared.hands.poses import HandPoses, make_hand_poses
from ...shared.hands.skeleton import FINGER_JOINTS, FINGERS, HAND_JOINT_COUNT, SIDES, find_finger_direction

# Degrees of flexion at the three joints, from the straight finger, of a relaxed hand beside the body. Chosen by eye; the order is
# that of the hand's natural cascade, in which each finger is bent more than its neighbour towards the thumb.
RELAXED_DEGREES = {"thumb": (5, 10, 10), "index": (18, 22, 12), "middle": (22, 26, 14), "ring": (25, 28, 15),
                   "pinky": (28, 28, 16)}
# Where the left thumb's tip goes when it bends: across the palm, towards the little finger and down; by eye.
_THUMB_BENDS_TO = (0.0, -0.50, -0.87)
_PALM = np.array((0.0, -1.0, 0.0))


def find_flexion_axis(finger: str, side: str) -> np.ndarray:
    """Return the unit axis (3,), in SMPL's rest axes, about which a finger of the flat hand bends towards the palm."""
    along = find_finger_direction(finger, side)
    target = np.array(_THUMB_BENDS_TO) if finger == "thumb" else _PALM
    axis = np.cross(along, target)
    return axis / np.linalg.norm(axis)


def find_back_of_finger(finger: str, side: str) -> np.ndarray:
    """Return the unit vector (3,), in SMPL's rest axes, out of the back of a finger of the flat hand, where its nail is."""
    back = np.cross(find_finger_direction(finger, side), find_flexion_axis(finger, side))
    return back / np.linalg.norm(back)


def bend_fingers(degrees: Mapping[str, tuple[float, ...]], side: str) -> np.ndarray:
    """Return the rotation vectors (15, 3) in radians of a hand whose fingers bend by degrees at their three joints; fingers that
    are not named are straight."""
    rotvecs = np.zeros((len(FINGERS), FINGER_JOINTS, 3))
    for number, finger in enumerate(FINGERS):
        rotvecs[number] = np.radians(degrees.get(finger, (0.0, 0.0, 0.0)))[:, None] * find_flexion_axis(finger, side)
    return rotvecs.reshape(HAND_JOINT_COUNT, 3)


def relax_unseen_hands(hands: HandPoses) -> HandPoses:
    """Return the poses with the relaxed hand for each hand of which no frame tells anything: flat throughout."""
    rotvecs = hands.rotvecs
    for number, side in enumerate(SIDES):
        joints = slice(number * HAND_JOINT_COUNT, (number + 1) * HAND_JOINT_COUNT)
        if not rotvecs[:, joints].any():
            rotvecs[:, joints] = bend_fingers(RELAXED_DEGREES, side)
    return make_hand_poses(rotvecs, hands.hand_confidence)
