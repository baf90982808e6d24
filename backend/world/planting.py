"""Holds standing feet, and hands on the floor, in place, as far as the picture allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mpsnet_blender.motion.base.smoothing import smooth, smoothstep
from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.motion.cleanup.foot_lock import lock_feet
from mpsnet_blender.motion.cleanup.hand_lock import lock_hands
from mpsnet_blender.shared.arrays.large_arrays import let_go

from ..engines.engine import Shot
from .feet_in_picture import ankle_scores, measure_ankles_off_picture
from .placing import PlacedPerson, WorldCamera

# By how much of the body's height the lock may move an ankle away from its landmark: from the first value on it yields, at the
# second it is gone. In 82 of 83 captures of people, nearly all by still cameras, it is never reached.
_YIELDS, _IS_GONE = 0.07, 0.12
# Sigma of the smoothing of that distance, and of the yielding that follows from it. Measured on a made walker whom a camera's
# unknown path moves sideways at 1 m/s: ankles are accelerated as with the full lock (30 mm/frame^2; 137 without the second).
_YIELD_SECONDS = 0.1


def plant_feet(placed: PlacedPerson, strength: float, shot: Shot, camera: WorldCamera) -> PlacedPerson:
    """Return the person with planted feet and hands in the world; strength 0..1. The motion in the camera's frame stays.

    Where a planted foot lies clearly farther from the picture's than before, as with a camera whose path was not found, the lock
    yields to the picture.
    """
    locked = lock_feet(placed.in_world, strength)
    trust = _compare_with_picture(placed, locked, shot, camera)
    if trust.min() < 1:
        locked = lock_feet(placed.in_world, strength * trust)
    locked = lock_hands(locked, strength)
    let_go()
    return replace(placed, in_world=locked)


def _compare_with_picture(placed: PlacedPerson, locked: WorldMotion, shot: Shot, camera: WorldCamera) -> np.ndarray:
    """Return how far the picture lets the left and right foot be locked, (T, 2) in 0..1."""
    before, after = (measure_ankles_off_picture(placed.person, motion, shot, camera) for motion in (placed.in_world, locked))
    worse = smooth((after - before) * ankle_scores(placed.person, shot), locked.timestamps, _YIELD_SECONDS)
    trust = 1 - smoothstep((worse - _YIELDS) / (_IS_GONE - _YIELDS))
    return np.clip(smooth(trust, locked.timestamps, _YIELD_SECONDS, degree=0), 0.0, 1.0) if trust.min() < 1 else trust
