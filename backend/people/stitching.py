"""Tracklets become people. The whole clip is known here, so tracklets can be joined, exchanged and removed."""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import take_frames
from mpsnet_blender.shared.arrays.large_arrays import let_go, make_array

from ..base.regions import Region
from .appearance import appearance_distance
from .landmarks import Landmarks, Reading
from .mirroring import choose_readings
from .readings import Readings, SecondLook, interpolate_second_readings
from .skeletons import skeleton_distance
from .tracklets import MIN_SECONDS, Tracklet, find_sure_part, is_bodily

# Chosen by eye on rendered scenes with several people who cross, leave and return; not measured one by one.
_MAX_GAP_SECONDS = 8.0          # a person who leaves the picture for longer counts as another one
_MAX_JOIN_COST = 1.0            # the unit of `_join_cost`
_LATER_PER_SECOND = 0.25        # cost added for the order of joins: a long gap waits, as another tracklet may lie within it
_MIN_OBSERVATIONS = 3           # of a tracklet that lasts
_CROSSING_DISTANCE = 0.8        # skeleton distance (body radii) below which two tracklets may have exchanged their people
_MIN_AROUND_CROSSING = 5        # observations before and after a crossing: fewer give no steady colours
_CROSSED_SHARE, _CROSSED_GAIN = 0.6, 0.1        # of the colours' distance: crosswise it must be so much smaller
# Over a tracklet. A person in full view has more than 0.8 on the sample clip; one whose hips are hidden has 0.5 of the torso, and
# more than 0.9 of head and shoulders.
_MIN_MEAN_TORSO_SCORE, _MIN_MEAN_UPPER_SCORE = 0.6, 0.8
_STAY_SECONDS = 1.0             # for which a hidden person may keep the last velocity: about two steps
_BORDER_REACH = 0.8             # body radii from the border within which a person may leave the picture
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
    tracklets = _undo_exchanges(_only_people(tracklets, _is_sure))
    joined = _only_people(_join(tracklets, image_size), is_bodily)
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
    """Return the presence of a person: the number of observations times the root of the size in the picture."""
    side = np.median([landmarks.region.side for landmarks in tracklet.observations])
    return len(tracklet.observations) * float(np.sqrt(side))


def _concatenated(first: Tracklet, second: Tracklet) -> Tracklet:
    observations, appearances = first.observations[:], first.appearances[:]
    observations.extend(second.observations)
    appearances.extend(second.appearances)
    return Tracklet(first.frame_index + second.frame_index, first.timestamps + second.timestamps, observations, appearances,
                    second.velocity, np.mean(list(appearances), axis=0),
                    max(first.thumbnail, second.thumbnail, key=lambda thumbnail: thumbnail.quality))


def _undo_exchanges(tracklets: list[Tracklet]) -> list[Tracklet]:
    """Return the tracklets; where two came close and their colours fit better crosswise, their later parts are exchanged."""
    tracklets = list(tracklets)
    for i in range(len(tracklets)):
        for j in range(i):
            moment = _closest_moment(tracklets[i], tracklets[j])
            if moment is None:
                continue
            first, second = tracklets[i], tracklets[j]
            cut_first, cut_second = first.frame_index.index(moment), second.frame_index.index(moment)
            lengths = (cut_first, cut_second, len(first.frame_index) - cut_first, len(second.frame_index) - cut_second)
            if min(lengths) < _MIN_AROUND_CROSSING:
                continue
            heads = [first.part(slice(0, cut_first)), second.part(slice(0, cut_second))]
            tails = [first.part(slice(cut_first, None)), second.part(slice(cut_second, None))]
            straight = sum(appearance_distance(a.mean_appearance, b.mean_appearance) for a, b in zip(heads, tails))
            crossed = sum(appearance_distance(a.mean_appearance, b.mean_appearance) for a, b in zip(heads, tails[::-1]))
            if crossed < _CROSSED_SHARE * straight and straight - crossed > _CROSSED_GAIN:
                tracklets[i], tracklets[j] = _concatenated(heads[0], tails[1]), _concatenated(heads[1], tails[0])
    return tracklets


def _closest_moment(first: Tracklet, second: Tracklet) -> int | None:
    """Return the frame_index at which two tracklets are closest, or None where they never come close."""
    if first.frame_index[0] > second.frame_index[-1] or second.frame_index[0] > first.frame_index[-1]:
        return None
    common = sorted(set(first.frame_index) & set(second.frame_index))
    if not common:
        return None
    distances = [skeleton_distance(*_at(first, second, frame)) for frame in common]
    closest = int(np.argmin(distances))
    return common[closest] if distances[closest] < _CROSSING_DISTANCE else None


def _at(first: Tracklet, second: Tracklet, frame_index: int) -> tuple[Landmarks, Landmarks]:
    """Return the observations of two tracklets in a frame in which both have one."""
    row, other_row = (bisect_left(tracklet.frame_index, frame_index) for tracklet in (first, second))
    return first.observations[row], second.observations[other_row]


def _join(tracklets: list[Tracklet], image_size: tuple[int, int]) -> list[Tracklet]:
    """Return the tracklets with those joined that follow one another in time: the best fits and the shortest gaps first."""
    pieces = dict(enumerate(tracklets))
    queue: list[tuple[float, int, int]] = []

    def offer(first: int, second: int) -> None:
        cost = _join_cost(pieces[first], pieces[second], image_size)
        if cost < _MAX_JOIN_COST:
            gap = pieces[second].timestamps[0] - pieces[first].timestamps[-1]
            heapq.heappush(queue, (cost + _LATER_PER_SECOND * gap, first, second))

    for first, second in itertools.permutations(pieces, 2):
        offer(first, second)
    while queue:
        _, first, second = heapq.heappop(queue)
        if first not in pieces or second not in pieces:
            continue
        whole = max(pieces) + 1
        pieces[whole] = _concatenated(pieces.pop(first), pieces.pop(second))
        for other in list(pieces)[:-1]:
            offer(other, whole)
            offer(whole, other)
    return list(pieces.values())


def _join_cost(first: Tracklet, second: Tracklet, image_size: tuple[int, int]) -> float:
    """Return the cost of the second tracklet as continuation of the first: position, size and colours, weighed by the gap.

    Its weights were chosen by eye: one body radius costs 0.4, a factor of 1.6 in size 0.4, a colour distance of 0.4 costs 1.
    """
    gap = second.timestamps[0] - first.timestamps[-1]
    if not 0 < gap <= _MAX_GAP_SECONDS:
        return np.inf
    leaving, arriving = first.last.next_region, second.observations[0].region
    radius = max(leaving.body_radius, arriving.body_radius)
    # A person who stops during the gap stays where the track ended; one who walks on keeps its velocity for a while.
    travel = first.velocity * min(gap, _STAY_SECONDS)
    distance = min(np.hypot(*(arriving.centre - leaving.centre - share * travel)) for share in (0.0, 0.5, 1.0))
    position = distance / radius / (0.7 + 1.5 * gap)
    if _at_border(leaving, image_size) and _at_border(arriving, image_size):
        position = min(position, 0.5)      # a person may leave the frame and return anywhere along the border
    size = abs(np.log(max(arriving.side, 1.0) / max(leaving.side, 1.0))) / (0.4 + 0.3 * gap)
    colours = appearance_distance(first.mean_appearance, second.mean_appearance)
    patience = 0.05 * gap
    return 0.5 * position + 0.3 * size + 2.5 * colours + patience


def _at_border(region: Region, image_size: tuple[int, int]) -> bool:
    reach = region.body_radius * _BORDER_REACH
    return bool(region.centre_x < reach or region.centre_x > image_size[0] - reach)


def _remove_doubles(tracklets: list[Tracklet]) -> list[Tracklet]:
    """Return tracklets, the most present first, without those that are doubles of a more present one."""
    kept: list[Tracklet] = []
    for tracklet in tracklets:
        if not any(_is_double(tracklet, other) for other in kept):
            kept.append(tracklet)
    return kept


def _is_double(tracklet: Tracklet, other: Tracklet) -> bool:
    common = sorted(set(tracklet.frame_index) & set(other.frame_index))
    close = [skeleton_distance(*_at(tracklet, other, frame)) < _DOUBLE_DISTANCE for frame in common]
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
