"""How good one person's capture is, told without a truth: figures, a grade, and a word on what to do."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from mpsnet_blender.motion.cleanup.motion_quality import judged, measure_motion
from mpsnet_blender.shared.capture_listing import Quality
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..engines.engine import Shot
from ..world.placing import StandingPerson


def rounded(quality: Quality) -> Quality:
    """Return the figures with the decimals that tell something."""
    figures: dict[str, Any] = {name: round(value, 3) for name, value in asdict(quality).items() if isinstance(value, float)}
    return replace(quality, **figures)


def in_words(quality: Quality) -> str:
    """Return measured figures and grade as a line of the log."""
    return (f"{quality.grade}: feet slide {quality.foot_slide_mm_per_second:.0f} mm/s "
            f"({quality.foot_slide_mm:.1f} mm/frame), sink {quality.floor_penetration_mm:.0f} mm, "
            f"jitter {quality.jitter_mm:.1f} mm, {quality.reprojection_error_px:.1f} px off the picture "
            f"({quality.reprojection_error_percent:.1f} % of the height), seen {quality.visible_share:.0%}. "
            f"{quality.advice}").strip()


def measure_quality(standing: StandingPerson, shot: Shot) -> Quality:
    """Return how good a person's capture is: the motion in the world, and what only the capture knows of it."""
    person = standing.person
    frames = len(standing.in_world.timestamps)
    pixels = person.reprojection_error(shot.intrinsics)
    quality = replace(
        measure_motion(standing.in_world), reprojection_error_px=pixels,
        reprojection_error_percent=100 * pixels / _height_in_picture(standing, shot),
        visible_share=person.seen_frames / frames, sides_repaired_frames=int(person.repaired_frames))
    return judged(quality, frames)


def _height_in_picture(standing: StandingPerson, shot: Shot) -> float:
    """Return the body's height in px were it upright, at its median distance."""
    motion = standing.person.motion
    depth = float(np.median(motion.pose()[1][:, JOINT["pelvis"], 2]))
    return float(shot.intrinsics[1, 1]) * motion.stature / max(depth, 0.1)
