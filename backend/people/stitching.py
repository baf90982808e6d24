"""From pieces of track to people: the whole clip is known, so pieces are joined, exchanged and weeded with hindsight."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass

import numpy as np

from .appearance import appearance_distance
from .landmarks import Reading
from .mirroring import Readings, settle
from .skeletons import skeleton_distance
from .tracklets import Tracklet, is_bodily

_MAX_GAP_SECONDS = 8.0
_MAX_JOIN_COST = 1.0
_LATER_PER_SECOND = 0.25        # the longer the gap, the later a join: else it would skip a piece that lies within
_MIN_SECONDS, _MIN_OBSERVATIONS = 0.3, 3
_CROSSING_DISTANCE = 0.8        # skeleton distance at which two people may have been mixed up
_MIN_MEAN_TORSO_SCORE = 0.6


@dataclass(frozen=True)
class PersonTrack:
    """One person's landmarks over the frames in which the person was seen.

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


def stitch(tracklets: list[Tracklet], image_size: tuple[int, int], people: int | None = None) -> list[PersonTrack]:
    """Return the people of a clip, the most present first; `people` keeps only that many."""
    tracklets = [tracklet for tracklet in tracklets if _mean_torso_score(tracklet) >= _MIN_MEAN_TORSO_SCORE]
    tracklets = _undo_exchanges(tracklets)
    joined = _join(tracklets, image_size)
    lasting = [tracklet for tracklet in joined if _lasts(tracklet)]
    distinct = _without_doubles(sorted(lasting, key=_presence, reverse=True))
    return [_person_track(tracklet) for tracklet in distinct[:people]]


def _mean_torso_score(tracklet: Tracklet) -> float:
    return float(np.mean([landmarks.torso_score for landmarks in tracklet.observations]))


def _lasts(tracklet: Tracklet) -> bool:
    seconds = tracklet.timestamps[-1] - tracklet.timestamps[0]
    return seconds >= _MIN_SECONDS and len(tracklet.observations) >= _MIN_OBSERVATIONS and is_bodily(tracklet)


def _presence(tracklet: Tracklet) -> float:
    """Return how present a person is: seconds in view times the size in the picture."""
    side = np.median([landmarks.region.side for landmarks in tracklet.observations])
    return len(tracklet.observations) * float(np.sqrt(side))


def _mean_appearance(tracklet: Tracklet, part: slice = slice(None)) -> np.ndarray:
    return np.mean(tracklet.appearances[part], axis=0)


def _part(tracklet: Tracklet, part: slice) -> Tracklet:
    piece = Tracklet(tracklet.frame_index[part], tracklet.timestamps[part], tracklet.observations[part],
                     tracklet.appearances[part], velocity=tracklet.velocity, thumbnail=tracklet.thumbnail)
    piece.mean_appearance = _mean_appearance(piece)
    return piece


def _concatenated(first: Tracklet, second: Tracklet) -> Tracklet:
    whole = Tracklet(first.frame_index + second.frame_index, first.timestamps + second.timestamps,
                     first.observations + second.observations, first.appearances + second.appearances,
                     second.velocity,
                     thumbnail=max(first.thumbnail, second.thumbnail, key=lambda thumbnail: thumbnail.quality))
    whole.mean_appearance = _mean_appearance(whole)
    return whole


def _undo_exchanges(tracklets: list[Tracklet]) -> list[Tracklet]:
    """Where two tracklets came close and the colours fit better crosswise afterwards, exchange what follows."""
    tracklets = list(tracklets)
    for i in range(len(tracklets)):
        for j in range(i):
            moment = _closest_moment(tracklets[i], tracklets[j])
            if moment is None:
                continue
            first, second = tracklets[i], tracklets[j]
            cut_first, cut_second = first.frame_index.index(moment), second.frame_index.index(moment)
            if min(cut_first, cut_second, len(first.frame_index) - cut_first, len(second.frame_index) - cut_second) < 5:
                continue
            heads = [_part(first, slice(0, cut_first)), _part(second, slice(0, cut_second))]
            tails = [_part(first, slice(cut_first, None)), _part(second, slice(cut_second, None))]
            straight = sum(appearance_distance(a.mean_appearance, b.mean_appearance) for a, b in zip(heads, tails))
            crossed = sum(appearance_distance(a.mean_appearance, b.mean_appearance) for a, b in zip(heads, tails[::-1]))
            if crossed < 0.6 * straight and straight - crossed > 0.1:
                tracklets[i], tracklets[j] = _concatenated(heads[0], tails[1]), _concatenated(heads[1], tails[0])
    return tracklets


def _closest_moment(first: Tracklet, second: Tracklet) -> int | None:
    """Return the frame in which two tracklets are closest, or None where they never come close."""
    if first.frame_index[0] > second.frame_index[-1] or second.frame_index[0] > first.frame_index[-1]:
        return None
    common = sorted(set(first.frame_index) & set(second.frame_index))
    if not common:
        return None
    of_first, of_second = dict(zip(first.frame_index, first.observations)), dict(zip(second.frame_index, second.observations))
    distances = [skeleton_distance(of_first[frame], of_second[frame]) for frame in common]
    closest = int(np.argmin(distances))
    return common[closest] if distances[closest] < _CROSSING_DISTANCE else None


def _join(tracklets: list[Tracklet], image_size: tuple[int, int]) -> list[Tracklet]:
    """Join pieces that follow one another in time, the best fits and the shortest gaps of the whole clip first."""
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
    """Return how badly the second piece continues the first: place, size and colours over the gap's length."""
    gap = second.timestamps[0] - first.timestamps[-1]
    if not 0 < gap <= _MAX_GAP_SECONDS:
        return np.inf
    leaving, arriving = first.last.next_region, second.observations[0].region
    radius = max(leaving.body_radius, arriving.body_radius)
    # Somebody who stops during the gap stays where the track ended; somebody who walks on goes with its velocity.
    travel = first.velocity * min(gap, 1.0)
    distance = min(np.hypot(*(arriving.centre - leaving.centre - share * travel)) for share in (0.0, 0.5, 1.0))
    place = distance / radius / (0.7 + 1.5 * gap)
    if _at_border(leaving, image_size) and _at_border(arriving, image_size):
        place = min(place, 0.5)      # out of the frame and back: anywhere along the border
    size = abs(np.log(max(arriving.side, 1.0) / max(leaving.side, 1.0))) / (0.4 + 0.3 * gap)
    colours = appearance_distance(first.mean_appearance, second.mean_appearance)
    patience = 0.05 * gap
    return 0.5 * place + 0.3 * size + 2.5 * colours + patience


def _at_border(region, image_size: tuple[int, int]) -> bool:
    reach = region.body_radius * 0.8
    return bool(region.centre_x < reach or region.centre_x > image_size[0] - reach)


def _without_doubles(tracklets: list[Tracklet]) -> list[Tracklet]:
    """Return tracklets, the most present first, without those that mostly repeat a more present one."""
    kept: list[Tracklet] = []
    for tracklet in tracklets:
        if not any(_repeats(tracklet, other) for other in kept):
            kept.append(tracklet)
    return kept


def _repeats(tracklet: Tracklet, other: Tracklet) -> bool:
    of_other = dict(zip(other.frame_index, other.observations))
    close = [skeleton_distance(landmarks, of_other[frame]) < 0.4
             for frame, landmarks in zip(tracklet.frame_index, tracklet.observations) if frame in of_other]
    return sum(close) > 0.5 * len(tracklet.observations)


def _person_track(tracklet: Tracklet) -> PersonTrack:
    settled = settle(_readings(tracklet))
    return PersonTrack(
        frame_index=np.array(tracklet.frame_index), timestamps=np.array(tracklet.timestamps), xy=settled.xy,
        world=settled.world, score=settled.score, boxes=_boxes(settled.xy), thumbnail=tracklet.thumbnail.jpeg)


def _readings(tracklet: Tracklet) -> Readings:
    first, second = (Reading(*(np.stack([getattr(reading, name) for reading in readings]) for name in ("xy", "world", "score")))
                     for readings in zip(*(landmarks.readings for landmarks in tracklet.observations), strict=True))
    side = np.array([landmarks.region.side for landmarks in tracklet.observations])
    return Readings(first, second, side, np.array(tracklet.timestamps))


def _boxes(xy: np.ndarray) -> np.ndarray:
    low, high = xy.min(1), xy.max(1)
    margin = 0.06 * (high - low).max(1, keepdims=True)
    return np.concatenate([low - margin, high + margin], axis=1)
