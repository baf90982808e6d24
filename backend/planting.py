"""Feet that stand are held to the floor at last; the motion before it stays with the person."""

from __future__ import annotations

from dataclasses import replace

from mpsnet_blender.motion.body_motion import BodyMotion
from mpsnet_blender.motion.foot_lock import lock_feet

from .standing import StandingPerson


def plant_feet(standing: StandingPerson, strength: float) -> StandingPerson:
    """Return the person with planted feet in the world; strength 0..1. What the camera sees of the person stays as it is."""
    motion = standing.in_world
    body = BodyMotion(motion.rotmats, motion.transl, motion.rest_joints, motion.timestamps, standing.contacts)
    locked = lock_feet(body, strength)
    return replace(standing, in_world=replace(motion, rotmats=locked.rotmats, transl=locked.trans))
