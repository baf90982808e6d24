"""Zero-lag smoothing over time with Gaussian windows, pure numpy, all columns at once."""

from __future__ import annotations

import numpy as np

_REACH_SIGMAS = 3.0


def frame_seconds(timestamps: np.ndarray) -> float:
    """Return the usual time (s) from one of the timestamps (T,) to the next; 1/30 where there is but one."""
    return float(np.median(np.diff(timestamps))) if len(timestamps) > 1 else 1 / 30


def eased(share: np.ndarray) -> np.ndarray:
    """Return shares from 0 to 1 that leave and arrive gently: 3 x^2 - 2 x^3."""
    share = np.clip(share, 0, 1)
    return share**2 * (3 - 2 * share)


def smooth(values: np.ndarray, sigma_frames: float, keeps_peaks: bool = True) -> np.ndarray:
    """Return values (T, ...) smoothed over time by a Gaussian of `sigma_frames`, without lag.

    keeps_peaks: fit a parabola in each window, not a constant, which flattens peaks far less (Savitzky and Golay 1964). Before
    the first and after the last value the series goes on as its mirror image through that value, so that slopes stay.
    """
    reach = min(int(np.ceil(_REACH_SIGMAS * sigma_frames)), len(values) - 1)
    if sigma_frames <= 0 or reach < 1:
        return np.array(values, dtype=np.float64)
    columns = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    before, after = 2 * columns[:1] - columns[reach:0:-1], 2 * columns[-1:] - columns[-2:-reach - 2:-1]
    padded = np.concatenate((before, columns, after))
    kernel = _kernel(np.arange(-reach, reach + 1) / sigma_frames, keeps_peaks)
    smoothed = np.zeros_like(columns)
    for offset, weight in enumerate(kernel):
        smoothed += weight * padded[offset:offset + len(columns)]
    return smoothed.reshape(np.shape(values))


def _kernel(offsets: np.ndarray, keeps_peaks: bool) -> np.ndarray:
    """Return the window's weights at offsets in sigmas: of the constant term of a local fit of degree 2, or 0."""
    weights = np.exp(-0.5 * offsets**2)
    if keeps_peaks:
        # The fit of c + d u^2 under weights w gives c = sum w (m4 - m2 u^2) y / (m0 m4 - m2^2).
        second, fourth = (weights * offsets**2).sum(), (weights * offsets**4).sum()
        weights = weights * (fourth - second * offsets**2) if len(offsets) > 3 else weights
    return weights / weights.sum()
