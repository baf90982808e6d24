"""The motion of the camera, from points of the background that were followed, where it does not stand still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mpsnet_blender.motion.base.smoothing import frame_seconds
from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import make_array

from .bundle import Bundle, Sightings
from .lens import find_zoom
from .scenery import FOLLOWED_SIDE, Trails
from .stillness import is_still
from .windows import CameraSolution, ClipSightings, adjust_in_windows, choose_key_rows, solve_every_frame

_SIGHTINGS_AT_ONCE = 1_000_000      # for bounded memory: 16 MB
_FEWEST_KEYS = 3                    # fewer are not enough for a window
_SIGHTING_SHARE = 0.0008            # of the long side: error of a sighting (half a pixel of 640)
_SPEED = 1.5                        # m/s, sigma of the camera's speed: the camera is carried by somebody who walks
# Shares of sightings that rotations alone explain, of those that translation explains too, or of all: from these on, the camera
# only rotates. Chosen by eye on rendered clips with panning and walking cameras.
_ROTATION_EXPLAINS, _ROTATION_IS_ALL = 0.9, 0.8
# Share of sightings that turns with the assumed lens explain, below which no other lens is tried for them. Measured: 0.33 to 0.93
# of made cameras that only turn, with lenses of 0.64 to 1.57 times the focal length; 0.21 and 0.08 of two that go through a room.
_MAY_ONLY_TURN = 0.27
# Most of a turning camera's -log likelihood (robust, as in `bundle`) at which a still one is believed. Measured: 0.95,
# 0.95, 1.19 behind rendered dancers who fill the picture, at least 1.27 where a camera truly moves.
_AS_WELL = 1.2
# Fewer points do not tell a turn; longer than two steps between key frames (s), how the camera moved is a guess. Measured on made
# cameras that pan by 15 degrees to both sides: 17 to 20 degrees off after 0.7 to 2 s without points, else at most 0.4, also where
# half of the points go astray.
_FEWEST_POINTS, _LONGEST_UNSEEN = 3, 0.4
# Points that are followed, but do not agree (sigmas of a sighting; 6 are 2 px of 640) with the turn that was found for longer (s)
# and in as many frames, were lost by a turn that is too fast. Measured on a rendered room, panned by 15 degrees to both sides
# with 66 to 130 degrees a second: from 0.13 s on where it is 1 to 13 degrees off, no such frame where it is 0.2 or less.
_AGREES_SIGMAS, _LONGEST_WRONG, _MOST_WRONG_FRAMES = 6.0, 0.1, 3
_FARTHEST = 0.03                    # 1 / m: a point 33 m away or farther shows no translation (a step of 0.5 m is 0.9 degrees)


@dataclass(frozen=True)
class CameraTrack:
    """rotmats (T, 3, 3) take each frame's camera axes to the first frame's; positions (T, 3) in the first frame's axes, all zero
    where the camera only rotates, of unknown scale unless it is_metric. points (N, 3) of the background in the same axes and
    scale, where the camera translates. focal_factor: focal length over the assumed one. is_still: the camera neither rotates nor
    translates. unseen: the longest time, from and to in s, in which the background could not be followed; None where it always
    was."""
    rotmats: np.ndarray
    positions: np.ndarray
    points: np.ndarray
    focal_factor: float = 1.0
    is_still: bool = False
    unseen: tuple[float, float] | None = None
    is_metric: bool = False

    @property
    def translates(self) -> bool:
        """Whether the camera changes its position, not only its direction."""
        return bool(np.any(self.positions))


def still_camera(frame_count: int) -> CameraTrack:
    """Return the track of a camera on a tripod."""
    return CameraTrack(np.tile(np.eye(3), (frame_count, 1, 1)), np.zeros((frame_count, 3)), np.zeros((0, 3)), is_still=True)


def track_camera(trails: Trails, timestamps: np.ndarray, intrinsics: np.ndarray, lens_is_known: bool = False,
                 check: Callable[[], None] = lambda: None) -> CameraTrack:
    """Return how the camera moved over frames at timestamps (T,) s; intrinsics (3, 3) in px.

    A focal length that is only assumed is measured: all sightings agree only with the right one. check is called at times:
    it may raise, to cancel.
    """
    keys, long_side = choose_key_rows(timestamps), 2 * max(intrinsics[:2, 2])
    if len(keys) < _FEWEST_KEYS or is_still(trails, timestamps, long_side):
        return still_camera(len(timestamps))
    slopes = make_array(trails.xy.shape)
    for part in frame_blocks(len(slopes), _SIGHTINGS_AT_ONCE):
        slopes[part] = (trails.xy[part] - intrinsics[:2, 2]) / intrinsics[(0, 1), (0, 1)]
    seen = ClipSightings(trails.row, trails.point, slopes, _SIGHTING_SHARE * max(long_side, FOLLOWED_SIDE) / intrinsics[0, 0])

    def solved_with(step_sigma: float) -> CameraSolution:
        begun = None if lens_is_known else find_zoom(seen, keys, step_sigma, check)
        return adjust_in_windows(seen, keys, step_sigma, check, begun)

    solved = adjust_in_windows(seen, keys, 0.0, check)
    if not lens_is_known and solved.explained >= _MAY_ONLY_TURN:
        solved = solved_with(0.0)
    if solved.explained < _ROTATION_IS_ALL:
        translating = solved_with(_SPEED * frame_seconds(timestamps[keys]))
        solved = solved if solved.explained > _ROTATION_EXPLAINS * translating.explained else translating
    if solved.step_sigma == 0 and _stands_as_well(solved, seen, keys):
        return still_camera(len(timestamps))
    rotmats, positions = solve_every_frame(solved, seen, keys, len(timestamps))
    near = np.isfinite(solved.inverse) & (solved.inverse > _FARTHEST) & (solved.step_sigma > 0)
    return CameraTrack(rotmats, positions, solved.directions[near] / solved.inverse[near, None], float(np.exp(solved.zoom)),
                       unseen=_find_unseen(solved, seen, timestamps, rotmats, positions))


def _find_unseen(solved: CameraSolution, seen: ClipSightings, timestamps: np.ndarray, rotmats: np.ndarray,
                 positions: np.ndarray) -> tuple[float, float] | None:
    """Return the longest time in s that is too long without points, else with points that contradict the camera's poses."""
    bundle = Bundle(rotmats, positions, solved.directions, np.nan_to_num(solved.inverse), solved.zoom)
    followed, agreeing = np.zeros(len(timestamps)), np.zeros(len(timestamps))
    for part in frame_blocks(len(seen.row), _SIGHTINGS_AT_ONCE):
        row, point = seen.row[part], seen.point[part]
        errors = np.linalg.norm(bundle.errors(Sightings(row, point, seen.slopes[part])), axis=1)
        is_known = np.isfinite(solved.inverse[point])
        followed += np.bincount(row, is_known, len(timestamps))
        agreeing += np.bincount(row, is_known & (errors < _AGREES_SIGMAS * seen.sigma), len(timestamps))
    is_followed = followed >= _FEWEST_POINTS
    # Neighbouring frames lose nothing where there are no points, however slow the pictures.
    return (_find_longest(is_followed, timestamps, _LONGEST_UNSEEN, 1)
            or _find_longest(~is_followed | (agreeing >= _FEWEST_POINTS), timestamps, _LONGEST_WRONG, _MOST_WRONG_FRAMES))


def _find_longest(is_sure: np.ndarray, timestamps: np.ndarray, limit: float, frames: int) -> tuple[float, float] | None:
    """Return the longest time between two frames that are sure (T,), or from the beginning, or to the end: of more than `limit` s
    and at least so many frames."""
    edges = np.concatenate([[0], np.flatnonzero(is_sure), [len(timestamps) - 1]])
    seconds = np.diff(timestamps[edges]) * (np.diff(edges) > frames)
    longest = int(np.argmax(seconds))
    begin, end = timestamps[edges[longest:longest + 2]]
    return (float(begin), float(end)) if seconds[longest] > limit else None


def _stands_as_well(turning: CameraSolution, seen: ClipSightings, keys: np.ndarray) -> bool:
    """Return whether a camera that stands still, with each point at its median place, explains what the key frames see about as
    well as a turning one does. Turns that are fitted to people who move alike explain hardly more."""
    seen = seen.at(keys)
    used = np.isfinite(turning.inverse[seen.point])
    camera, point, slopes = np.searchsorted(keys, seen.row[used]), seen.point[used], seen.slopes[used]
    bundle = Bundle(turning.rotmats, turning.positions, turning.directions, np.nan_to_num(turning.inverse), turning.zoom)
    errors = bundle.errors(Sightings(camera, point, slopes)), slopes - _find_places(point, slopes)
    turns, stands = (np.log1p((np.linalg.norm(error, axis=1) / seen.sigma) ** 2).sum() for error in errors)
    return bool(stands <= _AS_WELL * turns)


def _find_places(point: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Return for each sighting, of point (M,), the median of its point's slopes (M, 2)."""
    order = np.argsort(point, kind="stable")
    _, begins, inverse = np.unique(point[order], return_index=True, return_inverse=True)
    places = np.array([np.median(part, axis=0) for part in np.split(slopes[order], begins[1:])])
    result = np.empty_like(slopes)
    result[order] = places[inverse]
    return result
