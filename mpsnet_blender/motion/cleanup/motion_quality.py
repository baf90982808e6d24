"""The quality of a motion, measured without a ground truth: figures, a grade and advice, for captures and for clean-up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...shared.capture_listing import GRADES, Quality
from ..base.smoothing import LONGEST_STEP, frame_seconds, smooth
from ..base.smpl_motion import WorldMotion
from ..base.soles import sole_points, stature_of, usual_ankle_height

_JITTER_SECONDS = 0.1
_LIKELY = 0.5
_DECIMALS = 3           # of a figure, as listings tell them: what is read back from one gets the same grade
_MILLIMETRES = 1000.0


@dataclass(frozen=True)
class _Limits:
    """From which value on a figure is amber, and red, and what to do about it."""
    amber: float
    red: float
    advice: str


# Each lies above what was measured of 22 well captured people in 14 clips (eight rendered, six real), and of one real person whom
# the capture of then read mirrored for a third of the time.
_HIDDEN_SHARE = _Limits(
    0.1, 0.4, "Hidden for a part of the time: what lies between is interpolated.")
# Well captured: 0.5 to 1.8 % of the height. Mirrored for a third of the time: 2.7 over the whole clip.
_REPROJECTION_PERCENT = _Limits(
    3.0, 6.0, "The body does not lie well over the picture: compare it with the footage, and try the other engine.")
# Well captured: none. Mirrored: 0.07 of the frames.
_REPAIRED_SHARE = _Limits(
    0.05, 0.2, "Left and right were mixed up at times and put right: look at the turns.")
# Well captured: 0 to 8 mm, before their feet are planted 4 to 57.
_PENETRATION_MM = _Limits(
    40.0, 90.0, "Feet sink into the floor at times: raise the foot lock, and see whether it is level there.")
# By the second: at 60 frames a second a frame has less of it. Well captured: 0 to 75 (at 5 frames a second to 137), before their
# feet are planted 35 to 380 (to 600). Mirrored: 185 and 657.
_SLIDE_MM_PER_SECOND = _Limits(
    250.0, 600.0, "Feet slide where they seem to stand: raise the foot lock, or correct the contacts.")
# Well captured: 0.2 to 7.4 mm. The true joints of rendered people: 5 to 10, in quick spins 11. Mirrored: 62.
_JITTER_MM = _Limits(
    8.0, 16.0, "The motion trembles: smooth it more.")


def measure_motion(body: WorldMotion) -> Quality:
    """Return how good a motion over the floor at z = 0 is, as far as the motion alone tells: how its feet slide and sink, and how
    it trembles."""
    rotmats, joints = body.pose()
    height = usual_ankle_height(stature_of(body.rest_joints), body.is_shod)
    soles = sole_points(body.rest_joints, height, rotmats, joints)
    slide = slide_mm_per_second(soles, body.contacts, body.timestamps)
    return judged(Quality(
        foot_slide_mm=slide * frame_seconds(body.timestamps), foot_slide_mm_per_second=slide,
        floor_penetration_mm=penetration_mm(soles), jitter_mm=jitter_mm(joints, body.timestamps)), len(joints))


def judged(quality: Quality, frame_count: int) -> Quality:
    """Return figures of so many frames with the worst one's grade, and what to do about it; None is not known."""
    hidden = None if quality.visible_share is None else 1 - quality.visible_share
    repaired = None if quality.sides_repaired_frames is None else quality.sides_repaired_frames / frame_count
    # Of two that are as bad the first gives the word.
    figures = ((hidden, _HIDDEN_SHARE), (quality.reprojection_error_percent, _REPROJECTION_PERCENT), (repaired, _REPAIRED_SHARE),
               (quality.floor_penetration_mm, _PENETRATION_MM), (quality.foot_slide_mm_per_second, _SLIDE_MM_PER_SECOND),
               (quality.jitter_mm, _JITTER_MM))
    levels = [0 if value is None else int(np.searchsorted((limits.amber, limits.red), round(value, _DECIMALS), side="right"))
              for value, limits in figures]
    worst = max(levels)
    return replace(quality, grade=GRADES[worst], advice=figures[levels.index(worst)][1].advice if worst else "")


def slide_mm_per_second(soles: np.ndarray, contacts: np.ndarray, timestamps: np.ndarray) -> float:
    """Return the speed over the floor (mm/s) that soles (T, 4, 3) are expected to have while they stand.

    A step from one frame to the next counts as far as the point stands in both of them, by its contacts (T, 4) in 0..1. Where no
    step is likelier than not to be one of a foot that stands, nothing is told.

    Judged by how fast truly standing feet go on captures of ten rendered people, planted (0 to 223 mm/s) and not (67 to 390), it
    is 31 mm/s off at a mean. Contacts above a half, with soles right under the joints, are 57 off; contacts above the foot lock's
    limits 48: of planted feet they tell 0 to 9 mm/s, for they are what it holds. Chosen on four people, confirmed by the others.
    """
    steps = np.diff(timestamps)
    moved = np.linalg.norm(np.diff(soles[..., :2], axis=0), axis=-1)
    stands = np.minimum(contacts[1:], contacts[:-1]) * (steps <= LONGEST_STEP * frame_seconds(timestamps))[:, None]
    if stands.max(initial=0.0) < _LIKELY:
        return 0.0
    return float((stands * moved).sum() / (stands * steps[:, None]).sum() * _MILLIMETRES)


def penetration_mm(soles: np.ndarray) -> float:
    """Return how far (mm) under the floor the lower of the soles (T, 4, 3) is, by the 95th percentile."""
    return float(np.percentile(np.maximum(-soles[..., 2].min(axis=1), 0.0), 95) * _MILLIMETRES)


def jitter_mm(joints: np.ndarray, timestamps: np.ndarray) -> float:
    """Return the root mean square (mm) of what is faster than a tenth of a second in joints (T, J, 3): trembling, and quick
    motion with it. Below some 15 frames a second nothing that fast is seen."""
    trembling = joints - smooth(joints, timestamps, _JITTER_SECONDS)
    return float(np.sqrt((trembling**2).sum(axis=-1).mean()) * _MILLIMETRES)
