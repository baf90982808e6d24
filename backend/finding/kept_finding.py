"""What has been found so far, kept in a folder: written while the video is read, and read when the same capture starts again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.arrays.large_arrays import copy_array
from mpsnet_blender.shared.cache_folder import (
    DEFAULT_LIMIT_MEGABYTES,
    STATE_FILE,
    is_in_use,
    limit_cache,
    make_mark,
    remove_entry,
)
from mpsnet_blender.shared.npz_reading import UNREADABLE, read_arrays
from mpsnet_blender.shared.whole_file import open_whole_file

from ..base.reporter import Reporter
from ..camera.scenery import Points, SceneryState
from ..hands.readings import TABLE_ARRAYS, make_table_arrays, split_tables
from ..people.stitching import PersonTrack
from ..people.tracking import TrackerState
from ..video.frames import VideoSpan
from .identity import identify_finding
from .scenery_arrays import (
    POINT_ARRAYS,
    SCENERY_ARRAYS,
    make_point_arrays,
    make_scenery_arrays,
    make_scenery_state,
    split_points,
)
from .stored_observations import ObservationStore, Segment, StoredList, find_unstored_rows
from .tracker_arrays import TRACKER_ARRAYS, make_tracker_arrays, make_tracker_state

_SETTLED_SECONDS = 5.0      # of the video: older observations do not change, as people are traced back over 2.5 s
_CLOCK_ARRAYS = ("frame_index", "timestamps")
_LATEST_POINTS = tuple(f"latest_{name}" for name in POINT_ARRAYS)
_LATEST_HANDS = tuple(f"latest_{name}" for name in TABLE_ARRAYS)
_TRACK_ARRAYS = ("frame_index", "timestamps", "xy", "world", "score", "boxes", "thumbnail")


@dataclass(frozen=True)
class FoundSoFar:
    """What is known after some frames: their frame_index and timestamps, the states of tracker and scenery, the sentences about
    the video that were logged; is_whole: these are all frames. Hands are in `KeptFinding.hands`."""
    frame_index: list[int]
    timestamps: list[float]
    tracker: TrackerState
    scenery: SceneryState
    sentences: tuple[str, ...] = ()
    is_whole: bool = False


class KeptFinding:
    """A folder with what was found in one span of a video. After an error of the disk, nothing more is read or written."""

    def __init__(self, folder: Path, reporter: Reporter):
        self._folder: Path | None = folder
        self._reporter = reporter
        self._store = ObservationStore(folder)
        self.points: StoredList[Points] = StoredList(self._store.points)     # the background's, of each frame
        self.hands: StoredList[np.ndarray] = StoredList(self._store.hands)   # the tables of each frame, where hands are read

    def read(self) -> FoundSoFar | None:
        """Return what was kept, or None where nothing was; what is damaged is removed."""
        if self._folder is None or not (self._folder / STATE_FILE).is_file():
            return None
        try:
            return self._read(self._folder)
        except UNREADABLE:
            self._reporter.log("warning", "What an earlier run has kept is damaged and not used: the video is read anew.")
            remove_entry(self._folder, although_in_use=True)
            self._store = ObservationStore(self._folder)
            self.points.read, self.hands.read = self._store.points, self._store.hands
            return None

    def write(self, found: FoundSoFar) -> None:
        """Keep what was found so far. Where the disk does not allow that, say so once and keep nothing more."""
        if self._folder is None:
            return
        try:
            self._write(self._folder, found)
            make_mark(self._folder).touch()
        except OSError as error:
            self._give_up(error)

    def read_tracks(self, choices: Sequence[object]) -> list[PersonTrack] | None:
        """Return people's tracks that were kept for the same choices, or None."""
        if self._folder is None or not (path := self._folder / _make_name(choices)).is_file():
            return None
        try:
            count = int(read_arrays(path, ("count",))["count"])
            arrays = read_arrays(path, [f"{name}_{number}" for number in range(count) for name in _TRACK_ARRAYS])
            return [PersonTrack(**{name: copy_array(arrays.pop(f"{name}_{number}")) for name in _TRACK_ARRAYS[:-1]},
                                thumbnail=arrays[f"thumbnail_{number}"].tobytes()) for number in range(count)]
        except UNREADABLE:
            return None     # they are made anew of what was found

    def write_tracks(self, choices: Sequence[object], tracks: list[PersonTrack]) -> None:
        """Keep people's tracks, which depend on these choices."""
        if self._folder is None:
            return
        arrays = {f"{name}_{number}": getattr(track, name) for number, track in enumerate(tracks) for name in _TRACK_ARRAYS[:-1]}
        arrays |= {f"thumbnail_{number}": np.frombuffer(track.thumbnail, np.uint8) for number, track in enumerate(tracks)}
        try:
            _save(self._folder / _make_name(choices), {"count": np.array(len(tracks)), **arrays})
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._reporter.log("warning", f"What is found cannot be kept ({error.strerror or error}): a capture that is "
                           "interrupted will start from the beginning.")
        self._folder = None

    def _read(self, folder: Path) -> FoundSoFar:
        names = ("values", *_CLOCK_ARRAYS, *TRACKER_ARRAYS, *SCENERY_ARRAYS, *_LATEST_POINTS, *_LATEST_HANDS)
        arrays = read_arrays(folder / STATE_FILE, names)
        values = json.loads(str(arrays["values"]))
        segments = [Segment(*segment) for segment in values["segments"]]
        store = ObservationStore(folder, segments)
        store.require_whole()
        points = StoredList(store.points, [*range(store.frame_count),
                                           *split_points({name: arrays[f"latest_{name}"] for name in POINT_ARRAYS})])
        latest_hands = split_tables({name: arrays[f"latest_{name}"] for name in TABLE_ARRAYS})
        hands = StoredList(store.hands, [*range(store.frame_count), *latest_hands] if values["reads_hands"] else [])
        found = FoundSoFar(arrays["frame_index"].tolist(), arrays["timestamps"].tolist(),
                           make_tracker_state(arrays, values["tracker"], store),
                           make_scenery_state(arrays, values["scenery"], points), tuple(values["sentences"]),
                           values["is_whole"])
        if not len(found.frame_index) == len(found.timestamps) == len(points) or len(hands) not in (0, len(points)):
            raise ValueError("its arrays are of different lengths")
        self._store, self.points, self.hands = store, points, hands
        store.remove_others()
        return found

    def _write(self, folder: Path, found: FoundSoFar) -> None:
        self._settle(found)
        tracker, tracker_values = make_tracker_arrays(found.tracker)
        scenery, scenery_values = make_scenery_arrays(found.scenery)
        latest = {**make_point_arrays(self.points[self._store.frame_count:]),
                  **make_table_arrays(self.hands[self._store.frame_count:])}
        values = {"segments": [(segment.name, segment.count, segment.frames) for segment in self._store.segments],
                  "tracker": tracker_values, "scenery": scenery_values, "sentences": found.sentences, "is_whole": found.is_whole,
                  "reads_hands": bool(self.hands)}
        _save(folder / STATE_FILE, {
            "values": np.array(json.dumps(values)), "frame_index": np.array(found.frame_index, np.int64),
            "timestamps": np.array(found.timestamps, np.float64), **tracker, **scenery,
            **{f"latest_{name}": array for name, array in latest.items()}})

    def _settle(self, found: FoundSoFar) -> None:
        """Move observations that do not change any more, and points, from memory to a new file."""
        until = found.timestamps[-1] - _SETTLED_SECONDS
        settled = [(tracklet, row) for tracklet in (*found.tracker.active, *found.tracker.ended)
                   for row in find_unstored_rows(tracklet, until)]
        if not settled:
            return
        begun = self._store.frame_count
        points, hands = self.points[begun:], self.hands[begun:]
        name = f"part-{len(self._store.segments):06d}-{secrets.token_hex(4)}.npz"
        first = self._store.append(name, [tracklet.observations[row] for tracklet, row in settled],
                                   [tracklet.appearances[row] for tracklet, row in settled], points, hands)
        self.points.items[begun:] = range(begun, self._store.frame_count)
        if hands:
            self.hands.items[begun:] = range(begun, self._store.frame_count)
        for number, (tracklet, row) in enumerate(settled, start=first):
            self._store.replace(tracklet, row, number)


@contextmanager
def open_kept_finding(cache: Path | None, span: VideoSpan, reads_hands: bool, rests: bool,
                      reporter: Reporter) -> Iterator[KeptFinding]:
    """Open the entry of a video's span in the cache, read with or without hands, with or without rests, or a temporary one:
    without a cache, and while another capture uses the entry.

    Afterwards the cache is brought below its limit.
    """
    entry = _make_entry(cache, span, reads_hands, rests)
    if cache is None or entry is None:
        with tempfile.TemporaryDirectory(prefix="mpsnet-") as folder:
            yield KeptFinding(Path(folder), reporter)
        return
    try:
        yield KeptFinding(entry, reporter)
    finally:
        with contextlib.suppress(OSError):
            make_mark(entry).unlink(missing_ok=True)
            (entry / STATE_FILE).touch() if (entry / STATE_FILE).exists() else entry.rmdir()
        limit_cache(cache, DEFAULT_LIMIT_MEGABYTES * 10 ** 6)


def _make_entry(cache: Path | None, span: VideoSpan, reads_hands: bool, rests: bool) -> Path | None:
    """Return the folder of an entry, marked as in use; None where it cannot be had."""
    try:
        if cache is None or is_in_use(entry := cache / identify_finding(span, reads_hands, rests)):
            return None
        entry.mkdir(parents=True, exist_ok=True)
        make_mark(entry).touch()
        return entry
    except OSError:
        return None


def _make_name(choices: Sequence[object]) -> str:
    return f"people-{hashlib.sha256(repr(choices).encode()).hexdigest()[:16]}.npz"


def _save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with open_whole_file(path) as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # its names are free
