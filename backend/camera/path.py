"""How a camera that moves turned and went, from points of the background that were followed; a still one is told as such."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .scenery import Trails
from .windows import Sighted, Solved, adjust_in_windows, at_rows, find_zoom

_STILL_SHARE = 0.001                # of the picture's long side a second: less is no motion
_CREEP_SECONDS = 6.0
_KEY_SECONDS = 0.2
_FEWEST_KEYS, _FEWEST_POINTS = 3, 12
_SIGHTING_SHARE = 0.0008            # of the long side: error of a sighting (half a pixel of 640)
_SPEED = 1.5                        # metres a second that a camera may well move
_TURN_EXPLAINS, _TURN_IS_ALL = 0.9, 0.8     # of what going explains too, or of all: then the camera only turns
_FARTHEST = 0.03                    # 1 / distance: points farther away tell no place


@dataclass(frozen=True)
class CameraTrack:
    """turns (T, 3, 3) take each frame's camera axes to the first frame's; places (T, 3) in the first frame's axes, of a
    scale of their own; all zero where the camera only turns. points (N, 3) of the background in the same axes and scale, where
    it goes. focal_factor: the focal length over the assumed one. still: it neither turned nor went."""
    turns: np.ndarray
    places: np.ndarray
    points: np.ndarray
    focal_factor: float = 1.0
    still: bool = False

    @property
    def goes(self) -> bool:
        """Tell whether the camera changes its place, not only its direction."""
        return bool(np.any(self.places))


def still_camera(frame_count: int) -> CameraTrack:
    """Return the track of a camera that stood on a tripod."""
    return CameraTrack(np.tile(np.eye(3), (frame_count, 1, 1)), np.zeros((frame_count, 3)), np.zeros((0, 3)), still=True)


def is_still(trails: Trails, timestamps: np.ndarray, long_side: int) -> bool:
    """Tell whether the background stays where it is: for nearly all of the clip less than a pixel moves in a second, nor
    does it creep in several."""
    second = [np.median(np.linalg.norm(moved, axis=1)) for moved in _moved(trails, timestamps, 1.0)]
    # Over longer times points drift each on its own; what creeps with the camera, creeps together.
    longer = [np.linalg.norm(np.median(moved, axis=0)) for moved in _moved(trails, timestamps, _CREEP_SECONDS)]
    return all(not moved or float(np.percentile(moved, 90)) < _STILL_SHARE * long_side for moved in (second, longer))


def _moved(trails: Trails, timestamps: np.ndarray, seconds: float) -> list[np.ndarray]:
    """Return by how much (px) points moved in so many seconds, (N, 2) for each pair of key frames so far apart."""
    keys = key_rows(timestamps)
    lag = min(max(1, round(seconds / _KEY_SECONDS)), len(keys) - 1)
    common = [_common(trails, before, after) for before, after in zip(keys[:-lag], keys[lag:])] if lag else []
    return [second - first for first, second in common if len(first) >= _FEWEST_POINTS]


def key_rows(timestamps: np.ndarray) -> np.ndarray:
    """Return a row every fifth of a second, and the last one."""
    count = len(timestamps)
    step = max(1, round(_KEY_SECONDS * (count - 1) / (timestamps[-1] - timestamps[0]))) if count > 1 else 1
    return np.unique(np.append(np.arange(0, count, step), count - 1))


def track_camera(trails: Trails, timestamps: np.ndarray, intrinsics: np.ndarray, lens_is_known: bool = False,
                 check: Callable[[], None] = lambda: None) -> CameraTrack:
    """Return how the camera moved over frames at timestamps (T,) s; intrinsics (3, 3) in px.

    A lens that is only assumed is measured: only with the right one do all sightings agree. check is called now and then:
    it may raise, to cancel.
    """
    keys, long_side = key_rows(timestamps), 2 * max(intrinsics[:2, 2])
    if len(keys) < _FEWEST_KEYS or is_still(trails, timestamps, long_side):
        return still_camera(len(timestamps))
    slopes = (trails.xy - intrinsics[:2, 2]) / intrinsics[(0, 1), (0, 1)]
    seen = Sighted(trails.row, trails.point, slopes, _SIGHTING_SHARE * long_side / intrinsics[0, 0])

    def solved_with(step_sigma: float) -> Solved:
        zoom = 0.0 if lens_is_known else find_zoom(seen, keys, step_sigma, check)
        return adjust_in_windows(seen, keys, step_sigma, zoom, check)

    solved = solved_with(0.0)
    if solved.explained < _TURN_IS_ALL:
        gone = solved_with(_SPEED * float(np.median(np.diff(timestamps[keys]))))
        solved = solved if solved.explained > _TURN_EXPLAINS * gone.explained else gone
    turns, places = at_rows(solved, seen, keys, len(timestamps))
    near = np.isfinite(solved.inverse) & (solved.inverse > _FARTHEST) & (solved.step_sigma > 0)
    return CameraTrack(turns, places, solved.directions[near] / solved.inverse[near, None], float(np.exp(solved.zoom)))


def _common(trails: Trails, before: int, after: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where points lie (N, 2) px that are seen in both frames."""
    rows = [slice(*np.searchsorted(trails.row, (row, row + 1))) for row in (before, after)]
    _, first, second = np.intersect1d(trails.point[rows[0]], trails.point[rows[1]], assume_unique=True, return_indices=True)
    return trails.xy[rows[0]][first], trails.xy[rows[1]][second]
