"""Which tracklets are parts of one person: those that follow one another, and later parts that were exchanged or taken over."""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_left

import numpy as np

from ..base.regions import Region
from .appearance import appearance_distance
from .landmarks import Landmarks
from .skeletons import skeleton_distance
from .tracklets import SURE_SCORE, Tracklet

# Chosen by eye on rendered scenes with several people who cross, leave and return; not measured one by one.
_MAX_GAP_SECONDS = 8.0          # a person who leaves the picture for longer counts as another one
_MAX_JOIN_COST = 1.0            # the unit of `_join_cost`
_LATER_PER_SECOND = 0.25        # cost added for the order of joins: a long gap waits, as another tracklet may lie within it
# Cost of colours that have nothing in common; after no time, such a share: the place tells most then, and somebody who turned
# head over heels against the sun had 0.34 of other colours after an eighth of a second.
_COLOURS_COST, _AT_ONCE = 2.5, 0.6
_CROSSING_DISTANCE = 0.8        # skeleton distance (body radii) below which two tracklets may have exchanged their people
_MIN_AROUND_CROSSING = 5        # observations before and after a crossing: fewer give no steady colours
_CROSSED_SHARE, _CROSSED_GAIN = 0.6, 0.1        # of the colours' distance: crosswise it must be so much smaller
# Somebody who does a cartwheel may be read upside down by one tracklet, and found anew by another one: where both are seen, their
# skeletons are so near in the mean (body radii), and the first one's score is so much lower. Of a rendered acrobat: 0.43,
# and 0.49 for 0.83.
_TAKEN_OVER_DISTANCE, _TAKEN_OVER_BY = 0.5, 0.1
_LEAST_BEFORE = 3               # observations of a person before another tracklet took over
_STAY_SECONDS = 1.0             # for which a hidden person may keep the last velocity: about two steps
_BORDER_REACH = 0.8             # body radii from the border within which a person may leave the picture


def _concatenated(first: Tracklet, second: Tracklet) -> Tracklet:
    observations, appearances = first.observations[:], first.appearances[:]
    observations.extend(second.observations)
    appearances.extend(second.appearances)
    return Tracklet(first.frame_index + second.frame_index, first.timestamps + second.timestamps, observations, appearances,
                    second.velocity, np.mean(list(appearances), axis=0),
                    max(first.thumbnail, second.thumbnail, key=lambda thumbnail: thumbnail.quality))


def undo_exchanges(tracklets: list[Tracklet]) -> list[Tracklet]:
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
    common = find_common(first, second)
    if not common:
        return None
    distances = [skeleton_distance(*observed_by_both(first, second, frame)) for frame in common]
    closest = int(np.argmin(distances))
    return common[closest] if distances[closest] < _CROSSING_DISTANCE else None


def find_common(first: Tracklet, second: Tracklet) -> list[int]:
    """Return the frame_index of each frame in which both tracklets have an observation."""
    return sorted(set(first.frame_index) & set(second.frame_index))


def observed_by_both(first: Tracklet, second: Tracklet, frame_index: int) -> tuple[Landmarks, Landmarks]:
    """Return the observations of two tracklets in a frame in which both have one."""
    row, other_row = (bisect_left(tracklet.frame_index, frame_index) for tracklet in (first, second))
    return first.observations[row], second.observations[other_row]


def join(tracklets: list[Tracklet], image_size: tuple[int, int]) -> list[Tracklet]:
    """Return the tracklets with those joined that follow one another in time: the best fits and the shortest gaps first."""
    pieces = dict(enumerate(tracklets))
    queue: list[tuple[float, int, int]] = []

    def offer(first: int, second: int) -> None:
        cost = _join_cost(pieces[first], pieces[second], image_size)
        if cost < _MAX_JOIN_COST:
            gap = max(0.0, pieces[second].timestamps[0] - pieces[first].timestamps[-1])
            heapq.heappush(queue, (cost + _LATER_PER_SECOND * gap, first, second))

    for first, second in itertools.permutations(pieces, 2):
        offer(first, second)
    while queue:
        _, first, second = heapq.heappop(queue)
        if first not in pieces or second not in pieces:
            continue
        whole = max(pieces) + 1
        before, after = pieces.pop(first), pieces.pop(second)
        pieces[whole] = _concatenated(_find_part_before(before, after) or before, after)
        for other in list(pieces)[:-1]:
            offer(other, whole)
            offer(whole, other)
    return list(pieces.values())


def _join_cost(first: Tracklet, second: Tracklet, image_size: tuple[int, int]) -> float:
    """Return the cost of the second tracklet as continuation of the first: position, size and colours, weighed by the gap.

    Its weights were chosen by eye: one body radius costs 0.4, a factor of 1.6 in size 0.4, a colour distance of 0.4 costs 1.
    """
    if (before := _find_part_before(first, second)) is not None:
        return _COLOURS_COST * appearance_distance(before.mean_appearance, second.mean_appearance)
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
    colours = _COLOURS_COST * min(1.0, _AT_ONCE + gap) * appearance_distance(first.mean_appearance, second.mean_appearance)
    patience = 0.05 * gap
    return 0.5 * position + 0.3 * size + colours + patience


def _find_part_before(first: Tracklet, second: Tracklet) -> Tracklet | None:
    """Return the part of a tracklet before another one took its person over; None where it did not."""
    start = bisect_left(first.frame_index, second.frame_index[0])
    if not _LEAST_BEFORE <= start < len(first.frame_index) or first.frame_index[-1] >= second.frame_index[-1]:
        return None
    both = [observed_by_both(first, second, frame) for frame in find_common(first, second)]
    if not both:
        return None
    distance = np.mean([skeleton_distance(*pair) for pair in both])
    score, later_score = np.mean([(before.mean_score, after.mean_score) for before, after in both], axis=0)
    is_taken_over = distance < _TAKEN_OVER_DISTANCE and score < min(SURE_SCORE, later_score - _TAKEN_OVER_BY)
    return first.part(slice(0, start)) if is_taken_over else None


def _at_border(region: Region, image_size: tuple[int, int]) -> bool:
    reach = region.body_radius * _BORDER_REACH
    return bool(region.centre_x < reach or region.centre_x > image_size[0] - reach)
