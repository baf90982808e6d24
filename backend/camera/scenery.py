"""The background behind the people, gathered while the video is read: steep lines, and points followed by optical flow."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import make_array

from ..base.regions import Region, lie_on_people
from ..video.frames import Frame, count_frames
from .vertical_lines import find_steep_lines

FOLLOWED_SIDE = 640            # px to which pictures are reduced, for time; the sightings' error is half a pixel of it
_LINES_EVERY_SECONDS = 2.0  # lines of a still camera are the same in every frame; a moving one shows others after 2 s
# Points followed at once, and the number below which new ones are added. More points cost time in bundle adjustment, whose
# windows use 500. Chosen by eye on rendered clips; not measured.
_MOST_POINTS, _FEWEST_POINTS = 140, 90
_POINT_SPACING, _POINT_QUALITY = 16, 0.01       # px of 640; least corner response over the best one's (OpenCV's usual value)
_REACH, _LEVELS = 15, 3     # side of the patch that is followed, px, and levels of the pyramid: motion up to about 60 px a frame
# Where the picture moved by so many px (of 640) in the last frame, patches are looked for as far on. A camera panned by up to 94
# degrees a second (49 px a frame) is 1.3 degrees off instead of 7.8; by 132 degrees it was taken for a still one, now 5.5.
_GOES_ON = 8.0
_MAX_PATCH_ERROR = 18.0     # mean difference of grey (of 255), above which a point is lost; chosen by eye
_STEPS_PER_PIXEL = 64       # positions are kept in 16 bits: up to 1024 px
_BORDER = (1, 2)            # px at the picture's edges, where a patch is not whole
# A camera at rest moves the picture by less than this (px of 640, noise is less) in a second. Its background is followed ten
# times a second only, for time; that it moves is seen a tenth of a second late at most.
_REST, _REST_SECONDS, _RESTING_STEP_SECONDS = 0.15, 1.0, 0.1
_FRAMES_AT_ONCE = 2000      # of which sightings are taken, for bounded memory
# A cut: the share of points lost between two frames (on bare walls points go on to others), and the mean change of grey (of 255).
# Chosen by eye; measured 0.56 and 34 at least. And how well the small pictures match where one is shifted (peak of the phase
# correlation): measured in pairs of pictures of different shots up to 0.3, just at the cuts 0.11; in 7,000 pairs of frames that
# are at most 1/24 s apart 0.36 and more but for twelve, also where the light or the camera's direction changes fast.
_CUT_LOST, _CUT_CHANGE, _OTHER_SCENE, _SMALL_SIDE = 0.4, 25.0, 0.3, 160
# A picture that comes back so soon (s), and matches so well, was not cut away: that was a flash, or a damaged picture.
_FLASH_SECONDS, _SAME_PICTURE = 0.3, 0.5
# While the camera is at rest: mean change of grey, of every 32nd pixel of every 32nd row, from which on a frame is followed at
# once. Measured: at cuts 20 and more.
_SPARSE, _SPARSE_CHANGE = 32, 10.0


@dataclass(frozen=True)
class Trails:
    """Points of the background in the picture: M sightings in the order of frames.

    row (M,): index of the frame in the clip; point (M,): index of the point; xy (M, 2) px.
    """
    row: np.ndarray
    point: np.ndarray
    xy: np.ndarray

    def at(self, rows: np.ndarray) -> Trails:
        """Return the sightings in these frames, whose indices rise."""
        spans = [slice(*ends) for ends in zip(np.searchsorted(self.row, rows), np.searchsorted(self.row, rows, side="right"))]
        columns: list[list[np.ndarray]] = [[values[:0]] for values in (self.row, self.point, self.xy)]
        for frames in frame_blocks(len(spans), _FRAMES_AT_ONCE):
            for column, values in zip(columns, (self.row, self.point, self.xy), strict=True):
                column.append(np.concatenate([values[span] for span in spans[frames]]))
        return Trails(*map(np.concatenate, columns))


@dataclass(frozen=True)
class UprightLines:
    """Steep lines (N, 4) as x, y, x, y px; row (N,): index of each line's frame; pictures: number of frames searched."""
    lines: np.ndarray
    row: np.ndarray
    pictures: int


@dataclass(frozen=True)
class SeenScenery:
    """What was gathered of a whole clip: points, steep lines, and the seconds at which the whole picture changes."""
    trails: Trails
    lines: UprightLines
    cuts: list[float]


# A frame's points: their ids (N,), and positions (N, 2) in 64ths of a reduced picture's px.
Points = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class SceneryState:
    """What was gathered up to a frame: lines of some frames, the points of each frame, those that are followed, and the rest of
    `Scenery`'s memory."""
    lines: list[tuple[int, np.ndarray]]
    rows: MutableSequence[Points]
    points: np.ndarray
    ids: np.ndarray
    next_lines: float
    next_id: int
    scale: float
    cuts: list[float]
    before_cut: np.ndarray


class Scenery:
    """Gathers the background of each frame: a few milliseconds, and a kilobyte, a frame."""

    def __init__(self, fps: float, rows: MutableSequence[Points] | None = None) -> None:
        """fps: frames a second of the video; rows: the list to which each frame's points are added; it may lie on disk."""
        self._rest_frames = count_frames(_REST_SECONDS, fps)
        self._resting_step = count_frames(_RESTING_STEP_SECONDS, fps)
        self._lines: list[tuple[int, np.ndarray]] = []
        self._next_lines = -np.inf
        self._rows: MutableSequence[Points] = [] if rows is None else rows
        self._grey: np.ndarray | None = None
        self._points = np.zeros((0, 2), np.float32)
        self._ids = np.zeros(0, np.int32)
        self._next_id = 0
        self._scale = 1.0
        self._shift = np.zeros(2, np.float32)
        self.cuts: list[float] = []     # seconds at which the whole picture changes
        self._before_cut = np.zeros((0, 0), np.uint8)       # the small picture before the last one
        self._sparse = np.zeros((0, 0), np.uint8)           # some pixels of the last frame

    def step(self, frame: Frame, people: list[Region]) -> None:
        """Gather the background of the next frame; people: their regions in it."""
        changes = self._changes_at_once(frame.image)
        if len(self._rows) % self._resting_step and not changes and self._is_at_rest():
            self._rows.append(self._rows[len(self._rows) - 1])
            return
        self._scale = min(1.0, FOLLOWED_SIDE / max(frame.image.shape))
        grey = self._reduce(frame.image)
        people = [Region(region.centre_x * self._scale, region.centre_y * self._scale, region.side * self._scale, 0.0)
                  for region in people]
        self._follow(grey, people, frame.timestamp)
        self._rows.append((self._ids, np.round(self._points * _STEPS_PER_PIXEL).astype(np.uint16)))
        self._shift = _measure_shift(self._rows)
        if frame.timestamp >= self._next_lines:
            self._next_lines = frame.timestamp + _LINES_EVERY_SECONDS - 1e-6
            lines = find_steep_lines(grey)
            lines = lines[~lie_on_people((lines[:, :2] + lines[:, 2:]) / 2, people)]
            self._lines.append((len(self._rows) - 1, lines / np.float32(self._scale)))

    @property
    def state(self) -> SceneryState:
        """What was gathered: another scenery to which it is given goes on in the same way."""
        return SceneryState(self._lines, self._rows, self._points, self._ids, self._next_lines, self._next_id, self._scale,
                            self.cuts, self._before_cut)

    def restore(self, state: SceneryState) -> None:
        """Go on from a state. The frame that is `frames_since` before its last one is given by `remember`, if more follow."""
        self._lines, self._rows, self._points, self._ids = state.lines, state.rows, state.points, state.ids
        self._next_lines, self._next_id, self._scale, self.cuts = state.next_lines, state.next_id, state.scale, state.cuts
        self._before_cut = state.before_cut
        self._shift = _measure_shift(self._rows)

    @property
    def frames_since(self) -> int:
        """How many frames before the last one the points were followed: 0 unless the camera is at rest."""
        frames, rows = 0, self._rows
        while frames + 1 < min(self._resting_step, len(rows)):
            before, last = (rows[len(rows) - frames - number] for number in (2, 1))
            if not all(map(np.array_equal, before, last)):
                break
            frames += 1
        return frames

    def remember(self, frame: Frame) -> None:
        """Keep the frame in which another scenery followed the points last, to follow them from it."""
        self._grey = self._reduce(frame.image)

    def _reduce(self, image: np.ndarray) -> np.ndarray:
        return cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), None, fx=self._scale, fy=self._scale,
                          interpolation=cv2.INTER_AREA)

    def trails(self) -> Trails:
        """Return the background's points in all frames."""
        ends = np.cumsum([0, *(len(ids) for ids, _ in self._rows)])
        trails = Trails(make_array((int(ends[-1]),), np.int64), make_array((int(ends[-1]),), np.int32),
                        make_array((int(ends[-1]), 2)))
        for frames in frame_blocks(len(self._rows)):
            for row in range(frames.start, frames.stop):
                part, (ids, places) = slice(ends[row], ends[row + 1]), self._rows[row]
                trails.row[part], trails.point[part] = row, ids
                trails.xy[part] = places / (_STEPS_PER_PIXEL * self._scale)
        return trails

    def seen(self) -> SeenScenery:
        """Return all that was gathered."""
        return SeenScenery(self.trails(), self.upright_lines(), self.cuts)

    def upright_lines(self) -> UprightLines:
        """Return the steep lines of the background."""
        lines = np.concatenate([np.zeros((0, 4), np.float32), *(lines for _, lines in self._lines)])
        row = np.repeat([row for row, _ in self._lines], [len(lines) for _, lines in self._lines]).astype(int)
        return UprightLines(lines, row, len(self._lines))

    def _changes_at_once(self, image: np.ndarray) -> bool:
        """Return whether a frame is quite another picture than the one before."""
        before, self._sparse = self._sparse, image[::_SPARSE, ::_SPARSE, 1].copy()
        return before.shape == self._sparse.shape and float(cv2.absdiff(before, self._sparse).mean()) > _SPARSE_CHANGE

    def _is_at_rest(self) -> bool:
        """Return whether the camera was at rest for a second before this frame."""
        if len(self._rows) <= self._rest_frames:
            return False
        moved = _measure_motion(self._rows[len(self._rows) - 1 - self._rest_frames], self._rows[len(self._rows) - 1])
        return moved is not None and float(np.linalg.norm(moved)) < _REST

    def _follow(self, grey: np.ndarray, people: list[Region], timestamp: float) -> None:
        before, last = len(self._points), self._grey
        if before and last is not None:
            self._points, self._ids = _follow_points(last, grey, self._points, self._ids, people, self._shift)
        if last is not None:
            if self.cuts and timestamp - self.cuts[-1] < _FLASH_SECONDS \
                    and _match(self._before_cut, _make_small(grey)) > _SAME_PICTURE:
                self.cuts.pop()
            elif len(self._points) <= (1 - _CUT_LOST) * before and _is_cut(last, grey):
                self.cuts.append(timestamp)
                self._before_cut = _make_small(last)
                self._points, self._ids = self._points[:0], self._ids[:0]
                self._next_lines = -np.inf      # the next shot has lines of its own
        if len(self._points) < _FEWEST_POINTS:
            added = _find_points(grey, self._points, people)
            self._points = np.concatenate([self._points, added])
            self._ids = np.concatenate([self._ids, np.arange(self._next_id, self._next_id + len(added), dtype=np.int32)])
            self._next_id += len(added)
        self._grey = grey


def _make_small(grey: np.ndarray) -> np.ndarray:
    scale = _SMALL_SIDE / max(grey.shape)
    return cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _is_cut(before: np.ndarray, after: np.ndarray) -> bool:
    """Return whether two successive grey pictures show different scenes."""
    changes = float(cv2.absdiff(before, after).mean()) > _CUT_CHANGE
    return changes and _match(_make_small(before), _make_small(after)) < _OTHER_SCENE


def _match(before: np.ndarray, after: np.ndarray) -> float:
    """Return how well two small pictures match, one of them shifted or in another light: from about 0 to 1."""
    window = cv2.createHanningWindow(before.shape[::-1], cv2.CV_32F)
    return float(cv2.phaseCorrelate(before.astype(np.float32), after.astype(np.float32), window)[1])


def _measure_shift(rows: Sequence[Points]) -> np.ndarray:
    """Return by how many px (2,) the reduced picture moved between the last two frames; 0 where it hardly moved."""
    moved = _measure_motion(rows[len(rows) - 2], rows[len(rows) - 1]) if len(rows) > 1 else None
    return np.zeros(2, np.float32) if moved is None or np.linalg.norm(moved) < _GOES_ON else moved


def _measure_motion(points: Points, later: Points) -> np.ndarray | None:
    """Return by how many px (2,) the points moved, in the median of those that both frames show; None where there are none."""
    (ids, places), (later_ids, later_places) = points, later
    _, first, second = np.intersect1d(ids, later_ids, assume_unique=True, return_indices=True)
    if not len(first):
        return None
    return np.median(later_places[second].astype(np.float32) - places[first], axis=0) / np.float32(_STEPS_PER_PIXEL)


def _follow_points(before: np.ndarray, after: np.ndarray, points: np.ndarray, ids: np.ndarray, people: list[Region],
                   shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the new positions of those points (N, 2) that are still visible, and their ids (pyramidal Lucas-Kanade flow). shift
    (2,): by how much they are expected to move."""
    moved, found, error = cv2.calcOpticalFlowPyrLK(before, after, points, points + shift, winSize=(_REACH, _REACH),
                                                   maxLevel=_LEVELS, flags=cv2.OPTFLOW_USE_INITIAL_FLOW)
    inside = (moved > _BORDER[0]).all(1) & (moved < np.array(after.shape[::-1]) - _BORDER[1]).all(1)
    kept = (found[:, 0] == 1) & (error[:, 0] < _MAX_PATCH_ERROR) & inside & ~lie_on_people(moved, people)
    return moved[kept], ids[kept]


def _find_points(grey: np.ndarray, points: np.ndarray, people: list[Region]) -> np.ndarray:
    """Return corners (N, 2) px away from people and from the points that are followed already."""
    free = np.full(grey.shape, 255, np.uint8)
    for region in people:
        cv2.circle(free, tuple(np.round(region.centre).astype(int).tolist()), round(region.body_radius), 0, -1)
    for point in np.round(points).astype(int).tolist():
        cv2.circle(free, tuple(point), _POINT_SPACING, 0, -1)
    found = cv2.goodFeaturesToTrack(grey, _MOST_POINTS - len(points), _POINT_QUALITY, _POINT_SPACING, mask=free)
    return np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2)
