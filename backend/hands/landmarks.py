"""21 landmarks of one hand: MediaPipe's hand landmark model, in a square region around the hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base.litert import Model, ModelFile
from ..base.regions import Region

HAND = ModelFile("hand_landmark_full.tflite", "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3")
# The wrist, then of each finger, from the thumb to the little finger, the root, two joints and the tip. The thumb's root is the
# joint of its metacarpal, that of the others is the knuckle.
HAND_LANDMARKS = 21
WRIST = 0
KNUCKLES = (5, 9, 13, 17)       # of index, middle, ring and little finger
_RESOLUTION = 224
# Landmarks whose box gives the next region, the region's side over the box's, and by how much of the box's height it lies
# towards the fingers: MediaPipe's own (hand_landmark_landmarks_to_roi).
_BOX_LANDMARKS = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
_BOX_SIDES, _BOX_SHIFT = 2.0, 0.1
# Of a region by the body's landmarks, in lengths of the hand: how much of the direction is the forearm's, the centre's distance
# from the wrist, the side. Chosen by eye on rendered people.
_FOREARM_SHARE, _CENTRE_SHARE, _ARM_SIDES = 0.3, 0.45, 2.0


@dataclass(frozen=True)
class HandLandmarks:
    """One hand in one frame.

    xy (21, 2) image px; world (21, 3) metres about the hand's centre, in the axes (x right, y down, z away) of a camera that is
    turned towards the hand; presence: probability that there is a hand; right: probability that it is a right one.
    """
    xy: np.ndarray
    world: np.ndarray
    presence: float
    right: float


class HandNetwork:
    """The hand landmark model. Any thread may call it."""

    def __init__(self, models_folder: Path):
        """Raises ModelError where the file is missing or damaged."""
        self._model = Model(models_folder / HAND.name, HAND.sha256)

    def read(self, image: np.ndarray, region: Region) -> HandLandmarks:
        """Return the landmarks of the hand in a region of a BGR image."""
        crop = region.crop(image, _RESOLUTION)
        points, presence, right, world = self._model(crop[None].astype(np.float32) / 255.0)
        affine = region.affine(_RESOLUTION)
        xy = points.reshape(HAND_LANDMARKS, 3)[:, :2] @ affine[:, :2].T + affine[:, 2]
        cosine, sine = math.cos(region.angle), math.sin(region.angle)
        upright = world.reshape(HAND_LANDMARKS, 3) @ np.array(((cosine, sine, 0), (-sine, cosine, 0), (0, 0, 1)))
        return HandLandmarks(xy.astype(np.float32), upright.astype(np.float32), float(presence.ravel()[0]),
                             float(right.ravel()[0]))


def region_from_hand(xy: np.ndarray) -> Region:
    """Return the region around a hand with landmarks (21, 2) px, its fingers upwards."""
    angle = _upright_angle(((xy[5] + xy[13]) / 2 + xy[9]) / 2 - xy[WRIST])
    turned = np.array(((math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))))
    box = xy[list(_BOX_LANDMARKS)] @ turned.T
    low, high = box.min(0), box.max(0)
    centre = ((low + high) / 2 - (0.0, _BOX_SHIFT * (high - low)[1])) @ turned
    return Region(float(centre[0]), float(centre[1]), _BOX_SIDES * float((high - low).max()), angle)


def region_from_arm(elbow: np.ndarray, wrist: np.ndarray, knuckles: np.ndarray, size: float) -> Region:
    """Return the region around a hand of `size` px from the body's landmarks (2,) px; knuckles: the middle of index and pinky.

    The direction is that of the hand, and of the forearm where the hand is foreshortened.
    """
    hand, forearm = knuckles - wrist, wrist - elbow
    direction = hand + _FOREARM_SHARE * size * forearm / max(float(np.hypot(*forearm)), 1.0)
    unit = direction / max(float(np.hypot(*direction)), 1e-6)
    centre = wrist + _CENTRE_SHARE * size * unit
    return Region(float(centre[0]), float(centre[1]), _ARM_SIDES * size, _upright_angle(direction))


def _upright_angle(direction: np.ndarray) -> float:
    """Return the region's angle in radians with which a direction (2,) points upwards in the crop."""
    return math.remainder(math.pi / 2 - math.atan2(-direction[1], direction[0]), 2 * math.pi)
