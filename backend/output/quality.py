"""How good one person's capture is, told without a truth: figures, a grade, and a word on what to do."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from mpsnet_blender.motion.base.smoothing import frame_seconds, smooth_measured
from mpsnet_blender.shared.capture_listing import GRADES, Quality
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..engines.engine import Shot
from ..world.placing import StandingPerson
from ..world.soles import soles

_MILLIMETRES = 1000.0
_CONTACT = 0.5
_JITTER_SECONDS = 0.1
# From which value on a figure is amber, and red. Slides are graded per second: at 60 frames a second a frame has less of it.
_SLIDE_MM_PER_SECOND, _PENETRATION_MM, _JITTER_MM = (250.0, 600.0), (40.0, 90.0), (8.0, 16.0)
_REPROJECTION_PERCENT, _HIDDEN_SHARE, _REPAIRED_SHARE = (3.0, 6.0), (0.1, 0.4), (0.05, 0.2)


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
    """Return how good a person's capture is."""
    person, times = standing.person, standing.in_world.timestamps
    _, joints = standing.in_world.pose()
    feet = soles(joints, person.motion.stature, np.array((0.0, 0.0, -1.0)))
    step = frame_seconds(times)
    slide = foot_slide(feet, standing.in_world.contacts, person.track.frame_index)
    sunk = np.maximum(-feet[..., 2].min(1), 0.0)
    pixels = person.reprojection_error(shot.intrinsics)
    figures = {
        "foot_slide_mm": slide, "foot_slide_mm_per_second": slide / step,
        "floor_penetration_mm": float(np.percentile(sunk, 95) * _MILLIMETRES),
        "jitter_mm": jitter(joints, times), "reprojection_error_px": pixels,
        "reprojection_error_percent": 100 * pixels / _height_in_picture(standing, shot),
        "visible_share": person.seen_frames / len(times)}
    repaired = int(person.repaired_frames)
    grade, advice = _judge(figures, repaired / len(times))
    return Quality(**figures, sides_repaired_frames=repaired, grade=grade, advice=advice)


def foot_slide(feet: np.ndarray, contacts: np.ndarray, frame_index: np.ndarray) -> float:
    """Return how far soles (T, 4, 3) in contact (T, 4) move over the floor from one frame to the next, mm."""
    stands = (contacts[1:] > _CONTACT) & (contacts[:-1] > _CONTACT) & (np.diff(frame_index) == 1)[:, None]
    moved = np.linalg.norm(np.diff(feet[..., :2], axis=0), axis=-1)
    return float(moved[stands].mean() * _MILLIMETRES) if stands.any() else 0.0


def jitter(joints: np.ndarray, timestamps: np.ndarray) -> float:
    """Return the root mean square (mm) of what is faster than a tenth of a second in joints (T, J, 3), about the pelvis too."""
    flat = joints.reshape(len(joints), -1)
    return float(np.sqrt(((flat - smooth_measured(flat, timestamps, _JITTER_SECONDS)) ** 2).mean() * 3) * _MILLIMETRES)


def _height_in_picture(standing: StandingPerson, shot: Shot) -> float:
    """Return the body's height in px were it upright, at its median distance."""
    motion = standing.person.motion
    depth = float(np.median(motion.pose()[1][:, JOINT["pelvis"], 2]))
    return float(shot.intrinsics[1, 1]) * motion.stature / max(depth, 0.1)


def _judge(figures: dict[str, float], repaired_share: float) -> tuple[str, str]:
    """Return the worst figure's grade, and what to do about it."""
    measured = (
        (1 - figures["visible_share"], _HIDDEN_SHARE, "Hidden for a part of the time: what lies between is interpolated."),
        (figures["reprojection_error_percent"], _REPROJECTION_PERCENT,
         "The body does not lie well over the picture: compare it with the footage, and try the other engine."),
        (repaired_share, _REPAIRED_SHARE,
         "Left and right were mixed up at times and put right: look at the turns."),
        (figures["floor_penetration_mm"], _PENETRATION_MM, "Feet sink into the floor at times: see whether it is level there."),
        (figures["foot_slide_mm_per_second"], _SLIDE_MM_PER_SECOND, "Feet slide where they seem to stand: mend their contacts."),
        (figures["jitter_mm"], _JITTER_MM, "The motion trembles: smooth it more."))
    worst, advice = 0, ""
    for value, limits, words in measured:
        level = int(np.searchsorted(limits, value, side="right"))
        if level > worst:
            worst, advice = level, words
    return GRADES[worst], advice
