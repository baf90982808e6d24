"""A test of the hypothesis that the camera stands still: it holds where points all over the picture do not move at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks

from .scenery import FOLLOWED_SIDE, Trails
from .windows import choose_key_rows

_STILL_SHARE = 0.001                # of the long side: less is noise (0.6 px of the 640 that are followed)
_STILL_PERCENTILE = 90              # of the windows of a clip that must show no motion: people may hide the background at times
_SECOND = 1.0
_SWAY_SECONDS = 0.6                 # a camera that sways once or twice a second is back after 1 s, but not after this
_CREEP_SECONDS = 6.0                # over which a camera that creeps moves by more than `_STILL_SHARE`, though not in 1 s
_ROUNDING_SECONDS = 0.01            # more than the rounding of timestamps, less than a frame
_SIGHTINGS_AT_ONCE = 1_000_000      # of which the extent is found: 16 MB
_FEWEST_POINTS = 12                 # fewer are not enough for a median
# Points that stay prove a still camera, whatever moves elsewhere: a moving camera moves all of its background. At least this
# share must stay, in so many rows and columns of a grid of 4 by 4 over the picture. Letters burnt into the picture, or a car
# that the camera follows, stay too, but seldom in 3 rows. Measured: behind rendered dancers 0.63 and more stay in each second,
# of two moving cameras' points 0.
_STAYING_SHARE, _GRID, _FEWEST_LINES = 0.2, 4, 3
# Points that move for sure, in limits, prove the contrary where a turn explains more than this share of them and they are spread
# in the same way. Chosen by eye.
_SURELY, _TURN_EXPLAINS = 3.0, 0.7


@dataclass(frozen=True)
class _Window:
    """N points that the first and the last key frame of a window show: first, last (N, 2) px; farthest (N,) px from the first
    position in any of its key frames."""
    first: np.ndarray
    last: np.ndarray
    farthest: np.ndarray


def is_still(trails: Trails, timestamps: np.ndarray, long_side: int) -> bool:
    """Return whether the background does not move: by less than a pixel a second for nearly all of the clip, and not by more in
    several seconds either. Points that move while others stay lie on people, in mirrors or on shadows."""
    limit = _STILL_SHARE * max(long_side, FOLLOWED_SIDE)
    keys = choose_key_rows(timestamps)
    seen, extent = trails.at(keys), _find_extent(trails.xy)

    def moves_little(seconds: float, together: bool) -> bool:
        motions = [_measure_motion(window, limit, extent, together)
                   for window in _find_windows(seen, timestamps, keys, seconds)]
        return not motions or float(np.percentile(motions, _STILL_PERCENTILE)) < limit

    # Over longer times points drift in different directions. Where the camera creeps, all points move together.
    return (moves_little(_SECOND, together=False) and moves_little(_SWAY_SECONDS, together=False)
            and moves_little(_CREEP_SECONDS, together=True))


def _find_extent(xy: np.ndarray) -> np.ndarray:
    """Return the least and the greatest values (2, 2) of M sightings (M, 2)."""
    extents = [(xy[rows].min(0), xy[rows].max(0)) for rows in frame_blocks(len(xy), _SIGHTINGS_AT_ONCE)]
    return np.stack([np.min([low for low, _ in extents], axis=0), np.max([high for _, high in extents], axis=0)]) \
        if extents else np.zeros((2, 2))


def _measure_motion(window: _Window, limit: float, extent: np.ndarray, together: bool) -> float:
    """Return the background's motion in px: the median of the points, one by one, or of all in one direction (together).

    limit: px, below it a point stays; extent (2, 2): the least and greatest x and y (px) at which the picture has points.
    """
    stays, moved = window.farthest < limit, window.last - window.first
    filled = _fill_cells(window.first[stays], extent) & (stays.mean() >= _STAYING_SHARE)
    if _spread_out(filled):
        return 0.0
    moves = np.linalg.norm(moved, axis=1) > _SURELY * limit
    if _one_turn_explains(window.first[moves], window.last[moves], _SURELY * limit, extent):
        moved = moved[moves]
    elif _lie_opposite(filled) or _lie_opposite(filled.T):
        return 0.0
    return float(np.linalg.norm(np.median(moved, axis=0)) if together else np.median(np.linalg.norm(moved, axis=1)))


def _one_turn_explains(first: np.ndarray, last: np.ndarray, tolerance: float, extent: np.ndarray) -> bool:
    """Return whether most of the points (N, 2) px go from first to last as by one turn of the camera, or zoom: a homography."""
    if len(first) < _FEWEST_POINTS or not _spread_out(_fill_cells(first, extent)):
        return False
    _, explained = cv2.findHomography(first, last, cv2.RANSAC, tolerance)
    return explained is not None and float(explained.mean()) > _TURN_EXPLAINS


def _fill_cells(points: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Return which cells (rows, columns) of a grid, over the part of the picture with points at all, have points (N, 2) px."""
    low, high = extent
    column, row = np.minimum((points - low) * _GRID // np.maximum(high - low, 1.0), _GRID - 1).astype(int).T
    filled = np.zeros((_GRID, _GRID), dtype=bool)
    filled[row, column] = True
    return filled


def _spread_out(filled: np.ndarray) -> bool:
    """Return whether the filled cells lie in enough rows and enough columns."""
    return min(filled.any(0).sum(), filled.any(1).sum()) >= _FEWEST_LINES


def _lie_opposite(filled: np.ndarray) -> bool:
    """Return whether cells are filled in two rows with another row between, two cells at least in each: people who fill the
    middle of the picture leave the background to be seen above and below."""
    rows = np.flatnonzero(filled.sum(1) >= 2)
    return len(rows) > 0 and rows[-1] - rows[0] >= 2


def _find_windows(seen: Trails, timestamps: np.ndarray, keys: np.ndarray, seconds: float) -> Iterator[_Window]:
    """Yield the windows of so many seconds from each key frame on, or the whole clip where it is shorter; seen: what the key
    frames, at these rows, show."""
    point, xy = seen.point, seen.xy
    begins, stops = np.searchsorted(seen.row, keys), np.searchsorted(seen.row, keys, side="right")
    ends = np.searchsorted(timestamps[keys], timestamps[keys] + seconds - _ROUNDING_SECONDS)
    pairs = [(begin, end) for begin, end in enumerate(ends) if end < len(keys)] or [(0, len(keys) - 1)]
    for begin, end in pairs:
        span = slice(begins[begin], stops[end])
        window = _make_window(point[span], xy[span], stops[begin] - begins[begin], begins[end] - begins[begin])
        if len(window.first) >= _FEWEST_POINTS:
            yield window


def _make_window(point: np.ndarray, xy: np.ndarray, first_stop: int, last_begin: int) -> _Window:
    """Return a window from its sightings, point (M,) and xy (M, 2) px: those of the first key frame end at one index, those of
    the last begin at another."""
    both, first, last = np.intersect1d(point[:first_stop], point[last_begin:], assume_unique=True, return_indices=True)
    index = np.minimum(np.searchsorted(both, point), max(len(both) - 1, 0))
    known = both[index] == point if len(both) else np.zeros(len(point), dtype=bool)
    farthest = np.zeros(len(both))
    np.maximum.at(farthest, index[known], np.linalg.norm(xy[known] - xy[first][index[known]], axis=1))
    return _Window(xy[first], xy[last_begin:][last], farthest)
