"""Which frame of a movie Blender shows at which time, and how a camera's background stays in step with the motion.

Blender numbers a movie's frames by its nominal rate, which often differs from the true rate of its pictures: Blender's frame n
is the last picture that begins no later than n / nominal rate (measured in Blender 4.2 to 5.3: findings/movie_frames.sh).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

_MILLISECOND = 1e-3      # seconds; the unit of times in Matroska and WebM, and in files converted from them
_FINER_UNIT = 2e-5       # seconds; larger than the unit of times in most other files, such as 1/90000
_SAME_INSTANT = 1.5e-3   # seconds by which a formula may be worse than the best frames: more than rounding to milliseconds
_NEARER_COUNT = 0.01     # small weight of the time difference: it only decides between movie frames that show the same picture
_WIDEST_REACH = 16       # movie frames searched to each side: with these an hour of video takes less than 100 MB; not measured


@dataclass(frozen=True)
class Movie:
    """A movie as Blender counts it, `length` frames at `fps`, and the seconds (N,), rising, at which its pictures begin.

    `unit`: the seconds to which the file rounds times; Blender rounds its n / fps to the same.
    """
    fps: float
    length: int
    picture_times: np.ndarray
    unit: float = _FINER_UNIT

    def by_clock(self, rate: float) -> Movie:
        """Return the movie in the seconds of a clock in one of whose seconds the movie's clock counts `rate`."""
        return replace(self, fps=self.fps * rate, picture_times=self.picture_times / rate)


@dataclass(frozen=True)
class SceneClock:
    """When a video plays in a scene: the video's second `origin_seconds` is at `start_frame`; the scene has `fps` frames a
    second."""
    start_frame: float
    origin_seconds: float
    fps: float

    def seconds(self, frames: np.ndarray) -> np.ndarray:
        """Return the video's seconds (F,) at scene frames (F,)."""
        return self.origin_seconds + (frames - self.start_frame) / self.fps


@dataclass(frozen=True)
class FootagePlan:
    """How an image user plays a movie: it counts `frame_count` scene frames from `first_frame` on, and shows the movie frame
    of that count plus an offset. The offset is a number, or a formula of `frame` in functions that Blender evaluates without
    Python, or, where no formula is exact, None: then `offsets` (K,) hold from scene frames `frames` (K,) on.
    """
    first_frame: int
    frame_count: int
    offset: int | str | None
    frames: np.ndarray
    offsets: np.ndarray

    def for_pictures(self, length: int, first_number: int) -> FootagePlan:
        """Return the plan for `length` numbered pictures: Blender counts them by their numbers; none beyond the last is shown."""
        shift = first_number - 1
        if isinstance(self.offset, int):
            return replace(self, offset=self.offset + shift, frame_count=max(1, min(self.frame_count, length - self.offset)))
        if self.offset is None:
            return replace(self, offsets=self.offsets + shift)
        return replace(self, offset=f"min({self.offset}, {length - 1} - (frame - {self.first_frame})) + {shift}")


def merge_picture_times(seen: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the seconds (N,) at which a video's pictures begin, from the frame_index (T,) and timestamps (T,) of its people.

    Pictures without a person are assumed at even times between the others.
    """
    pairs = list(seen)
    index, times = (np.concatenate(columns) for columns in zip(*pairs, strict=True))
    times, first = np.unique(times, return_index=True)
    index = index[first]
    if np.any(np.diff(index) <= 0):
        return times
    return np.interp(np.arange(index[0], index[-1] + 1), index, times)


def thin_picture_times(numbers: np.ndarray, seconds: np.ndarray, most: int = 10_000) -> np.ndarray:
    """Return which (K,) of the pictures' numbers (N,) and seconds (N,), both rising, tell all: between them the rate is constant.

    Within what files round times to; where that needs more than `most`, within as little more as keeps to it.
    """
    tolerance = _FINER_UNIT
    while len(kept := _find_bends(numbers.tolist(), seconds.tolist(), tolerance)) > most:
        tolerance *= 2
    return np.array(kept)


def _find_bends(numbers: list[int], seconds: list[float], tolerance: float) -> list[int]:
    """Return the ends of lines that pass all points within the tolerance: each line goes on while one slope serves them all."""
    kept, low, high = [0], -math.inf, math.inf
    for index in range(1, len(numbers)):
        run, rise = numbers[index] - numbers[kept[-1]], seconds[index] - seconds[kept[-1]]
        if not low <= rise / run <= high:
            kept.append(index - 1)
            run, rise, low, high = numbers[index] - numbers[index - 1], seconds[index] - seconds[index - 1], -math.inf, math.inf
        low, high = max(low, (rise - tolerance) / run), min(high, (rise + tolerance) / run)
    return [*kept, len(numbers) - 1] if len(numbers) > 1 else kept


def extend_movie(fps: float, length: int, known_times: np.ndarray) -> Movie:
    """Return a movie whose pictures begin at the known times (N,), and before and after them at the nominal rate."""
    before = np.arange(known_times[0] - 1 / fps, -0.5 / fps, -1 / fps)[::-1]
    after = np.arange(known_times[-1] + 1 / fps, length / fps, 1 / fps)
    is_in_milliseconds = np.abs(known_times - np.round(known_times, 3)).max() < _FINER_UNIT / 2
    return Movie(fps, length, np.concatenate((before, known_times, after)), _MILLISECOND if is_in_milliseconds else _FINER_UNIT)


def find_shown_times(movie: Movie, counts: np.ndarray) -> np.ndarray:
    """Return the seconds at which the pictures begin that Blender shows at its movie frames `counts`."""
    counts = np.clip(counts, 0, movie.length - 1)
    picture = np.searchsorted(movie.picture_times, counts / movie.fps + movie.unit / 2, side="right") - 1
    return movie.picture_times[np.maximum(picture, 0)]


def find_best_counts(movie: Movie, seconds: np.ndarray) -> np.ndarray:
    """Return Blender's movie frames (F,) that show the pictures nearest to the video's seconds (F,)."""
    longest = np.diff(movie.picture_times, append=movie.picture_times[-1] + 1 / movie.fps).max()
    reach = min(math.ceil(longest * movie.fps / 2) + 1, _WIDEST_REACH)
    counts = np.round(seconds * movie.fps).astype(int)[:, None] + np.arange(-reach, reach + 1)
    counts = np.clip(counts, 0, movie.length - 1)
    return np.take_along_axis(counts, np.argmin(_compute_losses(movie, counts, seconds[:, None]), axis=1)[:, None], axis=1)[:, 0]


def _compute_losses(movie: Movie, counts: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Return the difference in seconds between the picture that Blender shows at its movie frames and the video's seconds."""
    return np.abs(find_shown_times(movie, counts) - seconds) + _NEARER_COUNT * np.abs(counts / movie.fps - seconds)


def plan_footage(movie: Movie, clock: SceneClock) -> FootagePlan:
    """Return how a camera's background plays the whole movie in step with the motion."""
    first_frame = math.floor(clock.start_frame - clock.origin_seconds * clock.fps)
    frame_count = math.ceil(movie.length / movie.fps * clock.fps) + 1
    elapsed = np.arange(frame_count)
    seconds = clock.seconds(first_frame + elapsed)
    speed, first_count = movie.fps / clock.fps, float(seconds[0]) * movie.fps
    nominal, best = np.floor(elapsed * speed + first_count + 0.5).astype(int), find_best_counts(movie, seconds)
    nothing = np.zeros(0, dtype=int)
    if np.max(_compute_losses(movie, nominal, seconds) - _compute_losses(movie, best, seconds)) > _SAME_INSTANT:
        offsets = best - elapsed
        changes = np.flatnonzero(np.diff(offsets, prepend=offsets[0] + 1))
        return FootagePlan(first_frame, frame_count, None, first_frame + changes, offsets[changes])
    if abs(speed - 1.0) < 1e-5:
        return FootagePlan(first_frame, frame_count, math.floor(first_count + 0.5), nothing, nothing)
    formula = f"floor((frame - {first_frame}) * {speed - 1.0:.9f} + {first_count:.6f} + 0.5)"
    return FootagePlan(first_frame, frame_count, formula, nothing, nothing)
