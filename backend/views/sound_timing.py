"""The time between two videos by their sound: claps, steps and voices are in both recordings."""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from ..video.sound import STEP_SECONDS, Sound

_LEAST_OVERLAP = 2.0            # seconds that both must sound
_APART_SECONDS = 0.1            # from which on two offsets are different ones
# Of the best offset: likeness in sigmas, likeness over that of the next best offset (beats that repeat have 1.1), and likeness
# without the loudest pieces, since any two bangs are alike. 20 pairs of made recordings have 14, 1.7 and 0.64 or more; of 40
# pairs of unlike ones the last is 0.14 or less.
_LEAST_LIKENESS, _LEAST_LEAD, _LEAST_REST = 8.0, 1.25, 0.35
_PIECE, _LOUDEST = 50, 3        # values of a piece (a quarter of a second), and how many pieces are left out


def find_sound_offset(first: Sound, other: Sound) -> float | None:
    """Return the second of the other video in which the first one's second 0 lies; None where their sound does not tell it.

    Sound needs 3 ms for a metre: where the cameras are not equally far from what sounds, it is so much off.
    """
    a, b = first.rises - first.rises.mean(), other.rises - other.rises.mean()
    size = next_fast_len(len(a) + len(b))

    def cross(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the sums of x[t] y[t + lag] for all lags from -(len(a) - 1) to len(b) - 1."""
        whole = irfft(np.conj(rfft(x, size)) * rfft(y, size), size)
        return np.concatenate([whole[size - len(a) + 1:], whole[:len(b)]])

    count = np.round(cross(np.ones(len(a)), np.ones(len(b))))
    power = cross(a ** 2, np.ones(len(b))) * cross(np.ones(len(a)), b ** 2)
    likeness = cross(a, b) / np.sqrt(np.maximum(power, 1e-12)) * np.sqrt(count)
    likeness[count * STEP_SECONDS < _LEAST_OVERLAP] = 0.0
    best = int(likeness.argmax())
    apart = np.abs(np.arange(len(likeness)) - best) * STEP_SECONDS >= _APART_SECONDS
    if likeness[best] < max(_LEAST_LIKENESS, _LEAST_LEAD * likeness[apart].max(initial=0.0)):
        return None
    lag = best - (len(a) - 1)
    if _measure_rest(a[max(0, -lag):], b[max(0, lag):]) < _LEAST_REST:
        return None
    return (lag + _find_vertex(likeness, best)) * STEP_SECONDS + other.start - first.start


def _measure_rest(a: np.ndarray, b: np.ndarray) -> float:
    """Return the likeness, in sigmas of a piece, of what (N,) and (M,) begin with together, but for their loudest pieces."""
    count = min(len(a), len(b)) // _PIECE
    a, b = (values[:count * _PIECE].reshape(count, _PIECE) for values in (a, b))
    kept = np.argsort((a * b).sum(1))[:-_LOUDEST]
    together, ours, theirs = ((x[kept] * y[kept]).sum() for x, y in ((a, b), (a, a), (b, b)))
    return float(together / np.sqrt(max(ours * theirs, 1e-12)) * np.sqrt(len(kept)))


def _find_vertex(values: np.ndarray, best: int) -> float:
    """Return how far beside the greatest value, -0.5 to 0.5, the parabola through it and its neighbours has its vertex."""
    if not 0 < best < len(values) - 1:
        return 0.0
    before, middle, after = values[best - 1:best + 2]
    return float(0.5 * (before - after) / min(before - 2 * middle + after, -1e-9))
