"""The time between two videos of one moment, from people's motion: the angles between limbs are the same in every view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.optimize import linear_sum_assignment

from .sightlines import Sightlines

_STEP_SECONDS = 1 / 60          # between tried offsets, and between the moments that are compared
_LEAST_OVERLAP = 0.5            # seconds that both must show
_PER_SECOND = 4.0               # independent moments a second: poses change by steps and strokes
_LEAST_LIKENESS = 1.0           # of a pair of people to count at an offset
_APART_STEPS = 3                # from which on two offsets are different ones
_MATCHED = 1000                 # offsets at which people are paired: the most likely ones
_ROWS = 4096                    # sampled at a time, for bounded memory
_LEAST_SQUARES = 1e-6           # of angles over time: somebody who does not move at all tells no time


@dataclass(frozen=True)
class Timing:
    """The second of the other video in which the first one's second 0 lies; who is who, (first, other) pairs; the likeness of
    their motion, in sigmas."""
    offset: float
    pairs: tuple[tuple[int, int], ...]
    likeness: float


def find_timings(first: list[Sightlines], other: list[Sightlines], offset: float | None = None, count: int = 6) -> list[Timing]:
    """Return the most likely timings of two views, the best first; with a given offset (s) that one alone.

    All offsets are compared at once, by Fourier transforms: the time grows about as the videos' lengths.
    """
    grid = 0.0 if offset is None else offset
    ours, theirs = [_sample(person, 0.0) for person in first], [_sample(person, grid) for person in other]
    shifts = np.zeros(1, dtype=int)
    if offset is None:
        shifts = np.arange(min(b.start for b in theirs) - max(a.end for a in ours),
                           max(b.end for b in theirs) - min(a.start for a in ours) + 1)
    likeness = np.array([[_compare(a, b, shifts) for b in theirs] for a in ours])        # (A, B, shifts)
    most = (likeness.max(1) ** 2).sum(0)                    # what no pairing exceeds
    timings = [_match(likeness[..., index], float(grid + shifts[index] * _STEP_SECONDS))
               for index in np.argsort(-most, kind="stable")[:_MATCHED]]
    best: list[Timing] = []
    for timing in sorted(timings, key=lambda timing: -timing.likeness):
        if timing.pairs and all(abs(timing.offset - kept.offset) > _APART_STEPS * _STEP_SECONDS for kept in best):
            best.append(timing)
    return best[:count]


def _match(likeness: np.ndarray, offset: float) -> Timing:
    """Return the pairs of most likeness (A, B) in all."""
    rows, columns = linear_sum_assignment(-likeness)
    pairs = [(int(a), int(b)) for a, b in zip(rows, columns, strict=True) if likeness[a, b] > _LEAST_LIKENESS]
    return Timing(offset, tuple(pairs), float(np.sqrt(sum(likeness[pair] ** 2 for pair in pairs))))


@dataclass(frozen=True)
class _Evenly:
    """A person's angles (T, N), 0 where the person is not seen, and where that is (T,), at the steps from `start` on."""
    start: int
    angles: np.ndarray
    seen: np.ndarray

    @property
    def end(self) -> int:
        """The last step."""
        return self.start + len(self.seen) - 1


def _sample(person: Sightlines, grid: float) -> _Evenly:
    """Return a person's angles at the second `grid` and whole steps from it, as far as the person is seen."""
    low, high = ((person.timestamps[index] - grid) / _STEP_SECONDS for index in (0, -1))
    start = int(np.ceil(low - 1e-6))
    steps = np.arange(start, max(int(np.floor(high + 1e-6)), start) + 1)
    parts = [person.at(grid + steps[row:row + _ROWS] * _STEP_SECONDS) for row in range(0, len(steps), _ROWS)]
    seen = np.concatenate([part.weights.any(1) for part in parts])
    angles = np.concatenate([part.pose_angles().astype(np.float32) for part in parts])
    # About their mean, so that sums of products do not lose the small differences.
    return _Evenly(start, (angles - angles.mean(0)) * seen[:, None], seen)


def _compare(first: _Evenly, other: _Evenly, shifts: np.ndarray) -> np.ndarray:
    """Return the likeness (N,) of two people's motion where the other one's step is ours plus a shift (N,): Fisher's z of the
    correlation of their angles, each about its mean over the moments that are compared."""
    sums = _Sums(first, other, shifts)
    count = np.maximum(np.round(sums.of(first.seen, other.seen)), 1.0)
    squares, their_squares = sums.of((first.angles ** 2).sum(1), other.seen), sums.of(first.seen, (other.angles ** 2).sum(1))
    products = sums.of_columns(first.angles, other.angles)
    for angle, their_angle in zip(first.angles.T, other.angles.T, strict=True):
        mean, their_mean = sums.of(angle, other.seen) / count, sums.of(first.seen, their_angle) / count
        squares -= count * mean ** 2
        their_squares -= count * their_mean ** 2
        products -= count * mean * their_mean
    correlation = products / np.sqrt(np.maximum(squares, _LEAST_SQUARES) * np.maximum(their_squares, _LEAST_SQUARES))
    likeness = np.arctanh(np.clip(correlation, -0.999, 0.999)) * np.sqrt(np.maximum(count * _STEP_SECONDS * _PER_SECOND, 1.0))
    return np.where(count * _STEP_SECONDS < _LEAST_OVERLAP, 0.0, likeness)


class _Sums:
    """Sums over time of the products of what two people do, the other one's steps being ours plus each of the shifts (N,)."""

    def __init__(self, first: _Evenly, other: _Evenly, shifts: np.ndarray):
        lags = shifts - (other.start - first.start)
        self._size = next_fast_len(len(first.seen) + len(other.seen), real=True)
        self._places = lags % self._size
        self._meets = (lags > -len(first.seen)) & (lags < len(other.seen))

    def of(self, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        """Return the sums (N,) of the products of ours (T,) and theirs (T',)."""
        return self.of_columns(ours[:, None], theirs[:, None])

    def of_columns(self, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        """Return the sums (N,) of the products of ours (T, C) and theirs (T', C), over the columns too."""
        product = np.zeros(self._size // 2 + 1, dtype=complex)
        for a, b in zip(ours.T.astype(float), theirs.T.astype(float), strict=True):
            product += np.conj(rfft(a, self._size)) * rfft(b, self._size)
        return irfft(product, self._size)[self._places] * self._meets
