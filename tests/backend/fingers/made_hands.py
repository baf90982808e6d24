"""Hands of known pose, as a camera sees them and as perfect landmarks."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from backend.base.regions import Region
from backend.fingers.hand_shape import JOINTS_OF, ORDER, list_turns, make_rest_points
from backend.fingers.ownership import OwnHand
from backend.fingers.solving import compute_rotvecs
from backend.people.landmarks import LANDMARK, Landmarks, Reading

INTRINSICS = np.array(((1000.0, 0, 640), (0, 1000.0, 360), (0, 0, 1)))
MIRROR = np.array((-1.0, 1.0, 1.0))
# The rest pose's left hand to the camera's axes: fingers up, the palm to the camera.
PALM_TO_CAMERA = np.array(((0, 0, -1.0), (-1, 0, 0), (0, 1, 0)))


@dataclass(frozen=True)
class MadeHand:
    """Points (T, 21, 3) m in the camera's axes, the palm's rotation (T, 3, 3) to these, and the joints' rotvecs (T, 15, 3)."""
    points: np.ndarray
    palm: np.ndarray
    rotvecs: np.ndarray

    @property
    def xy(self) -> np.ndarray:
        return self.points[..., :2] / self.points[..., 2:] * 1000.0 + (640, 360)

    @property
    def distance(self) -> np.ndarray:
        return np.linalg.norm(self.points[:, 0], axis=1)

    def own(self, presence=1.0) -> OwnHand:
        world = self.points - self.points.mean(1, keepdims=True)
        return OwnHand(self.xy, world, np.broadcast_to(presence, len(self.points)).astype(float))


def angles_of(**degrees) -> np.ndarray:
    """Return the angles (21,) in radians of a hand: of each finger those of its turns from the palm outwards, else straight."""
    values = [degrees.get(finger, (0.0,) * (5 if finger == "thumb" else 4)) for finger in ORDER]
    return np.radians(np.concatenate(values))


FIST = angles_of(thumb=(10, 10, 0, 40, 50), **dict.fromkeys(ORDER[1:], (0, 80, 95, 57)))
OPEN = angles_of(thumb=(0, 0, 0, 5, 5), index=(5, 5, 5, 3), middle=(0, 5, 5, 3), ring=(-4, 5, 5, 3), pinky=(-8, 5, 5, 3))


def make_hand(angles, frames=1, is_right=False, place=(0.1, 0.0, 1.5), palm=PALM_TO_CAMERA) -> MadeHand:
    """Return a hand with angles (21,) or (T, 21) of `list_turns` whose wrist is at a place in front of the camera.

    A right hand is the mirror image in the camera's x of the left one with this palm, and then moved to the place.
    """
    angles = np.broadcast_to(angles, (frames, len(list_turns())))
    left = compute_rotvecs(angles, False)
    rest, points = make_rest_points(), np.zeros((frames, 21, 3))
    for number, finger in enumerate(ORDER):
        first, turned = 4 * number + 1, Rotation.identity(frames)
        points[:, first] = rest[first]
        for joint in range(3):
            turned = turned * Rotation.from_rotvec(left[:, JOINTS_OF[finger].start + joint])
            points[:, first + joint + 1] = points[:, first + joint] + turned.apply(rest[first + joint + 1] - rest[first + joint])
    points = points @ palm.T * (MIRROR if is_right else 1.0) + place
    rotation = np.tile(MIRROR[:, None] * palm * MIRROR if is_right else palm, (frames, 1, 1))
    return MadeHand(points, rotation, compute_rotvecs(angles, is_right))


def degrees_between(first, second) -> np.ndarray:
    """Return the angles (N,) in degrees between rotations (N, 3, 3)."""
    return np.degrees(Rotation.from_matrix(np.swapaxes(first, -1, -2) @ second).magnitude())


def rotation_about(axis: str, degrees: float) -> np.ndarray:
    """Return the rotation (3, 3) about "x", "y" or "z"."""
    return Rotation.from_euler(axis, degrees, degrees=True).as_matrix()


def landmarks_of_height(pixels: float) -> Landmarks:
    """Return a person so tall, in view, in the middle of a picture of 1920 x 1080 px."""
    centre = np.array((960.0, 540.0))
    places = {"left_elbow": (0.15, -0.1), "left_wrist": (0.25, -0.2), "left_index": (0.28, -0.24), "left_pinky": (0.29, -0.23)}
    xy = np.tile(centre, (33, 1))
    for name, place in places.items():
        xy[LANDMARK[name]] = centre + pixels * np.array(place)
        xy[LANDMARK[name.replace("left", "right")]] = centre + pixels * np.array(place) * (-1, 1)
    reading, region = Reading(xy, np.zeros((33, 3)), np.full(33, 0.9)), Region(*centre.tolist(), 1.25 * pixels, 0.0)
    return Landmarks(reading.xy, reading.world, reading.score, 0.99, region, region, (reading, reading))
