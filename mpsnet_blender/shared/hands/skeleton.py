"""The fingers of SMPL-H and SMPL-X: 15 joints a hand, their names and order, and where they are on a body of ours.

The hand is flat at rest, its fingers straight. Axes are SMPL's, those of the T-pose: the left fingers point along +X, the palm
faces down (-Y), the thumb is in front (+Z); the right hand mirrors the left. Fingers bend towards the palm about -Z on the left
hand and about +Z on the right.
"""

from __future__ import annotations

import numpy as np

from ..smpl_skeleton import JOINT, JOINT_COUNT, JOINT_NAMES, PARENTS, generic_offsets

SIDES = ("left", "right")
FINGERS = ("index", "middle", "pinky", "ring", "thumb")     # in SMPL-H's order
FINGER_JOINTS = 3                                           # from the palm outwards
HAND_JOINT_COUNT = len(FINGERS) * FINGER_JOINTS             # of one hand
HAND_JOINT_NAMES = tuple(f"{side}_{finger}{place}" for side in SIDES for finger in FINGERS for place in (1, 2, 3))
# The body's 24 joints and the 30 of both hands: the skeleton of a motion with fingers.
FULL_JOINT_NAMES = JOINT_NAMES + HAND_JOINT_NAMES
FULL_PARENTS = PARENTS + tuple(
    JOINT[f"{name.split('_')[0]}_wrist"] if name.endswith("1") else JOINT_COUNT + number - 1
    for number, name in enumerate(HAND_JOINT_NAMES))

# Millimetres. Lengths of the bones (metacarpal, then the phalanges; the thumb's metacarpal moves and has only two phalanges) and
# of the soft tissue at the tip: means of adults, by X-ray (Buryanov and Kotiuk 2010, "Proportions of hand segments").
_METACARPALS = {"index": 68.12, "middle": 64.60, "ring": 57.98, "pinky": 53.69}
_PHALANGES = {"index": (39.78, 22.38, 15.82), "middle": (44.63, 26.33, 17.40), "ring": (41.37, 25.65, 17.30),
              "pinky": (32.74, 18.11, 15.96), "thumb": (46.22, 31.57, 21.67)}
_TIPS = {"index": 3.84, "middle": 3.95, "ring": 3.95, "pinky": 3.73, "thumb": 5.67}
# Where a left hand's metacarpals begin, from the wrist, and how far up (y) and to the front (z) they end: so that the outer
# knuckles are 61 mm apart, as in a palm of 85 mm. The thumb's place, and all directions of the straight fingers: by eye.
_BASES = {"index": (22.0, 12.0), "middle": (29.0, 2.0), "ring": (27.0, -5.0), "pinky": (24.0, -13.0)}      # x, z
_KNUCKLES = {"index": (-4.0, 27.0), "middle": (-2.0, 4.0), "ring": (-5.0, -16.0), "pinky": (-10.0, -34.0)}  # y, z
_THUMB_BASE = (18.0, -10.0, 20.0)
_SPREAD_DEGREES = {"index": 4.0, "middle": 0.0, "ring": -4.0, "pinky": -9.0}     # towards the front
_THUMB_DIRECTION = (0.72, -0.28, 0.63)
# This hand is 186 mm long from the wrist to the middle finger's tip: that of somebody of 1.72 m (0.108 statures, Drillis and
# Contini 1966), whose SMPL hand joint is so far from the wrist.
_HAND_JOINT_MM = 1000 * float(np.linalg.norm(generic_offsets(1.72)[JOINT["left_hand"]]))


def compute_finger_joints(rest_joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the T-pose's finger joints (30, 3), in the order of HAND_JOINT_NAMES, and fingertips (10, 3), in metres.

    rest_joints (24, 3) are the body's; each hand is as large as its distance from wrist to hand joint tells.
    """
    rest = np.asarray(rest_joints, dtype=np.float64)
    joints, tips = [], []
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        wrist = rest[JOINT[f"{side}_wrist"]]
        points = wrist + find_hand_scale(rest, side) * _LEFT_HAND * (sign, 1.0, 1.0)
        joints.append(points[:, :FINGER_JOINTS].reshape(-1, 3))
        tips.append(points[:, FINGER_JOINTS])
    return np.concatenate(joints), np.concatenate(tips)


def find_hand_scale(rest_joints: np.ndarray, side: str) -> float:
    """Return the metres that a hand of a body (24, 3) has for a millimetre of the hand of 186 mm."""
    wrist, hand = (rest_joints[JOINT[f"{side}_{part}"]] for part in ("wrist", "hand"))
    return float(np.linalg.norm(hand - wrist)) / _HAND_JOINT_MM


def full_rest_joints(rest_joints: np.ndarray) -> np.ndarray:
    """Return the T-pose's joints (54, 3) in metres of a body (24, 3) with fingers, in the order of FULL_JOINT_NAMES."""
    return np.concatenate((rest_joints, compute_finger_joints(rest_joints)[0]))


def find_finger_direction(finger: str, side: str) -> np.ndarray:
    """Return the unit vector (3,) along a straight finger of the flat hand, in SMPL's rest axes."""
    angle = np.radians(_SPREAD_DEGREES.get(finger, 0.0))
    direction = np.array(_THUMB_DIRECTION) if finger == "thumb" else np.array((np.cos(angle), 0.0, np.sin(angle)))
    return direction / np.linalg.norm(direction) * (1.0 if side == "left" else -1.0, 1.0, 1.0)


def _place_finger(finger: str) -> np.ndarray:
    """Return a finger's three joints and its tip (4, 3) on the left hand, mm from the wrist."""
    first, second, third = _PHALANGES[finger]
    along = np.cumsum((0.0, first, second, third + _TIPS[finger]))
    if finger == "thumb":
        start = np.array(_THUMB_BASE)
    else:
        (base_x, base_z), (knuckle_y, knuckle_z) = _BASES[finger], _KNUCKLES[finger]
        reach = np.sqrt(_METACARPALS[finger] ** 2 - knuckle_y ** 2 - (knuckle_z - base_z) ** 2)
        start = np.array((base_x + reach, knuckle_y, knuckle_z))
    return start + along[:, None] * find_finger_direction(finger, "left")


_LEFT_HAND = np.stack([_place_finger(finger) for finger in FINGERS])        # (5, 4, 3) mm
