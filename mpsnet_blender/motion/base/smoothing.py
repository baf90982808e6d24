"""Zero-lag smoothing over time, pure numpy: local polynomials in Gaussian windows of seconds, for any frame times."""

from __future__ import annotations

import numpy as np

LONGEST_STEP = 3.0          # in usual steps between frames: a longer one is a gap, in which nothing was seen; not measured
_REACH_SIGMAS = 3.0         # half width of the window: outside it a Gaussian has 0.3 % of its weight
_ROUNDING = 1e-6            # sigmas; more than the rounding of timestamps at a constant rate
# Ridge on the polynomial's slopes, as a share of the window's weight: it keeps windows with too few samples for a parabola
# solvable. A motion needs no more than rounding; measured samples, which may all have weight 0, need more.
_MOTION_PRIOR, _MEASURED_PRIOR = 1e-12, 1e-3
_FEWEST_FOR_A_PARABOLA = 2  # frames to each side: a parabola passes through any three samples, so it would not smooth them
# Frames computed at a time, and numbers where each window has the same shares: they stay in the processor's cache, and long clips
# need no more memory.
_BLOCK_FRAMES, _BLOCK_NUMBERS = 512, 32768


def smooth(values: np.ndarray, timestamps: np.ndarray, sigma_seconds: float, degree: int = 2) -> np.ndarray:
    """Return a motion's values (T, ...) smoothed by a Gaussian window, without lag; timestamps (T,) s rise.

    degree 2 fits a parabola in each window (local regression, Cleveland 1979; at an even frame rate Savitzky and Golay's
    filter, 1964), which flattens peaks far less than degree 0, a mean. Each frame's weight is its duration. Beyond both ends the
    series continues as its mirror image through the end's value, so that both ends keep their values and slopes.
    """
    values = np.asarray(values, dtype=np.float64)
    if sigma_seconds <= 0 or len(values) < 2:
        return values.copy()
    columns = values.reshape(len(values), -1)
    reach = _compute_reach(timestamps, sigma_seconds)
    padded, times = _mirror_ends(columns, reach), _mirror_ends(timestamps, reach) / sigma_seconds
    weights = np.pad(frame_durations(timestamps), reach, mode="reflect")[:, None]
    degree = degree if reach >= _FEWEST_FOR_A_PARABOLA else 0
    return _fit_polynomials(padded, times, weights, reach, degree, _MOTION_PRIOR).reshape(values.shape)


def smooth_measured(values: np.ndarray, timestamps: np.ndarray, sigma_seconds: float, weights: np.ndarray | None = None,
                    degree: int = 2) -> np.ndarray:
    """Return measured samples (T, N) smoothed as by `smooth`, but without mirror images: the samples at the ends are noisy too.

    weights (T, N) or (T, 1) of the samples: one of weight 0 is replaced by the fit through its neighbours.
    """
    if len(values) < 2:
        return values.copy()
    weights = np.ones((len(values), 1)) if weights is None else np.maximum(weights, 0.0)
    reach = _compute_reach(timestamps, sigma_seconds)
    times = np.pad((timestamps - timestamps[0]) / sigma_seconds, reach, mode="edge")
    padded, weights = (np.pad(part, ((reach, reach), (0, 0))) for part in (values, weights))
    return _fit_polynomials(padded, times, weights, reach, degree, _MEASURED_PRIOR)


def _compute_reach(timestamps: np.ndarray, sigma_seconds: float) -> int:
    """Return the number of frames to each side, of T >= 2, with which every window is complete."""
    farther = np.searchsorted(timestamps, timestamps + (_REACH_SIGMAS + _ROUNDING) * sigma_seconds, side="right")
    return max(1, min(len(timestamps) - 1, int((farther - np.arange(len(timestamps))).max())))


def _mirror_ends(values: np.ndarray, reach: int) -> np.ndarray:
    """Return values (T, ...) with their mirror images through the first and the last one on both sides (T + 2 reach, ...)."""
    return np.concatenate((2 * values[:1] - values[reach:0:-1], values, 2 * values[-1:] - values[-2:-reach - 2:-1]))


def _fit_polynomials(values: np.ndarray, times: np.ndarray, weights: np.ndarray, reach: int, degree: int,
                prior: float) -> np.ndarray:
    """Return the fitted values (T, N) of local polynomials at all but the first and last `reach` times (T + 2 reach,), in sigmas.

    values (T + 2 reach, N), weights (T + 2 reach, N) or (T + 2 reach, 1).
    """
    count = len(values) - 2 * reach
    smoothed = np.empty((count, values.shape[1]))
    shares = _find_even_shares(times, weights, reach, degree, prior)
    frames = _BLOCK_FRAMES if shares is None else max(_BLOCK_FRAMES, _BLOCK_NUMBERS // (1 + values.shape[1]))
    for start in range(0, count, frames):
        rows = slice(start, min(start + frames, count) + 2 * reach)
        smoothed[start:start + frames] = _fit_block(values[rows], times[rows], weights[rows], reach, degree, prior) \
            if shares is None else _sum_windows(values[rows], shares)
    return smoothed


def _find_even_shares(times: np.ndarray, weights: np.ndarray, reach: int, degree: int, prior: float) -> np.ndarray | None:
    """Return the shares (2 reach + 1,) that the samples of a window have in its fitted value, where all windows are alike: equal
    steps and weights. None where they are not."""
    steps, window = np.diff(times), 2 * reach + 1
    if weights.shape[1] > 1 or np.ptp(weights) > _ROUNDING * weights.max() or np.ptp(steps) > _ROUNDING:
        return None
    shares: np.ndarray = _fit_block(np.eye(window), times[:window], weights[:window], reach, degree, prior)[0]
    return shares


def _sum_windows(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the sums (n, N) of the windows around all but the first and last of values (n + 2 reach, N), with these shares."""
    count = len(values) - len(shares) + 1
    sums = shares[0] * values[:count]
    for offset in range(1, len(shares)):
        sums += shares[offset] * values[offset:offset + count]
    return sums


def _fit_block(values: np.ndarray, times: np.ndarray, weights: np.ndarray, reach: int, degree: int,
                     prior: float) -> np.ndarray:
    """Return a block's fitted values a_0, from each window's equations  sum_j M_ij a_j = r_i  with  M_ij = sum w u^(i + j)  and
    r_i = sum w u^i y.  `prior`, a share of the window's weight, is added to M_11 and M_22 (ridge)."""
    since = _slide_windows(times[:, None], reach)[..., 0] - times[reach:-reach, None]
    powers = np.empty((len(since), 2 * degree + 1, since.shape[1]))
    powers[:, 0] = np.exp(-0.5 * since**2)
    for power in range(2 * degree):
        np.multiply(powers[:, power], since, out=powers[:, power + 1])
    moments = np.moveaxis(powers @ _slide_windows(weights, reach), 1, 0)
    right = np.moveaxis(powers[:, :degree + 1] @ _slide_windows(weights * values, reach), 1, 0)
    matrix = moments[np.add.outer(np.arange(degree + 1), np.arange(degree + 1))]
    matrix[0, 0] = np.maximum(matrix[0, 0], 1e-9)
    for power in range(degree, 0, -1):          # eliminated from the last to the first
        matrix[power, power] += prior * np.maximum(moments[0], 1e-9)
        share = matrix[power, :power] / matrix[power, power]
        matrix[:power, :power] -= share[:, None] * matrix[power, :power]
        right[:power] -= share * right[power]
    return right[0] / matrix[0, 0]


def _slide_windows(values: np.ndarray, reach: int) -> np.ndarray:
    """Return the windows (n, 2 reach + 1, N) around all but the first and last `reach` of values (n + 2 reach, N)."""
    return np.swapaxes(np.lib.stride_tricks.sliding_window_view(values, 2 * reach + 1, axis=0), 1, 2)


def frame_seconds(timestamps: np.ndarray) -> float:
    """Return the median time (s) between successive timestamps (T,); 1/30 where there is only one."""
    return float(np.median(np.diff(timestamps))) if len(timestamps) > 1 else 1 / 30


def frame_durations(timestamps: np.ndarray) -> np.ndarray:
    """Return each frame's duration (T,) in seconds: half the time from the frame before to the frame after, gaps cut short."""
    if len(timestamps) < 2:
        return np.full(len(timestamps), frame_seconds(timestamps))
    steps = np.diff(timestamps)
    steps = np.minimum(steps, LONGEST_STEP * np.median(steps))
    return (np.append(steps, steps[-1]) + np.append(steps[0], steps)) / 2


def smoothstep(share: np.ndarray) -> np.ndarray:
    """Return shares from 0 to 1 with zero slope at both ends: 3 x^2 - 2 x^3."""
    share = np.clip(share, 0, 1)
    return share**2 * (3 - 2 * share)
