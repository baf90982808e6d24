"""Measurement of the quality of one person's capture, without ground truth: figures, a grade, and advice."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from mpsnet_blender.motion.cleanup.motion_quality import grade_quality, measure_motion
from mpsnet_blender.shared.capture_listing import Quality

from ..engines.engine import Shot
from ..world.feet_in_picture import ankle_scores, measure_ankles_off_picture
from ..world.placing import PlacedPerson, WorldCamera

_SEEN_SCORE = 0.5       # of a landmark that is more likely seen than hidden
_LEAST_SEEN = 0.1       # share of the ankles: fewer, of somebody whom the picture's edge cuts, are slips of the model


def round_quality(quality: Quality) -> Quality:
    """Return the figures rounded to their significant decimals."""
    figures: dict[str, Any] = {name: round(value, 3) for name, value in asdict(quality).items() if isinstance(value, float)}
    return replace(quality, **figures)


def describe_quality(quality: Quality) -> str:
    """Return a line for the log: the measured figures, the grade and the advice."""
    feet = "" if quality.feet_off_picture_percent is None else f", feet {quality.feet_off_picture_percent:.1f} %"
    lean = "" if quality.lean_degrees is None else f"lean {quality.lean_degrees:.0f} degrees, "
    hands = "" if quality.left_hand_seen_share is None or quality.right_hand_seen_share is None else (
        f", left fingers {quality.left_hand_seen_share:.0%}, right {quality.right_hand_seen_share:.0%}")
    return (f"{quality.grade}: feet slide {quality.foot_slide_mm_per_second:.0f} mm/s "
            f"({quality.foot_slide_mm:.1f} mm/frame), sink {quality.floor_penetration_mm:.0f} mm, "
            f"jitter {quality.jitter_mm:.1f} mm, {lean}{quality.reprojection_error_px:.1f} px off the picture "
            f"({quality.reprojection_error_percent:.1f} % of the height{feet}), seen {quality.visible_share:.0%}{hands}. "
            f"{quality.advice}").strip()


def measure_quality(placed: PlacedPerson, shot: Shot, camera: WorldCamera) -> Quality:
    """Return a person's quality: figures of the motion in the world, and those that need the picture."""
    person = placed.person
    frames = len(placed.in_world.timestamps)
    pixels = person.reprojection_error(shot.intrinsics)
    quality = replace(
        measure_motion(placed.in_world), reprojection_error_px=pixels,
        reprojection_error_percent=100 * pixels / person.height_in_picture(shot.intrinsics),
        feet_off_picture_percent=_measure_feet_off_picture(placed, shot, camera),
        visible_share=person.seen_frames / frames, sides_repaired_frames=int(person.repaired_frames))
    return grade_quality(quality, frames)


def _measure_feet_off_picture(placed: PlacedPerson, shot: Shot, camera: WorldCamera) -> float | None:
    """Return the 90th percentile of the distances of seen ankles from the picture's, in % of the height; None where hardly
    any is seen."""
    seen = ankle_scores(placed.person, shot) > _SEEN_SCORE
    if seen.mean() < _LEAST_SEEN:
        return None
    return 100 * float(np.percentile(measure_ankles_off_picture(placed.person, placed.in_world, shot, camera)[seen], 90))
