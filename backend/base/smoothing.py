"""Zero-lag smoothing over time: weighted local polynomials, which keep peaks that a plain average would flatten."""

from __future__ import annotations

import numpy as np

_REACH_SIGMAS = 3.0
_PRIOR_WEIGHT = 1e-3
_DEPTH_SIGMA_SECONDS, _NEAREST_METRES = 0.4, 0.3
_BLOCK_FRAMES = 512     # the normal equations of this many frames at a time, so that long clips need no more memory


def smooth(values: np.ndarray, timestamps: np.ndarray, sigma_seconds: float, weights: np.ndarray | None = None,
           degree: int = 2) -> np.ndarray:
    """Return values (T, N) smoothed over time (local regression with a Gaussian window, Cleveland 1979).

    timestamps (T,) s rise; weights (T, N) or (T, 1) say how far each sample counts: a sample of weight 0 is filled
    from its neighbours. degree 2 keeps peaks, 0 is a plain weighted mean.
    """
    if len(values) < 2:
        return values.copy()
    weights = np.ones((len(values), 1)) if weights is None else np.maximum(weights, 0.0)
    reach = _reach_frames(timestamps, sigma_seconds)
    smoothed = np.empty(values.shape)
    for start in range(0, len(values), _BLOCK_FRAMES):
        first, last = max(0, start - reach), min(len(values), start + _BLOCK_FRAMES + reach)
        block = _smooth_block(values[first:last], (timestamps[first:last] - timestamps[start]) / sigma_seconds,
                              weights[first:last], reach, degree)
        smoothed[start:start + _BLOCK_FRAMES] = block[start - first:start - first + _BLOCK_FRAMES]
    return smoothed


def _smooth_block(values: np.ndarray, times: np.ndarray, weights: np.ndarray, reach: int, degree: int) -> np.ndarray:
    """Return a block's values (T, N) smoothed within itself; times (T,) in sigmas."""
    frame_count = len(values)
    weights = np.broadcast_to(weights, values.shape)
    moments = np.zeros((2 * degree + 1,) + values.shape)
    responses = np.zeros((degree + 1,) + values.shape)
    for offset in range(-min(reach, frame_count - 1), min(reach, frame_count - 1) + 1):
        here, there = slice(max(0, -offset), frame_count - max(0, offset)), slice(max(0, offset), frame_count - max(0, -offset))
        time = (times[there] - times[here])[:, None]
        kernel = np.exp(-0.5 * time ** 2) * weights[there]
        for power in range(2 * degree + 1):
            moments[power, here] += kernel * time ** power
        for power in range(degree + 1):
            responses[power, here] += kernel * time ** power * values[there]
    return _constant_term(moments, responses, degree)


def _reach_frames(timestamps: np.ndarray, sigma_seconds: float) -> int:
    step = max(float(np.median(np.diff(timestamps))), 1e-4)
    return max(1, min(len(timestamps) - 1, int(np.ceil(_REACH_SIGMAS * sigma_seconds / step))))


def _constant_term(moments: np.ndarray, responses: np.ndarray, degree: int) -> np.ndarray:
    """Solve the normal equations per sample, the slopes held back a little so that sparse samples stay solvable."""
    size = degree + 1
    matrix = np.stack([np.stack([moments[i + j] for j in range(size)], -1) for i in range(size)], -2)
    floor = np.maximum(moments[0], 1e-9)[..., None]
    for power in range(1, size):
        matrix[..., power, power] += _PRIOR_WEIGHT * floor[..., 0]
    matrix[..., 0, 0] = np.maximum(matrix[..., 0, 0], 1e-9)
    right = np.moveaxis(responses, 0, -1)[..., None]
    return np.linalg.solve(matrix, right)[..., 0, 0]


def smooth_depth(depth: np.ndarray, timestamps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return distances from the camera (T,) in metres smoothed over time, weights (T, 1); at least 0.3 m.

    A depth from size in the picture errs by a share of itself, so its logarithm is smoothed, and over longer times than
    anything sideways: it is ten times noisier.
    """
    logarithm = np.log(np.maximum(depth, _NEAREST_METRES))[:, None]
    return np.exp(smooth(logarithm, timestamps, _DEPTH_SIGMA_SECONDS, weights)[:, 0])


def smooth_rotmats(rotmats: np.ndarray, timestamps: np.ndarray, sigma_seconds: float, weights: np.ndarray | None = None,
                   degree: int = 0) -> np.ndarray:
    """Return rotations (T, J, 3, 3) smoothed over time as matrices and projected back (chordal mean, Hartley 2013).

    weights (T, J); degree as in `smooth`.
    """
    frame_count, joint_count = rotmats.shape[:2]
    weights = None if weights is None else np.repeat(weights, 9, axis=1)
    mean = smooth(rotmats.reshape(frame_count, -1), timestamps, sigma_seconds, weights, degree)
    return nearest_rotmats(mean.reshape(-1, 3, 3)).reshape(frame_count, joint_count, 3, 3)


def nearest_rotmats(matrices: np.ndarray) -> np.ndarray:
    """Return the rotations (N, 3, 3) nearest to matrices (N, 3, 3)."""
    left, _, right = np.linalg.svd(matrices)
    left[..., :, 2] *= np.sign(np.linalg.det(left @ right))[..., None]
    return left @ right
