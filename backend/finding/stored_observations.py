"""What was seen of people and background in the past, in files instead of memory, and lists that read it where it is used."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, MutableSequence, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TypeVar, overload

import numpy as np

from mpsnet_blender.shared.npz_reading import read_arrays
from mpsnet_blender.shared.whole_file import open_whole_file

from ..base.regions import Region
from ..camera.scenery import Points
from ..hands.readings import TABLE_ARRAYS, make_table_arrays, split_tables
from ..people.landmarks import Landmarks, Reading
from ..people.tracklets import Tracklet
from .scenery_arrays import POINT_ARRAYS, make_point_arrays, split_points

T = TypeVar("T")
_PARTS = ("xy", "world", "score")
_READINGS = ("first", "second")
# Arrays of N observations: as in `Landmarks` and, with a prefix, in its readings; regions (N, 8): the region and the next one.
OBSERVATION_ARRAYS = (*_PARTS, *(f"{reading}_{part}" for reading in _READINGS for part in _PARTS),
                      "presence", "regions", "flags", "appearance")
_FILES_IN_MEMORY = 3        # people are walked through one after the other, each in the order of files


@dataclass(frozen=True)
class Segment:
    """A file of the store: its name, the number of its observations, and that of frames whose background's points, and hands
    where these are read, it holds."""
    name: str
    count: int
    frames: int


class ObservationStore:
    """Observations, frames' background points, and their tables of hands, in the files of a folder. Each has a row, counted over
    all files; files are written once and never changed."""

    def __init__(self, folder: Path, segments: Sequence[Segment] = ()):
        self._folder = folder
        self.segments = list(segments)
        self._loaded: dict[int, dict[str, np.ndarray]] = {}
        self._loaded_points: tuple[int, list[Points]] = -1, []
        self._loaded_hands: tuple[int, list[np.ndarray]] = -1, []
        self._count_ends()

    def append(self, name: str, observations: Sequence[Landmarks], appearances: Sequence[np.ndarray],
               points: Sequence[Points], hands: Sequence[np.ndarray]) -> int:
        """Write observations, frames' points and tables of hands, as a file of a new name; return the first observation's row.

        Raises OSError.
        """
        arrays = {**make_arrays(observations, appearances), **make_point_arrays(points), **make_table_arrays(hands)}
        with open_whole_file(self._folder / name) as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]  # its names are free
        first = self._ends[-1] if self._ends else 0
        self.segments.append(Segment(name, len(observations), len(points)))
        self._count_ends()
        return first

    def require_whole(self) -> None:
        """Raise what `read_arrays` raises, or ValueError, where a file is missing or damaged."""
        for segment in self.segments:
            if len(read_arrays(self._folder / segment.name, OBSERVATION_ARRAYS)["presence"]) != segment.count:
                raise ValueError(f"{segment.name} holds another number of observations")
            if len(split_points(read_arrays(self._folder / segment.name, POINT_ARRAYS))) != segment.frames:
                raise ValueError(f"{segment.name} holds another number of frames")
            if len(split_tables(read_arrays(self._folder / segment.name, TABLE_ARRAYS))) not in (0, segment.frames):
                raise ValueError(f"{segment.name} holds hands of another number of frames")

    def remove_others(self) -> None:
        """Remove files of a run that was killed before it counted them in."""
        names = {segment.name for segment in self.segments}
        for path in self._folder.glob("part-*.npz"):
            if path.name not in names:
                path.unlink(missing_ok=True)

    def replace(self, tracklet: Tracklet, index: int, row: int) -> None:
        """Let a tracklet read one of its observations, which was written at a row, from now on."""
        if not isinstance(tracklet.observations, StoredList) or not isinstance(tracklet.appearances, StoredList):
            tracklet.observations = StoredList(self.landmarks, tracklet.observations)
            tracklet.appearances = StoredList(self.appearance, tracklet.appearances)
        tracklet.observations.items[index] = tracklet.appearances.items[index] = row

    def landmarks(self, row: int) -> Landmarks:
        """Return the landmarks of a row."""
        return make_landmarks(*self._find(row))

    def appearance(self, row: int) -> np.ndarray:
        """Return the appearance (36,) of a row."""
        arrays, index = self._find(row)
        return arrays["appearance"][index].copy()

    @property
    def frame_count(self) -> int:
        """The number of frames whose background's points are in files."""
        return self._frame_ends[-1] if self._frame_ends else 0

    def points(self, row: int) -> Points:
        """Return the background's points in a frame."""
        number, index = self._find_frame(row)
        if self._loaded_points[0] != number:        # frames are walked through in order
            arrays = read_arrays(self._folder / self.segments[number].name, POINT_ARRAYS)
            self._loaded_points = number, split_points(arrays)
        return self._loaded_points[1][index]

    def hands(self, row: int) -> np.ndarray:
        """Return the table of hands of a frame."""
        number, index = self._find_frame(row)
        if self._loaded_hands[0] != number:
            arrays = read_arrays(self._folder / self.segments[number].name, TABLE_ARRAYS)
            self._loaded_hands = number, split_tables(arrays)
        return self._loaded_hands[1][index]

    def _find_frame(self, row: int) -> tuple[int, int]:
        """Return the file that holds a frame, and the frame's place in it."""
        number = bisect_right(self._frame_ends, row)
        return number, row - self._frame_ends[number] + self.segments[number].frames

    def _count_ends(self) -> None:
        self._ends = list(accumulate(segment.count for segment in self.segments))
        self._frame_ends = list(accumulate(segment.frames for segment in self.segments))

    def _find(self, row: int) -> tuple[dict[str, np.ndarray], int]:
        number = int(np.searchsorted(self._ends, row, side="right"))
        arrays = self._loaded.pop(number, None) or read_arrays(self._folder / self.segments[number].name, OBSERVATION_ARRAYS)
        self._loaded[number] = arrays       # the last one used lies last
        if len(self._loaded) > _FILES_IN_MEMORY:
            del self._loaded[next(iter(self._loaded))]
        return arrays, row - self._ends[number] + self.segments[number].count


class StoredList(MutableSequence[T]):
    """A list of which some items are rows of a store; `read` returns a row's item each time it is asked for."""

    def __init__(self, read: Callable[[int], T], items: Iterable[T | int] = ()):
        self.read = read
        self.items = list(items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> StoredList[T]: ...

    def __getitem__(self, index: int | slice) -> T | StoredList[T]:
        if isinstance(index, slice):
            return StoredList(self.read, self.items[index])
        item = self.items[index]
        return self.read(item) if isinstance(item, int) else item

    def __setitem__(self, index, value):  # type: ignore[no-untyped-def]  # its overloads would say no more
        self.items[index] = _items_of(value) if isinstance(index, slice) else value

    def __delitem__(self, index: int | slice) -> None:
        del self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def insert(self, index: int, value: T) -> None:
        self.items.insert(index, value)

    def extend(self, values: Iterable[T]) -> None:
        self.items.extend(_items_of(values))


def find_unstored_rows(tracklet: Tracklet, until: float) -> list[int]:
    """Return which observations of a tracklet, of times before `until` (s), are in memory."""
    items = tracklet.observations.items if isinstance(tracklet.observations, StoredList) else tracklet.observations
    return [row for row, item in enumerate(items) if not isinstance(item, int) and tracklet.timestamps[row] < until]


def _items_of(values: Iterable[T]) -> Iterable[T | int]:
    return values.items if isinstance(values, StoredList) else values


def make_arrays(observations: Sequence[Landmarks], appearances: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of observations; of none, empty ones."""
    if not observations:
        return {name: np.zeros(0, np.float32) for name in OBSERVATION_ARRAYS}
    arrays = {name: np.stack([getattr(landmarks, name) for landmarks in observations]) for name in _PARTS}
    for number, reading in enumerate(_READINGS):
        arrays |= {f"{reading}_{part}": np.stack([getattr(landmarks.readings[number], part) for landmarks in observations])
                   for part in _PARTS}
    return arrays | {
        "presence": np.array([landmarks.presence for landmarks in observations]),
        "regions": np.array([[*_numbers(landmarks.region), *_numbers(landmarks.next_region)] for landmarks in observations]),
        "flags": np.array([(landmarks.is_crosswise, landmarks.is_rechecked, landmarks.is_carried) for landmarks in observations]),
        "appearance": np.stack(appearances)}


def make_landmarks(arrays: Mapping[str, np.ndarray], row: int) -> Landmarks:
    """Return the landmarks in a row of arrays that `make_arrays` made."""
    first, second = (Reading(*(arrays[f"{reading}_{part}"][row] for part in _PARTS)) for reading in _READINGS)
    regions = arrays["regions"][row].tolist()
    return Landmarks(arrays["xy"][row], arrays["world"][row], arrays["score"][row], float(arrays["presence"][row]),
                     Region(*regions[:4]), Region(*regions[4:]), (first, second), *arrays["flags"][row].tolist())


def _numbers(region: Region) -> tuple[float, float, float, float]:
    return region.centre_x, region.centre_y, region.side, region.angle
