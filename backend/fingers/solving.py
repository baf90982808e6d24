"""A person's hands over time: rotations of palms and fingers; these fade to the relaxed hand where they were not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.hand_shapes import RELAXED_DEGREES, bend_fingers
from mpsnet_blender.motion.base.smoothing import smooth_measured
from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks, overlapping_blocks
from mpsnet_blender.shared.arrays.large_arrays import make_array
from mpsnet_blender.shared.hands.poses import SEEN
from mpsnet_blender.shared.hands.skeleton import HAND_JOINT_COUNT, SIDES

from ..base.rotations import transpose
from ..base.smoothing import smooth_rotmats
from ..hands.landmarks import HAND_LANDMARKS
from .corrections import correct
from .hand_fit import fit_hand, see_hand
from .hand_shape import JOINTS_OF, ORDER, list_turns
from .ownership import OwnHand
from .palm_choice import choose_palms

# Presence from which a hand counts, and from which it counts fully: on real footage it is right above 0.85. Of rendered hands
# that show a quarter or less, 38 % have 0.6 and more, 19 % have 0.75; of those in view 96 and 95 %.
_LEAST_PRESENCE, _SURE_PRESENCE = 0.75, 0.85
_MOST_MISSED = 0.3          # of landmarks by the fitted hand, in lengths of the palm; a hand that is read well misses 0.1
_MOST_EXCESS = np.radians(40)   # of a palm beyond what wrists can do: more is a wrong reading; by eye
# For how long a hand is read: shorter ones are mostly false. So are those of which no reading has such a presence, unless they
# are read for long: on rendered gestures hidden hands had up to 0.88 for up to 0.15 s, and shown ones 0.96 and more, seldom 0.8.
_SHORTEST_SECONDS, _BEST_PRESENCE, _LONG_SECONDS = 0.2, 0.9, 0.5
_ANGLE_SIGMA_SECONDS = 0.05     # of smoothing: a local parabola, which keeps quick fingers
_FADE_SIGMA_SECONDS = 0.1
# Over which a hand counts as seen: `hands.reader` reads still hands every 0.1 s. Between sure readings one may be bad; in slow
# videos two frames may be.
_SHORT_GAP_SECONDS, _SURE_GAP_SECONDS, _SHORT_GAP_FRAMES = 0.12, 0.17, 3.5
_LEAST_WEIGHT = 1e-3        # of a frame without a hand: it takes its neighbours' pose
_AROUND_SECONDS = 0.3       # of the frames that smoothing looks at, more than three of its sigmas
_MIRROR = np.array((-1.0, 1.0, 1.0))


@dataclass(frozen=True)
class SolvedHands:
    """Both hands in T frames: rotvecs (T, 30, 3) of the joints in SMPL-H's order; confidence (T, 2), from 0.5 on they were seen;
    palms (T, 2, 3, 3): rotations from the rest pose to the camera's axes, valid where they were seen."""
    rotvecs: np.ndarray
    confidence: np.ndarray
    palms: np.ndarray


@dataclass(frozen=True)
class Forearms:
    """A person's forearms in T frames: distance (T, 2) of the wrists from the camera, in metres of a body of DEFAULT_STATURE;
    rotmats (T, 2, 3, 3) from the rest pose to the camera's axes, without the twist about the forearm."""
    distance: np.ndarray
    rotmats: np.ndarray


@dataclass(frozen=True)
class _ReadPoses:
    """What readings of a hand say, in N frames: angles (N, 21) of `list_turns`, palms (N, 3, 3) in the camera's axes, and how
    surely (N,) that is so."""
    angles: np.ndarray
    palms: np.ndarray
    sure: np.ndarray


def solve_hands(hands: tuple[OwnHand, OwnHand], forearms: Forearms, timestamps: np.ndarray,
                intrinsics: np.ndarray) -> SolvedHands | None:
    """Return a person's hands, None where neither was seen."""
    count = len(timestamps)
    solved = SolvedHands(make_array((count, 2 * HAND_JOINT_COUNT, 3)), np.zeros((count, 2)), make_array((count, 2, 3, 3)))
    for side, hand in enumerate(hands):
        rows = np.flatnonzero(hand.presence >= _LEAST_PRESENCE)
        read = _read_poses(hand, rows, forearms, intrinsics, side)
        weight = np.zeros(count)
        weight[rows] = _without_doubtful_spans(read.sure, hand.presence[rows], timestamps[rows], timestamps)
        _fill_side(solved, side, weight, rows, read, timestamps)
    return solved if (solved.confidence >= SEEN).any() else None


def _read_poses(hand: OwnHand, rows: np.ndarray, forearms: Forearms, intrinsics: np.ndarray, side: int) -> _ReadPoses:
    """Return what the readings in some rows (N,) say."""
    poses = _ReadPoses(make_array((len(rows), len(list_turns()))), make_array((len(rows), 3, 3)), np.zeros(len(rows)))
    for block in frame_blocks(len(rows)):
        part = rows[block]
        seen, towards = see_hand(hand.xy[part], hand.world[part], forearms.distance[part, side], intrinsics, side == 1)
        in_sight = transpose(towards) @ forearms.rotmats[part, side]
        fitted, excess = choose_palms(seen, fit_hand(seen), _mirrored(in_sight) if side == 1 else in_sight)
        missed = np.linalg.norm(fitted.missed[..., :2], axis=-1).mean(1)
        poses.sure[block] = np.clip((hand.presence[part] - 0.5) / (_SURE_PRESENCE - 0.5), 0, 1) * (missed < _MOST_MISSED) \
            * (excess < _MOST_EXCESS)
        corrected = correct(fitted, seen)
        poses.angles[block] = corrected.angles
        poses.palms[block] = towards @ (_mirrored(corrected.palm) if side == 1 else corrected.palm)
    return poses


def _fill_side(solved: SolvedHands, side: int, weight: np.ndarray, rows: np.ndarray, read: _ReadPoses,
               timestamps: np.ndarray) -> None:
    """Write the hand of one side: weight (T,) of what was read in some rows (N,), 0 where nothing was; the relaxed hand, where
    it is never seen."""
    relaxed = bend_fingers(RELAXED_DEGREES, SIDES[side])
    joints = slice(HAND_JOINT_COUNT * side, HAND_JOINT_COUNT * (side + 1))
    if not weight.any():
        solved.rotvecs[:, joints], solved.palms[:, side] = relaxed, np.eye(3)
        return
    known = np.flatnonzero(weight[rows] > 0)
    nearest = known[_find_nearest(timestamps[rows[known]], timestamps)]
    share = _compute_shares(_fill_short_gaps(weight > 0, timestamps), timestamps)
    solved.confidence[:, side] = share
    for block in overlapping_blocks(timestamps, _AROUND_SECONDS):
        times, kept, used = timestamps[block.part], block.kept, nearest[block.part]
        weights = np.maximum(weight[block.part], _LEAST_WEIGHT)[:, None]
        angles = smooth_measured(read.angles[used], times, _ANGLE_SIGMA_SECONDS, weights)[block.inner]
        palms = smooth_rotmats(read.palms[used][:, None], times, _ANGLE_SIGMA_SECONDS, weights)[block.inner, 0]
        eased = np.clip(2 * share[kept], 0, 1)[:, None, None]
        solved.rotvecs[kept, joints] = relaxed + eased * (compute_rotvecs(angles, side == 1) - relaxed)
        solved.palms[kept, side] = palms


def _mirrored(rotmats: np.ndarray) -> np.ndarray:
    """Return the rotations (T, 3, 3) of the mirror image of what these rotate."""
    return _MIRROR[:, None] * rotmats * _MIRROR


def _without_doubtful_spans(sure: np.ndarray, presence: np.ndarray, times: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return the weights (N,) of frames at times (N,), 0 in spans that are too short or nowhere clearly a hand."""
    usual = float(np.median(np.diff(timestamps))) if len(timestamps) > 1 else 1.0
    longest_gap = max(_SHORT_GAP_SECONDS, _SHORT_GAP_FRAMES * usual)
    kept = sure.copy()
    rows = np.flatnonzero(sure > 0)
    are_both_sure = np.minimum(presence[rows[1:]], presence[rows[:-1]]) >= _BEST_PRESENCE
    longest = np.where(are_both_sure, max(_SURE_GAP_SECONDS, longest_gap), longest_gap)
    for span in np.split(rows, np.flatnonzero(np.diff(times[rows]) > longest) + 1):
        if not len(span):
            continue
        seconds = times[span[-1]] - times[span[0]] + usual
        is_short = seconds < min(_SHORTEST_SECONDS, longest_gap * len(span))
        if is_short or (presence[span].max() < _BEST_PRESENCE and seconds < _LONG_SECONDS):
            kept[span] = 0.0
    return kept


def _find_nearest(times: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return the row of the time (N,) that is nearest to each timestamp (T,)."""
    after = np.clip(np.searchsorted(times, timestamps), 1, max(1, len(times) - 1))
    before = after - 1
    after = np.minimum(after, len(times) - 1)
    return np.where(timestamps - times[before] <= times[after] - timestamps, before, after)


def _fill_short_gaps(is_seen: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return whether a hand was seen in a frame (T,), or shortly before and after it: still hands are not read in every frame."""
    times = timestamps[is_seen]
    after = np.clip(np.searchsorted(times, timestamps), 0, len(times) - 1)
    before = np.maximum(np.searchsorted(times, timestamps, side="right") - 1, 0)
    between = (times[before] <= timestamps) & (times[after] >= timestamps)
    return is_seen | between & (times[after] - times[before] < _SURE_GAP_SECONDS)


def _compute_shares(is_seen: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return confidence (T,) in 0..1: at least 0.5 where a hand was seen, and falling away from there."""
    faded = smooth_measured(is_seen[:, None].astype(float), timestamps, _FADE_SIGMA_SECONDS, degree=0)[:, 0]
    return np.clip(np.where(is_seen, np.maximum(faded, SEEN), faded), 0.0, 1.0)


def compute_rotvecs(angles: np.ndarray, is_right: bool) -> np.ndarray:
    """Return rotation vectors (T, 15, 3) of a hand's joints, in SMPL-H's order, from angles (T, P) of `list_turns`."""
    rotations = {pivot: Rotation.identity(len(angles)) for pivot in range(HAND_LANDMARKS)}
    for number, turn in enumerate(list_turns()):
        rotations[turn.pivot] = rotations[turn.pivot] * Rotation.from_rotvec(angles[:, number, None] * turn.axis)
    rotvecs = np.zeros((len(angles), HAND_JOINT_COUNT, 3))
    for number, finger in enumerate(ORDER):
        for joint in range(3):
            rotvecs[:, JOINTS_OF[finger].start + joint] = rotations[4 * number + 1 + joint].as_rotvec()
    # A rotation vector is an axial one: of its mirror image in x, y and z change their signs.
    return rotvecs * -_MIRROR if is_right else rotvecs
