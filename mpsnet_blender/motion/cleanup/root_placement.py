"""The place of a motion: from the origin along +Y, on the spot, higher or lower."""

from __future__ import annotations

import numpy as np

from ..base.smoothing import frame_durations, smooth
from ..base.smpl_motion import WorldMotion
from .footprints import turned_about

_UP = np.array((0.0, 0.0, 1.0))
_FORWARD = np.array((0.0, 0.0, 1.0))    # of the body in its rest frame
_LEAST_WAY = 0.5                        # metres: on shorter paths the direction is where the body faces
_SWAY_SECONDS = 0.45


def raised(body: WorldMotion, metres: float) -> WorldMotion:
    """Return the motion raised by a height."""
    return body.with_pose(body.rotmats, body.transl + metres * _UP)


def from_origin(body: WorldMotion) -> WorldMotion:
    """Return the motion turned and moved so that it starts over the origin and goes along +Y (or faces it, on the spot)."""
    path = body.root_path
    way = (path[-1] - path[0])[:2]
    if np.linalg.norm(way) < _LEAST_WAY:
        way = np.average(body.rotmats[:, 0] @ _FORWARD, axis=0, weights=frame_durations(body.timestamps))[:2]
    yaw = np.pi / 2 - np.arctan2(way[1], way[0])
    turned = turned_about(_UP[None], np.array([yaw]))[0]
    rotmats = body.rotmats.copy()
    rotmats[:, 0] = turned @ rotmats[:, 0]
    moved = (path - path[0] * (1, 1, 0)) @ turned.T
    return body.with_pose(rotmats, moved - body.rest_joints[0])


def in_place(body: WorldMotion) -> WorldMotion:
    """Return the motion on the spot where it starts: without its path over the floor, with its sway."""
    way = smooth(body.transl * (1, 1, 0), body.timestamps, _SWAY_SECONDS, degree=0)
    return body.with_pose(body.rotmats, body.transl - way + way[0])
