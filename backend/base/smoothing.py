"""Smoothing over time of distances from the camera, as logarithms, and of rotations; interpolation."""

from __future__ import annotations

import numpy as np

from mpsnet_blender.motion.base.smoothing import smooth_measured
from mpsnet_blender.shared.arrays.large_arrays import let_go, make_array

# Seconds: several times a lateral one, as depth is noisier; halved or doubled: path -0.5 / -0.4 mm (`benchmarks/constants.py
# --end 3`: walk_turn's first 3 s).
# Metres: nobody is seen closer to the camera.
_DEPTH_SIGMA_SECONDS, _NEAREST_METRES = 0.4, 0.3
_BLOCK_MATRICES = 16384     # decomposed at a time, for bounded memory: what lies between takes four times their own


def smooth_depth(depth: np.ndarray, timestamps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return distances from the camera (T,) in metres smoothed over time, weights (T, 1); at least 0.3 m.

    A depth from size in the picture errs by a share of itself, so its logarithm is smoothed, and over longer times than
    anything sideways: it is ten times noisier.
    """
    logarithm = np.log(np.maximum(depth, _NEAREST_METRES))[:, None]
    return np.exp(smooth_measured(logarithm, timestamps, _DEPTH_SIGMA_SECONDS, weights)[:, 0])


def smooth_rotmats(rotmats: np.ndarray, timestamps: np.ndarray, sigma_seconds: float, weights: np.ndarray | None = None,
                   degree: int = 0) -> np.ndarray:
    """Return rotations (T, J, 3, 3) smoothed over time as matrices and projected back (chordal mean, Hartley 2013).

    weights (T, J); degree as in `smooth_measured`.
    """
    frame_count, joint_count = rotmats.shape[:2]
    weights = None if weights is None else np.repeat(weights, 9, axis=1)
    mean = smooth_measured(rotmats.reshape(frame_count, -1), timestamps, sigma_seconds, weights, degree)
    return nearest_rotmats(mean.reshape(-1, 3, 3)).reshape(frame_count, joint_count, 3, 3)


def nearest_rotmats(matrices: np.ndarray) -> np.ndarray:
    """Return the rotations (N, 3, 3) nearest to matrices (N, 3, 3)."""
    nearest = np.empty_like(matrices)
    for start in range(0, len(matrices), _BLOCK_MATRICES):
        left, _, right = np.linalg.svd(matrices[start:start + _BLOCK_MATRICES])
        left[..., :, 2] *= np.sign(np.linalg.det(left @ right))[..., None]
        nearest[start:start + _BLOCK_MATRICES] = left @ right
    return nearest


def interpolate(values: np.ndarray, known: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return values (N, ...), given at times `known` (N,) s, interpolated at timestamps (T,) s: (T, ...)."""
    flat = values.reshape(len(values), -1)
    result = make_array((len(timestamps), flat.shape[1]))
    for number, column in enumerate(flat.T):
        result[:, number] = np.interp(timestamps, known, column)
    let_go()
    return result.reshape(len(timestamps), *values.shape[1:])
