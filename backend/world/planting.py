"""Feet that stand and hands that lie on the floor are held there at last; the motion before it stays with the person."""

from __future__ import annotations

from dataclasses import replace

from mpsnet_blender.motion.cleanup.foot_lock import lock_feet
from mpsnet_blender.motion.cleanup.hand_lock import lock_hands

from .placing import StandingPerson


def plant_feet(standing: StandingPerson, strength: float) -> StandingPerson:
    """Return the person with planted feet and hands in the world; strength 0..1. What the camera sees stays as it is."""
    return replace(standing, in_world=lock_hands(lock_feet(standing.in_world, strength), strength))
