"""The quality of a motion, measured without a ground truth: figures, a grade and advice, for captures and for clean-up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...shared.arrays.frame_blocks import frame_blocks, overlapping_blocks
from ...shared.arrays.large_arrays import make_array
from ...shared.capture_listing import GRADES, Quality
from ...shared.smpl_skeleton import JOINT_COUNT
from ..base.smoothing import LONGEST_STEP, frame_seconds, smooth
from ..base.smpl_motion import WorldMotion
from ..base.soles import ANKLES, compute_stature, sole_points, usual_ankle_height
from .balance import angle_from_upright, find_posed_balance

_JITTER_SECONDS = 0.1   # sigma: faster movement counts as trembling; a hand waves at most 5 times a second; not measured
_AROUND_SECONDS = 1.0   # around a block of frames: three sigmas of that are 0.3 s
_LIKELY = 0.5           # contact confidence from which a point is more likely to stand than not
_DECIMALS = 3           # figures are rounded as in people.json, so that figures read from there get the same grade
_MILLIMETRES = 1000.0


@dataclass(frozen=True)
class _Limits:
    """The values from which a figure is graded amber and red, and the advice that is then given."""
    amber: float
    red: float
    advice: str


# Chosen above the values measured on 22 well captured people in 14 clips (8 rendered, 6 real). "Mirrored" is one real person
# whose left and right an earlier version of the capture confused for a third of the time.
_HIDDEN_SHARE = _Limits(
    0.1, 0.4, "Hidden for a part of the time: what lies between is interpolated.")
# Well captured: 0.5 to 1.8 % of the person's height. Mirrored: 2.7 over the whole clip.
_REPROJECTION_PERCENT = _Limits(
    3.0, 6.0, "The body does not lie well over the picture: compare it with the footage, and clean up there.")
# Captured by still cameras, 83 times: up to 5.6 %. A made walker whose camera goes at 1 m/s without being followed: 8 to 13.
_FEET_OFF_PICTURE_PERCENT = _Limits(
    6.0, 12.0, "Feet lie beside those in the picture: look whether the camera's motion was found, or lower the foot lock.")
# Well captured: none. Mirrored: 0.07 of the frames.
_REPAIRED_SHARE = _Limits(
    0.05, 0.2, "Left and right were mixed up at times and put right: look at the turns.")
# Well captured: 0 to 8 mm; without planted feet 4 to 57.
_PENETRATION_MM = _Limits(
    40.0, 90.0, "Feet sink into the floor at times: raise the foot lock, and see whether it is level there.")
# A speed, so that the limits do not depend on the frame rate. Well captured: 0 to 75 (at 5 frames a second up to 137); without
# planted feet 35 to 380 (up to 600). Mirrored: 185 and 657.
_SLIDE_MM_PER_SECOND = _Limits(
    250.0, 600.0, "Feet slide where they seem to stand: raise the foot lock, or correct the contacts.")
# Well captured: 0.2 to 7.4 mm. True joints of rendered people: 5 to 10, in quick spins 11. Mirrored: 62.
_JITTER_MM = _Limits(
    8.0, 16.0, "The motion trembles: smooth it more.")
# Well captured: 0.4 to 9, a runner 11. A man in a street who stood upright and was captured leaning: 17.
_LEAN_DEGREES = _Limits(
    12.0, 24.0, "The body leans while it stands: raise Level, or give the camera's field of view.")


def measure_motion(body: WorldMotion) -> Quality:
    """Return the quality figures that can be measured on a motion alone: slide and depth of its feet over the floor at z = 0,
    trembling, and how much of the time its fingers were seen."""
    height = usual_ankle_height(compute_stature(body.rest_joints), body.is_shod)
    soles, joints = np.empty((len(body.transl), 4, 3)), make_array((len(body.transl), JOINT_COUNT, 3))
    for rows in frame_blocks(len(soles)):
        feet, joints[rows] = body.at(rows).pose(ANKLES)
        soles[rows] = sole_points(body.rest_joints, height, feet, joints[rows])
    slide = slide_mm_per_second(soles, body.contacts, body.timestamps)
    left, right = (None, None) if body.hands is None else body.hands.seen_shares
    return grade_quality(Quality(
        left_hand_seen_share=left, right_hand_seen_share=right,
        foot_slide_mm=slide * frame_seconds(body.timestamps), foot_slide_mm_per_second=slide,
        floor_penetration_mm=penetration_mm(soles), jitter_mm=jitter_mm(joints, body.timestamps),
        lean_degrees=angle_from_upright(find_posed_balance(body, joints, soles))), len(joints))


def grade_quality(quality: Quality, frame_count: int) -> Quality:
    """Return the figures of a motion of `frame_count` frames with the grade of the worst one, and its advice. None is unknown."""
    hidden = None if quality.visible_share is None else 1 - quality.visible_share
    repaired = None if quality.sides_repaired_frames is None else quality.sides_repaired_frames / frame_count
    # Among equally bad figures the first one gives the advice.
    figures = ((hidden, _HIDDEN_SHARE), (quality.reprojection_error_percent, _REPROJECTION_PERCENT),
               (quality.feet_off_picture_percent, _FEET_OFF_PICTURE_PERCENT), (repaired, _REPAIRED_SHARE),
               (quality.floor_penetration_mm, _PENETRATION_MM), (quality.foot_slide_mm_per_second, _SLIDE_MM_PER_SECOND),
               (quality.lean_degrees, _LEAN_DEGREES), (quality.jitter_mm, _JITTER_MM))
    levels = [0 if value is None else int(np.searchsorted((limits.amber, limits.red), round(value, _DECIMALS), side="right"))
              for value, limits in figures]
    worst = max(levels)
    return replace(quality, grade=GRADES[worst], advice=figures[levels.index(worst)][1].advice if worst else "")


def slide_mm_per_second(soles: np.ndarray, contacts: np.ndarray, timestamps: np.ndarray) -> float:
    """Return the mean speed over the floor (mm/s) of soles (T, 4, 3) while they stand.

    Each step between two frames is weighted by the smaller of the point's contacts (T, 4), 0..1, in the two. Where no weight
    reaches 0.5, no foot stands and the speed is 0.

    Measured on captures of ten rendered people against the true contacts (with planted feet 0 to 223 mm/s, without 67 to 390),
    the mean error is 31 mm/s. With contacts above 0.5 and soles right under the joints it is 57; with the foot lock's thresholds
    48, because they find 0 to 9 mm/s on the very feet that the lock has fixed. Chosen on four people, confirmed on the others.
    """
    steps = np.diff(timestamps)
    moved = np.linalg.norm(np.diff(soles[..., :2], axis=0), axis=-1)
    stands = np.minimum(contacts[1:], contacts[:-1]) * (steps <= LONGEST_STEP * frame_seconds(timestamps))[:, None]
    if stands.max(initial=0.0) < _LIKELY:
        return 0.0
    return float((stands * moved).sum() / (stands * steps[:, None]).sum() * _MILLIMETRES)


def penetration_mm(soles: np.ndarray) -> float:
    """Return the depth (mm) below the floor of the lowest of the soles' points (T, 4, 3): its 95th percentile over time."""
    return float(np.percentile(np.maximum(-soles[..., 2].min(axis=1), 0.0), 95) * _MILLIMETRES)


def jitter_mm(joints: np.ndarray, timestamps: np.ndarray) -> float:
    """Return the root mean square (mm) of the movement of joints (T, J, 3) that is faster than 0.1 s: trembling, but quick motion
    too. Below about 15 frames a second so fast a movement cannot be seen."""
    squares = 0.0
    for block in overlapping_blocks(timestamps, _AROUND_SECONDS):
        trembling = joints[block.part] - smooth(joints[block.part], timestamps[block.part], _JITTER_SECONDS)
        squares += (trembling[block.inner]**2).sum()
    return float(np.sqrt(squares / (joints.shape[0] * joints.shape[1])) * _MILLIMETRES)
