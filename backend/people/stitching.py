"""Tracklets become people. The whole clip is known here, so tracklets can be joined, exchanged and removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import take_frames
from mpsnet_blender.shared.arrays.large_arrays import let_go, make_array

from .joining import find_common, join, observed_by_both, undo_exchanges
from .landmarks import Reading
from .mirroring import choose_readings
from .readings import Readings, SecondLook, interpolate_second_readings
from .skeletons import skeleton_distance
from .tracklets import MIN_SECONDS, Tracklet, find_sure_part, is_bodily

# Chosen by eye on rendered scenes with several people who cross, leave and return; not measured one by one.
_MIN_OBSERVATIONS = 3           # of a tracklet that lasts
# Over a tracklet. A person in full view has more than 0.8 on the sample clip; one whose hips are hidden has 0.5 of the torso, and
# more than 0.9 of head and shoulders.
_MIN_MEAN_TORSO_SCORE, _MIN_MEAN_UPPER_SCORE = 0.6, 0.8
_DOUBLE_DISTANCE, _DOUBLE_SHARE = 0.4, 0.5      # skeleton distance, and share of frames, from which on a tracklet is a double
_BOX_MARGIN = 0.06              # of the body's size, around the landmarks: a head ends above its eyes and ears


@dataclass(frozen=True)
class PersonTrack:
    """One person's landmarks in the frames in which the person was visible.

    frame_index (T,), timestamps (T,) s, xy (T, 33, 2) px, world (T, 33, 3) m, score (T, 33), boxes (T, 4) xyxy px;
    thumbnail: a JPEG of the person.
    """
    frame_index: np.ndarray
    timestamps: np.ndarray
    xy: np.ndarray
    world: np.ndarray
    score: np.ndarray
    boxes: np.ndarray
    thumbnail: bytes = b""

    def at(self, rows: np.ndarray | slice) -> PersonTrack:
        """Return the track in these rows (frames) only."""
        frame_index, timestamps, xy, world, score, boxes = (take_frames(values, rows) for values in (
            self.frame_index, self.timestamps, self.xy, self.world, self.score, self.boxes))
        return PersonTrack(frame_index, timestamps, xy, world, score, boxes, self.thumbnail)


def stitch(tracklets: list[Tracklet], image_size: tuple[int, int], people: int | None = None) -> list[Tracklet]:
    """Return the people of a clip, one tracklet each, the most present first; people: at most that many."""
    tracklets = undo_exchanges(_only_people(tracklets, _is_sure))
    joined = _only_people(join(tracklets, image_size), is_bodily)
    lasting = [tracklet for tracklet in joined if _lasts(tracklet)]
    distinct = _remove_doubles(sorted(lasting, key=_presence, reverse=True))
    return distinct[:people]


def _only_people(tracklets: list[Tracklet], is_person: Callable[[Tracklet], bool]) -> list[Tracklet]:
    """Return tracklets of people whole, and of the others the part that is one's for sure."""
    parts = (tracklet if is_person(tracklet) else find_sure_part(tracklet) for tracklet in tracklets)
    return [part for part in parts if part is not None]


def _is_sure(tracklet: Tracklet) -> bool:
    torso, upper = np.mean([(landmarks.torso_score, landmarks.upper_score) for landmarks in tracklet.observations], axis=0)
    return bool(torso >= _MIN_MEAN_TORSO_SCORE or upper >= _MIN_MEAN_UPPER_SCORE)


def _lasts(tracklet: Tracklet) -> bool:
    seconds = tracklet.timestamps[-1] - tracklet.timestamps[0]
    return seconds >= MIN_SECONDS and len(tracklet.observations) >= _MIN_OBSERVATIONS


def _presence(tracklet: Tracklet) -> float:
    return measure_presence(np.array([landmarks.region.side for landmarks in tracklet.observations]))


def measure_presence(sizes: np.ndarray) -> float:
    """Return the presence of a person of sizes (N,) px in the picture: the number of observations times the root of the size."""
    return len(sizes) * float(np.sqrt(np.median(sizes)))


def _remove_doubles(tracklets: list[Tracklet]) -> list[Tracklet]:
    """Return tracklets, the most present first, without those that are doubles of a more present one."""
    kept: list[Tracklet] = []
    for tracklet in tracklets:
        if not any(_is_double(tracklet, other) for other in kept):
            kept.append(tracklet)
    return kept


def _is_double(tracklet: Tracklet, other: Tracklet) -> bool:
    common = find_common(tracklet, other)
    close = [skeleton_distance(*observed_by_both(tracklet, other, frame)) < _DOUBLE_DISTANCE for frame in common]
    return sum(close) > _DOUBLE_SHARE * len(tracklet.observations)


def person_track(tracklet: Tracklet, second_look: SecondLook | None = None) -> PersonTrack:
    """Return a person's track: of the readings in each frame, those that are right."""
    landmarks = choose_readings(readings_of(tracklet), second_look)
    return PersonTrack(
        frame_index=np.array(tracklet.frame_index), timestamps=np.array(tracklet.timestamps), xy=landmarks.xy,
        world=landmarks.world, score=landmarks.score, boxes=_boxes(landmarks.xy), thumbnail=tracklet.thumbnail.jpeg)


def readings_of(tracklet: Tracklet) -> Readings:
    """Return the two readings of each observation; a second one that was not read differs from the first as those around it."""
    count = len(tracklet.observations)
    both = [Reading(*(make_array((count, *part.shape), part.dtype.type) for part in (reading.xy, reading.world, reading.score)))
            for reading in tracklet.observations[0].readings]
    side, is_crosswise, is_carried = np.empty(count), np.empty(count, bool), np.empty(count, bool)
    # One observation after the other: those of a long clip are read from files, and would not fit in memory.
    for row, landmarks in enumerate(tracklet.observations):
        for readings, reading in zip(both, landmarks.readings, strict=True):
            readings.xy[row], readings.world[row], readings.score[row] = reading.xy, reading.world, reading.score
        side[row], is_crosswise[row], is_carried[row] = landmarks.region.side, landmarks.is_crosswise, landmarks.is_carried
    let_go()
    return interpolate_second_readings(Readings(both[0], both[1], side, np.array(tracklet.timestamps)), is_crosswise, is_carried)


def _boxes(xy: np.ndarray) -> np.ndarray:
    low, high = xy.min(1), xy.max(1)
    margin = _BOX_MARGIN * (high - low).max(1, keepdims=True)
    return np.concatenate([low - margin, high + margin], axis=1)
