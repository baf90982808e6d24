"""Distance in the picture between the body's ankles and the landmarks seen of them."""

from __future__ import annotations

import numpy as np

from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.pinhole import project
from ..engines.engine import CapturedPerson, Shot
from ..people.landmarks import LANDMARK
from .placing import WorldCamera

_ANKLES = ("left_ankle", "right_ankle")
_LANDMARKS = [LANDMARK[name] for name in _ANKLES]
_NEAREST = 0.1          # metres before the camera: nearer bodies have no size in the picture


def measure_ankles_off_picture(person: CapturedPerson, in_world: WorldMotion, shot: Shot, camera: WorldCamera) -> np.ndarray:
    """Return the distances (T, 2) in the picture, left and right, of the ankles of the person's motion in the world from their
    landmarks, as a share of the body's height there."""
    poses = camera.poses_at(person.track.frame_index - shot.clock.frame_index[0])
    return np.concatenate([_measure_part(person, in_world.at(rows), person.track.xy[rows, _LANDMARKS], shot, poses[rows])
                           for rows in frame_blocks(len(poses))])


def _measure_part(person: CapturedPerson, in_world: WorldMotion, seen: np.ndarray, shot: Shot, poses: np.ndarray) -> np.ndarray:
    """Return the distances (T, 2) in some frames, with ankles seen at (T, 2, 2) px by cameras at poses (T, 4, 4)."""
    _, joints = in_world.with_pose(*in_world.pose_in(np.linalg.inv(poses))).pose()
    depth = np.maximum(joints[:, JOINT["pelvis"], 2], _NEAREST)
    drawn = project(joints[:, [JOINT[name] for name in _ANKLES]], shot.intrinsics)
    pixels = np.linalg.norm(drawn - seen, axis=-1)
    return pixels * (depth / (shot.intrinsics[1, 1] * person.motion.stature))[:, None]


def ankle_scores(person: CapturedPerson, shot: Shot) -> np.ndarray:
    """Return the scores (T, 2) of the left and right ankle's landmarks, 0..1; 0 outside the picture, where they are guessed."""
    xy = person.track.xy[:, _LANDMARKS]
    is_inside = ((xy >= 0) & (xy < shot.span.size)).all(-1)
    return person.track.score[:, _LANDMARKS] * is_inside
