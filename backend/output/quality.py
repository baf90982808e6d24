"""Measurement of the quality of one person's capture, without ground truth: figures, a grade, and advice."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from mpsnet_blender.motion.cleanup.motion_quality import grade_quality, measure_motion
from mpsnet_blender.shared.capture_listing import Quality
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..engines.engine import Shot
from ..world.placing import PlacedPerson


def round_quality(quality: Quality) -> Quality:
    """Return the figures rounded to their significant decimals."""
    figures: dict[str, Any] = {name: round(value, 3) for name, value in asdict(quality).items() if isinstance(value, float)}
    return replace(quality, **figures)


def describe_quality(quality: Quality) -> str:
    """Return a line for the log: the measured figures, the grade and the advice."""
    lean = "" if quality.lean_degrees is None else f"lean {quality.lean_degrees:.0f} degrees, "
    return (f"{quality.grade}: feet slide {quality.foot_slide_mm_per_second:.0f} mm/s "
            f"({quality.foot_slide_mm:.1f} mm/frame), sink {quality.floor_penetration_mm:.0f} mm, "
            f"jitter {quality.jitter_mm:.1f} mm, {lean}{quality.reprojection_error_px:.1f} px off the picture "
            f"({quality.reprojection_error_percent:.1f} % of the height), seen {quality.visible_share:.0%}. "
            f"{quality.advice}").strip()


def measure_quality(placed: PlacedPerson, shot: Shot) -> Quality:
    """Return a person's quality: figures of the motion in the world, and those that need the picture."""
    person = placed.person
    frames = len(placed.in_world.timestamps)
    pixels = person.reprojection_error(shot.intrinsics)
    quality = replace(
        measure_motion(placed.in_world), reprojection_error_px=pixels,
        reprojection_error_percent=100 * pixels / _compute_height_in_picture(placed, shot),
        visible_share=person.seen_frames / frames, sides_repaired_frames=int(person.repaired_frames))
    return grade_quality(quality, frames)


def _compute_height_in_picture(placed: PlacedPerson, shot: Shot) -> float:
    """Return the height in px of the upright body at its median distance."""
    motion = placed.person.motion
    depth = float(np.median(motion.pose()[1][:, JOINT["pelvis"], 2]))
    return float(shot.intrinsics[1, 1]) * motion.stature / max(depth, 0.1)
