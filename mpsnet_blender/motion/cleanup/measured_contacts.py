"""Contacts measured on a motion whose file has none: heels and toes are in contact where they are low and slow."""

from __future__ import annotations

import numpy as np

from ..base.smoothing import smooth
from ..base.smpl_motion import WorldMotion
from ..base.soles import ANKLES, compute_stature, sole_points, usual_ankle_height

# Height (m) and speed (m/s) of a point, each of which halves its confidence. Measured on planted captures of six rendered people:
# 87 % of the frames found as standing are, and 96 % of the standing frames are found.
_LOW_METRES, _SLOW = 0.05, 0.45
_SMOOTH_SECONDS = 0.05      # sigma of the smoothing before the speed is taken, against trembling; chosen by eye, not measured
_FLOOR_QUANTILE = 0.05      # the floor's height: the lowest 5 % of the frames may sink in by error; chosen by eye, not measured


def measure_contacts(body: WorldMotion) -> np.ndarray:
    """Return confidences (T, 4) in 0..1 of left heel, left toe, right heel, right toe; each one's lowest height is its floor."""
    if len(body.transl) < 3:
        return np.zeros((len(body.transl), 4))
    feet, joints = body.pose(ANKLES)
    points = sole_points(body.rest_joints, usual_ankle_height(compute_stature(body.rest_joints), body.is_shod), feet, joints)
    points = smooth(points, body.timestamps, _SMOOTH_SECONDS)
    speed = np.linalg.norm(np.gradient(points, body.timestamps, axis=0), axis=-1)
    height = np.maximum(points[..., 2] - np.quantile(points[..., 2], _FLOOR_QUANTILE, axis=0), 0.0)
    return 1 / (1 + (height / _LOW_METRES) ** 4 + (speed / _SLOW) ** 4)
