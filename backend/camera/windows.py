"""Bundle adjustment of clips of any length: key frames in windows that overlap, then every frame against the points."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from .bundle_adjustment import Bundle, Sightings, adjust, cost_of, resect

WINDOW, _OVERLAP = 60, 20          # key frames adjusted at once, and how many of them are taken over from before
_MOST_POINTS, _FEWEST_SIGHTINGS = 500, 3
_FIRST_DISTANCE = 6.0               # metres at which a point is taken to lie at first
_EXPLAINED_SIGMAS = 3.0
_BLOCK_FRAMES = 256
_TURN_ROUNDS, _ROUNDS_FIRST, _ROUNDS = 12, 40, 20
_ZOOMS = (-0.3, -0.15, 0.0, 0.15, 0.3)      # logarithms of focal lengths to begin with
_WORTH_IT, _MOST_ZOOM = 0.97, 0.45          # a lens is believed that makes so much of the error vanish, and is not extreme


@dataclass(frozen=True)
class Sighted:
    """M sightings of background points, in the order of rows: row (M,), point (M,), slopes (M, 2), one sigma of slopes."""
    row: np.ndarray
    point: np.ndarray
    slopes: np.ndarray
    sigma: float


@dataclass(frozen=True)
class Solved:
    """Poses of the key frames (F, ...), the points' directions and inverse distances by number, the share of sightings
    explained, how far (m) the camera could go from key to key, and the logarithm of the focal length's factor."""
    turns: np.ndarray
    places: np.ndarray
    directions: np.ndarray
    inverse: np.ndarray
    explained: float
    step_sigma: float
    zoom: float


def adjust_in_windows(seen: Sighted, keys: np.ndarray, step_sigma: float, zoom: float, check: Callable[[], None]) -> Solved:
    """Return the key frames' cameras and the points; step_sigma 0: the camera only turns; zoom as in Bundle."""
    guesses = _chained_turns(seen, keys, zoom)
    turns, places = guesses.copy(), np.zeros((len(keys), 3))
    points = int(seen.point.max()) + 1
    directions, inverse = np.tile((0.0, 0.0, 1.0), (points, 1)), np.full(points, np.nan)
    explained, total = 0, 0
    for first in range(0, max(len(keys) - _OVERLAP, 1), WINDOW - _OVERLAP):
        check()
        window = slice(first, min(first + WINDOW, len(keys)))
        known = 1 if first == 0 else _OVERLAP
        if first:
            # The guesses go on from the last key frame that was adjusted.
            last = first + known - 1
            turns[last + 1:] = turns[last] @ guesses[last].T @ guesses[last + 1:]
            places[last + 1:] = places[last]
        sightings, numbers = _within(seen, keys[window])
        if not len(numbers):
            continue
        start = _started(sightings, numbers, Bundle(turns[window], places[window], directions, inverse, zoom))
        rounds = _TURN_ROUNDS if step_sigma == 0 else _ROUNDS_FIRST if first == 0 else _ROUNDS
        done = adjust(start, sightings, seen.sigma, known, np.full(window.stop - first - 1, step_sigma), rounds)
        turns[window], places[window] = done.turns, done.places
        directions[numbers], inverse[numbers] = done.directions, done.inverse
        explained += int((np.linalg.norm(done.errors(sightings), axis=1) < _EXPLAINED_SIGMAS * seen.sigma).sum())
        total += len(sightings.camera)
    return Solved(turns, places * (step_sigma > 0), directions, inverse, explained / max(total, 1), step_sigma, zoom)


def find_zoom(seen: Sighted, keys: np.ndarray, step_sigma: float, check: Callable[[], None]) -> float:
    """Return the logarithm of the focal length's factor that fits the first window best; 0 where all fit about alike.

    Each candidate begins anew: from a wrong lens's cameras there is often no way down to the right one's.
    """
    keys = keys[:WINDOW]
    sightings, numbers = _within(seen, keys)
    if not len(numbers):
        return 0.0
    holds, found = np.full(len(keys) - 1, step_sigma), []
    for zoom in _ZOOMS:
        solved = adjust_in_windows(seen, keys, step_sigma, zoom, check)
        bundle = Bundle(solved.turns, solved.places, solved.directions[numbers], solved.inverse[numbers], zoom)
        found.append((cost_of(bundle, sightings, seen.sigma, holds), bundle))
    _, best = min(found, key=lambda pair: pair[0])
    best = adjust(best, sightings, seen.sigma, 1, holds, _ROUNDS, may_zoom=True)
    cost = cost_of(best, sightings, seen.sigma, holds)
    unchanged = found[_ZOOMS.index(0.0)][0]
    return best.zoom if cost < _WORTH_IT * unchanged and abs(best.zoom) < _MOST_ZOOM else 0.0


def at_rows(solved: Solved, seen: Sighted, keys: np.ndarray, frame_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return turns (T, 3, 3) and places (T, 3) of every frame: between key frames, and then by what the frame itself sees."""
    rows = np.arange(frame_count)
    turns = Slerp(keys, Rotation.from_matrix(solved.turns))(rows).as_matrix()
    places = np.stack([np.interp(rows, keys, column) for column in solved.places.T], axis=1)
    known = np.isfinite(solved.inverse[seen.point])
    row, point, slopes = seen.row[known], seen.point[known], seen.slopes[known]
    inverse = np.nan_to_num(solved.inverse)
    for first in range(0, frame_count, _BLOCK_FRAMES):      # so that long clips need no more memory
        part = slice(*np.searchsorted(row, (first, first + _BLOCK_FRAMES)))
        block = slice(first, first + _BLOCK_FRAMES)
        done = resect(Bundle(turns[block], places[block], solved.directions, inverse, solved.zoom),
                      Sightings(row[part] - first, point[part], slopes[part]), seen.sigma, may_go=solved.step_sigma > 0)
        turns[block], places[block] = done.turns, done.places
    return turns, places * (solved.step_sigma > 0)


def turn_between(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return the rotation (3, 3) that takes rays of slopes `second` (N, 2) to those of `first`, its angle in radians, and the
    median error in slopes. Robust: wrong pairs lose their weight."""
    a, b = (np.column_stack([slopes, np.ones(len(slopes))]) for slopes in (first, second))
    a, b = (rays / np.linalg.norm(rays, axis=1, keepdims=True) for rays in (a, b))
    weight = np.ones(len(a))
    for _ in range(8):
        left, _, right = np.linalg.svd((a * weight[:, None]).T @ b)
        turn = left @ np.diag((1, 1, np.linalg.det(left @ right))) @ right
        error = np.linalg.norm(a - b @ turn.T, axis=1)
        weight = 1 / (1 + (error / max(float(np.median(error)), 1e-5)) ** 2)
    angle = np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))
    return turn, float(angle), float(np.median(error))


def _chained_turns(seen: Sighted, keys: np.ndarray, zoom: float) -> np.ndarray:
    """Return a first guess of the key frames' turns (F, 3, 3): each from the one before."""
    turns = [np.eye(3)]
    rows = [slice(*np.searchsorted(seen.row, (key, key + 1))) for key in keys]
    for before, after in itertools.pairwise(rows):
        _, first, second = np.intersect1d(seen.point[before], seen.point[after], assume_unique=True, return_indices=True)
        slopes = [np.exp(-zoom) * part for part in (seen.slopes[before][first], seen.slopes[after][second])]
        turn = turn_between(*slopes)[0] if len(first) >= 3 else np.eye(3)
        turns.append(turns[-1] @ turn)
    return np.array(turns)


def _within(seen: Sighted, keys: np.ndarray) -> tuple[Sightings, np.ndarray]:
    """Return the sightings in key frames of the points seen most often there, and those points' numbers."""
    camera = np.searchsorted(keys, seen.row)
    inside = keys[np.minimum(camera, len(keys) - 1)] == seen.row
    camera, point, slopes = camera[inside], seen.point[inside], seen.slopes[inside]
    counts = np.bincount(point) if len(point) else np.zeros(0, int)
    numbers = np.argsort(-counts)[:_MOST_POINTS]
    numbers = np.sort(numbers[counts[numbers] >= _FEWEST_SIGHTINGS])
    index = np.full(len(counts), -1)
    index[numbers] = np.arange(len(numbers))
    kept = index[point] >= 0
    return Sightings(camera[kept], index[point[kept]], slopes[kept]), numbers


def _started(seen: Sightings, numbers: np.ndarray, known: Bundle) -> Bundle:
    """Return the bundle to begin with: of all the points those numbers, which stay where they are known (inverse is not NaN),
    and else lie on their first ray at a usual distance."""
    _, first = np.unique(seen.point, return_index=True)
    cameras = seen.camera[first]
    rays = np.column_stack([np.exp(-known.zoom) * seen.slopes[first], np.ones(len(first))])
    rays = np.einsum("pij,pj->pi", known.turns[cameras], rays / np.linalg.norm(rays, axis=1, keepdims=True))
    points = known.places[cameras] + _FIRST_DISTANCE * rays
    distance = np.maximum(np.linalg.norm(points, axis=1), 0.1)
    directions, inverse = known.directions[numbers], known.inverse[numbers]
    there = np.isfinite(inverse)
    return Bundle(known.turns.copy(), known.places.copy(), np.where(there[:, None], directions, points / distance[:, None]),
                  np.where(there, inverse, 1 / distance), known.zoom)
