"""Points of a body that may be on the floor: the soles, and the lowest other parts of a person who does not stand."""

from __future__ import annotations

import numpy as np

from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.motion.base.soles import usual_ankle_height
from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.smpl_skeleton import JOINT

_CAMERA_DOWN = np.array((0.0, 1.0, 0.0))       # gravity in the axes of a level camera
_FOOT_BELOW_ANKLE = 0.033      # statures, of SMPL's joints: the generic body's foot joint below its ankle
# Depths of other parts' surfaces under their joints, in statures: half of an adult's limbs', trunk's and head's thickness.
_PARTS = {"left_knee": 0.035, "right_knee": 0.035, "left_wrist": 0.02, "right_wrist": 0.02, "left_elbow": 0.025,
          "right_elbow": 0.025, "pelvis": 0.065, "spine3": 0.065, "head": 0.06}
_STANDING_LENGTH, _STANDING_COSINE = 0.7, 0.7      # ankles to neck over stature (about 0.8 standing straight); 45 degrees
SAMPLES_PER_SECOND = 2.0        # about one for each step: errors within a step are alike
_MAX_SAMPLES = 600              # of a clip, to bound time: five minutes at that rate
_LOW_QUANTILE = 0.8             # of the lowest points within a sample's time: the foot that stands, not an outlier
_SURE_CONTACT = 0.6             # confidence; 0.5 is doubt, and two samples a second leave enough surer ones


def find_soles(joints: np.ndarray, stature: float, down: np.ndarray) -> np.ndarray:
    """Return heels and toes (T, 4, 3) as left heel, left toe, right heel, right toe, on the sole, in the joints' frame.

    joints (T, 24, 3) and stature in metres; `down` (3,) is the direction of gravity in the joints' frame. They lie right under
    the joints, however the foot is turned: the weights that find contacts were trained on these. With heel and ball that turn
    with the foot (motion.base.soles) feet slid as much, and ankles stood 2 mm farther from the truth (four rendered clips).
    """
    ankle = usual_ankle_height(stature)
    foot = ankle - _FOOT_BELOW_ANKLE * stature
    columns = []
    for side in ("left", "right"):
        columns.append(joints[:, JOINT[f"{side}_ankle"]] + down * ankle)
        columns.append(joints[:, JOINT[f"{side}_foot"]] + down * foot)
    return np.stack(columns, axis=1)


def find_other_undersides(joints: np.ndarray, stature: float, down: np.ndarray) -> np.ndarray:
    """Return the undersides (T, 9, 3) of knees, hands, elbows, pelvis, back and head, in the joints' frame; see `soles`."""
    return np.stack([joints[:, JOINT[name]] + down * share * stature for name, share in _PARTS.items()], axis=1)


def find_upright_frames(joints: np.ndarray, stature: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors from the feet to the neck (T, 3) in metres, and whether the person stands upright and stretched (T,).

    joints (T, 24, 3) and stature in metres, in a camera's frame (y down).
    """
    up = joints[:, JOINT["neck"]] - (joints[:, JOINT["left_ankle"]] + joints[:, JOINT["right_ankle"]]) / 2
    length = np.linalg.norm(up, axis=1)
    return up, (length > _STANDING_LENGTH * stature) & (-up[:, 1] > _STANDING_COSINE * length)


def find_lowest_points(person: CameraMotion) -> np.ndarray:
    """Return the lowest points (N, 3) in the camera's frame, two a second: those that may be on the floor."""
    lowest = np.concatenate([_find_lowest(person.at(rows)) for rows in frame_blocks(len(person.timestamps))])
    times = person.timestamps - person.timestamps[0]
    starts = np.flatnonzero(np.diff((times * SAMPLES_PER_SECOND).astype(int), prepend=-1))
    moments = np.split(lowest, starts[1:])
    chosen = np.stack([part[part[:, 1].argsort()][int(_LOW_QUANTILE * (len(part) - 1))] for part in moments])
    return chosen[_thinned(len(chosen))]


def _find_lowest(person: CameraMotion) -> np.ndarray:
    """Return the lowest point (T, 3) of each frame, of a person who stands that of the feet."""
    _, joints = person.pose()
    _, stands = find_upright_frames(joints, person.stature)
    points = np.concatenate([part(joints, person.stature, _CAMERA_DOWN) for part in (find_soles, find_other_undersides)], axis=1)
    depth = points[..., 1].copy()
    depth[stands, 4:] = -np.inf
    return points[np.arange(len(points)), depth.argmax(1)]


def find_contact_points(person: CameraMotion, contacts: np.ndarray) -> np.ndarray:
    """Return soles (N, 3) in the camera's frame on the floor by their contacts (T, 4): the surest of each half second."""
    points = find_soles(person.joints(), person.stature, _CAMERA_DOWN)
    times = person.timestamps - person.timestamps[0]
    starts = np.flatnonzero(np.diff((times * SAMPLES_PER_SECOND).astype(int), prepend=-1))
    surest = [int(part.argmax()) for part in np.split(contacts, starts[1:])]
    rows, columns = np.divmod(np.array(surest), contacts.shape[1])
    chosen = points[starts + rows, columns][contacts[starts + rows, columns] > _SURE_CONTACT]
    return chosen[_thinned(len(chosen))]


def _thinned(count: int) -> np.ndarray:
    return np.linspace(0, count - 1, min(count, _MAX_SAMPLES)).astype(int)
