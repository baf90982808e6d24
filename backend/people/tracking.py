"""Following everybody through the video, frame by frame: who is where, as pieces of track that stitching joins later."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..base.regions import Region
from ..video.frames import Frame
from .appearance import appearance
from .detection import PersonDetector
from .landmarks import LandmarkModel, Landmarks
from .skeletons import is_ghost, skeleton_distance
from .tracklets import Tracklet, claim_cost, continues, is_bodily

_DETECTION_INTERVAL_SECONDS = 1 / 3     # while everybody is followed
_SEARCH_INTERVAL_SECONDS = 1 / 6        # while somebody is lost
_FINE_DETECTION_EVERY = 3               # small people are searched in every third detection: it costs three times as much
_LOST_AFTER_SECONDS = 1.0
_YOUNG_OBSERVATIONS = 10
_MIN_PRESENCE, _MIN_TORSO_SCORE = 0.5, 0.3
_BIRTH_PRESENCE, _BIRTH_TORSO_SCORE = 0.7, 0.7
_FIRST_LOOK_PRESENCE = 0.2              # the detector's region may lie between two people; a second look centres it
_COARSE_STEP_SECONDS = 0.1              # slower video: people move so far between frames that each is searched
_PROBATION_OBSERVATIONS = 10
_TRUSTED_OBSERVATIONS = 60              # whoever was followed this long is a person, however badly seen just now
_DISTRUST_SECONDS = 3.0
_SAME_SKELETON = 0.25                   # mean distance of the main joints, in body radii
_DOUBT_INTERVAL_SECONDS = 0.1           # while somebody is followed less surely than a moment ago
_OTHER_ANGLE = math.radians(30)         # the detector's region turned so far from the followed one deserves a look
_BETTER_BY = 0.08                       # of the landmarks' mean score: what is read there is then believed


class Tracker:
    """Follows people by landmarks in the region that the last frame gives; looks for new ones now and then."""

    def __init__(self, detector: PersonDetector, landmark_model: LandmarkModel):
        self._detector = detector
        self._landmark_model = landmark_model
        self._active: list[Tracklet] = []
        self._ended: list[Tracklet] = []
        self._next_detection = -np.inf
        self._last_timestamp = -np.inf
        self._detections = 0
        self._distrusted: list[tuple[Region, float]] = []    # things that looked like people, and until when

    def step(self, frame: Frame) -> list[Tracklet]:
        """Take in a frame; return the tracklets that were seen in it."""
        seen = self._follow(frame)
        seen = self._drop_duplicates(frame, seen)
        for tracklet, (landmarks, colours) in seen:
            tracklet.add(frame, landmarks, colours)
        self._drop_things(frame)
        self._retire_lost(frame)
        followed = [tracklet for tracklet, _ in seen if any(tracklet is other for other in self._active)]
        if self._detection_is_due(frame, followed):
            followed += self._find_new(frame, followed)
            self._next_detection = frame.timestamp + _DETECTION_INTERVAL_SECONDS - 1e-6
        self._last_timestamp = frame.timestamp
        return followed

    def finish(self) -> list[Tracklet]:
        """Return all tracklets, earliest first."""
        self._ended += self._active
        self._active = []
        return sorted(self._ended, key=lambda tracklet: tracklet.timestamps[0])

    def _detection_is_due(self, frame: Frame, followed: list[Tracklet]) -> bool:
        interval = _DETECTION_INTERVAL_SECONDS
        if len(followed) < len(self._active):
            interval = _SEARCH_INTERVAL_SECONDS
        if any(tracklet.is_doubtful for tracklet in followed):
            interval = _DOUBT_INTERVAL_SECONDS
        coarse = frame.timestamp - self._last_timestamp > _COARSE_STEP_SECONDS
        return coarse or frame.timestamp >= self._next_detection - (_DETECTION_INTERVAL_SECONDS - interval)

    def _follow(self, frame: Frame) -> list[tuple[Tracklet, tuple[Landmarks, np.ndarray]]]:
        regions = [tracklet.predicted_region(frame.timestamp) for tracklet in self._active]
        seen = []
        recheck = [tracklet.is_to_be_rechecked for tracklet in self._active]
        readings = self._landmark_model(frame.image, regions, recheck)
        for tracklet, region, landmarks in zip(self._active, regions, readings, strict=True):
            if landmarks.presence >= _MIN_PRESENCE and landmarks.torso_score >= _MIN_TORSO_SCORE \
                    and continues(tracklet, region, landmarks):
                seen.append((tracklet, (landmarks, appearance(frame.image, landmarks))))
        return seen

    def _drop_duplicates(self, frame: Frame, seen: list) -> list:
        """Where two tracklets sit on one person, keep the one to which it belongs; the other counts as hidden."""
        dropped: set[int] = set()
        for i, (first, (first_landmarks, first_colours)) in enumerate(seen):
            for j, (second, (second_landmarks, second_colours)) in enumerate(seen[:i]):
                if i in dropped or j in dropped:
                    continue
                if skeleton_distance(first_landmarks, second_landmarks) < _SAME_SKELETON:
                    first_cost = claim_cost(first, first_landmarks, first_colours, frame.timestamp)
                    second_cost = claim_cost(second, second_landmarks, second_colours, frame.timestamp)
                    dropped.add(i if first_cost > second_cost else j)
                elif len(first.observations) < _YOUNG_OBSERVATIONS and is_ghost(first_landmarks, second_landmarks):
                    dropped.add(i)
                elif len(second.observations) < _YOUNG_OBSERVATIONS and is_ghost(second_landmarks, first_landmarks):
                    dropped.add(j)
        for index in dropped:
            if len(seen[index][0].observations) < _YOUNG_OBSERVATIONS:
                self._active = [tracklet for tracklet in self._active if tracklet is not seen[index][0]]
        return [item for index, item in enumerate(seen) if index not in dropped]

    def _drop_things(self, frame: Frame) -> None:
        """End tracklets on things, not people, and keep away from their places for a while."""
        kept = []
        for tracklet in self._active:
            on_probation = len(tracklet.observations) % _PROBATION_OBSERVATIONS == 0 \
                and len(tracklet.observations) < _TRUSTED_OBSERVATIONS and tracklet.timestamps[-1] == frame.timestamp
            if on_probation and not is_bodily(tracklet, slice(-_PROBATION_OBSERVATIONS, None)):
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
        fine = coarse_steps or self._detections % _FINE_DETECTION_EVERY == 0 or len(followed) < len(self._active)
        self._detections += 1
        regions = [detection.region for detection in self._detector(frame.image, fine)]
        self._look_again(frame, followed, regions)
        taken = [tracklet.last.next_region for tracklet in followed] + [region for region, _ in self._distrusted]
        regions = [region for region in regions if not any(_covers(other, region) for other in taken)]
        first_look = self._landmark_model(frame.image, regions)
        likely = [landmarks.next_region for landmarks in first_look if landmarks.presence >= _FIRST_LOOK_PRESENCE]
        people: list[Landmarks] = []
        for landmarks in self._landmark_model(frame.image, likely):
            known = [tracklet.last for tracklet in followed] + people
            if landmarks.presence >= _BIRTH_PRESENCE and landmarks.torso_score >= _BIRTH_TORSO_SCORE and not any(
                    skeleton_distance(landmarks, other) < 0.35 or is_ghost(landmarks, other) for other in known):
                people.append(landmarks)
        return self._recognise(frame, people, followed)

    def _look_again(self, frame: Frame, followed: list[Tracklet], regions: list[Region]) -> None:
        """Read people anew whom the detector sees turned otherwise than they are followed; keep what is surer.

        Whoever bends over quickly may be followed upside down, each frame's region coming from the last one's.
        """
        doubted = [(tracklet, region) for tracklet in followed for region in regions
                   if _covers(tracklet.last.next_region, region) and _turned(tracklet.last.next_region, region)]
        first_look = self._landmark_model(frame.image, [region for _, region in doubted])
        readings = self._landmark_model(frame.image, [landmarks.next_region for landmarks in first_look])
        for (tracklet, _), landmarks in zip(doubted, readings, strict=True):
            others = [other.last for other in followed if other is not tracklet]
            colours = appearance(frame.image, landmarks)
            if landmarks.presence >= _BIRTH_PRESENCE and landmarks.mean_score > tracklet.last.mean_score + _BETTER_BY \
                    and claim_cost(tracklet, landmarks, colours, frame.timestamp) < 1.0 \
                    and not any(skeleton_distance(landmarks, other) < _SAME_SKELETON for other in others):
                tracklet.correct(frame, landmarks, colours)

    def _recognise(self, frame: Frame, people: list[Landmarks], followed: list[Tracklet]) -> list[Tracklet]:
        """Give new sightings to lost tracklets where place and colours agree, else begin new ones."""
        lost = [tracklet for tracklet in self._active if not any(tracklet is other for other in followed)]
        colours = [appearance(frame.image, landmarks) for landmarks in people]
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


def _covers(followed: Region, region: Region) -> bool:
    near = np.hypot(*(followed.centre - region.centre)) < 0.35 * followed.body_radius
    return bool(near) and 0.5 < region.side / followed.side < 2.0


def _turned(followed: Region, region: Region) -> bool:
    return abs(math.remainder(followed.angle - region.angle, 2 * math.pi)) > _OTHER_ANGLE
