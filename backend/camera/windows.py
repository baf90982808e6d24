"""Bundle adjustment of clips of any length: key frames in overlapping windows, then all frames against the points found."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks

from .bundle import Bundle, Sightings
from .bundle_adjustment import adjust, resect
from .scenery import Trails

# Key frames adjusted at once (12 s), and how many of them keep the poses of the window before. Time grows with the square.
WINDOW, _OVERLAP = 60, 20
_KEY_SECONDS = 0.2                  # between key frames: a camera in the hand sways at 1 to 2 Hz, which needs 4 frames a second
_MOST_POINTS, _FEWEST_SIGHTINGS = 500, 3    # of a window, for time; and of a point: two rays meet, the third one checks
_FIRST_DISTANCE = 6.0               # metres: the first guess of a point's distance, as across a room
_MIN_DISTANCE = 0.1                 # metres
_EXPLAINED_SIGMAS = 3.0             # a sighting with a larger error is not explained: 1 % of them by chance
_BLOCK_FRAMES = 256                 # frames solved at once, so that long clips need no more memory
_ROTATION_ROUNDS, _ROUNDS_FIRST, ROUNDS = 12, 40, 20   # most steps of one adjustment; most end earlier by their gain
_ROBUST_ROUNDS, _LEAST_ERROR = 8, 1e-5      # of `fit_rotation`; slopes, so that exact pairs have a finite weight


@dataclass(frozen=True)
class ClipSightings:
    """M sightings of background points, in the order of frames: row (M,), point (M,) indices, slopes (M, 2), sigma of slopes."""
    row: np.ndarray
    point: np.ndarray
    slopes: np.ndarray
    sigma: float

    def at(self, rows: np.ndarray) -> ClipSightings:
        """Return the sightings in these frames, whose indices rise."""
        trails = Trails(self.row, self.point, self.slopes).at(rows)
        return ClipSightings(trails.row, trails.point, trails.xy, self.sigma)


@dataclass(frozen=True)
class CameraSolution:
    """Poses of the key frames (F, ...), and the points' directions (P, 3) and inverse distances (P,), NaN where unknown.

    explained: share of sightings; step_sigma: sigma (m) of the steps between key frames, 0 for a camera that only rotates;
    zoom: logarithm of the focal length's factor.
    """
    rotmats: np.ndarray
    positions: np.ndarray
    directions: np.ndarray
    inverse: np.ndarray
    explained: float
    step_sigma: float
    zoom: float


def choose_key_rows(timestamps: np.ndarray) -> np.ndarray:
    """Return the rows of key frames: one every fifth of a second, and the last frame."""
    count = len(timestamps)
    step = max(1, round(_KEY_SECONDS * (count - 1) / (timestamps[-1] - timestamps[0]))) if count > 1 else 1
    return np.unique(np.append(np.arange(0, count, step), count - 1))


def adjust_in_windows(seen: ClipSightings, keys: np.ndarray, step_sigma: float, check: Callable[[], None],
                      begun: Bundle | None = None) -> CameraSolution:
    """Return the key frames' cameras and the points; step_sigma 0: the camera only rotates. begun: the first window as
    `lens.find_zoom` leaves it, from which it goes on, with its zoom; without it, the zoom is 0."""
    zoom = begun.zoom if begun else 0.0
    guesses = chain_rotmats(seen, keys, zoom)
    rotmats, positions = guesses.copy(), np.zeros((len(keys), 3))
    points = int(seen.point.max()) + 1
    directions, inverse = no_points(points)
    explained, total = 0, 0
    for first in range(0, max(len(keys) - _OVERLAP, 1), WINDOW - _OVERLAP):
        check()
        window = slice(first, min(first + WINDOW, len(keys)))
        known = 1 if first == 0 else _OVERLAP
        if first:
            # The first guesses continue from the last key frame that was adjusted.
            last = first + known - 1
            rotmats[last + 1:] = rotmats[last] @ guesses[last].T @ guesses[last + 1:]
            positions[last + 1:] = positions[last]
        sightings, numbers = select_sightings(seen, keys[window])
        if not len(numbers):
            continue
        start = start_bundle(sightings, numbers, Bundle(rotmats[window], positions[window], directions, inverse, zoom))
        start, rounds = (begun, ROUNDS) if begun and not first else (start, count_rounds(step_sigma, first == 0))
        done = adjust(start, sightings, seen.sigma, known, np.full(window.stop - first - 1, step_sigma), rounds)
        rotmats[window], positions[window] = done.rotmats, done.positions
        directions[numbers], inverse[numbers] = done.directions, done.inverse
        explained += int((np.linalg.norm(done.errors(sightings), axis=1) < _EXPLAINED_SIGMAS * seen.sigma).sum())
        total += len(sightings.camera)
    return CameraSolution(rotmats, positions * (step_sigma > 0), directions, inverse, explained / max(total, 1), step_sigma, zoom)


def count_rounds(step_sigma: float, is_first: bool) -> int:
    """Return the most steps of the adjustment of a window, the first one or a later one."""
    return _ROTATION_ROUNDS if step_sigma == 0 else _ROUNDS_FIRST if is_first else ROUNDS


def no_points(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return directions and inverse distances (NaN) of points of which nothing is known."""
    return np.tile((0.0, 0.0, 1.0), (count, 1)), np.full(count, np.nan)


def solve_every_frame(solved: CameraSolution, seen: ClipSightings, keys: np.ndarray,
                      frame_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rotmats (T, 3, 3) and positions (T, 3) of all frames: interpolated, then fitted to each frame's sightings."""
    rows = np.arange(frame_count)
    rotmats = Slerp(keys, Rotation.from_matrix(solved.rotmats))(rows).as_matrix()
    positions = np.stack([np.interp(rows, keys, column) for column in solved.positions.T], axis=1)
    inverse = np.nan_to_num(solved.inverse)
    for block in frame_blocks(frame_count, _BLOCK_FRAMES):      # so that long clips need no more memory
        part = slice(*np.searchsorted(seen.row, (block.start, block.stop)))
        known = np.isfinite(solved.inverse[seen.point[part]])
        row, point, slopes = (values[part][known] for values in (seen.row, seen.point, seen.slopes))
        done = resect(Bundle(rotmats[block], positions[block], solved.directions, inverse, solved.zoom),
                      Sightings(row - block.start, point, slopes), seen.sigma, may_translate=solved.step_sigma > 0)
        rotmats[block], positions[block] = done.rotmats, done.positions
    return rotmats, positions * (solved.step_sigma > 0)


def fit_rotation(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return the rotation (3, 3) from rays of slopes `second` (N, 2) to those of `first`, its angle in radians, and the median
    error in slopes. Robust: wrong pairs lose their weight (Cauchy's)."""
    a, b = (np.column_stack([slopes, np.ones(len(slopes))]) for slopes in (first, second))
    a, b = (rays / np.linalg.norm(rays, axis=1, keepdims=True) for rays in (a, b))
    weight = np.ones(len(a))
    for _ in range(_ROBUST_ROUNDS):
        left, _, right = np.linalg.svd((a * weight[:, None]).T @ b)
        turn = left @ np.diag((1, 1, np.linalg.det(left @ right))) @ right
        error = np.linalg.norm(a - b @ turn.T, axis=1)
        weight = 1 / (1 + (error / max(float(np.median(error)), _LEAST_ERROR)) ** 2)
    angle = np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))
    return turn, float(angle), float(np.median(error))


def chain_rotmats(seen: ClipSightings, keys: np.ndarray, zoom: float) -> np.ndarray:
    """Return a first guess of the key frames' rotmats (F, 3, 3): each from the key frame before."""
    rotmats = [np.eye(3)]
    rows = [slice(*np.searchsorted(seen.row, (key, key + 1))) for key in keys]
    for before, after in itertools.pairwise(rows):
        _, first, second = np.intersect1d(seen.point[before], seen.point[after], assume_unique=True, return_indices=True)
        slopes = [np.exp(-zoom) * part for part in (seen.slopes[before][first], seen.slopes[after][second])]
        turn = fit_rotation(*slopes)[0] if len(first) >= 3 else np.eye(3)
        rotmats.append(rotmats[-1] @ turn)
    return np.array(rotmats)


def select_sightings(seen: ClipSightings, keys: np.ndarray) -> tuple[Sightings, np.ndarray]:
    """Return the sightings, in key frames, of the points seen most often there, and those points' numbers."""
    seen = seen.at(keys)
    camera, point, slopes = np.searchsorted(keys, seen.row), seen.point, seen.slopes
    counts = np.bincount(point) if len(point) else np.zeros(0, int)
    numbers = np.argsort(-counts)[:_MOST_POINTS]
    numbers = np.sort(numbers[counts[numbers] >= _FEWEST_SIGHTINGS])
    index = np.full(len(counts), -1)
    index[numbers] = np.arange(len(numbers))
    kept = index[point] >= 0
    return Sightings(camera[kept], index[point[kept]], slopes[kept]), numbers


def start_bundle(seen: Sightings, numbers: np.ndarray, known: Bundle) -> Bundle:
    """Return the first guess of a bundle with the points of these numbers: a known one (inverse is not NaN) keeps its position,
    the others lie on their first ray at a usual distance."""
    _, first = np.unique(seen.point, return_index=True)
    cameras = seen.camera[first]
    rays = np.column_stack([np.exp(-known.zoom) * seen.slopes[first], np.ones(len(first))])
    rays = np.einsum("pij,pj->pi", known.rotmats[cameras], rays / np.linalg.norm(rays, axis=1, keepdims=True))
    points = known.positions[cameras] + _FIRST_DISTANCE * rays
    distance = np.maximum(np.linalg.norm(points, axis=1), _MIN_DISTANCE)
    directions, inverse = known.directions[numbers], known.inverse[numbers]
    is_known = np.isfinite(inverse)
    return Bundle(known.rotmats.copy(), known.positions.copy(),
                  np.where(is_known[:, None], directions, points / distance[:, None]),
                  np.where(is_known, inverse, 1 / distance), known.zoom)
