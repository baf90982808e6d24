"""Smoothing of a motion limb by limb, without lag: trembling is removed, hits and landings stay sharp up to a high amount."""

from __future__ import annotations

import numpy as np

from ...shared.hands.skeleton import FULL_JOINT_NAMES
from ...shared.smpl_skeleton import JOINT_COUNT
from ..base.quaternions import dot, measure_lengths
from ..base.rotations import continuous_quat, quat_from_rotmat, rotmat_from_quat
from ..base.smoothing import frame_seconds, smooth, smoothstep
from ..base.smpl_motion import WorldMotion

LIMBS = ("trunk", "head", "arms", "legs", "fingers")
_WORDS = {"head": ("neck", "head"), "arms": ("collar", "shoulder", "elbow", "wrist", "hand"),
          "legs": ("hip", "knee", "ankle", "foot")}
# Sigma of the window at amount 1, and the power of the amount by which it grows: in proportion to the amount, sliders below 0.3
# moved nothing. At 0.3 and 0.6 trembling of 1.5 degrees loses three quarters of its acceleration, and punches of 1/8 s keep their
# speed within 12 % (test_smoothing_takes_the_trembling_and_leaves_the_punches). The values below are part of that result; they
# were chosen by eye and not measured separately.
_FULL_SECONDS, _GROWTH = 0.20, 0.7
# Above this amount quick motion is smoothed too, at 1 all of it. On two real clips joints then move by 22 mm (rms) and up to
# 13 cm, the wrists' highest speed falls to 0.7, and feet slide 2 to 4 mm/s more; with quick motion kept, up to 9 cm and to 0.85.
_SHARP_AMOUNT = 0.6
_BANDS = (0.2, 0.45, 1.0)       # sigmas of the bands of detail, as shares of the full one
_LEAST_FRAMES = 0.7             # least sigma, in frames, of the window over which a band's energy is averaged
_TREMBLING_QUANTILE, _NOISE_FACTOR = 0.25, 4.0      # a joint's noise is this quantile of its energy times the factor


def find_limb_joints(limb: str) -> list[int]:
    """Return the indices of the joints of a group of LIMBS; the trunk has the joints that are in no other group."""
    if limb == "fingers":
        return list(range(JOINT_COUNT, len(FULL_JOINT_NAMES)))
    others = [word for words in _WORDS.values() for word in words]
    words = _WORDS.get(limb)
    return [number for number, name in enumerate(FULL_JOINT_NAMES[:JOINT_COUNT])
            if (any(word in name for word in words) if words else not any(word in name for word in others))]


def smooth_limbs(body: WorldMotion, amounts: dict[str, float]) -> WorldMotion:
    """Return the motion with each group of LIMBS smoothed by its amount in 0..1; the trunk's amount holds for the path too."""
    if len(body.transl) < 3 or not any(amounts.values()):
        return body
    rotmats, transl = body.full_rotmats.copy(), body.transl
    for limb, amount in amounts.items():
        if amount <= 0 or (limb == "fingers" and body.hands is None):
            continue
        joints = find_limb_joints(limb)
        quats = continuous_quat(quat_from_rotmat(rotmats[:, joints]))
        quats = smooth_by_amount(quats, body.timestamps, amount)
        rotmats[:, joints] = rotmat_from_quat(quats / measure_lengths(quats))
        if limb == "trunk":
            transl = smooth_by_amount(transl[:, None], body.timestamps, amount)[:, 0]
    return body.with_full_pose(rotmats, transl)


def smooth_by_amount(values: np.ndarray, timestamps: np.ndarray, amount: float) -> np.ndarray:
    """Return values (T, J, n) at timestamps (T,) s smoothed by an amount in 0..1: up to 0.6 as sharp as before, above also with
    less of the quick motion."""
    softness = float(smoothstep(np.array((amount - _SHARP_AMOUNT) / (1 - _SHARP_AMOUNT))))
    return remove_trembling(values, timestamps, amount**_GROWTH * _FULL_SECONDS, softness)


def remove_trembling(values: np.ndarray, timestamps: np.ndarray, sigma_seconds: float, softness: float = 0.0) -> np.ndarray:
    """Return values (T, J, n) at timestamps (T,) s without trembling, and without a share `softness` (0..1) of quick motion.

    The series is split into bands of coarser and coarser detail (as by an a-trous wavelet transform). Each band is scaled as by
    a Wiener filter, 1 - noise / energy: detail far above the joint's noise is motion and stays, the rest is removed.
    """
    shortest = _LEAST_FRAMES * frame_seconds(timestamps)
    coarser, kept = np.asarray(values, dtype=np.float64), np.zeros(np.shape(values))
    for share in _BANDS:
        finer, coarser = coarser, smooth(values, timestamps, share * sigma_seconds)
        detail = finer - coarser
        energy = smooth(dot(detail, detail)[..., 0], timestamps, max(share * sigma_seconds, shortest), degree=0)
        noise = _NOISE_FACTOR * np.quantile(energy, _TREMBLING_QUANTILE, axis=0)
        kept += np.clip(1 - noise / np.maximum(energy, 1e-18), 0, 1)[..., None] * detail
    return coarser + (1 - softness) * kept
