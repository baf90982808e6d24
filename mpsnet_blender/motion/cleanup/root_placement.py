"""Where a motion takes place: from the origin along +Y, on one spot, higher or lower."""

from __future__ import annotations

import numpy as np

from ..base.smoothing import frame_durations, smooth
from ..base.smpl_motion import WorldMotion
from .footprints import rotmat_from_axis_angle

_UP = np.array((0.0, 0.0, 1.0))
_FORWARD = np.array((0.0, 0.0, 1.0))    # of the body in its rest frame
_SHORTEST_PATH = 0.5                    # metres; less than a step's length: no direction of walking, the body's heading counts
_SWAY_SECONDS = 0.45                    # sigma of the path that is removed: about a step, whose sway stays; chosen by eye


def raise_body(body: WorldMotion, metres: float) -> WorldMotion:
    """Return the motion raise_body by a height."""
    return body.with_pose(body.rotmats, body.transl + metres * _UP)


def start_at_origin(body: WorldMotion) -> WorldMotion:
    """Return the motion turned and moved so that it starts over the origin and goes along +Y, or faces +Y if it stays there."""
    path = body.root_path
    direction = (path[-1] - path[0])[:2]
    if np.linalg.norm(direction) < _SHORTEST_PATH:
        direction = np.average(body.rotmats[:, 0] @ _FORWARD, axis=0, weights=frame_durations(body.timestamps))[:2]
    yaw = np.pi / 2 - np.arctan2(direction[1], direction[0])
    turned = rotmat_from_axis_angle(_UP[None], np.array([yaw]))[0]
    rotmats = body.rotmats.copy()
    rotmats[:, 0] = turned @ rotmats[:, 0]
    moved = (path - path[0] * (1, 1, 0)) @ turned.T
    return body.with_pose(rotmats, moved - body.rest_joints[0])


def keep_in_place(body: WorldMotion) -> WorldMotion:
    """Return the motion on the spot where it starts: its path over the floor is removed, its sway stays."""
    path = smooth(body.transl * (1, 1, 0), body.timestamps, _SWAY_SECONDS, degree=0)
    return body.with_pose(body.rotmats, body.transl - path + path[0])
