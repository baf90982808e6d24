"""The time between two videos of one moment, from people's motion: the angles between limbs are the same in every view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from mpsnet_blender.motion.base.smoothing import frame_seconds

from .sightlines import Sightlines

_STEP_SECONDS = 1 / 60          # between tried offsets, and between the moments that are compared
_LEAST_OVERLAP = 0.5            # seconds that both must show
_PER_SECOND = 4.0               # independent moments a second: poses change by steps and strokes
_LEAST_LIKENESS = 1.0           # of a pair of people to count at an offset


@dataclass(frozen=True)
class Timing:
    """The second of the other video in which the first one's second 0 lies; who is who, (first, other) pairs; the likeness of
    their motion, in sigmas."""
    offset: float
    pairs: tuple[tuple[int, int], ...]
    likeness: float


def find_timings(first: list[Sightlines], other: list[Sightlines], offset: float | None = None, count: int = 6) -> list[Timing]:
    """Return the most likely timings of two views, the best first; with a given offset (s) that one alone."""
    offsets = np.array([offset]) if offset is not None else _offsets_to_try(first, other)
    likeness = np.array([[_compare(a, b, offsets) for b in other] for a in first])        # (A, B, offsets)
    timings = [_match(likeness[..., index], float(shift)) for index, shift in enumerate(offsets)]
    best: list[Timing] = []
    for timing in sorted(timings, key=lambda timing: -timing.likeness):
        if timing.pairs and all(abs(timing.offset - kept.offset) > 3 * _STEP_SECONDS for kept in best):
            best.append(timing)
    return best[:count]


def _offsets_to_try(first: list[Sightlines], other: list[Sightlines]) -> np.ndarray:
    low = min(b.timestamps[0] for b in other) - max(a.timestamps[-1] for a in first) + _LEAST_OVERLAP
    high = max(b.timestamps[-1] for b in other) - min(a.timestamps[0] for a in first) - _LEAST_OVERLAP
    return np.arange(np.ceil(low / _STEP_SECONDS), np.floor(high / _STEP_SECONDS) + 1) * _STEP_SECONDS


def _match(likeness: np.ndarray, offset: float) -> Timing:
    """Return the pairs of most likeness (A, B) in all."""
    rows, columns = linear_sum_assignment(-likeness)
    pairs = [(int(a), int(b)) for a, b in zip(rows, columns, strict=True) if likeness[a, b] > _LEAST_LIKENESS]
    return Timing(offset, tuple(pairs), float(np.sqrt(sum(likeness[pair] ** 2 for pair in pairs))))


def _compare(first: Sightlines, other: Sightlines, offsets: np.ndarray) -> np.ndarray:
    """Return the likeness (N,) of two people's motion at offsets (N,) s: Fisher's z of the correlation of their angles."""
    ours, theirs = (_resample(person) for person in (first, other))
    likeness = np.zeros(len(offsets))
    for index, offset in enumerate(offsets):
        shift = (theirs.start - ours.start - offset) / _STEP_SECONDS        # their row 0 lies at our row `shift`
        low, high = max(0, int(np.ceil(shift))), min(len(ours.angles), int(np.floor(shift + len(theirs.angles) - 1)) + 1)
        if (high - low) * _STEP_SECONDS < _LEAST_OVERLAP:
            continue
        rows = np.arange(low, high) - shift
        below = np.minimum(rows.astype(int), len(theirs.angles) - 2)
        share = (rows - below)[:, None]
        a, b = ours.angles[low:high], (1 - share) * theirs.angles[below] + share * theirs.angles[below + 1]
        seen = ours.seen[low:high] & theirs.seen[below] & theirs.seen[below + 1]
        if seen.sum() * _STEP_SECONDS < _LEAST_OVERLAP:
            continue
        likeness[index] = _fisher(a[seen], b[seen])
    return likeness


def _fisher(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(0), b - b.mean(0)
    correlation = float((a * b).sum() / np.sqrt(max((a ** 2).sum() * (b ** 2).sum(), 1e-12)))
    return float(np.arctanh(np.clip(correlation, -0.999, 0.999)) * np.sqrt(max(len(a) * _STEP_SECONDS * _PER_SECOND, 1.0)))


@dataclass(frozen=True)
class _Evenly:
    """A person's angles (T, N) every _STEP_SECONDS from the second `start` on, and whether the person is seen then (T,)."""
    start: float
    angles: np.ndarray
    seen: np.ndarray


def _resample(person: Sightlines) -> _Evenly:
    times = np.arange(person.timestamps[0], person.timestamps[-1] + 1e-9, _STEP_SECONDS)
    sampled = person.at(times if len(times) > 1 else np.append(times, times[0] + frame_seconds(person.timestamps)))
    return _Evenly(float(times[0]), sampled.pose_angles(), np.asarray(sampled.weights.any(1)))
