"""How well a motion stands on its floor, told without a truth: figures, a grade and a word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...shared.capture_listing import GRADES
from ...shared.smpl_skeleton import JOINT
from ..base.contact_spans import standing
from ..base.smoothing import LONGEST_STEP, frame_seconds, smooth
from ..base.smpl_motion import WorldMotion
from ..base.soles import soles_of, standing_ankle_height, stature_of

_JITTER_SECONDS = 0.1
_LIMITS = {"slide": (250.0, 600.0), "penetration": (40.0, 90.0), "jitter": (8.0, 16.0)}     # amber from, red from
_WORDS = {"slide": "Feet slide: raise the foot lock, or correct the contacts.",
          "penetration": "Feet sink into the floor: raise the foot lock.",
          "jitter": "The motion trembles: smooth it more."}


@dataclass(frozen=True)
class MotionQuality:
    """slide: mm a frame, and mm a second, that standing soles move over the floor; penetration: mm under it, by the 95th
    percentile of the lower sole; jitter: mm by which joints tremble about their smoothed paths; grade and advice by the
    worst of them."""
    slide_mm: float
    slide_mm_per_second: float
    penetration_mm: float
    jitter_mm: float
    grade: str
    advice: str


def measure_motion(body: WorldMotion) -> MotionQuality:
    """Return how good a motion over the floor at z = 0 is; slides are graded per second."""
    rotmats, joints = body.pose()
    steps = np.diff(body.timestamps)
    stands = np.stack([standing(contact, body.timestamps) for contact in body.contacts.T], axis=1)
    ankles = joints[:, [JOINT["left_ankle"], JOINT["right_ankle"]]]
    height = standing_ankle_height(ankles, stands[:, ::2] & stands[:, 1::2], stature_of(body.rest_joints))
    points = np.stack([point for sole in soles_of(body.rest_joints, height)
                       for point in sole.points(rotmats[:, sole.ankle], joints[:, sole.ankle])], axis=1)
    moved = np.linalg.norm(np.diff(points[..., :2], axis=0), axis=-1)
    both = stands[1:] & stands[:-1] & (steps <= LONGEST_STEP * frame_seconds(body.timestamps))[:, None]
    sunk = np.maximum(-points[..., 2].min(axis=1), 0.0)
    trembling = joints - smooth(joints, body.timestamps, _JITTER_SECONDS)
    seconds = (both * steps[:, None]).sum()
    figures = {"slide": float(moved[both].sum() / seconds * 1000) if seconds else 0.0,
               "penetration": float(np.percentile(sunk, 95) * 1000),
               "jitter": float(np.sqrt((trembling**2).sum(axis=-1).mean()) * 1000)}
    levels = {name: int(np.searchsorted(_LIMITS[name], value, side="right"))
              for name, value in figures.items()}
    worst = max(levels, key=levels.get)
    return MotionQuality(figures["slide"] * frame_seconds(body.timestamps), figures["slide"], figures["penetration"],
                         figures["jitter"], GRADES[levels[worst]], _WORDS[worst] if levels[worst] else "")
