"""Clean-up: from the raw motion and the user's settings to the motion that is keyed. The raw motion does not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...shared.capture_listing import Quality
from ..base.rotations import continuous_quat
from ..base.smpl_motion import WorldMotion
from .balance import level_body
from .foot_lock import lock_feet
from .hand_lock import lock_hands
from .limb_smoothing import smooth_limbs
from .looping import close_loop
from .motion_keys import MotionKeys, all_keys, find_needed_keys
from .motion_quality import measure_motion
from .root_placement import keep_in_place, raise_body, start_at_origin
from .spikes import repair_spikes


@dataclass(frozen=True)
class CleanupSettings:
    """smooth_*: 0..1 for each group of limbs, fingers being one; foot_lock: 0..1, also for hands on the floor; level: 0..1
    of the mean lean; floor_offset: metres; speed: a
    factor; key_tolerance: mm, 0 keys every frame."""
    smooth_trunk: float = 0.0
    smooth_head: float = 0.0
    smooth_arms: float = 0.0
    smooth_legs: float = 0.0
    smooth_fingers: float = 0.0
    repair_spikes: bool = False
    foot_lock: float = 1.0
    level: float = 0.0
    floor_offset: float = 0.0
    from_origin: bool = False
    in_place: bool = False
    loop: bool = False
    speed: float = 1.0
    key_tolerance: float = 0.0


@dataclass(frozen=True)
class CleanMotion:
    """A motion to key. quats: the rotations (T, 24, 4), with fingers (T, 54, 4), w first, sign-continuous; seconds (T,): when its
    frames play, from 0; keys: the frames to key; start_seconds: by how much it begins after the raw motion."""
    body: WorldMotion
    quats: np.ndarray
    seconds: np.ndarray
    keys: MotionKeys
    quality: Quality
    start_seconds: float


def keep_unchanged(body: WorldMotion) -> CleanMotion:
    """Return an unchanged motion, to be keyed on every frame."""
    quats = continuous_quat(body.full_quats)
    return CleanMotion(body, quats, body.timestamps - body.timestamps[0], all_keys(*quats.shape[:2]), measure_motion(body), 0.0)


def clean_motion(raw: WorldMotion, settings: CleanupSettings) -> CleanMotion:
    """Return the raw motion cleaned up as the settings ask."""
    body = repair_spikes(raw) if settings.repair_spikes else raw
    body = smooth_limbs(body, {"trunk": settings.smooth_trunk, "head": settings.smooth_head, "arms": settings.smooth_arms,
                               "legs": settings.smooth_legs, "fingers": settings.smooth_fingers})
    body = level_body(body, settings.level)
    body = lock_hands(lock_feet(body, settings.foot_lock), settings.foot_lock)
    quality = measure_motion(body)      # before the motion is moved: with `in_place` feet slide by intent
    body = close_loop(body) if settings.loop else body
    body = start_at_origin(body) if settings.from_origin else body
    body = keep_in_place(body) if settings.in_place else body
    body = raise_body(body, settings.floor_offset)
    quats = continuous_quat(body.full_quats)
    seconds = (body.timestamps - body.timestamps[0]) / settings.speed
    keys = find_needed_keys(body, quats, settings.key_tolerance) if settings.key_tolerance > 0 else all_keys(*quats.shape[:2])
    return CleanMotion(body, quats, seconds, keys, quality, float(body.timestamps[0] - raw.timestamps[0]))
