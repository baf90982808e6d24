"""Holds standing feet, and hands on the floor, in place."""

from __future__ import annotations

from dataclasses import replace

from mpsnet_blender.motion.cleanup.foot_lock import lock_feet
from mpsnet_blender.motion.cleanup.hand_lock import lock_hands

from .placing import PlacedPerson


def plant_feet(placed: PlacedPerson, strength: float) -> PlacedPerson:
    """Return the person with planted feet and hands in the world; strength 0..1. The motion in the camera's frame stays."""
    return replace(placed, in_world=lock_hands(lock_feet(placed.in_world, strength), strength))
