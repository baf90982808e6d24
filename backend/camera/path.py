"""The motion of the camera, from points of the background that were followed; it may also be found to stand still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mpsnet_blender.motion.base.smoothing import frame_seconds

from .scenery import Trails
from .windows import CameraSolution, ClipSightings, adjust_in_windows, find_zoom, solve_every_frame

_STILL_SHARE = 0.001                # of the long side a second: less is noise (0.6 px of the 640 that are followed)
_STILL_PERCENTILE = 90              # of the seconds of a clip that must show no motion: people may hide the background at times
_CREEP_SECONDS = 6.0                # over which a camera that creeps moves by more than `_STILL_SHARE`, though not in 1 s
_KEY_SECONDS = 0.2                  # between key frames: a camera in the hand sways at 1 to 2 Hz, which needs 4 frames a second
_FEWEST_KEYS, _FEWEST_POINTS = 3, 12        # fewer points are not enough for a median, fewer key frames not for a window
_SIGHTING_SHARE = 0.0008            # of the long side: error of a sighting (half a pixel of 640)
_SPEED = 1.5                        # m/s, sigma of the camera's speed: the camera is carried by somebody who walks
# Shares of sightings that rotations alone explain, of those that translation explains too, or of all: from these on, the camera
# only rotates. Chosen by eye on rendered clips with panning and walking cameras.
_ROTATION_EXPLAINS, _ROTATION_IS_ALL = 0.9, 0.8
_FARTHEST = 0.03                    # 1 / m: a point 33 m away or farther shows no translation (a step of 0.5 m is 0.9 degrees)


@dataclass(frozen=True)
class CameraTrack:
    """rotmats (T, 3, 3) take each frame's camera axes to the first frame's; positions (T, 3) in the first frame's axes, of
    unknown scale, all zero where the camera only rotates. points (N, 3) of the background in the same axes and scale, where the
    camera translates. focal_factor: focal length over the assumed one. is_still: the camera neither rotates nor translates."""
    rotmats: np.ndarray
    positions: np.ndarray
    points: np.ndarray
    focal_factor: float = 1.0
    is_still: bool = False

    @property
    def translates(self) -> bool:
        """Whether the camera changes its position, not only its direction."""
        return bool(np.any(self.positions))


def still_camera(frame_count: int) -> CameraTrack:
    """Return the track of a camera on a tripod."""
    return CameraTrack(np.tile(np.eye(3), (frame_count, 1, 1)), np.zeros((frame_count, 3)), np.zeros((0, 3)), is_still=True)


def is_still(trails: Trails, timestamps: np.ndarray, long_side: int) -> bool:
    """Return whether the background does not move: by less than a pixel a second for nearly all of the clip, and not by more in
    several seconds either."""
    second = [np.median(np.linalg.norm(moved, axis=1)) for moved in _displacements(trails, timestamps, 1.0)]
    # Over longer times points drift in different directions. Where the camera creeps, all points move together.
    longer = [np.linalg.norm(np.median(moved, axis=0)) for moved in _displacements(trails, timestamps, _CREEP_SECONDS)]
    limit = _STILL_SHARE * long_side
    return all(not moved or float(np.percentile(moved, _STILL_PERCENTILE)) < limit for moved in (second, longer))


def _displacements(trails: Trails, timestamps: np.ndarray, seconds: float) -> list[np.ndarray]:
    """Return the points' displacements (N, 2) px over a time, for each pair of key frames so many seconds apart."""
    keys = choose_key_rows(timestamps)
    lag = min(max(1, round(seconds / _KEY_SECONDS)), len(keys) - 1)
    common = [_common_points(trails, before, after) for before, after in zip(keys[:-lag], keys[lag:])] if lag else []
    return [second - first for first, second in common if len(first) >= _FEWEST_POINTS]


def choose_key_rows(timestamps: np.ndarray) -> np.ndarray:
    """Return the rows of key frames: one every fifth of a second, and the last frame."""
    count = len(timestamps)
    step = max(1, round(_KEY_SECONDS * (count - 1) / (timestamps[-1] - timestamps[0]))) if count > 1 else 1
    return np.unique(np.append(np.arange(0, count, step), count - 1))


def track_camera(trails: Trails, timestamps: np.ndarray, intrinsics: np.ndarray, lens_is_known: bool = False,
                 check: Callable[[], None] = lambda: None) -> CameraTrack:
    """Return how the camera moved over frames at timestamps (T,) s; intrinsics (3, 3) in px.

    A focal length that is only assumed is measured: all sightings agree only with the right one. check is called at times:
    it may raise, to cancel.
    """
    keys, long_side = choose_key_rows(timestamps), 2 * max(intrinsics[:2, 2])
    if len(keys) < _FEWEST_KEYS or is_still(trails, timestamps, long_side):
        return still_camera(len(timestamps))
    slopes = (trails.xy - intrinsics[:2, 2]) / intrinsics[(0, 1), (0, 1)]
    seen = ClipSightings(trails.row, trails.point, slopes, _SIGHTING_SHARE * long_side / intrinsics[0, 0])

    def solved_with(step_sigma: float) -> CameraSolution:
        zoom = 0.0 if lens_is_known else find_zoom(seen, keys, step_sigma, check)
        return adjust_in_windows(seen, keys, step_sigma, zoom, check)

    solved = solved_with(0.0)
    if solved.explained < _ROTATION_IS_ALL:
        translating = solved_with(_SPEED * frame_seconds(timestamps[keys]))
        solved = solved if solved.explained > _ROTATION_EXPLAINS * translating.explained else translating
    rotmats, positions = solve_every_frame(solved, seen, keys, len(timestamps))
    near = np.isfinite(solved.inverse) & (solved.inverse > _FARTHEST) & (solved.step_sigma > 0)
    return CameraTrack(rotmats, positions, solved.directions[near] / solved.inverse[near, None], float(np.exp(solved.zoom)))


def _common_points(trails: Trails, before: int, after: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions (N, 2) px, in either frame, of the points that both frames show."""
    rows = [slice(*np.searchsorted(trails.row, (row, row + 1))) for row in (before, after)]
    _, first, second = np.intersect1d(trails.point[rows[0]], trails.point[rows[1]], assume_unique=True, return_indices=True)
    return trails.xy[rows[0]][first], trails.xy[rows[1]][second]
