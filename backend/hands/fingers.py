"""A person's hands over time: rotations of palms and fingers; these fade to the relaxed hand where they were not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.hand_shapes import RELAXED_DEGREES, bend_fingers
from mpsnet_blender.motion.base.smoothing import smooth_measured
from mpsnet_blender.shared.hands.poses import SEEN
from mpsnet_blender.shared.hands.skeleton import HAND_JOINT_COUNT, SIDES

from ..base.rotations import transpose
from ..base.smoothing import smooth_rotmats
from .corrections import correct
from .hand_fit import fit_hand, see_hand
from .hand_shape import JOINTS_OF, ORDER, list_turns
from .landmarks import HAND_LANDMARKS
from .ownership import OwnHand
from .palm_choice import choose_palms

# Presence from which a hand counts, and from which it counts fully: on real footage it is right above 0.85. Of rendered hands
# that show a quarter or less, 38 % have 0.6 and more, 19 % have 0.75; of those in view 96 and 95 %.
_LEAST_PRESENCE, _SURE_PRESENCE = 0.75, 0.85
_MOST_MISSED = 0.3          # of landmarks by the fitted hand, in lengths of the palm; a hand that is read well misses 0.1
_MOST_EXCESS = np.radians(40)   # of a palm beyond what wrists can do: more is a wrong reading; by eye
_SHORTEST_SECONDS = 0.2     # for which a hand is read: shorter ones are mostly false
_ANGLE_SIGMA_SECONDS = 0.05     # of smoothing: a local parabola, which keeps quick fingers
_FADE_SIGMA_SECONDS = 0.1
_SHORT_GAP_SECONDS = 0.12       # over which a hand counts as seen: a frame that was not read, or was read badly
_LEAST_WEIGHT = 1e-3        # of a frame without a hand: it takes its neighbours' pose
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


def solve_hands(hands: tuple[OwnHand, OwnHand], forearms: Forearms, timestamps: np.ndarray,
                intrinsics: np.ndarray) -> SolvedHands | None:
    """Return a person's hands, None where neither was seen."""
    solved = [_solve_hand(hand, forearms.distance[:, side], forearms.rotmats[:, side], timestamps, intrinsics, side == 1)
              for side, hand in enumerate(hands)]
    if not any((confidence >= SEEN).any() for _, confidence, _ in solved):
        return None
    rotvecs, confidence, palms = zip(*solved, strict=True)
    return SolvedHands(np.concatenate(rotvecs, axis=1), np.stack(confidence, axis=1), np.stack(palms, axis=1))


def _solve_hand(hand: OwnHand, distance: np.ndarray, forearm: np.ndarray, timestamps: np.ndarray, intrinsics: np.ndarray,
                is_right: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rotvecs (T, 15, 3), confidence (T,), palm (T, 3, 3)."""
    rows = np.flatnonzero(hand.presence >= _LEAST_PRESENCE)
    if not len(rows):
        return _make_unseen(len(timestamps), is_right)
    seen, towards = see_hand(hand.xy[rows], hand.world[rows], distance[rows], intrinsics, is_right)
    in_sight = transpose(towards) @ forearm[rows]
    fitted, excess = choose_palms(seen, fit_hand(seen), _mirrored(in_sight) if is_right else in_sight)
    missed = np.linalg.norm(fitted.missed[..., :2], axis=-1).mean(1)
    corrected = correct(fitted)
    sure = np.clip((hand.presence[rows] - 0.5) / (_SURE_PRESENCE - 0.5), 0, 1) * (missed < _MOST_MISSED) * (excess < _MOST_EXCESS)
    weight = np.zeros(len(timestamps))
    weight[rows] = _without_short_spans(sure, timestamps[rows], timestamps)
    if not weight.any():
        return _make_unseen(len(timestamps), is_right)
    palm = _mirrored(corrected.palm) if is_right else corrected.palm
    known = np.flatnonzero(weight[rows] > 0)
    nearest = known[_find_nearest(timestamps[rows[known]], timestamps)]
    angles, palms = corrected.angles[nearest], (towards @ palm)[nearest]
    share = _compute_shares(_fill_short_gaps(weight > 0, timestamps), timestamps)
    weights = np.maximum(weight, _LEAST_WEIGHT)[:, None]
    angles = smooth_measured(angles, timestamps, _ANGLE_SIGMA_SECONDS, weights)
    palms = smooth_rotmats(palms[:, None], timestamps, _ANGLE_SIGMA_SECONDS, weights)[:, 0]
    eased = np.clip(2 * share, 0, 1)[:, None]
    relaxed = _relaxed(is_right)
    return relaxed + eased[..., None] * (compute_rotvecs(angles, is_right) - relaxed), share, palms


def _relaxed(is_right: bool) -> np.ndarray:
    """Return the rotation vectors (15, 3) of the relaxed hand."""
    return bend_fingers(RELAXED_DEGREES, SIDES[int(is_right)])


def _make_unseen(frames: int, is_right: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what `_solve_hand` does of a hand that is never seen: the relaxed hand."""
    return np.tile(_relaxed(is_right), (frames, 1, 1)), np.zeros(frames), np.tile(np.eye(3), (frames, 1, 1))


def _mirrored(rotmats: np.ndarray) -> np.ndarray:
    """Return the rotations (T, 3, 3) of the mirror image of what these rotate."""
    return _MIRROR[:, None] * rotmats * _MIRROR


def _without_short_spans(sure: np.ndarray, times: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return the weights (N,) of frames at times (N,), 0 in spans that are too short."""
    usual = float(np.median(np.diff(timestamps))) if len(timestamps) > 1 else 1.0
    kept = sure.copy()
    rows = np.flatnonzero(sure > 0)
    for span in np.split(rows, np.flatnonzero(np.diff(times[rows]) > 3.5 * usual) + 1):
        if len(span) and times[span[-1]] - times[span[0]] + usual < min(_SHORTEST_SECONDS, 3.5 * usual * len(span)):
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
    return is_seen | between & (times[after] - times[before] < _SHORT_GAP_SECONDS)


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
