"""A second look at the people who were found: the heavy landmark model reads frames again, about the landmarks found there.

It takes four times as long as the model that follows people, and hardly ever exchanges left and right. It is used when the
people are known, so that it can lose nobody: a frame that it reads badly keeps its first readings.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.arrays.large_arrays import make_array
from mpsnet_blender.shared.capture_request import BEST

from ..base.litert import Workers
from ..base.regions import Region
from ..base.reporter import Reporter
from ..video.frames import VideoSpan, read_frames
from .landmarks import BODY, HEAVY, MIRRORED, ImageLandmarks, LandmarkNetwork, Landmarks, Reading, crop_for_model
from .mirroring import doubtful_frames
from .readings import SecondLook
from .stitching import PersonTrack, person_track, readings_of
from .tracklets import Tracklet

LOOK_AGAIN = "Looking again"
_CROPS_PER_WORKER = 2       # read at once: with more, a cancel would be felt later than after a fifth of a second
# So few crops are read one after the other, on all cores: as quick, and each further interpreter takes 70 MB at the peak.
_FEW_CROPS = 32
# When a second reading counts. Measured on four cameras' real footage, a street, and rendered people alone and in a crowd: the
# heavy model says a presence of 0.77 and more (median 1.00) and a torso score of 0.99 and more, for half hidden people too
# (the full model: 0.57 and 0.70), so these tell little. The distance from the first readings does: from 0.02 to 0.06 of the
# region's side apart, the second reading has a third less error; from 0.06 to 0.1 both err alike; farther off is another body.
_MIN_PRESENCE = 0.5         # MediaPipe's own threshold
_MOST_APART = 0.08          # a tenth of the body's height


class SecondLooker:
    """Reads people's frames again: all of them for the quality "best", else those in which their landmarks are doubtful."""

    def __init__(self, models_folder: Path, workers: Workers, quality: str):
        """Raises ModelError where the heavy model is missing or damaged."""
        self._network = LandmarkNetwork(models_folder, HEAVY)
        self._spread = self._network.spread(workers.count)
        self._workers = workers
        self._reads_all = quality == BEST

    def tracks(self, people: list[Tracklet], span: VideoSpan, reporter: Reporter) -> list[PersonTrack]:
        """Return people's tracks, by first and second readings. Raises CancelRequested, VideoError."""
        wanted = [np.full(len(person.frame_index), True) if self._reads_all else doubtful_frames(readings_of(person))
                  for person in people]
        total = sum(int(is_wanted.sum()) for is_wanted in wanted)
        looks = [_unread(person) for person in people]
        done = 0
        for crops in self._batches(_crops(people, wanted, span)):
            for crop, read in zip(crops, self._read(crops, total <= _FEW_CROPS), strict=True):
                if shows_the_same(read, people[crop.person].observations[crop.row]):
                    _put(looks[crop.person], crop.row, read.reading)
            done += len(crops)
            reporter.progress(LOOK_AGAIN, done, total, "pictures")
        reporter.log("info", f"The heavy landmark model read {total} of {sum(map(len, wanted))} pictures of people again.")
        return [person_track(person, look) for person, look in zip(people, looks, strict=True)]

    def _batches(self, crops: Iterator[_Crop]) -> Iterator[list[_Crop]]:
        while batch := list(itertools.islice(crops, _CROPS_PER_WORKER * self._workers.count)):
            yield batch

    def _read(self, crops: list[_Crop], is_few: bool) -> list[ImageLandmarks]:
        if is_few:
            return [self._spread.read(crop.pixels, crop.region) for crop in crops]
        return self._workers.map(lambda crop: self._network.read(crop.pixels, crop.region), crops)


def second_looker(models_folder: Path, workers: Workers, quality: str) -> SecondLooker | None:
    """Return what looks again, or None for the quality "fast" without the heavy model. Raises ModelError."""
    if quality != BEST and not (models_folder / HEAVY.name).is_file():
        return None
    return SecondLooker(models_folder, workers, quality)


def shows_the_same(read: ImageLandmarks, before: Landmarks) -> bool:
    """Return whether a reading is sure of a person, and of the same one as before; left and right may be exchanged."""
    xy = read.reading.xy[BODY]
    apart = min(float(np.linalg.norm(xy - other[BODY], axis=1).mean()) for other in (before.xy, before.xy[MIRRORED]))
    return read.presence >= _MIN_PRESENCE and apart < _MOST_APART * before.next_region.side


@dataclass(frozen=True)
class _Crop:
    """What is to be read: a region's pixels, the number of the person, and the row of the person's observation."""
    pixels: np.ndarray
    region: Region
    person: int
    row: int


def _crops(people: list[Tracklet], wanted: list[np.ndarray], span: VideoSpan) -> Iterator[_Crop]:
    """Decode the video again, up to the last frame that is wanted, and yield the crops; each is centred on the person there."""
    rows: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, (person, is_wanted) in enumerate(zip(people, wanted, strict=True)):
        for row in np.flatnonzero(is_wanted).tolist():
            rows[person.frame_index[row]].append((number, row))
    last = max(rows, default=-1)
    for frame in read_frames(span, first_wanted=min(rows)) if rows else ():
        for number, row in rows[frame.index]:
            region = people[number].observations[row].next_region
            yield _Crop(crop_for_model(frame.image, region), region, number, row)
        if frame.index >= last:
            return


def _unread(person: Tracklet) -> SecondLook:
    first, _ = person.observations[0].readings
    count, parts = len(person.observations), (first.xy, first.world, first.score)
    return SecondLook(Reading(*(make_array((count, *part.shape), np.float32) for part in parts)), np.zeros(count, bool))


def _put(look: SecondLook, row: int, read: Reading) -> None:
    look.reading.xy[row], look.reading.world[row], look.reading.score[row] = read.xy, read.world, read.score
    look.is_read[row] = True
