"""Follows all people through the video, frame by frame, as tracklets that `stitching` joins later."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..base.regions import Region
from ..video.frames import Frame
from .appearance import measure_appearance
from .detection import TILE_SIZES, PersonDetector, Search, count_tile_sizes
from .hidden import look_behind, read_hidden_heads
from .landmarks import LandmarkModel, Landmarks
from .retracing import RecentFrames, trace_back
from .sightings import (
    BIRTH_PRESENCE,
    SAME_SKELETON,
    YOUNG_OBSERVATIONS,
    Sighting,
    covers,
    find_loser,
    is_doubted,
    is_newcomer,
    returns,
)
from .skeletons import faces_coincide, skeleton_distance
from .tracklets import LONGEST_REST, SURE_SCORE, Tracklet, claim_cost, continues, find_sure_part, is_bodily, is_seen

# Times of detection trade speed (a frame's tiles of all sizes cost as much as 20 people's landmarks) for how soon people are
# found; newcomers are traced back. These and the limits below were chosen by eye on rendered scenes; not measured one by one.
_DETECTION_INTERVAL_SECONDS = 1 / 2     # while every tracklet is followed: a newcomer is found so late, and traced back
_EMPTY_INTERVAL_SECONDS = 1 / 3         # while nobody is followed
_SEARCH_INTERVAL_SECONDS = 1 / 6        # while a tracklet is lost
_LOOK_INTERVAL_SECONDS = 0.1            # between readings of a lost tracklet where it is expected; found, it is traced back
_DOUBT_INTERVAL_SECONDS = 0.1           # while a tracklet is doubtful
# In how many sizes of tiles the first, second, third, fourth, fifth (as the first) ... detection searches. In a 1080p frame
# people are found within half a second from 450 px on, within one from 300 px on, within two from 150 px on.
_TILE_SIZES = (TILE_SIZES, 1, 2, 1)
_COARSE_STEP_SECONDS = 0.1              # between frames so far apart people move so much that every frame is searched
# Between readings of people who move, in videos of more frames a second: one frame of 24 a second, whose time may be rounded to
# milliseconds. (Real cameras at 60: limbs 0.05 degrees better.)
_READ_SECONDS = 0.043
_LOST_AFTER_SECONDS = 1.0               # a tracklet that is not seen for so long ends; stitching joins longer gaps
_FIRST_LOOK_PRESENCE = 0.2              # the detector's region may lie between two people; the second reading is centred
_PROBATION_OBSERVATIONS = 10            # a tracklet is checked for being a person each time it has so many more
_TRUSTED_OBSERVATIONS = 60              # a tracklet with so many is a person and is checked no more: 2 s at 30 frames a second
_DISTRUST_SECONDS = 3.0                 # for which no tracklet begins where a thing was taken for a person
_BETTER_BY = 0.08                       # mean score by which a second reading must be higher to replace the first


@dataclass(frozen=True)
class TrackerState:
    """What a tracker knows after a frame: tracklets that are followed or lost, and ended ones; the seconds of the next detection
    and of the last frame that was read, and the frame_index of the next one; the number of detections; the frame_index of each
    frame that is kept for tracing back; where things looked like people, and until which second; what the detector found in each
    tile."""
    active: list[Tracklet]
    ended: list[Tracklet]
    next_detection: float
    last_timestamp: float
    next_index: int
    detections: int
    recent: list[int]
    distrusted: list[tuple[Region, float]]
    searches: dict[tuple[int, int, int, int], Search]


class Tracker:
    """Follows people by landmarks in the region that the last frame gives, and detects new people at intervals."""

    def __init__(self, detector: PersonDetector, landmark_model: LandmarkModel, rests: bool = False):
        """rests: whether frames may be left out where nobody moves much, and of more than 24 a second."""
        self._rests = rests
        self._detector = detector
        self._landmark_model = landmark_model
        self._active: list[Tracklet] = []
        self._ended: list[Tracklet] = []
        self._next_detection = -np.inf
        self._last_timestamp = -np.inf
        self._next_index = 0        # frame_index of the frame that is read next
        self._detections = 0
        self._recent = RecentFrames()
        self._distrusted: list[tuple[Region, float]] = []    # where things looked like people, and until which second

    def step(self, frame: Frame, upcoming: Sequence[Frame] = ()) -> list[Tracklet]:
        """Follow all people into the next frame; return the tracklets that are followed. upcoming: frames after it.

        In the one of them that is read next, people are read already while the rest of this step goes on, where they are expected
        by now. A frame before that one is not read: it changes nothing.
        """
        if frame.index >= self._next_index:
            self._read(frame, upcoming)
        return [tracklet for tracklet in self._active if tracklet.timestamps[-1] == self._last_timestamp]

    def _read(self, frame: Frame, upcoming: Sequence[Frame]) -> None:
        seen = self._follow(frame, upcoming)
        seen = self._drop_duplicates(frame, seen)
        seen = read_hidden_heads(seen, frame, self._landmark_model)
        seen += self._look_behind(frame, seen)
        for tracklet, (landmarks, colours) in seen:
            tracklet.add(frame, landmarks, colours)
        self._drop_things(frame)
        self._retire_lost(frame)
        followed = [tracklet for tracklet, _ in seen if any(tracklet is other for other in self._active)]
        if self._detection_is_due(frame, followed):
            followed += self._find_new(frame, followed)
            self._next_detection = frame.timestamp + _DETECTION_INTERVAL_SECONDS - 1e-6
        self._trace_back(followed)
        self._recent.add(frame)
        self._last_timestamp = frame.timestamp

    @property
    def state(self) -> TrackerState:
        """What the tracker knows: another one to which it is given goes on in the same way."""
        return TrackerState(self._active, self._ended, self._next_detection, self._last_timestamp, self._next_index,
                            self._detections, self._recent.indices, self._distrusted, self._detector.searches)

    def restore(self, state: TrackerState) -> None:
        """Go on from a state. The frames of its `recent` are given by `remember`."""
        self._active, self._ended = state.active, state.ended
        self._next_detection, self._last_timestamp = state.next_detection, state.last_timestamp
        self._next_index, self._detections, self._distrusted = state.next_index, state.detections, state.distrusted
        self._detector.searches = state.searches

    def remember(self, frame: Frame) -> None:
        """Keep a frame for tracing back, which another tracker has been given before."""
        self._recent.add(frame)

    def finish(self) -> list[Tracklet]:
        """Return all tracklets, earliest first."""
        self._landmark_model.end()
        self._ended += self._active
        self._active = []
        return sorted(self._ended, key=lambda tracklet: tracklet.timestamps[0])

    def _detection_is_due(self, frame: Frame, followed: list[Tracklet]) -> bool:
        interval = _DETECTION_INTERVAL_SECONDS if self._active else _EMPTY_INTERVAL_SECONDS
        if len(followed) < len(self._active):
            interval = _SEARCH_INTERVAL_SECONDS
        if any(tracklet.is_doubtful for tracklet in followed):
            interval = _DOUBT_INTERVAL_SECONDS
        coarse = frame.timestamp - self._last_timestamp > _COARSE_STEP_SECONDS
        return coarse or frame.timestamp >= self._next_detection - (_DETECTION_INTERVAL_SECONDS - interval)

    def _trace_back(self, followed: list[Tracklet]) -> None:
        """Follow those back who were found again now, to where they were lost, and newcomers as soon as they are no glimpse."""
        for tracklet in followed:
            others = [other for other in self._ended + self._active if other is not tracklet]
            if len(tracklet.observations) == YOUNG_OBSERVATIONS:
                trace_back(tracklet, 0, self._recent, others, self._landmark_model)
            elif len(tracklet.observations) > YOUNG_OBSERVATIONS and tracklet.timestamps[-2] < self._last_timestamp:
                trace_back(tracklet, len(tracklet.observations) - 1, self._recent, others, self._landmark_model)

    def _follow(self, frame: Frame, upcoming: Sequence[Frame]) -> list[Sighting]:
        everybody = [tracklet.predicted_region(frame.timestamp) for tracklet in self._active]
        looked_for = [(tracklet, region) for tracklet, region in zip(self._active, everybody, strict=True)
                      if self._is_looked_for(tracklet, frame)]
        carry_from = [None if any(_is_near(region, other) for other in everybody if other is not region) else tracklet.carried
                      for tracklet, region in looked_for]
        recheck = [last is None and tracklet.needs_recheck for (tracklet, _), last in zip(looked_for, carry_from, strict=True)]
        readings = self._landmark_model(frame.image, [region for _, region in looked_for], recheck, carry_from)
        readings = [self._read_turned(frame, tracklet, region, landmarks)
                    for (tracklet, region), landmarks in zip(looked_for, readings, strict=True)]
        seen = [(tracklet, landmarks) for (tracklet, region), landmarks in zip(looked_for, readings, strict=True)
                if is_seen(landmarks) and continues(tracklet, region, landmarks)]
        self._next_index = frame.index + 1
        if upcoming:
            following = upcoming[self._count_rested(frame, seen, upcoming)]
            self._next_index = following.index
            self._landmark_model.begin(following.image, [
                tracklet.region_after(frame.timestamp, landmarks, following.timestamp) for tracklet, landmarks in seen])
        # Colours change slowly: where one reading tells enough, those of the last observation do.
        return [(tracklet, (landmarks, tracklet.appearances[-1] if landmarks.is_carried
                            else measure_appearance(frame.image, landmarks))) for tracklet, landmarks in seen]

    def _read_turned(self, frame: Frame, tracklet: Tracklet, region: Region, landmarks: Landmarks) -> Landmarks:
        """Return the landmarks in the expected region or, where somebody who turns is badly seen there, the best of those in
        regions that are turned along."""
        is_lost = not is_seen(landmarks)
        if not is_lost and landmarks.mean_score > SURE_SCORE:
            return landmarks
        turned = tracklet.turned_regions(region, frame.timestamp, is_lost)
        readings = self._landmark_model(frame.image, turned, [False] * len(turned))
        return max([landmarks, *readings], key=lambda reading: reading.presence * reading.mean_score)

    def _count_rested(self, frame: Frame, seen: list[tuple[Tracklet, Landmarks]], upcoming: Sequence[Frame]) -> int:
        """Return how many of the upcoming frames need not be read, never the last one: while everybody is known, seen and moves
        little; else those between 24 frames a second; none while people are near each other."""
        regions = [landmarks.next_region for _, landmarks in seen]
        if not self._rests or not self._active or any(_is_near(*pair) for pair in combinations(regions, 2)):
            return 0
        seconds = _READ_SECONDS
        if len(seen) == len(self._active) and all(len(tracklet.observations) >= YOUNG_OBSERVATIONS for tracklet, _ in seen):
            rests = min(tracklet.rest_after(frame.timestamp, landmarks) for tracklet, landmarks in seen)
            seconds = max(seconds, min(rests, LONGEST_REST))
        times = [following.timestamp - frame.timestamp for following in upcoming]
        return max(bisect_right(times, seconds) - 1, 0)

    def _is_looked_for(self, tracklet: Tracklet, frame: Frame) -> bool:
        """Return whether a tracklet is to be read in a frame, where it is expected: one that is lost only at times."""
        since, before = (timestamp - tracklet.timestamps[-1] + 1e-6 for timestamp in (frame.timestamp, self._last_timestamp))
        return since < _LOOK_INTERVAL_SECONDS or since // _LOOK_INTERVAL_SECONDS > before // _LOOK_INTERVAL_SECONDS

    def _drop_duplicates(self, frame: Frame, seen: list[Sighting]) -> list[Sighting]:
        """Return the observations without doubles: where two tracklets are on one person, the better fitting one keeps it."""
        dropped: set[int] = set()
        for i, first in enumerate(seen):
            for j, second in enumerate(seen[:i]):
                if i not in dropped and j not in dropped and (loser := find_loser(first, second, frame.timestamp)):
                    dropped.add(i if loser is first[0] else j)
        for index in dropped:
            if len(seen[index][0].observations) < YOUNG_OBSERVATIONS:
                self._active = [tracklet for tracklet in self._active if tracklet is not seen[index][0]]
        return [item for index, item in enumerate(seen) if index not in dropped]

    def _look_behind(self, frame: Frame, seen: list[Sighting]) -> list[Sighting]:
        """Return the observations of known people who were not seen, read again behind those who were seen at their position."""
        found: list[Sighting] = []
        for tracklet in self._active:
            if len(tracklet.observations) < YOUNG_OBSERVATIONS or any(tracklet is other for other, _ in seen) \
                    or not self._is_looked_for(tracklet, frame):
                continue
            region = tracklet.predicted_region(frame.timestamp)
            in_front = [(other, landmarks) for other, (landmarks, _) in seen
                        if np.hypot(*(landmarks.next_region.centre - region.centre)) < region.body_radius]
            if in_front and (sighting := look_behind(tracklet, region, in_front, frame, self._landmark_model)):
                found.append(sighting)
        return found

    def _drop_things(self, frame: Frame) -> None:
        """End tracklets that follow things instead of people, and begin none at their positions for a while.

        One that is read well by now began beside a person, and came to that person: the next detection may begin another there.
        Of one that followed a person before, that part stays.
        """
        kept = []
        for tracklet in self._active:
            on_probation = len(tracklet.observations) % _PROBATION_OBSERVATIONS == 0 \
                and len(tracklet.observations) < _TRUSTED_OBSERVATIONS and tracklet.timestamps[-1] == frame.timestamp
            # By all observations too: somebody who was seen well is no thing because of a third of a second of wild movement.
            if on_probation and not is_bodily(tracklet, slice(-_PROBATION_OBSERVATIONS, None)) and not is_bodily(tracklet):
                if (part := find_sure_part(tracklet)) is not None:
                    self._ended.append(part)
                if tracklet.last.mean_score <= SURE_SCORE:
                    self._distrusted.append((tracklet.region, frame.timestamp + _DISTRUST_SECONDS))
            else:
                kept.append(tracklet)
        self._active = kept
        self._distrusted = [(region, until) for region, until in self._distrusted if until > frame.timestamp]

    def _retire_lost(self, frame: Frame) -> None:
        gone = [tracklet for tracklet in self._active
                if frame.timestamp - tracklet.timestamps[-1] > _LOST_AFTER_SECONDS]
        self._ended += gone
        self._active = [tracklet for tracklet in self._active if not any(tracklet is other for other in gone)]

    def _find_new(self, frame: Frame, followed: list[Tracklet]) -> list[Tracklet]:
        coarse_steps = frame.timestamp - self._last_timestamp > _COARSE_STEP_SECONDS
        lost = [tracklet for tracklet in self._active if not any(tracklet is other for other in followed)]
        tile_sizes = TILE_SIZES if coarse_steps else max([
            _TILE_SIZES[self._detections % len(_TILE_SIZES)],
            *(count_tile_sizes(2 * tracklet.region.body_radius, frame.image.shape) for tracklet in lost)])
        self._detections += 1
        in_view = [] if lost else [tracklet.region for tracklet in followed]     # who is lost may come back beside somebody
        regions = [detection.region for detection in self._detector(frame.image, tile_sizes, in_view)]
        self._read_doubtful_again(frame, followed, regions)
        taken = [tracklet.last.next_region for tracklet in followed] + [region for region, _ in self._distrusted]
        regions = [region for region in regions if not any(covers(other, region) for other in taken)]
        first_look = self._landmark_model(frame.image, regions)
        likely = [landmarks.next_region for landmarks in first_look if landmarks.presence >= _FIRST_LOOK_PRESENCE]
        people: list[Landmarks] = []
        for landmarks in self._landmark_model(frame.image, likely):
            known = [tracklet.last for tracklet in followed] + people
            if is_newcomer(landmarks, known) or returns(landmarks, frame, lost, followed, known):
                people.append(landmarks)
        return self._recognise(frame, people, lost)

    def _read_doubtful_again(self, frame: Frame, followed: list[Tracklet], regions: list[Region]) -> None:
        """Read people again whose detected region differs from the followed one; keep the better reading.

        A person who bends over quickly may be followed upside down, because each frame's region comes from the frame before;
        one who stands behind somebody may be followed half on that person's body.
        """
        doubted = [(tracklet, region) for tracklet in followed for region in regions
                   if is_doubted(tracklet, region, [other.last for other in followed if other is not tracklet])]
        first_look = self._landmark_model(frame.image, [region for _, region in doubted])
        readings = self._landmark_model(frame.image, [landmarks.next_region for landmarks in first_look])
        for (tracklet, _), landmarks in zip(doubted, readings, strict=True):
            others = [other.last for other in followed if other is not tracklet]
            colours = measure_appearance(frame.image, landmarks)
            if landmarks.presence >= BIRTH_PRESENCE and landmarks.mean_score > tracklet.last.mean_score + _BETTER_BY \
                    and claim_cost(tracklet, landmarks, colours, frame.timestamp) < 1.0 \
                    and not any(skeleton_distance(landmarks, other) < SAME_SKELETON or faces_coincide(landmarks, other)
                                for other in others):
                tracklet.correct(frame, landmarks, colours)

    def _recognise(self, frame: Frame, people: list[Landmarks], lost: list[Tracklet]) -> list[Tracklet]:
        """Add new observations to lost tracklets where position and colours agree, else to new tracklets."""
        colours = [measure_appearance(frame.image, landmarks) for landmarks in people]
        taken: dict[int, Tracklet] = {}
        if lost and people:
            costs = np.array([[claim_cost(tracklet, landmarks, colour, frame.timestamp) for tracklet in lost]
                              for landmarks, colour in zip(people, colours)])
            taken = {row: lost[column] for row, column in zip(*linear_sum_assignment(costs)) if costs[row, column] < 1.0}
        result = []
        for index, (landmarks, colour) in enumerate(zip(people, colours)):
            tracklet = taken.get(index)
            if tracklet is None:
                tracklet = Tracklet()
                self._active.append(tracklet)
            tracklet.add(frame, landmarks, colour)
            result.append(tracklet)
        return result


def _is_near(region: Region, other: Region) -> bool:
    """Return whether two people may hide each other: within half a body's height."""
    return bool(np.hypot(*(region.centre - other.centre)) < max(region.body_radius, other.body_radius))
