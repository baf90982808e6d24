"""Legs that the picture does not show for seconds, of somebody filmed to the hips: they stand, as a guess would bend them."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.smoothing import smooth, smoothstep
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..people.landmarks import LANDMARK

_SIDES = ("left", "right")
_JOINTS = np.array([[JOINT[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "foot")] for side in _SIDES])
_LEGS = np.array([[LANDMARK[f"{side}_{name}"] for name in ("knee", "ankle", "heel")] for side in _SIDES])
_FEET = np.array([[LANDMARK[f"{side}_{name}"] for side in _SIDES for name in ("ankle", "heel", "foot_index")]])
# Highest score of a leg's landmarks: outside the picture it is 0.01 to 0.12 (four real cameras' footage cut at the hips), of the
# far leg of somebody seen from the side 0.2 and more.
_UNSEEN_SCORE, _SEEN_SCORE = 0.12, 0.2
_STAYS_SECONDS = 0.5        # of the window in which the score is smoothed: legs that are hidden for a step stay as they are


def measure_shown_feet(score: np.ndarray, is_seen: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return how far at least one foot is in the picture for long (T,), 0 to 1, changing slowly.

    score (T, 33) of the landmarks; is_seen (T,): whether the person was seen; of hidden people everything counts as shown.
    """
    return _measure_shown(score[:, _FEET], is_seen, timestamps)[:, 0]


def _measure_shown(score: np.ndarray, is_seen: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return how far each of P parts is shown (T, P), by the scores (T, P, L) of its landmarks."""
    highest = np.where(is_seen[:, None], score.max(axis=2), 1.0)
    level = smooth(np.clip(highest, 0.0, 1.0), timestamps, _STAYS_SECONDS, degree=0)
    shown = smooth(smoothstep((level - _UNSEEN_SCORE) / (_SEEN_SCORE - _UNSEEN_SCORE)), timestamps, _STAYS_SECONDS, degree=0)
    return np.clip(np.round(shown, 9), 0.0, 1.0)        # a mean of ones may lie a little beside 1


def straighten_unseen_legs(rotmats: np.ndarray, score: np.ndarray, is_seen: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return parent-relative rotations (T, 24, 3, 3) with legs that are not seen for long standing as in SMPL's rest pose.

    score (T, 33) of the landmarks; is_seen (T,): whether the person was seen. Hidden people's legs are left alone.
    """
    shown = _measure_shown(score[:, _LEGS], is_seen, timestamps)
    if shown.min() >= 1:
        return rotmats
    standing = rotmats.copy()
    for joints, share in zip(_JOINTS, shown.T, strict=True):
        rows = np.flatnonzero(share < 1)
        if not len(rows):
            continue
        legs = Rotation.from_matrix(rotmats[np.ix_(rows, joints)].reshape(-1, 3, 3)).as_rotvec().reshape(len(rows), -1, 3)
        turned = Rotation.from_rotvec((legs * share[rows, None, None]).reshape(-1, 3)).as_matrix()
        standing[np.ix_(rows, joints)] = turned.reshape(len(rows), -1, 3, 3)
    return standing
