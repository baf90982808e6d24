"""Distance in the picture between the body's ankles and the landmarks seen of them."""

from __future__ import annotations

import numpy as np

from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.pinhole import project
from ..engines.engine import CapturedPerson, Shot
from ..people.landmarks import LANDMARK
from .placing import WorldCamera

_ANKLES = ("left_ankle", "right_ankle")
_NEAREST = 0.1          # metres before the camera: nearer bodies have no size in the picture


def measure_ankles_off_picture(person: CapturedPerson, in_world: WorldMotion, shot: Shot, camera: WorldCamera) -> np.ndarray:
    """Return the distances (T, 2) in the picture, left and right, of the ankles of the person's motion in the world from their
    landmarks, as a share of the body's height there."""
    rows = person.track.frame_index - shot.clock.frame_index[0]
    motion = person.motion.with_pose(*in_world.pose_in(np.linalg.inv(camera.poses_at(rows))))
    _, joints = motion.pose()
    depth = np.maximum(joints[:, JOINT["pelvis"], 2], _NEAREST)
    drawn = project(joints[:, [JOINT[name] for name in _ANKLES]], shot.intrinsics)
    pixels = np.linalg.norm(drawn - person.track.xy[:, [LANDMARK[name] for name in _ANKLES]], axis=-1)
    return pixels * (depth / (shot.intrinsics[1, 1] * motion.stature))[:, None]


def ankle_scores(person: CapturedPerson) -> np.ndarray:
    """Return the scores (T, 2) of the left and right ankle's landmarks, 0..1."""
    return person.track.score[:, [LANDMARK[name] for name in _ANKLES]]
