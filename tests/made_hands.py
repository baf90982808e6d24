"""Hands that make gestures, for the tests."""

import numpy as np

from mpsnet_blender.motion.base.hand_shapes import bend_fingers
from mpsnet_blender.shared.hands.poses import HandPoses, make_hand_poses

_CURLED = (80.0, 95.0, 60.0)
_LONG = ("index", "middle", "ring", "pinky")
FIST = {**dict.fromkeys(_LONG, _CURLED), "thumb": (15.0, 40.0, 40.0)}
POINT = {**FIST, "index": (0.0, 0.0, 0.0)}


def count_to(number: int) -> dict[str, tuple[float, float, float]]:
    """Return the bends of a hand that counts from 1 to 5, from the index finger on, the thumb last."""
    return {finger: bends for finger, bends in FIST.items() if finger not in (*_LONG, "thumb")[:number]}


GESTURES = {"fist": FIST, "point": POINT, "count": count_to(3)}


def make_gesture(degrees: dict[str, tuple[float, ...]], frames: int) -> HandPoses:
    """Return both hands closing from flat to a gesture, evenly over the frames, always seen."""
    gesture = np.concatenate([bend_fingers(degrees, side) for side in ("left", "right")])
    return make_hand_poses(np.linspace(0, 1, frames)[:, None, None] * gesture, np.ones((frames, 2)))
